// Balances move with rows, once each; adjustments and switches stay: both stores against a model
// that is nothing but a map.
#include "ledger/budget_books.h"

#include "ledger/memory_store.h"
#include "ledger/sqlite_db.h"
#include "ledger/sqlite_store.h"
#include "ledger/test_support.h"
#include "ledger/testing/usual_budgets.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace recloser::ledger {
namespace {

using test::someone;

BudgetIdentity identity_of(const BudgetLine& line) {
  return {std::string(line.name), std::string(line.unit), std::string(line.kind)};
}

struct BudgetBooksTest : testing::Test {
  void SetUp() override { open(); }
  void open() {
    sqlite.reset();
    Result<std::unique_ptr<Store>> opened = open_sqlite_store(path, {}, clock);
    ASSERT_TRUE(opened) << opened.error().message();
    sqlite = std::move(*opened);
  }
  std::vector<Store*> both() { return {&memory, sqlite.get()}; }
  CallRecord& a_call() {
    ++calls;
    CallRecord& record = records.emplace_back(CallId{calls << 20, calls}, WallTime{1}, someone);
    test::fill_asked(record);
    record.outcome = Outcome::completed;
    return record;
  }
  void insert(const std::vector<const CallRecord*>& batch) {
    for (Store* store : both()) ASSERT_TRUE(store->insert_calls(batch));
  }
  std::int64_t charged(Store& store, const BudgetIdentity& of) {
    std::int64_t sum = 0;
    Result<BalancePage> page = store.balances({.of = of});
    EXPECT_TRUE(page);
    for (const Balance& balance : page->balances) sum += balance.charged;
    return sum;
  }

  test::TempDirectory temp;
  std::string path = temp / "recloser.db";
  test::SharedClock clock;
  MemoryStore memory;
  std::unique_ptr<Store> sqlite;
  std::deque<CallRecord> records;
  std::deque<BudgetPart> parts;
  std::uint64_t calls = 0;
};

TEST_F(BudgetBooksTest, ARowMovesEachOfItsBalancesOnce) {
  CallRecord& record = a_call();
  auto lines = test::usual_budgets(300, WallTime{50});
  for (const BudgetLine& line : lines) record.add_budget(line);
  insert({&record});
  insert({&record, &record});
  open();
  insert({&record});
  for (Store* store : both()) {
    for (const BudgetLine& line : lines) {
      Result<BalancePage> page = store->balances({.of = identity_of(line)});
      ASSERT_TRUE(page);
      std::vector<Balance> expected{{.place = {std::string(line.key), test::window_begun},
                                     .charged = 300,
                                     .last_settled = {50},
                                     .counts_until = std::nullopt}};
      EXPECT_EQ(page->balances, expected);
    }
  }
}

TEST_F(BudgetBooksTest, AnotherUnitKindKeyOrWindowIsAnotherBalance) {
  BudgetLine base = test::usual_budgets(1, WallTime{5})[0];
  std::vector<BudgetLine> lines(5, base);
  lines[1].unit = "tokens";
  lines[2].kind = "total org";
  lines[3].key = "org=other";
  lines[4].window_begun = base.window_begun + 1s;
  CallRecord& record = a_call();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i].figures.charged = 1 << i;
    test::add_budget(record, parts, lines[i]);
  }
  insert({&record});
  for (Store* store : both()) {
    EXPECT_EQ(charged(*store, identity_of(base)), 1 + 8 + 16);
    EXPECT_EQ(charged(*store, identity_of(lines[1])), 2);
    EXPECT_EQ(charged(*store, identity_of(lines[2])), 4);
  }
}

TEST_F(BudgetBooksTest, ASumBeyondAllNumbersStaysAtItsEnd) {
  BudgetLine line = test::usual_budgets(1, WallTime{5})[0];
  line.figures.charged = INT64_MAX - 5;
  for (int i = 0; i < 3; ++i) {
    CallRecord& record = a_call();
    record.add_budget(line);
    insert({&record});
  }
  for (Store* store : both()) EXPECT_EQ(charged(*store, identity_of(line)), INT64_MAX);
}

TEST_F(BudgetBooksTest, BalancesOutliveTheRowsThatChargedThem) {
  BudgetLine line = test::usual_budgets(7, WallTime{5})[0];
  CallRecord& record = a_call();
  record.add_budget(line);
  insert({&record});
  for (Store* store : both()) {
    EXPECT_EQ(*store->delete_calls_before(test::SharedClock::start(), 10), 1u);
    EXPECT_EQ(*store->count_calls(), 0u);
    EXPECT_EQ(charged(*store, identity_of(line)), 7);
  }
}

