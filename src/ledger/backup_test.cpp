// Backups: whole while rows are written, made before a schema changes, put back only when sound.
#include "ledger/backup.h"

#include "ledger/files.h"
#include "ledger/journal.h"
#include "ledger/sqlite_calls.h"
#include "ledger/sqlite_schema.h"
#include "ledger/sqlite_store.h"
#include "ledger/test_support.h"
#include "ledger/testing/earlier_schemas.h"
#include "ledger/testing/usual_budgets.h"

#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::ledger {
namespace {

using test::someone;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view old_call = "01JD3Z8QK6T2V9M4B7XHPW5RNC";
constexpr std::string_view old_refused = "01JD3Z8QK6T2V9M4B7XHPW5RND";

struct BackupTest : testing::Test {
  std::unique_ptr<Database> raw(const std::string& file) {
    Result<std::unique_ptr<Database>> database = Database::open(file);
    EXPECT_TRUE(database) << database.error().message();
    return std::move(*database);
  }
  std::unique_ptr<Store> open(const std::string& file, SqliteOptions options = {}) {
    Result<std::unique_ptr<Store>> store = open_sqlite_store(file, options, clock);
    EXPECT_TRUE(store) << store.error().message();
    return store ? std::move(*store) : nullptr;
  }
  StoppedStore stopped() {
    return {.directory = temp.path(), .path = path, .program_version = "2"};
  }
  std::vector<std::string> files_with(std::string_view part) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(temp.path())) {
      std::string name = entry.path().string();
      if (name.find(part) != name.npos) names.push_back(name);
    }
    return names;
  }

  test::TempDirectory temp;
  std::string path = temp / "recloser.db";
  std::string copy = temp / "books.backup";
  test::SharedClock clock;
};

CallRecord completed(std::uint64_t number) {
  WallTime at = test::SharedClock::start();
  std::uint64_t ms = static_cast<std::uint64_t>(at.ns / 1'000'000);
  CallRecord record(CallId{(ms << 16) + number, number}, at, someone);
  test::fill_completed(record, "session " + std::to_string(number % 7));
  record.outcome = Outcome::completed;
  record.input_tokens = static_cast<std::int64_t>(number);
  return record;
}

void insert(Store& store, std::uint64_t from, std::uint64_t count) {
  std::vector<CallRecord> records;
  for (std::uint64_t i = 0; i < count; ++i) records.push_back(completed(from + i));
  std::vector<const CallRecord*> pointers;
  for (const CallRecord& record : records) pointers.push_back(&record);
  Result<std::size_t> inserted = store.insert_calls(pointers);
  ASSERT_TRUE(inserted) << inserted.error().message();
}

void expect_rows(Store& store, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    CallRecord record = completed(i);
    Result<std::optional<StoredCall>> call = store.call(record.id);
    ASSERT_TRUE(call && *call) << i;
    ASSERT_EQ(**call, stored(record));
  }
}

// ---- schemas

void expect_rows_of_old(Store& store) {
  StoredCall call = **store.call(*CallId::parse(old_call));
  EXPECT_EQ(call.team, "search");
  EXPECT_EQ(call.outcome, Outcome::completed);
  EXPECT_EQ(call.input_tokens, 1234);
  EXPECT_EQ(call.labels, R"(["nightly","batch"])");
  EXPECT_THAT(call.attempts, HasSubstr(R"("provider_request_id":"req_1","input_tokens":1234,)"
                                       R"("output_tokens":567,"cost_usd":null)"));
  EXPECT_EQ(call.cost_source, CostSource::none);
  EXPECT_EQ(call.cost_nano_usd, std::nullopt);
  EXPECT_EQ((**store.call(*CallId::parse(old_refused))).outcome, Outcome::refused);
  EXPECT_EQ(*store.count_calls(), 2u);
  KeyRow key = store.keys()->at(0);
  EXPECT_EQ(key.id, "ci");
  EXPECT_FALSE(key.disabled || key.old_until || !key.limits.empty());
  EXPECT_TRUE(store.holders()->empty());
}

