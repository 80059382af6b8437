#include "route/pace.h"

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

class PaceTest : public testing::Test {
 protected:
  // How many calls go in so long a time, each as soon as it may.
  int calls_in(Duration time, QuotaNeeds needs = {}) {
    Instant until = now_ + time;
    int calls = 0;
    for (;; ++calls) {
      now_ = std::max(now_, pace_.keeps_away(needs));
      if (now_ >= until) return calls;
      pace_.sent(needs, now_);
    }
  }

  Pace pace_;
  Instant now_{1'000'000'000'000};
};

TEST_F(PaceTest, NobodyIsKeptAwayWithoutALimit) {
  EXPECT_FALSE(pace_.is_set());
  pace_.sent({1'000'000, 1'000'000}, now_);
  EXPECT_LE(pace_.keeps_away({1'000'000, 0}), now_);
  EXPECT_EQ(pace_.between({1'000'000, 0}), Duration{0});
}

TEST_F(PaceTest, RequestsGoAtTheirRate) {
  pace_.configure(600, std::nullopt);
  EXPECT_TRUE(pace_.is_set());
  EXPECT_EQ(pace_.between({}), 100ms);
  EXPECT_EQ(calls_in(1ms), 60);  // what is there at the start
  EXPECT_EQ(pace_.keeps_away({}), now_);
  EXPECT_NEAR(calls_in(1min), 600, 1);
  now_ = now_ + 1h;
  EXPECT_EQ(calls_in(1ms), 60);  // and no more, however long nobody came
}

TEST_F(PaceTest, OneAMinuteIsOneAMinute) {
  pace_.configure(1, std::nullopt);
  EXPECT_EQ(calls_in(1min), 1);
  EXPECT_EQ(calls_in(10min), 10);
}

TEST_F(PaceTest, TokensGoAtTheirRate) {
  pace_.configure(std::nullopt, 60'000);
  EXPECT_NEAR(calls_in(10min, {900, 100}), 606, 1);
  EXPECT_EQ(pace_.between({900, 100}), 1s);
}

TEST_F(PaceTest, ACallLargerThanTheBucketGoesAndIsPaidFor) {
  pace_.configure(std::nullopt, 60'000);
  EXPECT_LE(pace_.keeps_away({100'000, 0}), now_);
  pace_.sent({100'000, 0}, now_);
  EXPECT_EQ(pace_.keeps_away({1, 0}) - now_, 100s - 6s + 1ms);
  EXPECT_EQ(pace_.keeps_away({100'000, 0}) - now_, 100s);
}

TEST_F(PaceTest, TheTighterOneHolds) {
  pace_.configure(60, 60'000);
  EXPECT_EQ(pace_.between({10, 0}), 1s);
  EXPECT_EQ(pace_.between({2'000, 0}), 2s);
}

TEST_F(PaceTest, AnotherLimitBeginsAnew) {
  pace_.configure(1, 60'000);
  pace_.sent({30'000, 0}, now_);
  EXPECT_EQ(pace_.keeps_away({}) - now_, 1min);
  pace_.configure(1, 60'000);
  EXPECT_EQ(pace_.keeps_away({}) - now_, 1min) << "the same is none";
  pace_.configure(std::nullopt, 60'000);
  EXPECT_EQ(pace_.keeps_away({}) - now_, 24s) << "of tokens it has not changed";
  pace_.configure(600, 600'000);
  EXPECT_LE(pace_.keeps_away({}), now_);
}

TEST_F(PaceTest, AnyFiguresGiveATime) {
  pace_.configure(1, 1);
  for (int i = 0; i < 100; ++i) pace_.sent({UINT32_MAX, UINT32_MAX}, now_);
  EXPECT_LE(pace_.keeps_away({UINT32_MAX, 0}), now_ + 1h);
  pace_.configure(std::nullopt, std::nullopt);
  EXPECT_FALSE(pace_.is_set());
}

}  // namespace
}  // namespace recloser::route