TEST_F(BudgetBooksTest, WhatCountsNoLongerGoesInSmallBatchesOldestFirst) {
  BudgetLine line = test::usual_budgets(1, WallTime{5})[0];
  CallRecord& record = a_call();
  for (std::int64_t i = 0; i < 10; ++i) {
    line.window_begun = {i};
    line.figures.counts_until = WallTime{1000 - 10 * i};
    test::add_budget(record, parts, line);
  }
  line.window_begun = {10};
  line.figures.counts_until = std::nullopt;
  test::add_budget(record, parts, line);
  insert({&record});
  for (Store* store : both()) {
    EXPECT_EQ(*store->delete_balances_before(WallTime{910}, 3), 0u) << "the 910 counts until then";
    EXPECT_EQ(*store->delete_balances_before(WallTime{950}, 3), 3u);
    Result<BalancePage> left = store->balances({.of = identity_of(line)});
    EXPECT_EQ(left->balances.size(), 8u);
    EXPECT_EQ(left->balances[6].place.window_begun, WallTime{6}) << "7, 8 and 9 ended first";
    EXPECT_EQ(*store->delete_balances_before(WallTime{INT64_MAX}, 100), 7u);
    EXPECT_EQ(charged(*store, identity_of(line)), 1) << "one counts for ever";
  }
}

TEST_F(BudgetBooksTest, ABalanceIsReadFromWhenItBeganOrWasSettledLast) {
  BudgetLine line = test::usual_budgets(1, WallTime{})[0];
  CallRecord& record = a_call();
  for (auto [begun, settled] : {std::pair{10, 20}, {10, 100}, {100, 20}}) {
    std::string key = std::to_string(begun) + "-" + std::to_string(settled);
    line.key = key;
    line.window_begun = {begun};
    line.figures.charged_at = {settled};
    test::add_budget(record, parts, line);
  }
  insert({&record});
  for (Store* store : both()) {
    auto count = [&](std::int64_t since) {
      return store->balances({.of = identity_of(line), .since = {since}})->balances.size();
    };
    EXPECT_EQ(count(INT64_MIN), 3u);
    EXPECT_EQ(count(20), 3u);
    EXPECT_EQ(count(21), 2u);
    EXPECT_EQ(count(100), 2u);
    EXPECT_EQ(count(101), 0u);
  }
}

// ---- any rows in any batches, some of them again and some that share a key

struct Model {
  std::map<std::pair<BudgetIdentity, BalancePlace>, Balance> balances;
  std::map<CallId, bool> seen;

  void take(const CallRecord& record) {
    if (!seen.emplace(record.id, true).second) return;
    for (std::size_t i = 0; i < record.budget_count(); ++i) {
      BudgetLine line = record.budget(i);
      move(identity_of(line), {std::string(line.key), line.window_begun}, line.figures.charged,
           line.figures.charged_at, line.figures.counts_until);
    }
  }
  void move(const BudgetIdentity& of, const BalancePlace& place, std::int64_t by, WallTime at,
            std::optional<WallTime> until) {
    if (by == 0) return;
    auto [found, fresh] = balances.try_emplace({of, place}, Balance{place, by, at, until});
    if (fresh) return;
    Balance& balance = found->second;
    balance.charged += by;
    balance.last_settled = std::max(balance.last_settled, at);
    bool never = !until || !balance.counts_until;
    balance.counts_until =
        never ? std::nullopt : std::optional(std::max(*until, *balance.counts_until));
  }
};