// Rows of schemas 3 to 5 name their budgets themselves.
TEST_F(BackupTest, ARowThatNamesItsBudgetsStandsBesideOnesWithNumbers) {
  ASSERT_TRUE(raw(path)->execute(test::earlier_schemas[4]));
  std::unique_ptr<Store> store = open(path);
  CallRecord record = completed(1);
  for (const BudgetLine& line : test::usual_budgets(300, WallTime{50})) record.add_budget(line);
  const CallRecord* one = &record;
  ASSERT_TRUE(store->insert_calls(std::span(&one, 1)));
  EXPECT_EQ((**store->call(*CallId::parse(old_call))).budgets,
            R"([{"name":"team-day","key":"org=acme,team=search","unit":"usd",)"
            R"("window_begun":"2026-09-21T00:00:00.000Z","reserved_usd":"0.000000600",)"
            R"("charged_usd":"0.000000300","remaining_usd":"1.999999700"}])");
  EXPECT_EQ((**store->call(record.id)).budgets, stored(record).budgets);
  constexpr std::string_view line = R"(["team-day","org=acme,team=search","usd",)"
                                    R"("calendar/day/UTC org,team",1789948800000000000,600,300,)"
                                    R"(1999999700])";
  std::unique_ptr<Database> now = raw(path);
  EXPECT_EQ(*now->query_text("SELECT budgets -> 0 FROM calls WHERE input_tokens = 1234"), line);
  EXPECT_EQ(*now->query_text("SELECT budgets -> 1 FROM calls WHERE input_tokens = 1"), line);
  EXPECT_EQ(*now->query_number("SELECT count(*) FROM calls WHERE budgets IS NULL"), 1);
  EXPECT_EQ(*now->query_number("SELECT count(*) FROM call_budgets"), 5);
  EXPECT_EQ(*now->query_number("SELECT count(*) FROM (SELECT DISTINCT budget, account_key, unit, "
                               "kind, window_begun_ns, reserved, charged, remaining "
                               "FROM call_budgets WHERE budget = 'team-day')"),
            1);
}

TEST_F(BackupTest, EveryEarlierSchemaOpensWithItsRowsAndIsKeptAsItWas) {
  ASSERT_EQ(test::earlier_schemas.size() + 1, migrations().size()) << "a schema is missing above";
  for (std::size_t n = 0; n < test::earlier_schemas.size(); ++n) {
    std::string file = temp / ("schema-" + std::to_string(n + 1) + ".db");
    ASSERT_TRUE(raw(file)->execute(test::earlier_schemas[n]));
    test::TestLog log(clock);
    {
      std::unique_ptr<Store> store = open(file, {.log = &log.log});
      expect_rows_of_old(*store);
      insert(*store, 0, 20);
      expect_rows(*store, 20);
    }
    std::unique_ptr<Database> now = raw(file);
    EXPECT_EQ(*now->query_text("SELECT team FROM calls WHERE input_tokens = 1234"), "search");
    EXPECT_EQ(*now->query_number("SELECT cost_nano_usd FROM calls WHERE input_tokens = 7"),
              448'500);
    std::string wanted = file + ".schema-" + std::to_string(n + 1) + "-20260921T141320Z.backup";
    EXPECT_EQ(files_with(file + ".schema"), std::vector<std::string>{wanted});
    EXPECT_THAT(log.text(), HasSubstr(wanted));
    EXPECT_EQ(test::rights_of(wanted), 0600u);
    std::unique_ptr<Database> before = raw(wanted);
    EXPECT_EQ(*before->query_number("PRAGMA user_version"), static_cast<std::int64_t>(n + 1));
    EXPECT_EQ(*before->query_number("SELECT count(*) FROM call_rows"), 2);
    EXPECT_EQ(*before->query_text("PRAGMA integrity_check"), "ok");
  }
}

TEST_F(BackupTest, AnOldStoreWithoutRoomForItsBackupIsLeftAsItIs) {
  ASSERT_TRUE(raw(path)->execute(test::earlier_schemas.front()));
  SqliteOptions options{
      .free_bytes = [](const std::string&) -> Result<std::uint64_t> { return 40u << 20; }};
  Result<std::unique_ptr<Store>> store = open_sqlite_store(path, options, clock);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind(), Kind::full);
  EXPECT_THAT(store.error().message(), HasSubstr("takes 64 MiB, and its disk has 40 MiB"));
  EXPECT_THAT(store.error().message(), HasSubstr("Free some space"));
  EXPECT_EQ(*raw(path)->query_number("PRAGMA user_version"), 1);
  EXPECT_TRUE(files_with("backup").empty());
}

TEST_F(BackupTest, AFreshStoreNeedsNone) {
  ASSERT_NE(open(path), nullptr);
  ASSERT_NE(open(path), nullptr);
  EXPECT_TRUE(files_with("backup").empty());
}

// ---- while rows are written

