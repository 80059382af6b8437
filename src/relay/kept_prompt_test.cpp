#include "relay/kept_prompt.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

class KeptPromptTest : public testing::Test {
 protected:
  void keep(std::string_view messages) {
    body_ = fmt::format(R"({{"model":"gpt-4o","stream":true,"messages":[{}]}})", messages);
    codec::RequestReader reader(codec::Operation::chat);
    ASSERT_TRUE(reader.feed(body_));
    facts_ = *reader.finish();
    prompt_.keep(body_, codec::Operation::chat, facts_);
  }
  std::uint64_t count() { return prompt_.count("gpt-4o", family_, overhead_, scratch_); }

  std::string body_;
  codec::RequestFacts facts_;
  KeptPrompt prompt_;
  text::EncodingScratch scratch_;
  const text::TokenFamily& family_ = text::token_family("gpt-4o");
  text::PromptOverhead overhead_ = text::prompt_overhead("gpt-4o", text::PromptForm::chat);
};

constexpr std::string_view line = "The quick brown fox jumps over the lazy dog, again and again. ";

std::string message(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) text += line;
  return fmt::format(R"({{"role":"user","content":"{}"}})", text);
}

TEST_F(KeptPromptTest, ASmallPromptIsCountedAsOpenAiCountsIt) {
  keep(message(3));
  std::string text;
  for (int i = 0; i < 3; ++i) text += line;
  std::uint64_t tokens = text::Encoding::o200k().count(text, scratch_);
  EXPECT_NEAR(static_cast<double>(count()), static_cast<double>(3 + 3 + 1 + tokens), 3);
}

TEST_F(KeptPromptTest, WhatIsForgottenTakesNoMemory) {
  keep(message(20));
  EXPECT_GT(prompt_.memory_bytes(), 1000u);
  prompt_.forget();
  EXPECT_TRUE(prompt_.empty());
  EXPECT_LT(prompt_.memory_bytes(), 100u);
}

TEST_F(KeptPromptTest, ALargeOneIsNearByPiecesFromAllOverIt) {
  keep(message(2000));
  std::string text;
  for (int i = 0; i < 2000; ++i) text += line;
  auto tokens = static_cast<double>(text::Encoding::o200k().count(text, scratch_));
  EXPECT_NEAR(static_cast<double>(count()), tokens, tokens * 0.08);
}

TEST_F(KeptPromptTest, MediaInALargePromptAreNoText) {
  keep(message(100) + R"(,{"role":"user","content":[{"type":"image_url","image_url":{"url":")" +
       "data:image/png;base64," + std::string(200'000, 'A') + "\"}}]}");
  EXPECT_LT(count(), 60'000u);
}

TEST_F(KeptPromptTest, NothingIsLeftOfOneThatIsForgotten) {
  keep(message(1));
  EXPECT_FALSE(prompt_.empty());
  prompt_.forget();
  EXPECT_TRUE(prompt_.empty());
  EXPECT_EQ(count(), 0u);
}

}  // namespace
}  // namespace recloser::relay
