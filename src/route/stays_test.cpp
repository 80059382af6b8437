#include "route/stays.h"

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

constexpr Instant start{1'000'000'000'000};

TEST(StaysTest, TheFirstIsTheMean) {
  Stays stays;
  EXPECT_EQ(stays.mean(), Duration{0});
  stays.learn(4s);
  EXPECT_EQ(stays.mean(), Duration{4s});
  EXPECT_EQ(stays.shortest(), Duration{4s});
}

TEST(StaysTest, ACallWeighsATenth) {
  Stays stays;
  stays.learn(4s);
  stays.learn(14s);
  EXPECT_EQ(stays.mean(), Duration{5s});
  EXPECT_EQ(stays.shortest(), Duration{3s});  // a deviation of 1 s
}

TEST(StaysTest, WhatVariesMayBeShort) {
  Stays stays;
  for (int i = 0; i < 50; ++i) {
    stays.learn(1s);
    stays.learn(19s);
  }
  EXPECT_EQ(stays.shortest(), Duration{0});
}

TEST(RunningSinceTest, TheOldestEndFirst) {
  Stays stays;
  stays.learn(10s);
  RunningSince running;
  running.began(start + 2s);
  running.began(start);  // as another worker's clock says
  running.began(start + 5s);
  Instant now = start + 6s;
  EXPECT_EQ(running.until_ends(1, 3, stays, now), Duration{4s});
  EXPECT_EQ(running.until_ends(2, 3, stays, now), Duration{6s});
  EXPECT_EQ(running.until_ends(3, 3, stays, now), Duration{9s});
  EXPECT_EQ(running.until_ends(4, 3, stays, now), Duration{0});
  EXPECT_EQ(running.until_ends(1, 3, stays, start + 11s), Duration{0});  // overdue
  running.ended(start + 2s);
  EXPECT_EQ(running.until_ends(2, 2, stays, now), Duration{9s});
}

TEST(RunningSinceTest, WhoIsNotKnownIsOlder) {
  Stays stays;
  stays.learn(10s);
  RunningSince running;
  running.began(start);
  running.ended(start - 1s);
  EXPECT_EQ(running.until_ends(2, 3, stays, start), Duration{0});
  EXPECT_EQ(running.until_ends(3, 3, stays, start), Duration{10s});
}

}  // namespace
}  // namespace recloser::route
