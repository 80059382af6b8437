#include "net/body_block.h"

#include "net/test_loop.h"

#include <cstring>

#include <gtest/gtest.h>

namespace recloser::net {
namespace {

constexpr std::size_t mib = 1u << 20;

class BodyBlockTest : public ::testing::Test {
 protected:
  BodyBlock written(std::size_t bytes) {
    BodyBlock block;
    Result<void> grown = block.grow_to(bytes, bytes, budget_);
    EXPECT_TRUE(grown) << grown.error().message();
    std::memset(block.data(), 'x', bytes);
    return block;
  }

  TestLoop loop_;
  MemoryBudget budget_{64 * mib};
};

TEST_F(BodyBlockTest, GrowsByDoublingAndKeepsItsBytes) {
  BodyBlock block = written(100);
  ASSERT_TRUE(block.grow_to(101, 8 * mib, budget_));
  EXPECT_EQ(block.room(), 200u);
  ASSERT_TRUE(block.grow_to(5 * mib, 8 * mib, budget_));
  ASSERT_TRUE(block.grow_to(6 * mib, 8 * mib, budget_));
  EXPECT_EQ(block.room(), 8 * mib);
  EXPECT_EQ(budget_.used(), 8 * mib);
  EXPECT_EQ(std::string_view(block.data(), 100), std::string(100, 'x'));
}

TEST_F(BodyBlockTest, TakesNothingBeyondTheBudget) {
  BodyBlock block = written(40 * mib);
  Result<void> grown = block.grow_to(41 * mib, 80 * mib, budget_);
  ASSERT_FALSE(grown);
  EXPECT_EQ(grown.error().kind(), Kind::full);
  EXPECT_EQ(block.room(), 40 * mib);
  EXPECT_EQ(budget_.used(), 40 * mib);
}

TEST_F(BodyBlockTest, ASmallOneIsGivenBackAtOnce) {
  BodyBlock block = written(mib);
  block.give_back(loop_.worker());
  EXPECT_EQ(block.room(), 0u);
  EXPECT_EQ(budget_.used(), 0u);
  EXPECT_EQ(loop_.worker().tasks().size(), 0u);
}

TEST_F(BodyBlockTest, ALargeOneIsGivenBackAMebibytePerTurn) {
  BodyBlock block = written(32 * mib);
  block.give_back(loop_.worker());
  EXPECT_EQ(block.room(), 0u);
  std::uint64_t before = loop_.worker().turns();
  loop_.worker().run_until([&] { return loop_.worker().tasks().size() == 0; });
  EXPECT_EQ(loop_.worker().turns() - before, 31u);
  EXPECT_EQ(budget_.used(), 0u);
}

TEST_F(BodyBlockTest, WhatIsNotGivenBackYetCountsInTheBudget) {
  BodyBlock block = written(64 * mib);
  block.give_back(loop_.worker());
  loop_.worker().turn();
  BodyBlock other;
  EXPECT_FALSE(other.grow_to(1, 1, budget_));
  loop_.worker().run_until([&] { return loop_.worker().tasks().size() == 0; });
  EXPECT_TRUE(other.grow_to(1, 1, budget_));
}

}  // namespace
}  // namespace recloser::net