// Rows between the steps, through the same connection: in the copy whether their pages were copied
// before or not, and the copy comes to an end.
TEST_F(BackupTest, WhatIsWrittenBetweenStepsIsInTheCopyToo) {
  Random random(11);
  for (int round = 0; round < 4; ++round) {
    std::string file = temp / ("source" + std::to_string(round));
    {
      insert(*open(file), 0, 4000 + random.below(2000));
    }
    std::unique_ptr<Database> database = raw(file);
    Result<CallWriter> writer = CallWriter::prepare(*database);
    Result<std::unique_ptr<BackupCopy>> begun = BackupCopy::begin(*database, file + ".copy");
    ASSERT_TRUE(begun) << begun.error().message();
    std::uint64_t next = 100'000;
    int steps = 0;
    for (;; ++steps) {
      Result<bool> whole = (*begun)->step();
      ASSERT_TRUE(whole) << whole.error().message();
      if (*whole) break;
      ASSERT_LT(steps, 200) << "it begins anew for ever";
      Result<Transaction> transaction = Transaction::begin(*database);
      ASSERT_TRUE(transaction) << transaction.error().message();
      for (std::uint64_t n = random.below(30); n > 0; --n) {
        CallRecord record = completed(next++);
        const CallRecord* one = &record;
        ASSERT_TRUE(writer->insert(std::span(&one, 1)));
      }
      if (random.below(3) == 0) ASSERT_TRUE(writer->delete_before(clock.wall(), 5));
      if (random.below(4) != 0) ASSERT_TRUE(transaction->commit());
    }
    EXPECT_GT(steps, 2);
    Result<Backup> made = (*begun)->finish();
    ASSERT_TRUE(made) << made.error().message();
    std::unique_ptr<Database> other = raw(file + ".copy");
    EXPECT_EQ(*other->query_text("PRAGMA integrity_check"), "ok");
    ASSERT_TRUE(other->execute("ATTACH '" + file + "' AS source"));
    for (const char* table : {"call_rows", "call_sessions"}) {
      std::string name(table);
      EXPECT_EQ(*other->query_number("SELECT count(*) FROM (SELECT * FROM main." + name +
                                     " EXCEPT SELECT * FROM source." + name + ")"),
                0);
      EXPECT_EQ(*other->query_number("SELECT count(*) FROM (SELECT * FROM source." + name +
                                     " EXCEPT SELECT * FROM main." + name + ")"),
                0);
    }
  }
}

TEST_F(BackupTest, WhileAnotherThreadStoresRows) {
  std::unique_ptr<Store> store = open(path);
  insert(*store, 0, 8000);
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> next = 8000;
  std::thread rows([&] {
    while (!stop) {
      insert(*store, next, 50);
      next += 50;
    }
  });
  Result<Backup> made = store->backup(copy);
  stop = true;
  rows.join();
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->path, copy);
  EXPECT_EQ(made->bytes, std::filesystem::file_size(copy));
  EXPECT_EQ(test::rights_of(copy), 0600u);
  std::unique_ptr<Store> opened = open(copy);
  std::uint64_t count = *opened->count_calls();
  EXPECT_GE(count, 8000u);
  EXPECT_LE(count, next);
  expect_rows(*opened, count);
}

TEST_F(BackupTest, NoFileIsWrittenOverAndNoneIsLeftHalf) {
  std::unique_ptr<Store> store = open(path);
  insert(*store, 0, 10);
  test::write_file(copy, "mine");
  Result<Backup> refused = store->backup(copy);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::conflict);
  EXPECT_EQ(std::filesystem::file_size(copy), 4u);
  Result<Backup> nowhere = store->backup(temp / "no/such/place");
  ASSERT_FALSE(nowhere);
  test::write_file(temp / "other.part", "of a copy that was killed");
  ASSERT_TRUE(store->backup(temp / "other"));
  EXPECT_TRUE(files_with(".part").empty());
  {
    std::unique_ptr<Database> database = raw(path);
    ASSERT_TRUE(BackupCopy::begin(*database, temp / "half"));
  }
  EXPECT_TRUE(files_with("half").empty());
}

// ---- of a stopped gateway

TEST_F(BackupTest, TheCallsThatACrashLeftInTheJournalAreInIt) {
  {
    insert(*open(path), 0, 3);
  }
  {
    std::unique_ptr<Journal> journal = std::move(*Journal::create(temp / "calls.journal", {}));
    CallRecord left = completed(3);
    std::uint32_t slot = *journal->take(left.id, left.started_at, someone);
    journal->record(slot) = left;
    journal->settle(slot);
  }
  Result<Backup> made = back_up_stopped(stopped(), copy, clock);
  ASSERT_TRUE(made) << made.error().message();
  expect_rows(*open(copy), 4);
}

