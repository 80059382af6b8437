#include "route/silence.h"

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

class SilenceTest : public testing::Test {
 protected:
  void sent(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) silence_.sent(now_);
  }
  bool lasts(std::optional<Duration> usual = 100ms) {
    return silence_.lasts(now_, [&] { return usual; });
  }

  Silence silence_;
  Instant now_{1'000'000'000'000};
};

TEST_F(SilenceTest, TakesEnoughCallsAndTime) {
  sent(Silence::calls_least - 1);
  now_ = now_ + 1h;
  EXPECT_FALSE(lasts());
  sent(1);
  EXPECT_FALSE(lasts());
  now_ = now_ + Silence::shortest - 1ns;
  EXPECT_FALSE(lasts());
  now_ = now_ + 1ns;
  EXPECT_TRUE(lasts());
}

TEST_F(SilenceTest, AWordOfOneEndsIt) {
  sent(Silence::calls_least + 1);
  now_ = now_ + 1min;
  EXPECT_TRUE(lasts());
  silence_.left();
  silence_.heard(now_);
  EXPECT_FALSE(lasts());
  now_ = now_ + Silence::shortest;
  EXPECT_TRUE(lasts());
}

// Clients that give up in its course do not hide it, and who comes after them starts no clock.
TEST_F(SilenceTest, OthersTakeThePlaceOfThoseThatLeave) {
  sent(Silence::calls_least + 1);
  for (int i = 0; i < 5; ++i) {
    now_ = now_ + 1s;
    silence_.left();
    sent(1);
  }
  EXPECT_TRUE(lasts());
  silence_.left();
  silence_.left();
  EXPECT_FALSE(lasts());
  sent(2);
  EXPECT_FALSE(lasts());
  now_ = now_ + Silence::shortest;
  EXPECT_TRUE(lasts());
}

TEST_F(SilenceTest, WhoAlwaysTakesLongIsNotSilent) {
  sent(Silence::calls_least);
  now_ = now_ + 39s;
  EXPECT_FALSE(lasts(10s));
  now_ = now_ + 1s;
  EXPECT_TRUE(lasts(10s));
  EXPECT_FALSE(lasts(std::nullopt));
}

}  // namespace
}  // namespace recloser::route
