#include "route/retry_budget.h"

#include "route/backoff.h"
#include "route/health.h"
#include "route/hedge_budget.h"

#include <vector>

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

constexpr Instant begun{1'000'000'000'000};

TEST(SpareRetries, ThreeRunAtATime) {
  SpareRetries spare;
  std::vector<RetryToken> tokens;
  for (int i = 0; i < 3; ++i) tokens.push_back(spare.take(begun).value());
  EXPECT_FALSE(spare.take(begun));
  EXPECT_FALSE(spare.take(begun + 1h)) << "however long they run";
  EXPECT_EQ(spare.running(), 3u);
  tokens.pop_back();
  EXPECT_EQ(spare.running(), 2u);
  tokens.push_back(spare.take(begun + 1h).value());
  EXPECT_FALSE(spare.take(begun + 1h));
}

TEST(SpareRetries, OneThatCameToNothingKeepsItsPlace) {
  SpareRetries spare;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(spare.take(begun + i * 1s));
  EXPECT_EQ(spare.running(), 0u);
  EXPECT_FALSE(spare.take(begun + 10s - 1ns));
  EXPECT_TRUE(spare.take(begun + 10s));
  EXPECT_FALSE(spare.take(begun + 10s));
}

TEST(SpareRetries, OneThatSucceededIsInNobodysWay) {
  SpareRetries spare;
  for (int i = 0; i < 100; ++i) {
    std::optional<RetryToken> token = spare.take(begun);
    ASSERT_TRUE(token) << i;
    token->succeeded();
    RetryToken moved = std::move(*token);
  }
  EXPECT_EQ(spare.running(), 0u);
}

TEST(SpareRetries, AreKnownWhereverTheirTokensGo) {
  SpareRetries spare;
  RetryBudget budget(10);
  for (int i = 0; i < 10; ++i) budget.count_call(begun);
  std::vector<RetryToken> tokens;
  for (std::size_t i = 0; i < SpareRetries::places; ++i) {
    tokens.push_back(spare.take(begun).value());
  }
  tokens.back().succeeded();
  {
    RetryToken other = budget.take(begun).value();
    other = std::move(tokens.back());
  }
  EXPECT_EQ(spare.running(), 2u);
  EXPECT_TRUE(spare.take(begun)) << "that one had succeeded";
  tokens.clear();
  EXPECT_EQ(spare.running(), 0u);
  EXPECT_EQ(budget.running(), 0u);
  EXPECT_FALSE(spare.take(begun)) << "and these came to nothing";
}

// Fifty calls a second, each of which fails twice and is answered then by nobody, for a minute.
TEST(SpareRetries, AreNoStormWhereAllFails) {
  SpareRetries spare;
  int retries = 0;
  for (int i = 0; i < 3'000; ++i) {
    for (int k = 0; k < 2; ++k) retries += spare.take(begun + i * 20ms).has_value();
  }
  EXPECT_EQ(retries, 18);
}

TEST(RetryBudget, GrantsATenthOfTheCalls) {
  RetryBudget budget(10);
  EXPECT_FALSE(budget.take(begun));
  for (int i = 0; i < 500; ++i) budget.count_call(begun);
  for (int i = 0; i < 50; ++i) {
    std::optional<RetryToken> token = budget.take(begun);
    ASSERT_TRUE(token) << i;
    token->succeeded();
  }
  EXPECT_FALSE(budget.take(begun));
  for (int i = 0; i < 9; ++i) budget.count_call(begun);
  EXPECT_FALSE(budget.take(begun));
  budget.count_call(begun);
  EXPECT_TRUE(budget.take(begun));
}

TEST(RetryBudget, RetriesThatStillRunCount) {
  RetryBudget budget(10);
  auto calls = [&](Instant now) {
    for (int i = 0; i < 30; ++i) budget.count_call(now);
  };
  calls(begun);
  std::vector<RetryToken> tokens;
  for (int i = 0; i < 3; ++i) tokens.push_back(budget.take(begun).value());
  calls(begun + 1h);
  EXPECT_FALSE(budget.take(begun + 1h));
  tokens.pop_back();
  EXPECT_TRUE(budget.take(begun + 1h));
}

