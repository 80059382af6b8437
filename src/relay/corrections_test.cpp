#include "relay/corrections.h"

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

TEST(Corrections, NothingIsKnownOfAConversationThatNeverEnded) {
  Corrections corrections;
  EXPECT_FALSE(corrections.known(7));
  EXPECT_EQ(corrections.corrected(7, {100, 200}), (text::TokenRange{100, 200}));
  corrections.learn(7, 100, 0);  // a provider that says 0 has not said it
  corrections.learn(7, 0, 100);
  EXPECT_FALSE(corrections.known(7));
  corrections.learn(7, 100, 110);
  EXPECT_TRUE(corrections.known(7));
  EXPECT_FALSE(corrections.known(7 + Corrections::places));
  EXPECT_FALSE(corrections.known(0));
}

TEST(Corrections, ThePromptThatWasAnsweredIsWhatTheProviderSaid) {
  Corrections corrections;
  corrections.learn(7, 10'000, 13'000);
  EXPECT_EQ(corrections.corrected(7, {10'000, 30'000}).about, 13'000u);
  EXPECT_EQ(corrections.corrected(7, {5'000, 30'000}).about, 6'500u);  // of a compacted history
  std::uint64_t grown = corrections.corrected(7, {12'000, 30'000}).about;
  EXPECT_GT(grown, 13'000u + 2'500);
  EXPECT_LT(grown, 13'000u + 2'600);
}

// A template of 40 tokens around a question of 10 says nothing of the pages that come next.
TEST(Corrections, AShortPromptTellsLittleOfALongOne) {
  Corrections corrections;
  corrections.learn(7, 10, 30);
  EXPECT_EQ(corrections.corrected(7, {10, 50}).about, 30u);
  std::uint64_t grown = corrections.corrected(7, {10'010, 50'000}).about;
  EXPECT_GE(grown, 10'030u);
  EXPECT_LE(grown, 10'500u);
}

TEST(Corrections, TheBoundIsNeverLoweredAndNeverBelowWhatIsLikely) {
  Corrections corrections;
  corrections.learn(7, 1'000, 500);
  EXPECT_EQ(corrections.corrected(7, {1'000, 2'000}), (text::TokenRange{500, 2'000}));
  corrections.learn(7, 1'000, 3'000);
  EXPECT_EQ(corrections.corrected(7, {1'000, 2'000}), (text::TokenRange{3'000, 3'000}));
}

TEST(Corrections, WhatIsFarOffCorrectsNoMoreThanFourfold) {
  Corrections corrections;
  corrections.learn(7, 1'000, UINT64_MAX);
  EXPECT_EQ(corrections.corrected(7, {1'000, 2'000}).about, 4'000u);
  EXPECT_EQ(corrections.corrected(7, {UINT64_MAX, UINT64_MAX}).max, UINT64_MAX);
  corrections.learn(7, UINT64_MAX, 1);
  EXPECT_EQ(corrections.corrected(7, {1'000, 2'000}).about, 250u);
  EXPECT_EQ(corrections.corrected(7, {0, 0}).about, 0u);
}

}  // namespace
}  // namespace recloser::relay
