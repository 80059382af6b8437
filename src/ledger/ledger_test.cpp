// The ledger as a whole: one call, one row, under any interleaving, a failing store and a kill.
#include "ledger/ledger.h"

#include "ledger/memory_store.h"
#include "ledger/sqlite_store.h"
#include "ledger/test_support.h"
#include "ledger/testing/full_disk.h"

#include <algorithm>
#include <filesystem>
#include <list>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::ledger {
namespace {

using test::someone;
using testing::HasSubstr;

// Lets a test keep hold of a store that a ledger owns.
class BorrowedStore final : public Store {
 public:
  explicit BorrowedStore(Store& store) : store_(store) {}
  Result<std::size_t> insert_calls(std::span<const CallRecord* const> calls) override {
    return store_.insert_calls(calls);
  }
  Result<void> sync() override { return store_.sync(); }
  Result<CallPage> calls(const CallFilter& filter) override { return store_.calls(filter); }
  Result<std::optional<StoredCall>> call(CallId id) override { return store_.call(id); }
  Result<std::uint64_t> count_calls() override { return store_.count_calls(); }
  Result<std::size_t> delete_calls_before(WallTime before, std::size_t limit) override {
    return store_.delete_calls_before(before, limit);
  }
  Result<Backup> backup(const std::string& to) override { return store_.backup(to); }
  Result<Usage> usage(const UsageQuery& query) override { return store_.usage(query); }
  Result<void> add_ratings(std::span<const CallRating> ratings) override {
    return store_.add_ratings(ratings);
  }
  Result<std::vector<Rating>> ratings(CallId id) override { return store_.ratings(id); }
  Result<BalancePage> balances(const BalanceQuery& query) override {
    return store_.balances(query);
  }
  Result<std::size_t> delete_balances_before(WallTime before, std::size_t limit) override {
    return store_.delete_balances_before(before, limit);
  }
  Result<ClaimFinding> claim_answer(const AnswerClaim& claim, WallTime now) override {
    return store_.claim_answer(claim, now);
  }
  Result<void> end_answers(std::span<const EndedAnswer> ended) override {
    return store_.end_answers(ended);
  }
  Result<void> cut_off_answers(WallTime until) override { return store_.cut_off_answers(until); }
  Result<std::size_t> delete_answers_until(WallTime until, std::size_t limit) override {
    return store_.delete_answers_until(until, limit);
  }
  Result<std::int64_t> add_adjustment(const Adjustment& adjustment) override {
    return store_.add_adjustment(adjustment);
  }
  Result<std::vector<Adjustment>> adjustments() override { return store_.adjustments(); }
  Result<std::int64_t> add_request(const BudgetRequest& request) override {
    return store_.add_request(request);
  }
  Result<std::optional<BudgetRequest>> request(std::int64_t id) override {
    return store_.request(id);
  }
  Result<RequestPage> requests(const RequestQuery& query) override {
    return store_.requests(query);
  }
  Result<std::int64_t> answer_request(std::int64_t id, const RequestAnswer& answer,
                                      const Adjustment* grant) override {
    return store_.answer_request(id, answer, grant);
  }
  Result<void> put_switch(const Switch& setting) override { return store_.put_switch(setting); }
  Result<std::vector<Switch>> switches() override { return store_.switches(); }
  Result<void> put_key(const KeyRow& key) override { return store_.put_key(key); }
  Result<std::vector<KeyRow>> keys() override { return store_.keys(); }
  Result<void> revoke_key(std::string_view id, WallTime at) override {
    return store_.revoke_key(id, at);
  }
  Result<void> change_key(const KeyRow& key) override { return store_.change_key(key); }
  Result<void> put_holder(const HolderRow& row) override { return store_.put_holder(row); }
  Result<std::vector<HolderRow>> holders() override { return store_.holders(); }
  Result<void> remove_holder(std::string_view kind, std::string_view org,
                             std::string_view name) override {
    return store_.remove_holder(kind, org, name);
  }

