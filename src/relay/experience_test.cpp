#include "relay/experience.h"

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

TEST(Experience, KnowsNothingOfAPairThatNeverCalled) {
  Experience experience;
  Experience::Pair pair = Experience::pair("key", "model");
  EXPECT_EQ(experience.output_tokens(pair), std::nullopt);
  EXPECT_EQ(experience.hidden_tokens(pair, 10s), 0u);
  experience.learn(pair, 100, 0, 1s);
  EXPECT_EQ(experience.output_tokens(Experience::pair("other", "model")), std::nullopt);
  EXPECT_EQ(experience.output_tokens(Experience::pair("key", "other")), std::nullopt);
}

TEST(Experience, FollowsWhatCallsUse) {
  Experience experience;
  Experience::Pair pair = Experience::pair("key", "model");
  experience.learn(pair, 100, 0, 1s);
  EXPECT_EQ(experience.output_tokens(pair), 100u);
  experience.learn(pair, 900, 0, 1s);
  EXPECT_EQ(experience.output_tokens(pair), 200u);
  for (int i = 0; i < 100; ++i) experience.learn(pair, 900, 0, 1s);
  EXPECT_NEAR(static_cast<double>(*experience.output_tokens(pair)), 900, 1);
  for (int i = 0; i < 100; ++i) experience.learn(pair, 0, 0, 1s);
  EXPECT_LE(*experience.output_tokens(pair), 1u);
}

TEST(Experience, ThinkingThatNobodySeesGoesByTheSilence) {
  Experience experience;
  Experience::Pair pair = Experience::pair("key", "thinker");
  experience.learn(pair, 700, 600, 10s);
  EXPECT_EQ(experience.hidden_tokens(pair, 5s), 300u);
  EXPECT_EQ(experience.hidden_tokens(pair, 100ms), 0u);
  experience.learn(pair, 100, 0, 10s);
  EXPECT_LT(experience.hidden_tokens(pair, 5s), 300u);
}

}  // namespace
}  // namespace recloser::relay
