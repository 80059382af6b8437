#include "route/latency.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

constexpr Instant begun{1'000'000'000'000};

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

TEST(PeakEwma, JumpsUpAtOnceAndComesDownSlowly) {
  PeakEwma ewma;
  ewma.observe(200ms, begun);
  EXPECT_EQ(ewma.at(begun), Duration{200ms});
  ewma.observe(10s, begun);
  EXPECT_EQ(ewma.at(begun), Duration{10s});
  ewma.observe(200ms, begun + 10s);
  EXPECT_NEAR(seconds(ewma.at(begun + 10s)), 10 * 0.3679 + 0.2 * 0.6321, 0.001);
  ewma.observe(5s, begun + 10s);
  EXPECT_EQ(ewma.at(begun + 10s), Duration{5s});
}

TEST(PeakEwma, ComesDownWhileNothingIsSeen) {
  PeakEwma ewma;
  ewma.observe(10s, begun);
  EXPECT_NEAR(seconds(ewma.at(begun + 10s)), 3.679, 0.001);
  EXPECT_LT(seconds(ewma.at(begun + 100s)), 0.001);
}

TEST(PeakEwma, CostsMoreWithEachCallThatWaits) {
  PeakEwma ewma;
  EXPECT_EQ(ewma.cost(0, begun), 0);
  EXPECT_GT(ewma.cost(1, begun), 1e14);
  EXPECT_GT(ewma.cost(2, begun), ewma.cost(1, begun));
  ewma.observe(100ms, begun);
  EXPECT_EQ(ewma.cost(0, begun), 1e8);
  EXPECT_EQ(ewma.cost(3, begun), 4e8);
}

TEST(PeakEwma, AThreadThatIsLateDoesNoHarm) {
  PeakEwma ewma;
  ewma.observe(2s, begun + 1s);
  ewma.observe(1s, begun);
  EXPECT_EQ(ewma.at(begun), Duration{2s});
  EXPECT_EQ(ewma.at(begun + 1s), Duration{2s});
  ewma.observe(-5s, begun);
  EXPECT_LE(ewma.at(begun), Duration{2s});
  ewma.observe(-5s, begun + 1000s);
  EXPECT_GE(ewma.at(begun + 1000s), Duration{0});
}

