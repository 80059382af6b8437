#include "codec/usage_text.h"

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

Usage usual() { return {.input_tokens = 9, .output_tokens = 4}; }

Usage read(std::string_view text) {
  Usage usage = usual();
  EXPECT_TRUE(add_rare(usage, text)) << text;
  return usage;
}

TEST(UsageText, AUsualUsageHasNone) {
  EXPECT_EQ(text_of_rare(usual()), "");
  EXPECT_EQ(read(""), usual());
}

TEST(UsageText, EveryFigureComesBack) {
  Usage usage = usual();
  usage.tier = ServiceTier::priority;
  RareUsage& rare = usage.rare.make();
  rare = {.cache_write_1h_tokens = 1,
          .audio_input_tokens = 2,
          .cached_audio_tokens = 3,
          .image_input_tokens = 4,
          .cached_image_tokens = 5,
          .audio_output_tokens = 6,
          .image_output_tokens = 7,
          .audio_input_ms = 8,
          .web_searches = 9,
          .file_searches = 10,
          .code_sessions = 11,
          .provider_cost = NanoUsd{12},
          .geography = "us"};
  Usage turn{.input_tokens = 30, .output_tokens = 5, .cached_input_tokens = 20};
  turn.tier = usage.tier;
  rare.iterations.push_back(turn);
  turn.cache_write_tokens = 3;
  turn.rare.make().cache_write_1h_tokens = 2;
  turn.rare->model = "claude-opus-4-6";
  rare.iterations.push_back(turn);
  std::string text = text_of_rare(usage);
  EXPECT_EQ(text,
            "lane=priority w1h=1 audio=2 cached_audio=3 image=4 cached_image=5 audio_out=6 "
            "image_out=7 audio_ms=8 searches=9 file_searches=10 code_sessions=11 bill=12 place=us "
            "turn=30,20,0,0,5, turn=30,20,3,2,5,claude-opus-4-6");
  EXPECT_EQ(read(text), usage);
}

TEST(UsageText, WhatIsCutOrForeignIsNoUsage) {
  for (std::string_view text :
       {"lane", "lane=slow", "w1h=", "w1h=1x", "turn=1,2", "turn=1,2,3,4,…", "bill=-4",
        "bill=9223372036854775808", "searches=99999999999999999999", "new=1", "  ", "="}) {
    Usage usage = usual();
    EXPECT_FALSE(add_rare(usage, text)) << text;
  }
}

}  // namespace
}  // namespace recloser::codec