 private:
  Store& store_;
};

struct LedgerTest : testing::Test {
  std::unique_ptr<Ledger> open(LedgerOptions options = {}) {
    options.directory = temp.path();
    options.retry_after_max = 50ms;
    Result<std::unique_ptr<Ledger>> ledger =
        Ledger::open(options, std::make_unique<BorrowedStore>(memory), clock, log.log);
    EXPECT_TRUE(ledger) << ledger.error().message();
    return ledger ? std::move(*ledger) : nullptr;
  }
  Result<OpenCall> begin(Ledger& ledger) {
    return ledger.begin(ids.next(clock.wall()), clock.now(), clock.wall(), someone);
  }
  void fail_store() {
    memory.fail_writes_with(Error(Side::operator_, Kind::full, "no space left on the disk"));
  }

  test::TempDirectory temp;
  test::SharedClock clock;
  test::TestLog log{clock};
  MemoryStore memory;
  CallIdMaker ids{1};
};

TEST_F(LedgerTest, ACallIsBookedAsItEnded) {
  std::unique_ptr<Ledger> ledger = open();
  CallId id;
  {
    Result<OpenCall> call = begin(*ledger);
    ASSERT_TRUE(call);
    id = call->id();
    test::fill_completed(call->record());
    EXPECT_EQ(ledger->status().open_calls, 1u);
    clock.advance(1500ms);
    call->settle(Outcome::completed, clock.now());
    EXPECT_TRUE(call->settled());
  }
  ASSERT_TRUE(ledger->flush());
  StoredCall row = **ledger->store().call(id);
  EXPECT_EQ(row.outcome, Outcome::completed);
  EXPECT_EQ(row.duration_ns, 1'500'000'000);
  EXPECT_EQ(row.output_tokens, 567);
  LedgerStatus status = ledger->status();
  EXPECT_EQ(status.open_calls, 0u);
  EXPECT_EQ(status.waiting_rows, 0u);
  EXPECT_EQ(status.stored_rows, 1u);
  EXPECT_EQ(status.dropped_rows, 0u);
}

TEST_F(LedgerTest, ADroppedHandleIsBookedToo) {
  std::unique_ptr<Ledger> ledger = open();
  CallId failed;
  CallId gone;
  {
    Result<OpenCall> a = begin(*ledger);
    Result<OpenCall> b = begin(*ledger);
    failed = a->id();
    gone = b->id();
    b->if_dropped(Outcome::client_gone);
    OpenCall moved = std::move(*b);
    EXPECT_TRUE(b->settled()) << "what was moved from holds nothing";
  }
  ASSERT_TRUE(ledger->flush());
  EXPECT_EQ((*memory.call(failed))->outcome, Outcome::gateway_failed);
  EXPECT_EQ((*memory.call(gone))->outcome, Outcome::client_gone);
}

TEST_F(LedgerTest, AnAssignedHandleBooksTheCallItHeld) {
  std::unique_ptr<Ledger> ledger = open();
  Result<OpenCall> a = begin(*ledger);
  Result<OpenCall> b = begin(*ledger);
  CallId first = a->id();
  CallId second = b->id();
  *a = std::move(*b);
  EXPECT_EQ(a->id(), second);
  EXPECT_EQ(ledger->status().open_calls, 1u);
  a->settle(Outcome::completed, clock.now());
  ASSERT_TRUE(ledger->flush());
  EXPECT_EQ((*memory.call(first))->outcome, Outcome::gateway_failed);
  EXPECT_EQ((*memory.call(second))->outcome, Outcome::completed);
}

TEST_F(LedgerTest, ANameTooLongIsTheClientsFault) {
  std::unique_ptr<Ledger> ledger = open();
  std::string name(limits::principal_name_bytes_max + 1, 'x');
  CallOpening who = someone;
  who.user = name;
  Result<OpenCall> call = ledger->begin(CallId{1, 1}, {}, {}, who);
  ASSERT_FALSE(call);
  EXPECT_EQ(call.error().side(), Side::client);
  EXPECT_EQ(call.error().kind(), Kind::too_large);
}

TEST_F(LedgerTest, AFullStoreStopsAdmissionAndLosesNothing) {
  std::unique_ptr<Ledger> ledger = open();
  Result<OpenCall> running = begin(*ledger);
  Result<OpenCall> ending = begin(*ledger);
  fail_store();
  CallId ended = ending->id();
  ending->settle(Outcome::completed, clock.now());
  Result<void> flushed = ledger->flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().kind(), Kind::full);
  EXPECT_FALSE(ledger->admitting());
  Result<OpenCall> refused = begin(*ledger);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::full);
  EXPECT_THAT(refused.error().message(), HasSubstr("no space left on the disk"));
  LedgerStatus status = ledger->status();
  EXPECT_EQ(status.waiting_rows, 1u);
  EXPECT_EQ(status.dropped_rows, 0u);
  EXPECT_THAT(status.last_error, HasSubstr("no space left"));
  running->settle(Outcome::completed, clock.now());  // running calls end as always