TEST(TtftForecast, SaysNothingBeforeItKnows) {
  TtftForecast forecast;
  EXPECT_EQ(forecast.by_average(5s, 1'000), 1);
  EXPECT_FALSE(forecast.within(95));
  for (int i = 0; i < 19; ++i) forecast.learn(1s, 1'000);
  EXPECT_FALSE(forecast.within(95, 1'000));
  forecast.learn(1s, 1'000);
  EXPECT_NEAR(seconds(forecast.within(50, 1'000).value()), 1.09, 0.02);  // amid its step
  EXPECT_NEAR(seconds(forecast.within(100, 1'000).value()), 1.19, 0.02);
  EXPECT_EQ(forecast.within(200, 1'000), forecast.within(100, 1'000));
}

TEST(TtftForecast, FewCallsHaveNoSlope) {
  TtftForecast forecast;
  forecast.learn(100ms, 1'000);
  forecast.learn(1s, 1'100);
  EXPECT_GT(forecast.by_average(1s, 10'000), 1);
}

TEST(TtftForecast, CallsWithTheSamePromptHaveNoSlope) {
  TtftForecast forecast;
  for (int i = 0; i < 100; ++i) forecast.learn(Duration{1ms} * (100 + i * 37 % 100), 701);
  EXPECT_EQ(forecast.within(50, 70'000), forecast.within(50, 701));
}

TEST(TtftForecast, NoPromptMakesAnAnswerQuicker) {
  TtftForecast forecast;
  for (int i = 0; i < 50; ++i) {
    forecast.learn(2s, 1'000);
    forecast.learn(1s, 10'000);
  }
  EXPECT_EQ(forecast.by_average(1s, 1'000), forecast.by_average(1s, 10'000));
}

TEST(TtftForecast, TheFirstCallIsNotWhatOthersAreCappedBy) {
  TtftForecast forecast;
  forecast.learn(10ms, 1'000);
  for (int i = 0; i < 5; ++i) forecast.learn(1s, 1'000);
  EXPECT_NEAR(forecast.by_average(1s, 1'000), 1.5 / 1.335, 0.01);
}

TEST(TtftForecast, AnswersInNoTimeAreAnswersToo) {
  TtftForecast forecast;
  for (int i = 0; i < 30; ++i) forecast.learn(0s, 0);
  EXPECT_LT(forecast.within(95).value(), Duration{1ms});
}

// 200 ms and 1 ms for ten tokens, with noise.
TEST(TtftForecast, LearnsWhatAPromptCosts) {
  TtftForecast forecast;
  std::minstd_rand dice(3);
  for (int i = 0; i < 2'000; ++i) {
    std::uint64_t tokens = dice() % 50'000;
    double noise = 0.8 + 0.4 * static_cast<double>(dice() % 1'000) / 1'000;
    double ttft = (0.2 + 0.0001 * static_cast<double>(tokens)) * noise;
    forecast.learn(Duration{static_cast<std::int64_t>(ttft * 1e9)}, tokens);
  }
  for (std::uint64_t tokens : {1'000, 10'000, 40'000}) {
    double expected = 0.2 + 0.0001 * static_cast<double>(tokens);
    EXPECT_NEAR(seconds(forecast.within(50, tokens).value()) / expected, 1, 0.15) << tokens;
    EXPECT_NEAR(forecast.by_average(Duration{static_cast<std::int64_t>(expected * 1e9)}, tokens), 1,
                0.15);
  }
  EXPECT_NEAR(seconds(forecast.within(50).value()), 0.2 + 0.0001 * 25'000, 0.4);
}

TEST(TtftForecast, PredictsTheTail) {
  TtftForecast forecast;
  std::minstd_rand dice(5);
  std::vector<Duration> all;
  for (int i = 0; i < 3'000; ++i) {
    double slow = static_cast<double>(dice() % 10'000 + 1) / 10'000;
    Duration ttft{static_cast<std::int64_t>(3e8 / std::sqrt(slow))};  // p50 424 ms, p95 1.34 s
    all.push_back(ttft);
    forecast.learn(ttft, 700);
  }
  EXPECT_NEAR(seconds(forecast.within(50, 700).value()), 0.424, 0.06);
  EXPECT_NEAR(seconds(forecast.within(95, 700).value()), 1.34, 0.25);
  EXPECT_EQ(forecast.within(95), forecast.within(95, 700));
}

TEST(TtftForecast, FollowsAProviderThatChanged) {
  TtftForecast forecast;
  for (int i = 0; i < 1'000; ++i) forecast.learn(200ms, 1'000);
  for (int i = 0; i < 50; ++i) forecast.learn(1s, 1'000);
  EXPECT_GT(forecast.by_average(1s, 1'000), 1.9);  // minutes of it still show
  for (int i = 0; i < 5'000; ++i) forecast.learn(1s, 1'000);
  EXPECT_NEAR(forecast.by_average(1s, 1'000), 1, 0.02);
  EXPECT_NEAR(seconds(forecast.within(95).value()), 1, 0.2);
}

TEST(TtftForecast, AStallIsNotWhatIsExpected) {
  TtftForecast forecast;
  for (int i = 0; i < 200; ++i) forecast.learn(200ms, 1'000);
  forecast.learn(1h, 1'000);
  EXPECT_LT(seconds(forecast.within(50).value()), 0.25);
  EXPECT_GT(seconds(forecast.within(100).value()), 10);  // though it was seen
}

TEST(TtftForecast, MillisecondsAreNoTimes) {
  TtftForecast forecast;
  for (int i = 0; i < 200; ++i) forecast.learn(2ms, 1'000);
  EXPECT_LT(forecast.by_average(200ms, 1'000), 1.5);
  EXPECT_GT(forecast.by_average(300ms, 1'000), 1.5);
  for (int i = 0; i < 10'000; ++i) forecast.learn(2s, 1'000);
  EXPECT_GT(forecast.by_average(3300ms, 1'000), 1.5);
}

// Long prompts that take more than their share: the line would be below zero for shorter ones.
TEST(TtftForecast, NoPromptTakesLessThanNothing) {
  TtftForecast forecast;
  for (int i = 0; i < 100; ++i) {
    forecast.learn(10ms, 20'000);
    forecast.learn(10ms, 25'000);
    forecast.learn(10s, 50'000);
  }
  EXPECT_NEAR(forecast.by_average(1s, 20'000), 1.5 / 2.6, 0.05);  // 105 us for a token
}

TEST(TtftForecast, AnyFiguresGiveATime) {
  TtftForecast forecast;
  std::minstd_rand dice(7);
  for (int i = 0; i < 20'000; ++i) {
    Duration ttft{static_cast<std::int64_t>(dice()) << (dice() % 33)};
    if (dice() % 7 == 0) ttft = Duration{0};
    if (dice() % 50 == 0) ttft = Duration::max();
    std::uint64_t tokens = dice() % 5 == 0 ? 0 : std::uint64_t{dice()} << (dice() % 33);
    if (dice() % 50 == 0) tokens = UINT64_MAX;
    forecast.learn(ttft, tokens);
    ASSERT_GE(forecast.by_average(ttft, tokens), 0);
    if (i < 20) continue;
    std::optional<Duration> p50 = forecast.within(50, tokens);
    std::optional<Duration> p95 = forecast.within(95, tokens);
    ASSERT_TRUE(p50 && p95);
    ASSERT_GE(*p50, 0s);
    ASSERT_GE(*p95, *p50);
    ASSERT_LE(*p95, 24h);
  }
}

}  // namespace
}  // namespace recloser::route
