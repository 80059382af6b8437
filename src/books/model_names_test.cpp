#include "books/model_names.h"

#include <gtest/gtest.h>

namespace recloser::books {
namespace {

TEST(ModelNames, OneModelHasOneKey) {
  ModelNames names;
  for (std::string_view name :
       {"claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "Claude Sonnet 4.5",
        "anthropic/claude-sonnet-4-5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "claude-sonnet-4-5@20250929", "Claude Sonnet 4.5 (Amazon Bedrock Edition)"}) {
    EXPECT_EQ(names.key_of(name), "claudesonnet45") << name;
  }
  EXPECT_EQ(names.key_of("gpt-4o-2024-08-06"), names.key_of("GPT-4o"));
  EXPECT_EQ(names.key_of("Claude3Sonnet"), names.key_of("anthropic.claude-3-sonnet-20240229-v1:0"));
  EXPECT_EQ(names.key_of("amazon.nova-pro-v1:0"), names.key_of("Nova-Pro"));
}

TEST(ModelNames, WhatDiffersStaysApart) {
  ModelNames names;
  EXPECT_NE(names.key_of("gpt-4o"), names.key_of("gpt-4o-mini"));
  EXPECT_NE(names.key_of("gpt-4-0613"), names.key_of("gpt-4-1106-preview"));
  EXPECT_NE(names.key_of("claude-3-haiku"), names.key_of("claude-3-5-haiku"));
  EXPECT_EQ(names.key_of(""), "");
  EXPECT_EQ(names.key_of("/"), "/");
}

TEST(ModelNames, AMapSaysWhatNothingElseCan) {
  ModelNames names;
  ASSERT_TRUE(names.read_map("Claude4Sonnet,claude-sonnet-4-20250514\nft:x,my-tune\n"));
  EXPECT_EQ(names.key_of("claude4sonnet"), names.key_of("claude-sonnet-4"));
  EXPECT_EQ(names.key_of("FT:X"), "mytune");
  ModelNames bad;
  Result<void> read = bad.read_map("a,b\nc\n");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message(), "line 2: two names are wanted, the bill's and ours");
}

}  // namespace
}  // namespace recloser::books