  memory.fail_writes_with(std::nullopt);
  ASSERT_TRUE(ledger->flush());
  EXPECT_TRUE(ledger->admitting());
  EXPECT_EQ(ledger->status().last_error, "");
  EXPECT_TRUE(*memory.call(ended));
  EXPECT_EQ(*memory.count_calls(), 2u);
  EXPECT_TRUE(begin(*ledger));
  EXPECT_THAT(log.text(), HasSubstr("none is admitted until it can"));
  EXPECT_THAT(log.text(), HasSubstr("stores calls again"));
}

TEST_F(LedgerTest, AFullStoreIsTriedAgainWithoutBeingAsked) {
  std::unique_ptr<Ledger> ledger = open({.retry_after_min = 1ms});
  fail_store();
  begin(*ledger)->settle(Outcome::completed, clock.now());
  ASSERT_FALSE(ledger->flush());
  memory.fail_writes_with(std::nullopt);
  while (!ledger->admitting()) std::this_thread::yield();
  EXPECT_EQ(*memory.count_calls(), 1u);
}

TEST_F(LedgerTest, WhatCannotBeStoredAtTheStopIsStoredAtTheNextStart) {
  CallId id;
  {
    std::unique_ptr<Ledger> ledger = open();
    fail_store();
    Result<OpenCall> call = begin(*ledger);
    id = call->id();
    call->settle(Outcome::cut, clock.now());
  }
  EXPECT_EQ(*memory.count_calls(), 0u);
  EXPECT_THAT(log.text(), HasSubstr("calls stay in the journal"));
  memory.fail_writes_with(std::nullopt);
  std::unique_ptr<Ledger> ledger = open();
  EXPECT_EQ(ledger->recovery().settled, 1u);
  EXPECT_EQ((*memory.call(id))->outcome, Outcome::cut);
}

TEST_F(LedgerTest, AnEndlessCrowdIsRefusedAtTheLastSlotAndAdmittedAgain) {
  std::unique_ptr<Ledger> ledger =
      open({.journal = {.slots_initial = 1024, .slots_max = 2048, .program_version = "1"}});
  std::vector<OpenCall> crowd;
  for (int i = 0; i < 2048; ++i) {
    Result<OpenCall> call = begin(*ledger);
    ASSERT_TRUE(call) << i << ": " << call.error().message();
    crowd.push_back(std::move(*call));
  }
  EXPECT_EQ(ledger->status().slots, 2048u) << "grown on demand";
  for (int i = 0; i < 2; ++i) {
    Result<OpenCall> late = begin(*ledger);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind(), Kind::full);
  }
  crowd.pop_back();
  ASSERT_TRUE(ledger->flush());
  EXPECT_TRUE(begin(*ledger));
}

