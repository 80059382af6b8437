#include "route/concurrency_limit.h"

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

class ConcurrencyLimitTest : public testing::Test {
 protected:
  // So many windows of ten calls, each with a time that is so many times the average.
  void windows(int count, double by_average, std::size_t running) {
    for (int i = 0; i < count; ++i) {
      for (int k = 0; k < 10; ++k) {
        limit_.first_token(by_average, running, now_);
        now_ = now_ + (k == 8 ? 1s : 0s);
      }
    }
  }

  ConcurrencyLimit limit_;
  Instant now_{1'000'000'000'000};
};

TEST_F(ConcurrencyLimitTest, NoneWithoutASign) {
  windows(1'000, 1, 5'000);
  EXPECT_EQ(limit_.limit(), ConcurrencyLimit::none);
  EXPECT_TRUE(limit_.would_admit(100'000));
}

TEST_F(ConcurrencyLimitTest, TheConfiguredOneHolds) {
  limit_.configure(8);
  EXPECT_TRUE(limit_.would_admit(7));
  EXPECT_FALSE(limit_.would_admit(8));
  limit_.configure(30);
  limit_.rate_limited(100, now_);
  EXPECT_EQ(limit_.limit(), 30);
}

TEST_F(ConcurrencyLimitTest, A429TakesATenthOfWhatRan) {
  limit_.rate_limited(200, now_);
  EXPECT_EQ(limit_.limit(), 180);
  limit_.rate_limited(200, now_ + 999ms);  // was on its way
  EXPECT_EQ(limit_.limit(), 180);
  limit_.rate_limited(180, now_ + 1s);
  EXPECT_EQ(limit_.limit(), 162);
  for (int i = 0; i < 100; ++i) limit_.rate_limited(1, now_ + i * 2s);
  EXPECT_EQ(limit_.limit(), ConcurrencyLimit::least);
}

// By whatever clock.
TEST_F(ConcurrencyLimitTest, TheFirst429IsHeededAtAnyTime) {
  limit_.rate_limited(200, Instant{});
  EXPECT_EQ(limit_.limit(), 180);
}

TEST_F(ConcurrencyLimitTest, A429UnderMoreCallsThanAnyLimitSetsOne) {
  limit_.rate_limited(5'000, now_);
  EXPECT_EQ(limit_.limit(), 899);
  windows(2, 1, 899);
  EXPECT_EQ(limit_.limit(), 900) << "which does not vanish by growing";
}

TEST_F(ConcurrencyLimitTest, NoQueueBringsItBelowTheLeast) {
  windows(100, 1, 100);
  for (int i = 0; i < 100; ++i) limit_.rate_limited(1, now_ + i * 2s);
  ASSERT_EQ(limit_.limit(), ConcurrencyLimit::least);
  for (int i = 0; i < 40; ++i) {
    windows(1, 50, 4);
    EXPECT_GE(limit_.limit(), ConcurrencyLimit::least);
  }
}

TEST_F(ConcurrencyLimitTest, GrowsByAQueueWhileAllIsWell) {
  limit_.rate_limited(50, now_);
  ASSERT_EQ(limit_.limit(), 45);
  windows(1, 1, 45);
  EXPECT_EQ(limit_.limit(), 45);  // 45 + 0.2 * 4
  windows(5, 1, 45);
  EXPECT_EQ(limit_.limit(), 49);
  windows(20, 1, 20);  // it is not what keeps calls away
  EXPECT_EQ(limit_.limit(), 49);
}

TEST_F(ConcurrencyLimitTest, HalfAMinuteWithoutASignDoublesIt) {
  limit_.rate_limited(10, now_);
  for (std::uint32_t limit : {18, 36, 72, 144, 288, 576}) {
    limit_.first_token(1, 1, now_ + 30s - 1ns);
    EXPECT_EQ(limit_.limit(), limit);
    now_ = now_ + 30s;
    limit_.first_token(1, 1, now_);
  }
  EXPECT_EQ(limit_.limit(), ConcurrencyLimit::none);  // it would be more than the most there is
  limit_.rate_limited(10, now_);
  windows(25, 1, 1);
  limit_.rate_limited(10, now_);  // begins the half minute anew
  now_ = now_ + 10s;
  limit_.first_token(1, 1, now_);
  EXPECT_EQ(limit_.limit(), 16);
}

TEST_F(ConcurrencyLimitTest, WithinTheToleranceIsNoQueue) {
  windows(50, 1, 300);
  windows(50, 1.49, 300);
  EXPECT_EQ(limit_.limit(), ConcurrencyLimit::none);
}

TEST_F(ConcurrencyLimitTest, AQueueLowersIt) {
  windows(100, 1, 300);
  windows(2, 2, 300);
  // 300 * 1.5 * long / 2 + 4, a fifth of the way; the long average has hardly moved.
  EXPECT_NEAR(limit_.limit(), 300 - 0.2 * (300 - 300 * 1.5 * 1.039 / 2 - 4), 1.5);
  std::uint32_t before = limit_.limit();
  ASSERT_LT(before, 300);
  windows(1, 20, before);  // never to less than half, a fifth of the way
  EXPECT_NEAR(limit_.limit(), before - 0.2 * (before / 2.0 - 4), 1.5);
}

TEST_F(ConcurrencyLimitTest, AQueueOfFewLeavesTwenty) {
  windows(100, 1, 3);
  windows(2, 10, 3);
  EXPECT_EQ(limit_.limit(), 20);  // which is far above what runs
}

TEST_F(ConcurrencyLimitTest, AQueueIsFeltWhereALimitIsFarAboveWhatRuns) {
  windows(100, 1, 100);
  limit_.rate_limited(500, now_);
  ASSERT_EQ(limit_.limit(), 450);
  windows(2, 2, 60);
  EXPECT_LT(limit_.limit(), 60);
}

TEST_F(ConcurrencyLimitTest, AWindowHasASecondAndTenCalls) {
  windows(100, 1, 100);
  for (int i = 0; i < 1'000; ++i) limit_.first_token(50, 100, now_ + i * 900us);
  EXPECT_EQ(limit_.limit(), ConcurrencyLimit::none);
  ConcurrencyLimit slow;
  for (int i = 0; i < 29; ++i) slow.first_token(i < 10 ? 1 : 50, 100, now_ + i * 1s);
  EXPECT_EQ(slow.limit(), ConcurrencyLimit::none);
  slow.first_token(50, 100, now_ + 30s);
  EXPECT_LT(slow.limit(), 100);
}

TEST_F(ConcurrencyLimitTest, AQueueIsASign) {
  windows(100, 1, 100);
  windows(2, 10, 100);
  std::uint32_t limit = limit_.limit();
  for (int i = 0; i < 40; ++i) {
    windows(1, 10, 100);
    ASSERT_LE(limit_.limit(), limit + 1);  // by the queue, and no doubling
    limit = limit_.limit();
  }
}

TEST_F(ConcurrencyLimitTest, ALongSlowTimeIsForgottenSoon) {
  windows(50, 1, 100);
  windows(2'000, 10, 100);  // this is the average now
  windows(100, 1, 100);
  ASSERT_EQ(limit_.limit(), ConcurrencyLimit::none);
  windows(2, 4, 100);
  EXPECT_LT(limit_.limit(), 100);
}

TEST_F(ConcurrencyLimitTest, OneSlowMomentIsNoQueue) {
  windows(100, 1, 100);
  windows(1, 50, 100);
  windows(1, 1, 100);
  windows(1, 50, 100);
  EXPECT_EQ(limit_.limit(), ConcurrencyLimit::none);
  windows(1, 50, 100);
  EXPECT_LT(limit_.limit(), 100);
}

TEST_F(ConcurrencyLimitTest, OneCallThatIsFarOffIsNoQueue) {
  windows(100, 1, 100);
  for (int i = 0; i < 500; ++i) {
    limit_.first_token(i % 10 == 0 ? 1'000 : 1, 100, now_);
    now_ = now_ + 120ms;
  }
  EXPECT_EQ(limit_.limit(), ConcurrencyLimit::none);
}

}  // namespace
}  // namespace recloser::route
