#include "route/tally.h"

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

constexpr Instant begun{1'000'000'000'000};

TEST(Tally, SumsWhatWasInTheWindow) {
  Tally tally(30s);
  EXPECT_EQ(tally.sums(begun).calls, 0);
  tally.add(begun, 2, 1);
  tally.add(begun + 10s, 3, 2);
  EXPECT_EQ(tally.sums(begun + 10s).calls, 5);
  EXPECT_EQ(tally.sums(begun + 10s).marked, 3);
  EXPECT_EQ(tally.sums(begun + 26s).calls, 5);
  EXPECT_EQ(tally.sums(begun + 30s).calls, 3);
  EXPECT_EQ(tally.sums(begun + 40s).calls, 0);
}

TEST(Tally, APartIsUsedAgain) {
  Tally tally(30s);
  tally.add(begun, 7, 7);
  tally.add(begun + 30s, 1, 0);
  EXPECT_EQ(tally.sums(begun + 30s).calls, 1);
  EXPECT_EQ(tally.sums(begun + 30s).marked, 0);
}

TEST(Tally, AThreadThatIsLateCountsNow) {
  Tally tally(10s);
  tally.add(begun + 5s, 1, 0);
  tally.add(begun, 1, 1);
  EXPECT_EQ(tally.sums(begun + 5s).calls, 2);
  EXPECT_EQ(tally.sums(begun + 14s).calls, 2);
  EXPECT_EQ(tally.sums(begun + 15s).calls, 0);
}

TEST(Tally, ForgetsWhenTold) {
  Tally tally(10s);
  tally.add(begun, 5, 5);
  tally.clear();
  EXPECT_EQ(tally.sums(begun).calls, 0);
  tally.add(begun, 1, 0);
  EXPECT_EQ(tally.sums(begun).calls, 1);
}

}  // namespace
}  // namespace recloser::route