TEST_F(LedgerTest, WhereTheJournalCannotGrowTheRoomIsWhatItHas) {
  std::unique_ptr<Ledger> ledger =
      open({.journal = {.slots_initial = 1024, .slots_max = 64 * 1024, .program_version = "1"}});
  std::vector<OpenCall> crowd;
  auto crowd_of = [&](std::size_t size) {
    while (crowd.size() < size) {
      Result<OpenCall> call = begin(*ledger);
      ASSERT_TRUE(call) << call.error().message();
      crowd.push_back(std::move(*call));
    }
  };
  crowd_of(768);
  EXPECT_LT(ledger->fullness(), 50u) << "of what it may grow to";
  std::optional<test::FullDisk> full(journal_head_bytes + segment_bytes);
  crowd_of(1024);
  EXPECT_FALSE(begin(*ledger));
  EXPECT_EQ(ledger->fullness(), 1000u);
  crowd.erase(crowd.begin() + 512, crowd.end());
  ASSERT_TRUE(ledger->flush());
  EXPECT_EQ(ledger->fullness(), 500u);
  full.reset();
  crowd_of(1024);
  clock.advance(2s);  // it is not tried again at once
  ASSERT_TRUE(ledger->flush());
  EXPECT_LT(ledger->fullness(), 50u) << "and back";
}

TEST_F(LedgerTest, AfterACleanStopNothingIsLeftToRecover) {
  {
    std::unique_ptr<Ledger> ledger = open();
    begin(*ledger)->settle(Outcome::completed, clock.now());
  }
  EXPECT_EQ(*memory.count_calls(), 1u) << "a stop stores what waits";
  std::unique_ptr<Ledger> ledger = open();
  EXPECT_EQ(ledger->recovery().settled + ledger->recovery().open, 0u);
}

TEST_F(LedgerTest, ADamagedJournalIsToldAndKept) {
  std::string journal = temp / "calls.journal";
  {
    std::unique_ptr<Ledger> ledger = open();
    Result<OpenCall> running = begin(*ledger);
    std::filesystem::copy_file(journal, temp / "saved");
  }
  std::filesystem::rename(temp / "saved", journal);
  std::filesystem::resize_file(journal, 100);
  std::unique_ptr<Ledger> ledger = open();
  std::string told = log.text();
  for (const char* part : {"error", "calls of the last run that had no row yet may be missing",
                           "the file ends after 100 bytes", "calls.journal.damaged"}) {
    EXPECT_THAT(told, HasSubstr(part));
  }
  EXPECT_EQ(std::filesystem::file_size(temp / "calls.journal.damaged"), 100u);
  EXPECT_TRUE(begin(*ledger)) << "and it goes on";
}

TEST_F(LedgerTest, OldRowsAreDeletedInBatchesUntilNoneIsLeft) {
  {
    std::unique_ptr<Ledger> ledger = open();
    for (int i = 0; i < 1200; ++i) begin(*ledger)->settle(Outcome::completed, clock.now());
  }
  clock.advance(24h * 10);
  std::unique_ptr<Ledger> ledger = open({.retain = 24h * 5});
  Result<OpenCall> young = begin(*ledger);
  young->settle(Outcome::completed, clock.now());
  while (ledger->status().deleted_rows < 1200) std::this_thread::yield();
  ASSERT_TRUE(ledger->flush());
  EXPECT_EQ(*memory.count_calls(), 1u);
}

TEST_F(LedgerTest, BalancesWhoseTimeIsOverGoThoughRowsAreKeptForEver) {
  {
    std::unique_ptr<Ledger> ledger = open({.retain = Duration::zero()});
    Result<OpenCall> call = begin(*ledger);
    BudgetFigures figures{.charged = 5, .counts_until = clock.wall() + 1h};
    BudgetLine bucket{.name = "b", .unit = "usd", .kind = "rolling", .figures = figures};
    ASSERT_TRUE(call->add_budget(bucket));
    BudgetLine total{.name = "b", .unit = "usd", .kind = "total", .figures = {.charged = 6}};
    ASSERT_TRUE(call->add_budget(total));
    call->settle(Outcome::completed, clock.now());
  }
  EXPECT_EQ(memory.copy_of_books().balances.size(), 2u);
  clock.advance(48h);  // an hour too early: a clock may have jumped
  {
    std::unique_ptr<Ledger> ledger = open({.retain = Duration::zero()});
    ASSERT_TRUE(ledger->flush());
  }
  EXPECT_EQ(memory.copy_of_books().balances.size(), 2u);
  clock.advance(2h);
  std::unique_ptr<Ledger> ledger = open({.retain = Duration::zero()});
  while (memory.copy_of_books().balances.size() > 1) std::this_thread::yield();
  EXPECT_EQ(memory.copy_of_books().balances.begin()->second.charged, 6);
  EXPECT_EQ(*memory.count_calls(), 1u);
}

