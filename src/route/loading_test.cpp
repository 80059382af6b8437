#include "route/loading.h"

#include <vector>

#include <gmock/gmock.h>

namespace recloser::route {
namespace {

constexpr Instant begun{1'000'000'000'000};

TEST(Loading, IsAskedAgainAfterLongerAndLongerWaits) {
  Loading loading;
  EXPECT_FALSE(loading.holds(begun));
  std::vector<Duration> waits;
  Instant now = begun;
  for (int i = 0; i < 6; ++i) {
    loading.asked(now);
    loading.not_yet(now, std::nullopt);
    waits.push_back(loading.until() - now);
    EXPECT_TRUE(loading.holds(loading.until() - 1ns));
    EXPECT_FALSE(loading.holds(loading.until()));
    now = loading.until();
  }
  EXPECT_THAT(waits, testing::ElementsAre(1s, 2s, 4s, 5s, 5s, 5s));
}

TEST(Loading, OneCallAsksForAll) {
  Loading loading;
  loading.not_yet(begun, std::nullopt);
  loading.asked(begun + 1s);
  EXPECT_TRUE(loading.holds(begun + 2s - 1ns)) << "the next one waits for its answer";
  EXPECT_FALSE(loading.holds(begun + 2s)) << "which may never come";
}

TEST(Loading, CallsThatWereOnTheirWaySayNothingNew) {
  Loading loading;
  loading.not_yet(begun, std::nullopt);
  for (int i = 1; i < 9; ++i) loading.not_yet(begun + i * 100ms, std::nullopt);
  EXPECT_EQ(loading.until(), begun + 1s);
}

TEST(Loading, TheServerMaySayWhen) {
  Loading loading;
  loading.not_yet(begun, 20s);
  EXPECT_EQ(loading.until(), begun + 20s);
  loading.asked(begun + 20s);
  loading.not_yet(begun + 20s, 1s);
  EXPECT_EQ(loading.until(), begun + 22s) << "never sooner than by ourselves";
  loading.asked(begun + 22s);
  loading.not_yet(begun + 22s, Duration::max());
  EXPECT_EQ(loading.until(), begun + 22s + 1h);
}

TEST(Loading, IsOverWithAnyOtherAnswer) {
  Loading loading;
  loading.not_yet(begun, std::nullopt);
  loading.is_over();
  EXPECT_FALSE(loading.holds(begun));
  loading.asked(begun);
  EXPECT_FALSE(loading.holds(begun)) << "calls of a model that is there wait for nobody";
  loading.not_yet(begun, std::nullopt);
  EXPECT_EQ(loading.until(), begun + 1s) << "and the next time begins anew";
}

}  // namespace
}  // namespace recloser::route