TEST_F(BackupTest, AnOlderStoreIsCopiedAsItIs) {
  ASSERT_TRUE(raw(path)->execute(test::earlier_schemas.front()));
  ASSERT_TRUE(back_up_stopped(stopped(), copy, clock));
  EXPECT_EQ(*raw(path)->query_number("PRAGMA user_version"), 1);
  EXPECT_EQ(*raw(copy)->query_number("PRAGMA user_version"), 1);
  EXPECT_EQ(*raw(copy)->query_number("SELECT count(*) FROM call_rows"), 2);
}

TEST_F(BackupTest, WhereThereIsNoStoreNoneIsMade) {
  Result<Backup> made = back_up_stopped(stopped(), copy, clock);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind(), Kind::not_found);
  EXPECT_TRUE(files_with("recloser.db").empty());
}

// ---- restore

TEST_F(BackupTest, ABackupIsPutBackAndWhatWasThereIsKept) {
  {
    std::unique_ptr<Store> store = open(path);
    insert(*store, 0, 5);
    ASSERT_TRUE(store->backup(copy));
    insert(*store, 5, 5);
  }
  Result<Restored> restored = restore_store(copy, stopped(), clock.wall());
  ASSERT_TRUE(restored) << restored.error().message();
  EXPECT_EQ(restored->schema, static_cast<std::int64_t>(migrations().size()));
  EXPECT_EQ(restored->aside, path + ".before-restore-20260921T141320Z");
  EXPECT_EQ(*open(path)->count_calls(), 5u);
  EXPECT_EQ(*open(restored->aside)->count_calls(), 10u);
  EXPECT_EQ(test::rights_of(path), 0600u);
  Result<Restored> again = restore_store(copy, stopped(), clock.wall());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->aside, path + ".before-restore-20260921T141320Z.1");
}

TEST_F(BackupTest, OnAnEmptyPlaceAndOfAnEarlierSchema) {
  ASSERT_TRUE(raw(copy)->execute(test::earlier_schemas.front()));
  Result<Restored> restored = restore_store(copy, stopped(), clock.wall());
  ASSERT_TRUE(restored) << restored.error().message();
  EXPECT_EQ(restored->aside, "");
  expect_rows_of_old(*open(path));
}

// The rows of a store that was killed wait in its log; they move with it.
TEST_F(BackupTest, AStoreWithRowsInItsLogMovesWhole) {
  std::unique_ptr<Store> running = open(path);
  insert(*running, 0, 6);
  std::filesystem::copy_file(path, copy);
  std::filesystem::copy_file(path + "-wal", copy + "-wal");
  running.reset();
  std::filesystem::remove(path);
  ASSERT_TRUE(restore_store(copy, stopped(), clock.wall()));
  expect_rows(*open(path), 6);
}

TEST_F(BackupTest, WhatIsNoSoundStoreOfOursIsNotPutBack) {
  {
    insert(*open(path), 0, 300);
  }
  auto refusal = [&] {
    Result<Restored> restored = restore_store(copy, stopped(), clock.wall());
    EXPECT_FALSE(restored);
    EXPECT_EQ(*open(path)->count_calls(), 300u);
    EXPECT_TRUE(files_with("restor").empty());
    return restored ? std::string() : restored.error().message();
  };
  EXPECT_THAT(refusal(), StartsWith("there is no file"));
  test::write_file(copy, std::string(9000, 'x'));
  EXPECT_THAT(refusal(), HasSubstr("was not restored, and nothing was changed"));
  std::filesystem::remove(copy);
  ASSERT_TRUE(raw(copy)->execute("CREATE TABLE recipes (name TEXT)"));
  EXPECT_THAT(refusal(), HasSubstr("another program"));
  std::filesystem::remove(copy);
  test::write_file(copy, "");
  EXPECT_THAT(refusal(), HasSubstr("holds no store"));
  std::filesystem::remove(copy);
  ASSERT_TRUE(open(path)->backup(copy));
  ASSERT_TRUE(raw(copy)->execute("PRAGMA user_version = 99"));
  EXPECT_THAT(refusal(), HasSubstr("has schema 99"));
  ASSERT_TRUE(raw(copy)->execute("PRAGMA user_version = 2"));
  Result<File> file = open_private(copy, O_RDWR);
  std::string garbage(store_page_bytes, '\x5a');
  off_t last = static_cast<off_t>(std::filesystem::file_size(copy) - store_page_bytes);
  ASSERT_EQ(::pwrite(file->get(), garbage.data(), garbage.size(), last), ssize_t{store_page_bytes});
  EXPECT_THAT(refusal(), HasSubstr("was not restored"));
}

}  // namespace
}  // namespace recloser::ledger
