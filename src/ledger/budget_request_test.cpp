// Requests for more are kept, answered once, and become an adjustment with their answer: both
// stores.
#include "ledger/budget_request.h"

#include "ledger/memory_store.h"
#include "ledger/sqlite_store.h"
#include "ledger/test_support.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::ledger {
namespace {

using testing::HasSubstr;

constexpr WallTime asked_at{1'790'000'000'000'000'000};

struct BudgetRequestTest : testing::Test {
  void SetUp() override { open(); }
  void open() {
    sqlite.reset();
    Result<std::unique_ptr<Store>> opened = open_sqlite_store(path, {}, clock);
    ASSERT_TRUE(opened) << opened.error().message();
    sqlite = std::move(*opened);
  }
  std::vector<Store*> both() { return {&memory, sqlite.get()}; }

  static BudgetRequest a_request() {
    return {.at = asked_at,
            .budget = {"team-day", "usd", "calendar/day/UTC team"},
            .key = "team=search",
            .amount = 5'000'000'000,
            .lasts = 24h,
            .reason = "release week",
            .who = "ada",
            .answer_by = asked_at + 24h,
            .answer = std::nullopt};
  }
  static Adjustment a_grant() {
    return {.at = asked_at + 1h,
            .budget = a_request().budget,
            .key = a_request().key,
            .kind = AdjustmentKind::add,
            .amount = 2'000'000'000,
            .expires_at = asked_at + 13h,
            .reason = "release week",
            .who = "grace"};
  }
  static RequestAnswer granted() {
    return {.at = asked_at + 1h,
            .granted = true,
            .who = "grace",
            .reason = "half of it",
            .amount = 2'000'000'000,
            .until = asked_at + 13h};
  }
  static RequestAnswer denied() { return {.at = asked_at + 1h, .who = "grace"}; }

  test::TempDirectory temp;
  std::string path = temp / "recloser.db";
  test::SharedClock clock;
  MemoryStore memory;
  std::unique_ptr<Store> sqlite;
};

TEST_F(BudgetRequestTest, AGrantIsAnAdjustmentAndOutlivesTheProcess) {
  for (Store* store : both()) {
    ASSERT_EQ(*store->add_adjustment(a_grant()), 1);
    ASSERT_EQ(*store->add_request(a_request()), 1);
    ASSERT_EQ(*store->add_request(a_request()), 2);
    Adjustment grant = a_grant();
    EXPECT_EQ(*store->answer_request(1, granted(), &grant), 2);
    EXPECT_EQ(*store->answer_request(2, denied(), nullptr), 0);
  }
  open();
  BudgetRequest first = a_request();
  first.id = 1;
  first.answer = granted();
  first.answer->adjustment = 2;
  BudgetRequest second = a_request();
  second.id = 2;
  second.answer = denied();
  for (Store* store : both()) {
    EXPECT_EQ(**store->request(1), first);
    EXPECT_EQ(**store->request(2), second);
    EXPECT_EQ(*store->request(3), std::nullopt);
    std::vector<Adjustment> adjustments = *store->adjustments();
    ASSERT_EQ(adjustments.size(), 2u);
    EXPECT_EQ(adjustments[1].expires_at, asked_at + 13h);
  }
}

TEST_F(BudgetRequestTest, NoneIsAnsweredTwiceOrTooLate) {
  for (Store* store : both()) {
    ASSERT_TRUE(store->add_request(a_request()));
    ASSERT_TRUE(store->add_request(a_request()));
    ASSERT_TRUE(store->answer_request(1, denied(), nullptr));
    Adjustment grant = a_grant();
    Result<std::int64_t> again = store->answer_request(1, granted(), &grant);
    EXPECT_EQ(again.error().kind(), Kind::conflict);
    EXPECT_THAT(again.error().message(), HasSubstr("was denied by grace"));
    RequestAnswer late = granted();
    late.at = asked_at + 24h;
    Result<std::int64_t> over = store->answer_request(2, late, &grant);
    EXPECT_EQ(over.error().kind(), Kind::conflict);
    EXPECT_THAT(over.error().message(), HasSubstr("nobody answered request 2"));
    EXPECT_EQ(store->answer_request(3, granted(), &grant).error().kind(), Kind::not_found);
    EXPECT_TRUE(store->adjustments()->empty()) << "nothing was granted";
    EXPECT_FALSE((**store->request(2)).answer);
  }
}

TEST_F(BudgetRequestTest, PagesAreNewestFirstAndOfThoseThatWait) {
  for (Store* store : both()) {
    for (int i = 0; i < 5; ++i) {
      BudgetRequest request = a_request();
      request.answer_by = request.answer_by + i * 1h;
      ASSERT_TRUE(store->add_request(request));
    }
    ASSERT_TRUE(store->answer_request(4, denied(), nullptr));
    auto ids = [&](const RequestQuery& query) {
      std::vector<std::int64_t> found;
      Result<RequestPage> page = store->requests(query);
      EXPECT_TRUE(page);
      for (const BudgetRequest& request : page->requests) found.push_back(request.id);
      if (page->next) found.push_back(-*page->next);
      return found;
    };
    using Ids = std::vector<std::int64_t>;
    EXPECT_EQ(ids({}), (Ids{5, 4, 3, 2, 1}));
    EXPECT_EQ(ids({.limit = 2}), (Ids{5, 4, -4}));
    EXPECT_EQ(ids({.limit = 3, .before = 4}), (Ids{3, 2, 1}));
    EXPECT_EQ(ids({.waiting_at = asked_at}), (Ids{5, 3, 2, 1}));
    EXPECT_EQ(ids({.waiting_at = asked_at + 25h}), (Ids{5, 3}));
  }
}

TEST_F(BudgetRequestTest, NobodyFillsTheStoreByAsking) {
  for (Store* store : both()) {
    for (std::size_t i = 0; i < requests_waiting_max; ++i) {
      ASSERT_TRUE(store->add_request(a_request()));
    }
    EXPECT_EQ(store->add_request(a_request()).error().kind(), Kind::conflict);
    BudgetRequest later = a_request();
    later.at = later.answer_by;
    EXPECT_TRUE(store->add_request(later)) << "the others wait no more";
  }
}

TEST_F(BudgetRequestTest, WhatAsksForNothingIsRefused) {
  for (Store* store : both()) {
    for (auto spoil :
         {+[](BudgetRequest& r) { r.reason.clear(); },
          +[](BudgetRequest& r) { r.budget.name.clear(); }, +[](BudgetRequest& r) { r.amount = 0; },
          +[](BudgetRequest& r) { r.lasts = Duration::zero(); }}) {
      BudgetRequest request = a_request();
      spoil(request);
      EXPECT_EQ(store->add_request(request).error().kind(), Kind::malformed);
    }
    EXPECT_TRUE(store->requests({})->requests.empty());
  }
}

}  // namespace
}  // namespace recloser::ledger
