// Sums over the books: by hand, against the store in memory, and what broken rows do to them.
#include "ledger/usage.h"

#include "ledger/call_facts.h"
#include "ledger/facts_scan.h"
#include "ledger/memory_store.h"
#include "ledger/sqlite_db.h"
#include "ledger/sqlite_store.h"
#include "ledger/test_support.h"
#include "ledger/usage_table.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::ledger {
namespace {

using test::someone;
using testing::HasSubstr;

struct UsageTest : testing::Test {
  std::unique_ptr<Store> open(SqliteOptions options = {}) {
    return std::move(*open_sqlite_store(path, options, clock));
  }
  test::TempDirectory temp;
  std::string path = temp / "recloser.db";
  test::SharedClock clock;
};

void insert(Store& store, const std::vector<CallRecord>& records) {
  std::vector<const CallRecord*> pointers;
  for (const CallRecord& record : records) pointers.push_back(&record);
  ASSERT_TRUE(store.insert_calls(pointers));
}

CallRecord call_of(CallIdMaker& ids, WallTime at, std::string_view team) {
  CallOpening who = someone;
  who.team = team;
  CallRecord record(ids.next(at), at, who);
  test::fill_completed(record);
  record.outcome = Outcome::completed;
  return record;
}

TEST_F(UsageTest, ByHand) {
  std::unique_ptr<Store> store = open();
  CallIdMaker ids(1);
  WallTime monday = *parse_rfc3339("2026-09-21T23:59:59.999Z");
  CallRecord one = call_of(ids, monday, "search");  // labels nightly,batch; cost 448,500
  CallRecord two = call_of(ids, monday + 1ms, "search");
  two.cost_source = CostSource::estimated;
  two.fees_nano_usd = 7;
  two.overrun_nano_usd = 3;
  two.list_cost_nano_usd = 500'000;
  two.cache_write_tokens = 9;
  CallRecord three(ids.next(monday + 2ms), monday + 2ms, someone);
  three.outcome = Outcome::refused;
  three.cost_source = CostSource::unpriced;
  insert(*store, {one, two, three});

  Usage usage = *store->usage({.by = {Dim::team, Dim::day}});
  ASSERT_EQ(usage.rows.size(), 2u);
  EXPECT_EQ(usage.rows[0].of, (std::vector<std::string>{"search", "2026-09-21"}));
  EXPECT_EQ(usage.rows[1].of, (std::vector<std::string>{"search", "2026-09-22"}));
  UsageSums first{.calls = 1,
                  .input_tokens = 1234,
                  .cached_input_tokens = 1024,
                  .output_tokens = 567,
                  .cost = 448'500,
                  .list_cost = 448'500};
  EXPECT_EQ(usage.rows[0].sums, first);
  UsageSums second{.calls = 2,
                   .refused = 1,
                   .input_tokens = 1234,
                   .cached_input_tokens = 1024,
                   .cache_write_tokens = 9,
                   .output_tokens = 567,
                   .cost = 448'500,
                   .list_cost = 500'000,
                   .fees = 7,
                   .overrun = 3,
                   .estimated_calls = 1,
                   .estimated_cost = 448'500,
                   .unpriced_calls = 1};
  EXPECT_EQ(usage.rows[1].sums, second);
  Usage labels = *store->usage({.by = {Dim::label}});
  ASSERT_EQ(labels.rows.size(), 3u);
  EXPECT_EQ(labels.rows[0].of.front(), "");
  EXPECT_EQ(labels.rows[1].of.front(), "batch");
  EXPECT_EQ(labels.rows[2].sums.calls, 2u) << "nightly";
  EXPECT_EQ(labels.total.calls, 3u) << "each call once";
  EXPECT_EQ(store->usage({})->rows.front().sums, labels.total);
}

TEST(UsageText, SumsOfAnySize) {
  EXPECT_EQ(text_of(WideSum{0}), "0");
  EXPECT_EQ(text_of(WideSum{INT64_MAX} * 1'000'000), "9223372036854775807000000");
  EXPECT_EQ(text_of(WideSum{INT64_MIN}), "-9223372036854775808");
  EXPECT_EQ(usd_of(0), "0.000000000");
  EXPECT_EQ(usd_of(525'300), "0.000525300");
  EXPECT_EQ(usd_of(-1), "-0.000000001");
  EXPECT_EQ(usd_of(1'000'000'000), "1.000000000");
  EXPECT_EQ(usd_of(-12'345'678'901), "-12.345678901");
}

TEST(DimNames, ThereAndBack) {
  for (std::size_t i = 0; i < dim_count; ++i) {
    EXPECT_EQ(dim_named(name_of(static_cast<Dim>(i))), static_cast<Dim>(i));
  }
  EXPECT_FALSE(dim_named("teams"));
}

// ---- random books

CallRecord random_call(Random& random, CallIdMaker& ids, int number) {
  // The clock of the machine jumps now and then; ids never go back.
  WallTime at = test::SharedClock::start() + Duration{1h} * (number - int(random.below(30)));
  auto name = [&random](const char* kind) {
    constexpr std::string_view odd[] = {"", "a\"b", "c\\d", "\\", "plain", "\\u0041"};
    std::string text = kind;
    return random.below(4) == 0 ? std::string(odd[random.below(6)])
                                : text + std::to_string(random.below(3));
  };
  std::string team = name("team");
  std::string user = name("user");
  CallOpening who = someone;
  who.team = team;
  who.user = user;
  CallRecord record(ids.next(at), at, who);
  constexpr std::string_view labels[] = {"", "x", "x,y", "y,x,y", "a\"b,x", "xx"};
  record.set(Text::labels, labels[random.below(6)]);
  record.set(Text::session, name("s"));
  record.set(Text::model_requested, name("m"));
  if (random.below(2) == 0) record.set(Text::model_served, name("served"));
  record.set(Text::provider, name("p"));
  for (std::int64_t* figure :
       {&record.input_tokens, &record.cached_input_tokens, &record.cache_write_tokens,
        &record.output_tokens, &record.reasoning_tokens, &record.cost_nano_usd,
        &record.list_cost_nano_usd, &record.fees_nano_usd, &record.overrun_nano_usd}) {
    std::uint64_t bits = random.next() >> (1 + random.below(63));
    if (random.below(3) > 0) *figure = static_cast<std::int64_t>(bits);
  }
  record.cost_source = static_cast<CostSource>(random.below(cost_source_count));
  record.outcome = static_cast<Outcome>(1 + random.below(outcome_count - 1));
  return record;
}

UsageQuery random_query(Random& random) {
  UsageQuery query;
  for (std::size_t i = 0; i < dim_count; ++i) {
    if (random.below(5) == 0) query.by.push_back(static_cast<Dim>(i));
  }
  auto some_time = [&] {
    return test::SharedClock::start() + Duration{1h} * (int(random.below(500)) - 30);
  };
  if (random.below(3) == 0) query.since = some_time();
  if (random.below(3) == 0) query.until = some_time();
  if (random.below(4) == 0) query.only[std::size_t(Dim::team)] = "team1";
  if (random.below(4) == 0) query.only[std::size_t(Dim::user)] = "a\"b";
  if (random.below(4) == 0) query.only[std::size_t(Dim::label)] = random.below(2) == 0 ? "x" : "";
  if (random.below(6) == 0) query.only[std::size_t(Dim::outcome)] = "refused";
  if (random.below(6) == 0) query.only[std::size_t(Dim::model)] = "\\u0041";
  query.latest_rating = random.below(2) == 0;
  return query;
}

Rating random_rating(Random& random) {
  Rating rating{.at = {static_cast<std::int64_t>(random.below(1'000'000))},
                .cost_nano_usd = {},
                .list_cost_nano_usd = {},
                .price_version = random.below(2) == 0 ? "2026-10-01" : "",
                .reason = "a price was wrong",
                .who = "ada"};
  if (random.below(4) > 0) rating.cost_nano_usd = static_cast<std::int64_t>(random.below(1000));
  if (random.below(4) > 0)
    rating.list_cost_nano_usd = static_cast<std::int64_t>(random.next() >> 1);
  return rating;
}

void expect_same(Store& a, Store& b, const UsageQuery& query) {
  Result<Usage> left = a.usage(query);
  Result<Usage> right = b.usage(query);
  ASSERT_TRUE(left) << left.error().message();
  ASSERT_EQ(left->rows, right->rows);
  ASSERT_EQ(left->total, right->total);
}

// Calls, ratings, deletions and questions in any order: both stores say the same.
TEST_F(UsageTest, AnswersAsTheStoreInMemoryDoes) {
  std::unique_ptr<Store> sqlite = open();
  MemoryStore memory;
  Random random(17);
  CallIdMaker ids(1);
  std::vector<CallId> known;
  int rated = 0;
  for (int i = 0; i < 500; ++i) {
    CallRecord record = random_call(random, ids, i);
    known.push_back(record.id);
    insert(*sqlite, {record});
    insert(memory, {record});
    if (random.below(3) == 0) {
      CallRating one{.call = known[random.below(known.size())], .rating = random_rating(random)};
      Result<void> a = sqlite->add_ratings(std::span(&one, 1));
      Result<void> b = memory.add_ratings(std::span(&one, 1));
      ASSERT_EQ(a.has_value(), b.has_value());
      rated += a ? 1 : 0;
    }
    if (random.below(40) == 0) {
      WallTime before = test::SharedClock::start() + Duration{1h} * (i - 200);
      std::size_t limit = random.below(30);
      ASSERT_EQ(*sqlite->delete_calls_before(before, limit),
                *memory.delete_calls_before(before, limit));
    }
    CallId some = known[random.below(known.size())];
    ASSERT_EQ(*sqlite->ratings(some), *memory.ratings(some));
    ASSERT_NO_FATAL_FAILURE(expect_same(*sqlite, memory, random_query(random)));
  }
  EXPECT_GT(rated, 50);
}

TEST_F(UsageTest, MoreThanOneSnapshotOfRows) {
  std::unique_ptr<Store> store = open();
  CallIdMaker ids(1);
  WallTime at = test::SharedClock::start();
  constexpr std::uint64_t batches = 11;
  constexpr std::uint64_t batch = 4000;
  Random random(1);
  std::vector<CallRating> ratings;
  for (std::uint64_t i = 0; i < batches; ++i) {
    std::vector<CallRecord> records;
    for (std::uint64_t k = 0; k < batch; ++k) {
      at = at + 1ms;
      CallRecord& record = records.emplace_back(ids.next(at), at, someone);
      record.outcome = Outcome::completed;
      record.cost_nano_usd = 3;
    }
    ratings.push_back({.call = records[i].id, .rating = random_rating(random)});
    ratings.back().rating.cost_nano_usd = 5;
    insert(*store, records);
  }
  ASSERT_TRUE(store->add_ratings(ratings));
  EXPECT_EQ(store->usage({})->total.calls, batches * batch);
  EXPECT_TRUE(store->usage({})->total.cost == 3 * batches * batch);
  EXPECT_TRUE(store->usage({.latest_rating = true})->total.cost ==
              3 * batches * batch + 2 * batches);
}

// ---- ratings

TEST_F(UsageTest, ARatingStandsBesideWhatWasBooked) {
  std::unique_ptr<Store> store = open();
  CallIdMaker ids(1);
  CallRecord record = call_of(ids, clock.wall(), "search");
  insert(*store, {record});
  Random random(3);
  std::vector<Rating> made{random_rating(random), random_rating(random)};
  made[1].cost_nano_usd = 100;
  for (const Rating& rating : made) {
    CallRating one{.call = record.id, .rating = rating};
    ASSERT_TRUE(store->add_ratings(std::span(&one, 1)));
  }
  EXPECT_EQ(*store->ratings(record.id), made);
  EXPECT_EQ(**store->call(record.id), stored(record)) << "the row is what it was";
  EXPECT_TRUE(store->usage({})->total.cost == 448'500);
  EXPECT_TRUE(store->usage({.latest_rating = true})->total.cost == 100);

  std::vector<CallRating> some{{.call = record.id, .rating = made[0]},
                               {.call = CallId{1, 2}, .rating = made[0]}};
  Result<void> refused = store->add_ratings(some);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::not_found);
  EXPECT_EQ(store->ratings(record.id)->size(), 2u) << "all or none";
  ASSERT_EQ(*store->delete_calls_before(clock.wall() + 1h, 10), 1u);
  EXPECT_EQ(*std::move(*Database::open(path))->query_number("SELECT count(*) FROM ratings"), 0);
}

// ---- limits and broken rows

TEST_F(UsageTest, MoreGroupsThanAnAnswerHolds) {
  UsageQuery query{.by = {Dim::session}};
  UsageTable table(query);
  std::string name;
  ScannedFacts row;
  for (std::size_t i = 0; i < usage_groups_max; ++i) {
    name = std::to_string(i);
    row.session = name;
    ASSERT_TRUE(table.add(row));
  }
  ASSERT_TRUE(table.add(row)) << "a group that is there";
  row.session = "one more";
  Result<void> refused = table.add(row);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::too_large);
  EXPECT_THAT(refused.error().message(), HasSubstr("more than 100000 rows"));
}

TEST(FactsScan, SeesWhatTheReaderSees) {
  Random random(23);
  CallIdMaker ids(2);
  FactsRoom room;
  for (int i = 0; i < 5'000; ++i) {
    CallRecord record = random_call(random, ids, i);
    if (random.below(2) == 0) {
      Attempt* attempt = record.begin_attempt("a/[\"b]", record.started_at);
      record.set_provider_request_id(*attempt, "],[");
      record.add_decision(
          {.phase = "p", .policy = {}, .rule = "[{", .action = "\"]", .reason = "\\"});
    }
    write_facts(room, record, {});
    StoredCall call = read_facts(room.text(), {});
    ScannedFacts seen = scan_facts(room.text());
    ASSERT_EQ(seen.started_at_ns, call.started_at.ns);
    ASSERT_EQ(unescaped(seen.team), call.team);
    ASSERT_EQ(seen.user, escaped(call.user));
    ASSERT_EQ(unescaped(seen.model_served), call.model_served);
    ASSERT_EQ(unescaped(seen.labels), record.text(Text::labels));
    ASSERT_EQ(seen.figures.input_tokens, call.input_tokens);
    ASSERT_EQ(seen.figures.reasoning_tokens, call.reasoning_tokens);
    ASSERT_EQ(seen.figures.cost_source, call.cost_source);
    ASSERT_EQ(seen.figures.cost, call.cost_nano_usd) << room.text();
    ASSERT_EQ(seen.figures.list_cost, call.list_cost_nano_usd);
    ASSERT_EQ(seen.figures.overrun, call.overrun_nano_usd);
    // A foreign hand: read as far as it goes (AddressSanitizer watches).
    std::string broken(room.text());
    broken[random.below(broken.size())] = "\"\\[],{}x"[random.below(8)];
    broken.resize(random.below(broken.size() + 1));
    auto exact = std::make_unique<char[]>(broken.size());
    std::ranges::copy(broken, exact.get());
    scan_facts({exact.get(), broken.size()});
  }
}

}  // namespace
}  // namespace recloser::ledger
