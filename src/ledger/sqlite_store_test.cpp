// The SQLite store against the store in memory, and what it says of files that it cannot use.
#include "ledger/sqlite_store.h"

#include "ledger/memory_store.h"
#include "ledger/sqlite_db.h"
#include "ledger/sqlite_schema.h"
#include "ledger/test_support.h"
#include "ledger/testing/full_disk.h"

#include <algorithm>
#include <fcntl.h>
#include <set>
#include <unistd.h>

#include <gmock/gmock.h>

namespace recloser::ledger {
namespace {

using test::someone;
using testing::HasSubstr;

struct SqliteStoreTest : testing::Test {
  std::unique_ptr<Store> open(SqliteOptions options = {}) {
    options.busy_timeout = 10ms;
    Result<std::unique_ptr<Store>> store = open_sqlite_store(path, options, clock);
    EXPECT_TRUE(store) << store.error().message();
    return store ? std::move(*store) : nullptr;
  }
  Error refusal(SqliteOptions options = {}) {
    options.busy_timeout = 10ms;
    Result<std::unique_ptr<Store>> store = open_sqlite_store(path, options, clock);
    EXPECT_FALSE(store);
    return store ? Error(Side::gateway, Kind::io, "it was opened") : store.error();
  }
  std::unique_ptr<Database> raw() {
    Result<std::unique_ptr<Database>> database = Database::open(path);
    EXPECT_TRUE(database);
    return std::move(*database);
  }