// Fifty calls a second that all fail, for a minute.
TEST(RetryBudget, AStormIsATenthMore) {
  RetryBudget budget(10);
  int retries = 0;
  for (int i = 0; i < 3'000; ++i) {
    Instant now = begun + i * 20ms;
    budget.count_call(now);
    for (int k = 0; k < 2; ++k) retries += budget.take(now).has_value();
  }
  EXPECT_LE(retries, 303);
  EXPECT_GE(retries, 270);
}

TEST(RetryBudget, ATokenThatIsMovedIsGivenBackOnce) {
  RetryBudget budget(10);
  for (int i = 0; i < 20; ++i) budget.count_call(begun);
  std::optional<RetryToken> first = budget.take(begun);
  RetryToken second = std::move(*first);
  first.reset();
  EXPECT_EQ(budget.running(), 1);
  std::optional<RetryToken> third = budget.take(begun);
  second = std::move(*third);
  third.reset();
  EXPECT_EQ(budget.running(), 1);
}

TEST(RetryBudget, AShareOfAllAndAFewForEachTarget) {
  Health health(1, nullptr);
  TargetHealth& a = health.of("p", "a");
  TargetHealth& b = health.of("p", "b");
  for (int i = 0; i < 20; ++i) health.count_call(begun);
  std::vector<RetryToken> tokens;
  auto take = [&](TargetHealth& target) {
    std::optional<RetryToken> token = health.take_retry(target, begun);
    if (token) tokens.push_back(std::move(*token));
    return token.has_value();
  };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(take(a)) << i;  // two of all, three of its own
  EXPECT_FALSE(take(a));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(take(b)) << i;
  EXPECT_FALSE(take(b));
}

TEST(HedgeBudget, GrantsTwoPercentAndNoneInAdvance) {
  HedgeBudget budget;
  for (int i = 0; i < 49; ++i) {
    budget.count_call(begun);
    EXPECT_FALSE(budget.take(begun));
  }
  budget.count_call(begun);
  EXPECT_TRUE(budget.take(begun));
  EXPECT_FALSE(budget.take(begun));
  int hedges = 1;
  for (int i = 0; i < 9'950; ++i) {
    budget.count_call(begun + i * 1ms);
    hedges += budget.take(begun + i * 1ms);
  }
  EXPECT_EQ(hedges, 200);
  EXPECT_FALSE(budget.take(begun + 1h));
}

TEST(Backoff, IsAnyTimeUpToALongestThatDoubles) {
  Random random(3);
  for (std::uint32_t tries = 0; tries < 40; ++tries) {
    Duration longest = tries < 2 ? 100ms : tries < 7 ? 100ms * (1 << (tries - 1)) : 5s;
    Duration least = 1h;
    Duration most = 0s;
    for (int i = 0; i < 2'000; ++i) {
      Duration wait = backoff(tries, std::nullopt, begun, begun + 1h, random).value();
      least = std::min(least, wait);
      most = std::max(most, wait);
    }
    EXPECT_LE(most, longest);
    EXPECT_GT(most, longest * 98 / 100);
    EXPECT_LT(least, longest * 2 / 100);
  }
}

TEST(Backoff, HonoursTheProvidersWordAndTheDeadline) {
  Random random(3);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(backoff(1, 7s, begun, begun + 10s, random), Duration{7s});
    EXPECT_GE(backoff(6, 1ms, begun, begun + 10s, random).value(), 1ms);
    EXPECT_FALSE(backoff(1, 10s, begun, begun + 10s, random));
    EXPECT_FALSE(backoff(1, std::nullopt, begun, begun, random));
    EXPECT_FALSE(backoff(1, std::nullopt, begun + 1s, begun, random));
    EXPECT_FALSE(backoff(1, Duration::max(), begun, begun + 10s, random));
  }
}

}  // namespace
}  // namespace recloser::route