TEST_F(LedgerTest, ALineOfABudgetMakesTheJournalGrowOrIsRefused) {
  std::unique_ptr<Ledger> ledger =
      open({.journal = {.slots_initial = 1024, .slots_max = 2048, .program_version = "1"}});
  std::vector<OpenCall> crowd;
  while (crowd.size() < 2044) crowd.push_back(std::move(*begin(*ledger)));
  std::string key(budget_key_bytes_max, 'k');
  BudgetLine line{.name = "b", .unit = "usd", .kind = "total user", .key = key};
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(crowd[7].add_budget(line)) << i;
  Result<void> refused = crowd[7].add_budget(line);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::full);
  EXPECT_EQ(crowd[7].record().budget_count(), 4u);
  key += 'k';
  line.key = key;
  EXPECT_EQ(crowd[7].add_budget(line).error().kind(), Kind::too_large);
  crowd.clear();
  ASSERT_TRUE(ledger->flush());
  EXPECT_EQ(ledger->status().open_calls, 0u);
}

TEST_F(LedgerTest, ManyThreadsOneRowEach) {
  constexpr int workers = 4;
  constexpr int each = 2'000;
  std::unique_ptr<Ledger> ledger = open({.journal = {.slots_initial = 1024}});
  std::vector<std::thread> threads;
  for (int w = 0; w < workers; ++w) {
    threads.emplace_back([&, w] {
      CallIdMaker maker(static_cast<std::uint64_t>(w) + 100);
      std::list<OpenCall> open_calls;
      Random random(static_cast<std::uint64_t>(w));
      for (int i = 0; i < each; ++i) {
        Result<OpenCall> call =
            ledger->begin(maker.next(clock.wall()), clock.now(), clock.wall(), someone);
        ASSERT_TRUE(call) << call.error().message();
        call->record().input_tokens = i;
        open_calls.push_back(std::move(*call));
        if (random.below(3) == 0) open_calls.clear();
        if (random.below(500) == 0) EXPECT_TRUE(ledger->flush());
      }
    });
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ledger->status().dropped_rows, 0u);
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(ledger->flush());
  EXPECT_EQ(*memory.count_calls(), std::uint64_t{workers} * each);
  EXPECT_EQ(ledger->status().stored_rows, std::uint64_t{workers} * each);
}

// ---- any interleaving of begin, update, settle, drop, flush, a failing store and a crash, against
// a model that is nothing but a map.

struct Model {
  std::map<CallId, StoredCall> ended;  // as they must stand in the store
  std::map<CallId, std::int64_t> running;
  std::map<CallId, std::map<std::string, std::int64_t>> charges;  // by account

  std::map<std::string, std::int64_t> balances() const {
    std::map<std::string, std::int64_t> sums;
    for (const auto& [id, call] : ended) {
      auto charged = charges.find(id);
      if (charged == charges.end()) continue;
      for (const auto& [account, amount] : charged->second) sums[account] += amount;
    }
    std::erase_if(sums, [](const auto& entry) { return entry.second == 0; });
    return sums;
  }
};

struct LedgerModelTest : LedgerTest {
  void begin_one() {
    Result<OpenCall> call = begin(*ledger);
    if (!call) {
      ASSERT_FALSE(ledger->admitting());
      return;
    }
    model.running[call->id()] = absent;
    for (std::uint64_t n = random.below(4); n > 0; --n) reserve(*call);
    calls.push_back(std::move(*call));
  }

  // Now and then of a key so long that it takes a slot of its own.
  void reserve(OpenCall& call) {
    std::string key = "user=" + std::to_string(random.below(5));
    if (random.below(8) == 0) key += std::string(700, 'x');
    if (model.charges[call.id()].contains(key)) return;
    BudgetLine line{.name = "b", .unit = "usd", .kind = "total user", .key = key};
    Result<void> added = call.add_budget(line);
    ASSERT_TRUE(added) << added.error().message();
    model.charges[call.id()][key] = 0;
  }

