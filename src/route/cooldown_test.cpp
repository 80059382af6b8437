#include "route/cooldown.h"

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

constexpr Instant begun{1'000'000'000'000};

TEST(Cooldown, WaitsAsLongAsTheProviderSays) {
  Random random(1);
  Cooldown cooldown;
  EXPECT_FALSE(cooldown.cooling(begun));
  cooldown.rate_limited(begun, 20s, random);
  EXPECT_TRUE(cooldown.cooling(begun + 20s - 1ns));
  EXPECT_FALSE(cooldown.cooling(begun + 20s));
}

TEST(Cooldown, ALaterWordMakesItLongerAndNeverShorter) {
  Random random(1);
  Cooldown cooldown;
  cooldown.rate_limited(begun, 20s, random);
  cooldown.rate_limited(begun + 1s, 5s, random);
  EXPECT_EQ(cooldown.until(), begun + 20s);
  cooldown.rate_limited(begun + 2s, 30s, random);
  EXPECT_EQ(cooldown.until(), begun + 32s);
  cooldown.answered();
  EXPECT_EQ(cooldown.until(), begun + 32s);
}

TEST(Cooldown, NobodyWaitsForeverNorForThePast) {
  Random random(1);
  Cooldown cooldown;
  cooldown.rate_limited(begun, -5s, random);
  EXPECT_FALSE(cooldown.cooling(begun));
  cooldown.rate_limited(begun, Duration::max(), random);
  EXPECT_EQ(cooldown.until(), begun + 1h);
}

TEST(Cooldown, WithoutAWordItDoublesUpToAMinute) {
  Random random(1);
  for (std::uint32_t n = 0; n < 40; ++n) {
    Duration most = 0s;
    Duration sum = 0s;
    for (int i = 0; i < 500; ++i) {
      Cooldown cooldown;
      Instant now = begun;
      for (std::uint32_t k = 0; k < n; ++k) {
        cooldown.rate_limited(now, std::nullopt, random);
        now = cooldown.until() + 1ns;
      }
      cooldown.rate_limited(now, std::nullopt, random);
      most = std::max(most, cooldown.until() - now);
      sum += cooldown.until() - now;
    }
    Duration longest = n < 6 ? 1s * (1 << n) : 60s;
    EXPECT_LE(most, longest);
    EXPECT_GT(most, longest * 9 / 10);
    EXPECT_GT(sum / 500, longest * 4 / 10);
    EXPECT_LT(sum / 500, longest * 6 / 10);
  }
}

TEST(Cooldown, CallsThatWereOnTheirWaySayNothingNew) {
  Random random(1);
  Cooldown cooldown;
  Instant now = begun;
  do {
    now = now + 1ms;
    cooldown.rate_limited(now, std::nullopt, random);
  } while (!cooldown.cooling(now));
  Instant until = cooldown.until();
  for (int i = 0; i < 100; ++i) cooldown.rate_limited(now, std::nullopt, random);
  EXPECT_EQ(cooldown.until(), until);
  cooldown.answered();
  cooldown.rate_limited(now, 10s, random);
  for (int i = 0; i < 100; ++i) cooldown.rate_limited(now, 10s, random);
  now = now + 10s;
  cooldown.rate_limited(now, std::nullopt, random);
  EXPECT_LE(cooldown.until() - now, 1s);  // the first one since the answer
}

TEST(Cooldown, AnAnswerBeginsTheRowAnew) {
  Random random(1);
  Cooldown cooldown;
  Instant now = begun;
  for (int i = 0; i < 1'000; ++i) {
    cooldown.rate_limited(now, std::nullopt, random);
    ASSERT_LE(cooldown.until() - now, 1s);
    now = cooldown.until();
    cooldown.answered();
  }
}

}  // namespace
}  // namespace recloser::route
