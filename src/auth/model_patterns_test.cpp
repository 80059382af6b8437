#include "auth/model_patterns.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::auth {
namespace {

TEST(Glob, StarIsAnyText) {
  EXPECT_TRUE(glob_matches("gpt-4o*", "gpt-4o"));
  EXPECT_TRUE(glob_matches("gpt-4o*", "gpt-4o-mini"));
  EXPECT_FALSE(glob_matches("gpt-4o*", "gpt-4"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("openai/*", "openai/gpt-4o"));
  EXPECT_FALSE(glob_matches("openai/*", "gpt-4o"));
  EXPECT_TRUE(glob_matches("*-mini", "gpt-4o-mini"));
  EXPECT_FALSE(glob_matches("*-mini", "gpt-4o-mini-2024"));
  EXPECT_TRUE(glob_matches("*a*b*", "xxaxxbxx"));
  EXPECT_FALSE(glob_matches("*a*b*", "xxbxxaxx"));
  EXPECT_TRUE(glob_matches("a*bc", "abcbc"));  // the star must take more than the first chance
}

TEST(Glob, WithoutStarIsEquality) {
  EXPECT_TRUE(glob_matches("gpt-4o", "gpt-4o"));
  EXPECT_FALSE(glob_matches("gpt-4o", "gpt-4o-mini"));
  EXPECT_FALSE(glob_matches("gpt-4o", "GPT-4o"));
  EXPECT_FALSE(glob_matches("gpt.4o", "gpt-4o"));
  EXPECT_FALSE(glob_matches("gpt-?o", "gpt-4o"));  // only `*` is special
  EXPECT_FALSE(glob_matches("", "x"));
  EXPECT_TRUE(glob_matches("", ""));
}

TEST(Glob, HostilePatternsStayQuadratic) {
  // Exponential matchers need years for this one.
  std::string pattern;
  for (int i = 0; i < 120; ++i) pattern += "*a";
  pattern += "*b";
  EXPECT_FALSE(glob_matches(pattern, std::string(256, 'a')));
}

TEST(ModelPatterns, EmptyAllowsAll) {
  EXPECT_TRUE(ModelPatterns().allow("anything"));
  EXPECT_TRUE(ModelPatterns().allow_all());
}

TEST(ModelPatterns, AnyPatternWillDo) {
  ModelPatterns patterns({"gpt-4o*", "claude-haiku"});
  EXPECT_TRUE(patterns.allow("gpt-4o-mini"));
  EXPECT_TRUE(patterns.allow("claude-haiku"));
  EXPECT_FALSE(patterns.allow("claude-haiku-4"));
  EXPECT_FALSE(patterns.allow(""));
  EXPECT_EQ(patterns.human(), "gpt-4o*, claude-haiku");
}

TEST(ModelPatterns, ALongListIsShortened) {
  EXPECT_EQ(ModelPatterns({"1", "2", "3", "4", "5", "6", "7", "8"}).human(),
            "1, 2, 3, 4, 5, 6, 7, 8");
  EXPECT_EQ(ModelPatterns({"1", "2", "3", "4", "5", "6", "7", "8", "9"}).human(),
            "1, 2, 3, 4, 5, 6, 7, 8 and 1 more");
}

}  // namespace
}  // namespace recloser::auth
