#include "text/media_tokens.h"

namespace recloser::text {
namespace {

TokenRange exactly(std::uint64_t tokens) { return {tokens, tokens}; }

TEST(ImageTokens, OpenAiCountsTiles) {
  // 1024 x 1024 becomes 768 x 768, four tiles; 2048 x 4096 becomes 768 x 1536, six.
  EXPECT_EQ(image_tokens("gpt-4o", {1024, 1024}, ImageDetail::high).about, 85u + 4 * 170);
  EXPECT_EQ(image_tokens("gpt-4o", {2048, 4096}, ImageDetail::any).about, 85u + 6 * 170);
  EXPECT_EQ(image_tokens("gpt-4o", {1, 1}, ImageDetail::high).about, 85u + 170);
  EXPECT_EQ(image_tokens("gpt-4o-mini", {512, 512}, ImageDetail::high).about, 2833u + 5667);
  EXPECT_EQ(image_tokens("o1", {512, 512}, ImageDetail::high).about, 75u + 150);
  EXPECT_EQ(image_tokens("gpt-4o", {9000, 9000}, ImageDetail::low), exactly(85));
}

TEST(ImageTokens, SmallOpenAiModelsCountPatches) {
  EXPECT_EQ(image_tokens("gpt-4.1-mini", {1024, 1024}, ImageDetail::any), exactly(1659));
  EXPECT_EQ(image_tokens("gpt-4.1-nano", {1800, 2400}, ImageDetail::any), exactly(3779));
  EXPECT_EQ(image_tokens("o4-mini", {32, 33}, ImageDetail::any), exactly(4));
}

TEST(ImageTokens, ClaudeCountsPixels) {
  EXPECT_EQ(image_tokens("claude-3-5-sonnet", {1000, 1000}, ImageDetail::any).about, 1334u);
  EXPECT_EQ(image_tokens("claude-3-5-sonnet", {8000, 8000}, ImageDetail::any), exactly(1600));
  EXPECT_EQ(image_tokens("claude-3-5-sonnet", {}, ImageDetail::any), exactly(1600));
  EXPECT_EQ(image_tokens("claude-opus-4-8", {8000, 8000}, ImageDetail::any), exactly(4784));
}

TEST(ImageTokens, GeminiCountsTilesOf258) {
  EXPECT_EQ(image_tokens("gemini-2.5-flash", {384, 384}, ImageDetail::any), exactly(258));
  EXPECT_EQ(image_tokens("gemini-2.0-flash", {960, 540}, ImageDetail::any).about, 6u * 258);
  EXPECT_EQ(image_tokens("gemini-3-flash", {10, 10}, ImageDetail::any).max, 2240u);
}

// What is not known has room for the largest.
TEST(ImageTokens, AnUnknownSizeIsTheLargest) {
  for (std::string_view model :
       {"gpt-4o", "gpt-4.1-mini", "gpt-5", "gpt-5.4", "o3", "claude-3-haiku", "claude-sonnet-5",
        "gemini-2.5-pro", "gemini-3-pro", "grok-4", "house-model"}) {
    std::uint64_t unknown = image_tokens(model, {}, ImageDetail::any).max;
    for (ImageSize size : {ImageSize{1, 1}, ImageSize{1, 100'000}, ImageSize{4096, 4096},
                           ImageSize{UINT32_MAX, UINT32_MAX}, ImageSize{768, 2048}}) {
      TokenRange known = image_tokens(model, size, ImageDetail::high);
      EXPECT_LE(known.about, known.max) << model;
      EXPECT_LE(known.max, unknown) << model << ' ' << size.width;
    }
  }
}

TEST(AudioTokens, GoByTheSecond) {
  EXPECT_EQ(audio_tokens("gpt-4o-audio-preview", 60'000), exactly(600));
  EXPECT_EQ(audio_tokens("gemini-2.5-flash", 1'500), exactly(48));
  EXPECT_EQ(audio_tokens("house-model", 1000).max, 50u);
  EXPECT_EQ(audio_milliseconds(40'000).about, 10'000u);
  EXPECT_GE(audio_milliseconds(1).max, 13u);
}

TEST(DocumentTokens, GoByPagesAndElseBySize) {
  EXPECT_EQ(document_tokens("claude-sonnet-4-5", 0, 3).max, 3u * 4600);
  EXPECT_EQ(document_tokens("gemini-2.5-flash", 5'000, 5).about, 1290u);
  TokenRange by_size = document_tokens("claude-sonnet-4-5", 80'000, 0);
  EXPECT_EQ(by_size.about, 2u * 1500);
  EXPECT_EQ(by_size.max, 800u * 4600);
  EXPECT_EQ(document_tokens("claude-sonnet-4-5", 0, 0).max, 1000u * 4600) << "only named";
}

}  // namespace
}  // namespace recloser::text
