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

TEST_F(ConcurrencyLimitTest, GrowsByAQueueWhileAllIsWell) {
  limit_.rate_limited(50, now_);
  ASSERT_EQ(limit_.limit(), 45);
  windows(1, 1, 45);
  EXPECT_EQ(limit_.limit(), 45);  // 45 + 0.2 * 4
  windows(5, 1, 45);
  EXPECT_EQ(limit_.limit(), 49);
  windows(100, 1, 20);  // it is not what keeps calls away
  EXPECT_EQ(limit_.limit(), 49);
}

TEST_F(ConcurrencyLimitTest, ALimitThatHasGrownToTheMostIsNone) {
  limit_.rate_limited(500, now_);
  windows(680, 1, 1'000);
  EXPECT_LT(limit_.limit(), 1'000);
  windows(20, 1, 1'000);
  EXPECT_EQ(limit_.limit(), ConcurrencyLimit::none);
}

TEST_F(ConcurrencyLimitTest, WithinTheToleranceIsNoQueue) {
  windows(50, 1, 300);
  windows(50, 1.49, 300);
  EXPECT_EQ(limit_.limit(), ConcurrencyLimit::none);
}

TEST_F(ConcurrencyLimitTest, AQueueLowersIt) {
  windows(100, 1, 300);
  windows(1, 2, 300);
  // 300 * 1.5 * long / 2 + 4, a fifth of the way; the long average has hardly moved.
  EXPECT_NEAR(limit_.limit(), 300 - 0.2 * (300 - 300 * 1.5 * 1.0198 / 2 - 4), 1.5);
  std::uint32_t before = limit_.limit();
  windows(1, 20, before);  // never to less than half, a fifth of the way
  EXPECT_NEAR(limit_.limit(), before - 0.2 * (before / 2.0 - 4), 1.5);
}

TEST_F(ConcurrencyLimitTest, AQueueOfFewLeavesTwenty) {
  windows(100, 1, 3);
  windows(1, 10, 3);
  EXPECT_EQ(limit_.limit(), 20);  // which is far above what runs
}

TEST_F(ConcurrencyLimitTest, AWindowHasASecondAndTenCalls) {
  windows(100, 1, 100);
  for (int i = 0; i < 1'000; ++i) limit_.first_token(50, 100, now_ + i * 900us);
  EXPECT_EQ(limit_.limit(), ConcurrencyLimit::none);
  ConcurrencyLimit slow;
  for (int i = 0; i < 19; ++i) slow.first_token(i < 10 ? 1 : 50, 100, now_ + i * 1s);
  EXPECT_EQ(slow.limit(), ConcurrencyLimit::none);
  slow.first_token(50, 100, now_ + 20s);
  EXPECT_LT(slow.limit(), 100);
}

TEST_F(ConcurrencyLimitTest, ComesBackAfterALongSlowTime) {
  windows(50, 1, 100);
  windows(2'000, 10, 100);  // this is the average now
  limit_.rate_limited(100, now_);
  std::uint32_t low = limit_.limit();
  windows(100, 1, low);
  windows(20, 1.6, low);  // and is forgotten: this is a queue again
  std::uint32_t grown = limit_.limit();
  windows(10, 4, grown);
  EXPECT_LT(limit_.limit(), grown);
}

}  // namespace
}  // namespace recloser::route