  test::TempDirectory temp;
  std::string path = temp / "recloser.db";
  test::SharedClock clock;
};

Result<std::size_t> insert(Store& store, const CallRecord& record) {
  const CallRecord* one = &record;
  return store.insert_calls(std::span(&one, 1));
}

CallRecord completed(std::uint64_t number, WallTime at = test::SharedClock::start()) {
  std::uint64_t ms = static_cast<std::uint64_t>(at.ns / 1'000'000);
  CallRecord record(CallId{(ms << 16) + number, number}, at, someone);
  test::fill_completed(record);
  record.outcome = Outcome::completed;
  record.duration_ns = 5;
  return record;
}

TEST_F(SqliteStoreTest, ARowComesBackAsItWentIn) {
  std::unique_ptr<Store> store = open();
  CallRecord full = completed(1);
  full.add_decision({.phase = "request", .policy = {}, .rule = "r", .action = "a", .reason = {}});
  CallRecord bare(CallId{1, 1}, WallTime{3}, {});
  bare.outcome = Outcome::refused;
  ASSERT_TRUE(insert(*store, full));
  ASSERT_TRUE(insert(*store, bare));
  EXPECT_EQ(**store->call(full.id), stored(full));
  EXPECT_EQ(**store->call(bare.id), stored(bare));
  EXPECT_EQ(*store->call(CallId{9, 9}), std::nullopt);
}

TEST_F(SqliteStoreTest, HostileBytesComeBackToo) {
  std::unique_ptr<Store> store = open();
  CallRecord record = completed(1);
  std::string hostile("'; DROP TABLE calls; --\xff\0\n\"", 27);
  ASSERT_TRUE(record.set(Text::session, hostile));
  ASSERT_TRUE(insert(*store, record));
  EXPECT_EQ((*store->call(record.id))->session, hostile);
  CallFilter filter;
  filter.session = hostile;
  EXPECT_EQ(store->calls(filter)->calls.size(), 1u);
  filter.session = "' OR 1=1 --";
  EXPECT_EQ(store->calls(filter)->calls.size(), 0u);
}

TEST_F(SqliteStoreTest, ACallHasOneRowAndTheFirstOneStays) {
  std::unique_ptr<Store> store = open();
  CallRecord record = completed(1);
  EXPECT_EQ(*insert(*store, record), 1u);
  record.outcome = Outcome::gateway_failed;
  EXPECT_EQ(*insert(*store, record), 0u);
  EXPECT_EQ((*store->call(record.id))->outcome, Outcome::completed);
  EXPECT_EQ(*store->count_calls(), 1u);
}

// Calls of one moment whose ids share the half that is the key: of two processes, or a clock that
// went back.
TEST_F(SqliteStoreTest, CallsThatShareAKeyAllHaveTheirRows) {
  std::unique_ptr<Store> store = open();
  std::vector<CallRecord> records;
  std::uint64_t high = completed(0).id.high;
  for (std::uint64_t i = 0; i < 50; ++i) {
    records.push_back(completed(i / 2 + (i % 2) * 1000));
    records.back().id.high = high;
  }
  CallRecord next = completed(7);
  next.id.high = high + 1;  // its own key is taken by one of the others
  records.push_back(next);
  records.push_back(records[20]);  // and one comes twice
  std::vector<const CallRecord*> pointers;
  for (const CallRecord& record : records) pointers.push_back(&record);
  EXPECT_EQ(*store->insert_calls(pointers), 51u);
  EXPECT_EQ(*store->insert_calls(pointers), 0u) << "all of it again adds nothing";
  EXPECT_EQ(*store->count_calls(), 51u);
  for (const CallRecord& record : records) EXPECT_EQ(**store->call(record.id), stored(record));
  EXPECT_EQ(*store->call(CallId{next.id.high, 8}), std::nullopt);
  CallFilter filter;
  filter.session = "session-42";
  filter.limit = 10;
  std::set<CallId> seen;
  for (int page = 0; page < 6; ++page) {
    Result<CallPage> found = store->calls(filter);
    ASSERT_TRUE(found);
    for (const StoredCall& call : found->calls) EXPECT_TRUE(seen.insert(call.id).second);
    filter.before = found->next;
  }
  EXPECT_EQ(filter.before, std::nullopt);
  EXPECT_EQ(seen.size(), 51u);
}

TEST_F(SqliteStoreTest, AnIdPastAllTimesIsOnlyUnknown) {
  std::unique_ptr<Store> store = open();
  CallRecord record = completed(1);
  record.id = {UINT64_MAX, UINT64_MAX};
  EXPECT_EQ(*store->call(record.id), std::nullopt);
  ASSERT_EQ(*insert(*store, record), 1u);
  ASSERT_EQ(*insert(*store, completed(1)), 1u);
  EXPECT_EQ(**store->call(record.id), stored(record));
  CallFilter filter;
  filter.before = record.id;
  EXPECT_EQ(store->calls(filter)->calls.size(), 1u);
}

TEST_F(SqliteStoreTest, ManyCallsOfOneSessionAmongOthersArePagedThrough) {
  std::unique_ptr<Store> store = open();
  CallIdMaker maker(1);
  std::vector<CallRecord> records;
  for (int i = 0; i < 24'000; ++i) {
    WallTime at = test::SharedClock::start() + 1ms * i;
    CallRecord record(maker.next(at), at, someone);
    record.set(Text::session, i % 2 == 0 ? "even" : "odd" + std::to_string(i));
    record.outcome = i < 30 ? Outcome::cut : Outcome::completed;
    records.push_back(record);
  }
  std::vector<const CallRecord*> pointers;
  for (const CallRecord& record : records) pointers.push_back(&record);
  ASSERT_TRUE(store->insert_calls(pointers));
  CallFilter filter;
  filter.session = "even";
  filter.limit = page_calls_max;
  std::size_t seen = 0;
  for (bool more = true; more;) {
    Result<CallPage> page = store->calls(filter);
    ASSERT_TRUE(page);
    for (const StoredCall& call : page->calls) {
      ASSERT_EQ(call.id, records[records.size() - 2 - 2 * seen].id);
      ++seen;
    }
    filter.before = page->next;
    more = page->next.has_value();
  }
  EXPECT_EQ(seen, 12'000u);
  filter.outcome = Outcome::cut;
  EXPECT_EQ(store->calls(filter)->calls.size(), 15u) << "the oldest, behind more than one search";
  filter.session = "odd23999";
  filter.outcome = std::nullopt;
  EXPECT_EQ(store->calls(filter)->calls.size(), 1u);
}

// Whoever looks with the sqlite3 shell sees names.
TEST_F(SqliteStoreTest, TheViewsNameWhatARowHolds) {
  std::unique_ptr<Store> store = open();
  CallRecord call = completed(1);
  call.outcome = Outcome::cut;
  call.add_decision({.phase = "request", .policy = {}, .rule = "r", .action = "a", .reason = {}});
  ASSERT_TRUE(insert(*store, call));
  ASSERT_TRUE(insert(*store, completed(2)));
  auto text = [&](std::string_view sql) { return *raw()->query_text(sql); };
  EXPECT_EQ(text("SELECT id FROM calls WHERE outcome = 'cut'"), call.id.str());
  EXPECT_EQ(text("SELECT outcome FROM calls WHERE id <> '" + call.id.str() + "'"), "completed");
  EXPECT_EQ(text("SELECT started_at FROM calls LIMIT 1"), "2026-09-21T14:13:20.000Z");
  EXPECT_EQ(text("SELECT concat FROM (SELECT key_id || org || team || user || agent || session || "
                 "trace || client_dialect || operation AS concat FROM calls LIMIT 1)"),
            "ciacmesearchadacrawlersession-424bf92f3577b34da6a3ce929d0e0e4736openaichat");
  EXPECT_EQ(text("SELECT model_requested || provider || model_served || region || tokens_source || "
                 "labels FROM calls LIMIT 1"),
            "gpt-4o-miniopenaigpt-4o-mini-2024-07-18usexactnightly,batch");
  EXPECT_EQ(text("SELECT decisions ->> '$[0].rule' FROM calls WHERE outcome = 'cut'"), "r");
  auto number = [&](std::string column) {
    return *raw()->query_number("SELECT " + column + " FROM calls LIMIT 1");
  };
  std::vector<std::int64_t> numbers;
  for (const char* column :
       {"duration_ns", "ttft_ns", "status", "input_tokens", "cached_input_tokens",
        "cache_write_tokens IS NULL", "output_tokens", "reasoning_tokens", "delivered_tokens",
        "overshoot_tokens", "upstream_close_ms IS NULL", "overhead_us"}) {
    numbers.push_back(number(column));
  }
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{5, 251'234'567, 200, 1234, 1024, 1, 567, 0, 567, 0,
                                                1, 143}));
  EXPECT_EQ(text("SELECT cost_source || price_version || (rare_usage IS NULL) FROM calls"),
            "catalogue2026-09-011");
  std::vector<std::int64_t> costs;
  for (const char* column :
       {"cost_nano_usd", "list_cost_nano_usd", "fees_nano_usd", "overrun_nano_usd",
        "input_cost_nano_usd", "cached_cost_nano_usd", "cache_write_cost_nano_usd",
        "output_cost_nano_usd", "expected_cost_nano_usd", "upper_cost_nano_usd",
        "expected_input_tokens", "upper_input_tokens"}) {
    costs.push_back(number(column));
  }
  EXPECT_EQ(costs, (std::vector<std::int64_t>{448'500, 448'500, 0, 0, 31'500, 76'800, 0, 340'200,
                                              512'000, 2'600'000, 1240, 1391}));
  EXPECT_EQ(text("SELECT n || target || (started_at_ns - 1790000000000000000) || ttft_ns || status "
                 "|| outcome || provider_request_id || input_tokens || output_tokens || "
                 "(error_class IS NULL) || cost_nano_usd FROM attempts LIMIT 1"),
            "1openai/gpt-4o-mini1000000250000000200completed"
            "req_0123456789abcdef0123456789abcdef12345671448500");
}

// Random calls and random questions: both stores must answer alike.
TEST_F(SqliteStoreTest, AnswersAsTheStoreInMemoryDoes) {
  std::unique_ptr<Store> sqlite = open();
  MemoryStore memory;
  Random random(5);
  constexpr std::array<Outcome, 3> outcomes{Outcome::completed, Outcome::refused, Outcome::cut};
  std::vector<CallId> ids;
  std::vector<CallRecord> records;
  CallIdMaker maker(1);
  for (int i = 0; i < 300; ++i) {
    // The clock of the machine jumps now and then; ids never go back.
    WallTime at = test::SharedClock::start() + Duration{1s} * (i - int(random.below(20)));
    CallOpening who = someone;
    std::string team = "team-" + std::to_string(random.below(3));
    who.team = team;
    CallRecord record(maker.next(at), at, who);
    record.outcome = outcomes[random.below(outcomes.size())];
    if (random.below(2) == 0) record.set(Text::session, "s" + std::to_string(random.below(4)));
    ids.push_back(record.id);
    records.push_back(record);
    if (random.below(4) == 0) records.push_back(records[random.below(records.size())]);
    while (random.below(30) == 0 || records.size() > 60) {
      std::vector<const CallRecord*> batch;
      for (const CallRecord& each : records) batch.push_back(&each);
      EXPECT_EQ(*sqlite->insert_calls(batch), *memory.insert_calls(batch));
      records.clear();
    }
  }
  std::set<std::size_t> sizes;
  for (int i = 0; i < 400; ++i) {
    CallFilter filter;
    filter.limit = static_cast<std::uint32_t>(random.below(40));
    if (random.below(3) == 0) filter.session = "s" + std::to_string(random.below(5));
    if (random.below(3) == 0) filter.team = "team-" + std::to_string(random.below(4));
    if (random.below(3) == 0) filter.outcome = outcomes[random.below(outcomes.size())];
    if (random.below(3) == 0) {
      filter.since = test::SharedClock::start() + Duration{1s} * int(random.below(300));
    }
    if (random.below(3) == 0) filter.before = ids[random.below(ids.size())];
    Result<CallPage> a = sqlite->calls(filter);
    Result<CallPage> b = memory.calls(filter);
    ASSERT_TRUE(a) << a.error().message();
    ASSERT_EQ(a->calls, b->calls);
    ASSERT_EQ(a->next, b->next);
    sizes.insert(a->calls.size());
  }
  EXPECT_GT(sizes.size(), 10u);
}

TEST_F(SqliteStoreTest, PagesFollowEachOtherWithoutGapOrRepeat) {
  std::unique_ptr<Store> store = open();
  for (std::uint64_t i = 0; i < 25; ++i) ASSERT_TRUE(insert(*store, completed(i)));
  CallFilter filter;
  filter.limit = 10;
  std::vector<std::uint64_t> seen;
  for (int page = 0; page < 3; ++page) {
    Result<CallPage> found = store->calls(filter);
    ASSERT_TRUE(found);
    for (const StoredCall& call : found->calls) seen.push_back(call.id.low);
    EXPECT_EQ(found->next.has_value(), page < 2);
    filter.before = found->next;
  }
  ASSERT_EQ(seen.size(), 25u);
  for (std::uint64_t i = 0; i < 25; ++i) EXPECT_EQ(seen[i], 24 - i) << "newest first";
}

TEST_F(SqliteStoreTest, OldCallsGoInSmallBatchesOldestFirst) {
  std::unique_ptr<Store> store = open();
  WallTime start = test::SharedClock::start();
  for (std::uint64_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(insert(*store, completed(i, start + Duration{1h} * int(i))));
  }
  WallTime before = start + 5h;
  EXPECT_EQ(*store->delete_calls_before(before, 3), 3u);
  EXPECT_EQ(*store->delete_calls_before(before, 3), 2u);
  EXPECT_EQ(*store->delete_calls_before(before, 3), 0u);
  EXPECT_EQ(*store->count_calls(), 5u);
  EXPECT_EQ(store->calls({})->calls.back().started_at, before);
  EXPECT_EQ(*raw()->query_number("SELECT count(*) FROM call_sessions"), 5) << "and their lists";
  CallFilter filter;
  filter.session = "session-42";
  EXPECT_EQ(store->calls(filter)->calls.size(), 5u);
}

KeyRow some_key(const std::string& id, std::uint8_t secret) {
  KeyRow key;
  key.id = id;
  key.secret_hash.fill(secret);
  key.org = "acme";
  key.models = {"gpt-4o*", "claude-*"};
  key.labels = {"ci"};
  key.created_at = {100};
  key.expires_at = WallTime{200};
  return key;
}

TEST_F(SqliteStoreTest, Keys) {
  MemoryStore memory;
  std::unique_ptr<Store> sqlite = open();
  for (Store* store : {static_cast<Store*>(&memory), sqlite.get()}) {
    ASSERT_TRUE(store->put_key(some_key("b", 1)));
    ASSERT_TRUE(store->put_key(some_key("a", 2)));
    Result<void> same_id = store->put_key(some_key("b", 3));
    ASSERT_FALSE(same_id);
    EXPECT_EQ(same_id.error().kind(), Kind::conflict);
    EXPECT_EQ(store->put_key(some_key("c", 1)).error().kind(), Kind::conflict) << "same secret";
    ASSERT_TRUE(store->revoke_key("b", WallTime{7}));
    ASSERT_TRUE(store->revoke_key("b", WallTime{8})) << "again is no error";
    EXPECT_EQ(store->revoke_key("zz", WallTime{8}).error().kind(), Kind::not_found);
    Result<std::vector<KeyRow>> keys = store->keys();
    ASSERT_TRUE(keys);
    ASSERT_EQ(keys->size(), 2u);
    EXPECT_EQ((*keys)[0].id, "a");
    EXPECT_EQ((*keys)[0].models, (std::vector<std::string>{"gpt-4o*", "claude-*"}));
    EXPECT_EQ((*keys)[0].secret_hash[31], 2);
    EXPECT_EQ((*keys)[0].expires_at, WallTime{200});
    EXPECT_EQ((*keys)[0].revoked_at, std::nullopt);
    EXPECT_EQ((*keys)[1].revoked_at, WallTime{7});
  }
}

TEST_F(SqliteStoreTest, AKeyIsChangedButNotWhoseItIs) {
  MemoryStore memory;
  std::unique_ptr<Store> sqlite = open();
  for (Store* store : {static_cast<Store*>(&memory), sqlite.get()}) {
    ASSERT_TRUE(store->put_key(some_key("a", 1)));
    ASSERT_TRUE(store->put_key(some_key("b", 2)));
    ASSERT_TRUE(store->revoke_key("a", WallTime{7}));
    KeyRow changed = some_key("a", 3);
    changed.org = "beta";
    changed.models = {"m"};
    changed.labels = {};
    changed.expires_at = std::nullopt;
    changed.disabled = true;
    changed.limits = R"({"rpm":6})";
    changed.old_secret_hash.fill(1);
    changed.old_until = WallTime{9};
    ASSERT_TRUE(store->change_key(changed));
    KeyRow key = store->keys()->at(0);
    EXPECT_EQ(key.org, "acme");
    EXPECT_EQ(key.created_at, WallTime{100});
    EXPECT_EQ(key.revoked_at, WallTime{7}) << "what is revoked stays so";
    EXPECT_EQ(key.secret_hash[0], 3);
    EXPECT_EQ(key.models, std::vector<std::string>{"m"});
    EXPECT_TRUE(key.labels.empty());
    EXPECT_EQ(key.expires_at, std::nullopt);
    EXPECT_TRUE(key.disabled);
    EXPECT_EQ(key.limits, R"({"rpm":6})");
    EXPECT_EQ(key.old_secret_hash[31], 1);
    EXPECT_EQ(key.old_until, WallTime{9});
    EXPECT_FALSE(store->keys()->at(1).disabled);
    EXPECT_EQ(store->change_key(some_key("a", 2)).error().kind(), Kind::conflict);
    EXPECT_EQ(store->change_key(some_key("zz", 9)).error().kind(), Kind::not_found);
  }
}

TEST_F(SqliteStoreTest, HoldersAreKeptUnderTheirNames) {
  MemoryStore memory;
  std::unique_ptr<Store> sqlite = open();
  for (Store* store : {static_cast<Store*>(&memory), sqlite.get()}) {
    HolderRow team{.kind = "team", .org = "acme", .name = "t", .spec = "{}", .changed_at = {1}};
    ASSERT_TRUE(store->put_holder(team));
    team.org = "";
    ASSERT_TRUE(store->put_holder(team));
    ASSERT_TRUE(store->put_holder({.kind = "org", .org = "", .name = "t", .spec = "{}"}));
    team.spec = R"({"rpm":1})";
    team.changed_at = {2};
    ASSERT_TRUE(store->put_holder(team)) << "again";
    std::vector<HolderRow> all = *store->holders();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].kind, "org");
    EXPECT_EQ(all[1].org, "");
    EXPECT_EQ(all[1].spec, R"({"rpm":1})");
    EXPECT_EQ(all[1].changed_at, WallTime{2});
    EXPECT_EQ(all[2].org, "acme");
    ASSERT_TRUE(store->remove_holder("team", "acme", "t"));
    EXPECT_EQ(store->remove_holder("team", "acme", "t").error().kind(), Kind::not_found);
    EXPECT_EQ(store->holders()->size(), 2u);
  }
}

TEST_F(SqliteStoreTest, FilesArePrivateAndTheLogIsWriteAhead) {
  std::unique_ptr<Store> store = open();
  ASSERT_TRUE(insert(*store, completed(1)));
  ASSERT_TRUE(store->sync());
  for (const char* suffix : {"", "-wal", "-shm"}) EXPECT_EQ(test::rights_of(path + suffix), 0600u);
  EXPECT_EQ(*raw()->query_text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(*raw()->query_number("PRAGMA application_id"), store_application_id);
}

TEST_F(SqliteStoreTest, AFullStoreSaysSoAndGoesOnWhenThereIsRoom) {
  std::uint64_t i = 0;
  {
    std::unique_ptr<Store> store = open({.pages_max = 40});
    Result<std::size_t> inserted = 0;
    while (inserted && i < 10'000) inserted = insert(*store, completed(++i));
    ASSERT_FALSE(inserted);
    EXPECT_EQ(inserted.error().kind(), Kind::full);
    EXPECT_TRUE(inserted.error().retryable());
    EXPECT_THAT(inserted.error().message(), HasSubstr("database or disk is full; free space"));
    EXPECT_EQ(*store->count_calls(), i - 1) << "reading goes on";
  }
  std::unique_ptr<Store> roomier = open();
  EXPECT_EQ(*insert(*roomier, completed(i)), 1u);
}

// A real refusal by the system, which SQLite reports as an I/O error.
TEST_F(SqliteStoreTest, AFileThatMayNotGrowIsAFullDisk) {
  std::unique_ptr<Store> store = open();
  std::optional<test::FullDisk> full(256 << 10);
  Result<std::size_t> inserted = 0;
  std::uint64_t i = 0;
  while (inserted && i < 10'000) inserted = insert(*store, completed(++i));
  full.reset();
  ASSERT_FALSE(inserted);
  EXPECT_EQ(inserted.error().kind(), Kind::full) << inserted.error().message();
  EXPECT_EQ(*insert(*store, completed(i)), 1u) << "and back";
}

TEST_F(SqliteStoreTest, ALockedStoreSaysWhoMayHoldIt) {
  std::unique_ptr<Store> store = open();
  std::unique_ptr<Database> other = raw();
  ASSERT_TRUE(other->execute("BEGIN IMMEDIATE"));
  Result<std::size_t> inserted = insert(*store, completed(1));
  ASSERT_FALSE(inserted);
  EXPECT_EQ(inserted.error().kind(), Kind::unavailable);
  EXPECT_THAT(inserted.error().message(), HasSubstr("another program holds the store locked"));
  ASSERT_TRUE(other->execute("COMMIT"));
  EXPECT_EQ(*insert(*store, completed(1)), 1u);
}

TEST_F(SqliteStoreTest, ANewFileThatIsLockedIsNotOpened) {
  std::unique_ptr<Database> other = raw();
  ASSERT_TRUE(other->execute("BEGIN EXCLUSIVE"));
  EXPECT_EQ(refusal().kind(), Kind::unavailable);
}

TEST_F(SqliteStoreTest, AFileThatIsNoStoreIsLeftAsItIs) {
  std::string text(5000, 'x');
  test::write_file(path, text);
  Error error = refusal();
  EXPECT_EQ(error.kind(), Kind::malformed);
  EXPECT_THAT(error.message(), HasSubstr(path));
  EXPECT_THAT(error.message(), HasSubstr("restore a backup, or move it away"));
  EXPECT_EQ(std::filesystem::file_size(path), text.size());
}

TEST_F(SqliteStoreTest, ADamagedStoreSaysSo) {
  {
    std::unique_ptr<Store> store = open();
    for (std::uint64_t i = 0; i < 500; ++i) ASSERT_TRUE(insert(*store, completed(i)));
  }
  Result<File> file = open_private(path, O_RDWR);
  std::string garbage(store_page_bytes, '\x5a');
  auto pages = static_cast<off_t>(std::filesystem::file_size(path) / garbage.size());
  for (off_t page = 1; page < pages; ++page) {
    ASSERT_EQ(::pwrite(file->get(), garbage.data(), garbage.size(), page * off_t{store_page_bytes}),
              ssize_t{store_page_bytes});
  }
  Result<std::unique_ptr<Store>> store = open_sqlite_store(path, {}, clock);
  Result<std::size_t> inserted =
      store ? insert(**store, completed(1000)) : Result<std::size_t>(fail(store.error()));
  ASSERT_FALSE(inserted);
  EXPECT_EQ(inserted.error().kind(), Kind::malformed) << inserted.error().message();
}

TEST_F(SqliteStoreTest, AStoreOfAnotherProgramIsLeftAsItIs) {
  ASSERT_TRUE(raw()->execute("CREATE TABLE recipes (name TEXT)"));
  std::uintmax_t size = std::filesystem::file_size(path);
  Error error = refusal();
  EXPECT_EQ(error.kind(), Kind::conflict);
  EXPECT_THAT(error.message(), HasSubstr("another program"));
  EXPECT_EQ(std::filesystem::file_size(path), size);
  EXPECT_EQ(*raw()->query_text("PRAGMA journal_mode"), "delete") << "nothing was changed";
}

TEST_F(SqliteStoreTest, ADirectoryWithoutTheRightToWrite) {
  ASSERT_EQ(::chmod(temp.path().c_str(), 0555), 0);
  bool is_root = ::geteuid() == 0;
  if (is_root) ASSERT_EQ(::seteuid(65534), 0);
  Error error = refusal();
  if (is_root) ASSERT_EQ(::seteuid(0), 0);
  ::chmod(temp.path().c_str(), 0700);
  EXPECT_THAT(error.message(), HasSubstr("Permission denied; give this user the right"));
}

TEST_F(SqliteStoreTest, AQueryThatTakesTooLongIsEnded) {
  std::unique_ptr<Store> store = open({.query_time_max = Duration::zero()});
  std::vector<CallRecord> records;
  for (std::uint64_t i = 0; i < 3000; ++i) records.push_back(completed(i));
  std::vector<const CallRecord*> pointers;
  for (const CallRecord& record : records) pointers.push_back(&record);
  ASSERT_TRUE(store->insert_calls(pointers));
  CallFilter filter;
  filter.team = "nobody";
  Result<CallPage> page = store->calls(filter);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind(), Kind::timed_out);
  EXPECT_THAT(page.error().message(), HasSubstr("narrow it by `since`"));
  EXPECT_TRUE(store->call(CallId{1, 1})) << "the connection goes on";
}

// ---- schema

TEST_F(SqliteStoreTest, ANewerSchemaIsRefusedWithTheWayBack) {
  {
    ASSERT_NE(open({.program_version = "0.9.0"}), nullptr);
  }
  ASSERT_TRUE(raw()->execute("PRAGMA user_version = 99"));
  Error error = refusal({.program_version = "0.1.0"});
  EXPECT_EQ(error.kind(), Kind::unsupported);
  EXPECT_THAT(error.message(), HasSubstr("schema 99, made by Recloser 0.9.0"));
  EXPECT_THAT(error.message(), HasSubstr("this is Recloser 0.1.0"));
  EXPECT_THAT(error.message(), HasSubstr("Start Recloser 0.9.0 again, or restore the backup"));
  EXPECT_EQ(*raw()->query_number("PRAGMA user_version"), 99);
}

TEST_F(SqliteStoreTest, StepsAreTakenOnceAndWholeOrNotAtAll) {
  {
    ASSERT_TRUE(insert(*open(), completed(1)));
  }
  std::unique_ptr<Database> database = raw();
  std::vector<Migration> steps(migrations().begin(), migrations().end());
  auto first = static_cast<std::int64_t>(steps.size());
  steps.push_back(
      "ALTER TABLE call_rows ADD COLUMN mood TEXT; UPDATE call_rows SET mood = 'fine';");
  ASSERT_TRUE(migrate(*database, steps, "2.0"));
  ASSERT_TRUE(migrate(*database, steps, "2.0")) << "nothing to do";
  EXPECT_EQ(*database->query_number("PRAGMA user_version"), first + 1);
  EXPECT_EQ(*database->query_text("SELECT mood FROM call_rows"), "fine");
  EXPECT_EQ(*database->query_text("SELECT value FROM meta WHERE name = 'written_by'"), "2.0");

  steps.push_back("ALTER TABLE call_rows ADD COLUMN half TEXT; SELECT nonsense FROM nowhere;");
  Result<void> failed = migrate(*database, steps, "3.0");
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(),
              HasSubstr("bring the store from schema " + std::to_string(first + 1)));
  EXPECT_EQ(*database->query_number("PRAGMA user_version"), first + 1);
  EXPECT_FALSE(database->query_text("SELECT half FROM call_rows")) << "rolled back";
  EXPECT_EQ(*database->query_text("SELECT value FROM meta WHERE name = 'written_by'"), "2.0");
}

}  // namespace
}  // namespace recloser::ledger