struct BudgetModelTest : BudgetBooksTest {
  void random_lines(CallRecord& record) {
    for (std::uint64_t n = random.below(6); n > 0; --n) {
      std::string key = "team=" + std::to_string(random.below(4));
      if (random.below(20) == 0) key += std::string(600, 'x');
      auto at = static_cast<std::int64_t>(random.below(1000));
      BudgetFigures figures{.charged = static_cast<std::int64_t>(random.below(4)) * 100,
                            .charged_at = {at}};
      if (random.below(2) == 0) figures.counts_until = WallTime{at + 500};
      test::add_budget(record, parts,
                       {.name = names[random.below(names.size())],
                        .unit = random.below(4) == 0 ? "tokens" : "usd",
                        .kind = "rolling team",
                        .key = key,
                        .window_begun = {static_cast<std::int64_t>(random.below(3)) * 60},
                        .figures = figures});
    }
  }
  const CallRecord& random_call() {
    if (!records.empty() && random.below(5) == 0) return records[random.below(records.size())];
    CallRecord& record = a_call();
    // Some share the half of their id that is the key of the row; some take a neighbour's.
    if (random.below(4) == 0) record.id.high = (5ull << 20) + random.below(3);
    if (random.below(3) != 0) random_lines(record);
    return record;
  }
  void adjust_one() {
    BudgetIdentity of{std::string(names[random.below(names.size())]), "usd", "rolling team"};
    std::string key = "team=" + std::to_string(random.below(4));
    auto change = static_cast<std::int64_t>(random.below(500)) - 250;
    Adjustment adjustment{.at = {static_cast<std::int64_t>(random.below(1000))},
                          .budget = of,
                          .key = key,
                          .kind = AdjustmentKind::set,
                          .amount = 5,
                          .reason = "counted twice",
                          .who = "ada",
                          .window_begun = {60},
                          .charged_change = change,
                          .counts_until = WallTime{700}};
    for (Store* store : both()) ASSERT_TRUE(store->add_adjustment(adjustment));
    model.move(of, {key, {60}}, change, adjustment.at, adjustment.counts_until);
  }
  void compare() {
    for (Store* store : both()) {
      std::size_t seen = 0;
      for (std::string_view name : names) {
        for (std::string_view unit : {"usd", "tokens"}) {
          BalanceQuery query{.of = {std::string(name), std::string(unit), "rolling team"}};
          query.limit = 1 + static_cast<std::uint32_t>(random.below(7));
          for (bool more = true; more;) {
            Result<BalancePage> page = store->balances(query);
            ASSERT_TRUE(page) << page.error().message();
            for (const Balance& balance : page->balances) {
              ASSERT_EQ(balance, model.balances.at({query.of, balance.place}));
              ++seen;
            }
            query.after = page->next;
            more = page->next.has_value();
          }
        }
      }
      ASSERT_EQ(seen, model.balances.size());
    }
  }

  const std::vector<std::string_view> names{"a", "ab", "b"};
  Random random{23};
  Model model;
};

TEST_F(BudgetModelTest, AnyBatchesMoveBalancesAsAMapWould) {
  for (int round = 0; round < 400; ++round) {
    std::vector<const CallRecord*> batch;
    for (std::uint64_t n = random.below(40); n > 0; --n) batch.push_back(&random_call());
    if (random.below(10) == 0) {
      // Nothing of a batch counts that is not stored: the same comes again afterwards.
      memory.fail_writes_with(Error(Side::operator_, Kind::full, "the disk is full"));
      ASSERT_FALSE(memory.insert_calls(batch));
      memory.fail_writes_with(std::nullopt);
    }
    std::size_t fresh = 0;
    for (const CallRecord* record : batch) {
      if (!model.seen.contains(record->id)) ++fresh;
      model.take(*record);
    }
    for (Store* store : both()) ASSERT_EQ(*store->insert_calls(batch), fresh);
    if (random.below(8) == 0) adjust_one();
    if (round % 20 == 0) compare();
    if (round % 100 == 50) open();
    if (HasFatalFailure()) return;
  }
  compare();
  EXPECT_GT(model.balances.size(), 60u);
}

TEST_F(BudgetBooksTest, ABatchThatFailsMovesNothing) {
  BudgetLine line = test::usual_budgets(7, WallTime{5})[0];
  CallRecord& record = a_call();
  record.add_budget(line);
  const CallRecord* one = &record;
  {
    Result<std::unique_ptr<Database>> other = Database::open(path);
    ASSERT_TRUE(other);
    ASSERT_TRUE((*other)->execute("ALTER TABLE budget_balances RENAME TO elsewhere"));
    EXPECT_FALSE(sqlite->insert_calls(std::span(&one, 1)));
    EXPECT_EQ(*sqlite->count_calls(), 0u) << "the row and its balances are one";
    ASSERT_TRUE((*other)->execute("ALTER TABLE elsewhere RENAME TO budget_balances"));
  }
  open();
  EXPECT_EQ(*sqlite->insert_calls(std::span(&one, 1)), 1u);
  EXPECT_EQ(charged(*sqlite, identity_of(line)), 7);
}

// The number that it gave a budget is not that budget's: here somebody else takes it.
TEST_F(BudgetBooksTest, ABatchThatFailsGivesNoNumbers) {
  BudgetLine line = test::usual_budgets(7, WallTime{5})[0];
  CallRecord& record = a_call();
  record.add_budget(line);
  const CallRecord* one = &record;
  std::unique_ptr<Database> other = std::move(*Database::open(path));
  ASSERT_TRUE(other->execute("ALTER TABLE budget_balances RENAME TO elsewhere"));
  EXPECT_FALSE(sqlite->insert_calls(std::span(&one, 1)));
  ASSERT_TRUE(
      other->execute("ALTER TABLE elsewhere RENAME TO budget_balances; "
                     "INSERT INTO budgets (budget, unit, kind) VALUES ('other', 'usd', 'total')"));
  ASSERT_EQ(*other->query_number("SELECT number FROM budgets"), 1);
  EXPECT_EQ(*sqlite->insert_calls(std::span(&one, 1)), 1u);
  EXPECT_EQ((**sqlite->call(record.id)).budgets, stored(record).budgets);
}