  void charge(OpenCall& call) {
    std::size_t count = call.record().budget_count();
    if (count == 0) return;
    std::size_t at = random.below(count);
    auto charged = static_cast<std::int64_t>(random.below(100));
    call.record().set_budget(at, {.charged = charged});
    model.charges[call.id()][std::string(call.record().budget(at).key)] = charged;
  }

  void update_one() {
    if (calls.empty()) return;
    OpenCall& call = calls[random.below(calls.size())];
    auto tokens = static_cast<std::int64_t>(random.below(1000));
    call.record().delivered_tokens = tokens;
    call.record().set(Text::session, "s" + std::to_string(random.below(9)));
    model.running[call.id()] = tokens;
    charge(call);
  }

  void end_one() {
    if (calls.empty()) return;
    std::size_t at = random.below(calls.size());
    OpenCall call = std::move(calls[at]);
    calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(at));
    CallRecord expected = call.record();
    expected.outcome = random.below(3) == 0 ? Outcome::gateway_failed : Outcome::completed;
    expected.duration_ns = 0;  // this clock stands still
    model.ended[call.id()] = stored(expected);
    model.running.erase(call.id());
    if (expected.outcome == Outcome::completed) call.settle(Outcome::completed, clock.now());
  }

  // The files and the store are taken as they are at this instant, as kill -9 leaves them. The
  // journal first: a row that moves on meanwhile is then in both, never in neither.
  void crash() {
    std::string journal = temp / "calls.journal";
    std::string saved = temp / "saved";
    std::filesystem::copy_file(journal, saved, std::filesystem::copy_options::overwrite_existing);
    MemoryStore::Books books = memory.copy_of_books();
    for (OpenCall& call : calls) call.if_dropped(Outcome::client_gone);  // must not be seen
    calls.clear();
    ledger.reset();
    std::filesystem::rename(saved, journal);
    memory.put_books(std::move(books));
    memory.fail_writes_with(std::nullopt);
    ledger = open();
    ASSERT_NE(ledger, nullptr);
    for (const auto& [id, tokens] : model.running) {
      std::optional<StoredCall> row = *memory.call(id);
      ASSERT_TRUE(row) << "a running call was lost";
      ASSERT_EQ(row->outcome, Outcome::gateway_failed);
      ASSERT_EQ(row->delivered_tokens.value_or(absent), tokens);
      model.ended[id] = *row;
    }
    model.running.clear();
  }

  void compare() {
    memory.fail_writes_with(std::nullopt);
    ASSERT_TRUE(ledger->flush());
    ASSERT_EQ(memory.copy_of_calls(), model.ended);
    std::map<std::string, std::int64_t> balances;
    for (const auto& [at, balance] : memory.copy_of_books().balances) {
      balances[balance.place.key] += balance.charged;
    }
    ASSERT_EQ(balances, model.balances());
  }

  Random random{11};
  Model model;
  std::unique_ptr<Ledger> ledger;
  std::vector<OpenCall> calls;
};

TEST_F(LedgerModelTest, AnyInterleaving) {
  ledger = open();
  int crashes = 0;
  for (int step = 0; step < 6'000; ++step) {
    std::uint64_t what = random.below(1000);
    if (what < 350) {
      begin_one();
    } else if (what < 650) {
      update_one();
    } else if (what < 970) {
      end_one();
    } else if (what < 980) {
      fail_store();
    } else if (what < 990) {
      memory.fail_writes_with(std::nullopt);
    } else if (what < 996) {
      compare();
    } else {
      crash();
      ++crashes;
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(crashes, 10);
  EXPECT_GT(model.ended.size(), 1000u);
  calls.clear();
  for (const auto& [id, tokens] : model.running) {
    ASSERT_TRUE(ledger->flush());
    ASSERT_EQ((*memory.call(id))->outcome, Outcome::gateway_failed);
  }
}

}  // namespace
}  // namespace recloser::ledger