TEST_F(BudgetBooksTest, ABudgetIsNamedOnceHoweverOftenItIsCharged) {
  for (int batch = 0; batch < 3; ++batch) {
    std::vector<const CallRecord*> calls;
    for (int i = 0; i < 40; ++i) {
      CallRecord& record = a_call();
      std::string session = "session=" + std::to_string(i / 2);
      for (BudgetLine line : test::usual_budgets(i, WallTime{50})) {
        if (line.name == "session") line.key = session;
        record.add_budget(line);
      }
      calls.push_back(&record);
    }
    insert(calls);
    if (batch == 1) open();
    for (const CallRecord* call : calls) {
      ASSERT_EQ((**sqlite->call(call->id)).budgets, stored(*call).budgets);
    }
  }
  Result<std::unique_ptr<Database>> raw = Database::open(path);
  EXPECT_EQ(*(*raw)->query_number("SELECT count(*) FROM budgets"), 4);
  EXPECT_LT(*(*raw)->query_number("SELECT max(length(facts ->> 33)) FROM call_rows"), 250);
  EXPECT_EQ(*(*raw)->query_number("SELECT count(*) FROM budget_balances"), 23);
}

TEST_F(BudgetBooksTest, WhoeverLooksInSqlSeesThemByName) {
  CallRecord& record = a_call();
  for (const BudgetLine& line : test::usual_budgets(300, WallTime{50})) record.add_budget(line);
  insert({&record});
  Result<std::unique_ptr<Database>> raw = Database::open(path);
  ASSERT_TRUE(raw);
  EXPECT_EQ(*(*raw)->query_text("SELECT n || budget || account_key || unit || kind || reserved || "
                                "charged || remaining || (window_begun_ns > 0) "
                                "FROM call_budgets WHERE n = 2"),
            "2team-dayorg=acme,team=searchusdcalendar/day/UTC org,team60030019999997001");
  EXPECT_EQ(*(*raw)->query_number("SELECT json_array_length(budgets) FROM calls"), 4);
}

// ---- adjustments and switches

TEST_F(BudgetBooksTest, AdjustmentsAreKeptInTheirOrder) {
  Adjustment more{.at = {5},
                  .budget = {"team-day", "usd", "calendar/day/UTC team"},
                  .key = "team=search",
                  .kind = AdjustmentKind::add,
                  .amount = 2'000'000'000,
                  .expires_at = WallTime{90},
                  .reason = "release week",
                  .who = "ada",
                  .window_begun = {},
                  .charged_change = 0,
                  .counts_until = std::nullopt};
  Adjustment reset = more;
  reset.kind = AdjustmentKind::reset;
  reset.expires_at = std::nullopt;
  reset.charged_change = -30;
  reset.window_begun = {4};
  reset.counts_until = WallTime{80};
  for (Store* store : both()) {
    EXPECT_EQ(*store->add_adjustment(more), 1);
    EXPECT_EQ(*store->add_adjustment(reset), 2);
  }
  open();
  more.id = 1;
  reset.id = 2;
  for (Store* store : both()) {
    EXPECT_EQ(*store->adjustments(), (std::vector<Adjustment>{more, reset}));
    EXPECT_EQ(charged(*store, more.budget), -30) << "rows that follow add to it";
  }
}

TEST_F(BudgetBooksTest, AnAdjustmentWithoutAReasonIsRefused) {
  Adjustment adjustment{.budget = {"a", "usd", "total"}, .key = "k", .reason = ""};
  for (Store* store : both()) {
    EXPECT_EQ(store->add_adjustment(adjustment).error().kind(), Kind::malformed);
    EXPECT_EQ(store->adjustments()->size(), 0u);
  }
}

TEST_F(BudgetBooksTest, ASwitchIsAsItWasLeftLast) {
  Switch a{.name = "stop-all", .on = true, .since = {5}, .reason = "fire", .who = "ada"};
  Switch b{.name = "a", .on = true, .since = {6}, .reason = "", .who = ""};
  for (Store* store : both()) {
    ASSERT_TRUE(store->put_switch(a));
    ASSERT_TRUE(store->put_switch(b));
    EXPECT_EQ(store->put_switch({}).error().kind(), Kind::malformed);
  }
  a.on = false;
  a.since = {9};
  for (Store* store : both()) ASSERT_TRUE(store->put_switch(a));
  open();
  for (Store* store : both()) EXPECT_EQ(*store->switches(), (std::vector<Switch>{b, a}));
}

}  // namespace
}  // namespace recloser::ledger
