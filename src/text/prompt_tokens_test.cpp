#include "text/prompt_tokens.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::text {
namespace {

class PromptTokensTest : public testing::Test {
 protected:
  PromptTokens tokens(EncodingScratch* scratch) {
    return {"gpt-4o", token_family("gpt-4o"), overhead_, scratch};
  }
  std::uint64_t exact(std::string_view text) { return Encoding::o200k().count(text, scratch_); }

  PromptOverhead overhead_ = prompt_overhead("gpt-4o", PromptForm::chat);
  EncodingScratch scratch_;
};

constexpr std::string_view question = "How many tokens has this, and how many had it yesterday?";

TEST_F(PromptTokensTest, EncodesWhatIsTold) {
  PromptTokens sum = tokens(&scratch_);
  EXPECT_EQ(sum.encoded(), (TokenRange{0, 0}));
  sum.message();
  sum.text(question);
  EXPECT_EQ(sum.encoded().about, 3 + 4 + exact(question));
  EXPECT_GE(sum.encoded().max, sum.encoded().about);
  sum.message();
  sum.name();
  sum.text("al");
  EXPECT_EQ(sum.encoded().about, 3 + 4 + 4 + 1 + exact(question) + exact("al"));
  sum.call();
  EXPECT_EQ(sum.encoded().about, 3 + 4 + 4 + 1 + 7 + exact(question) + exact("al"));
}

TEST_F(PromptTokensTest, MediaAndDeclaredToolsAreBesideTheTexts) {
  PromptTokens sum = tokens(&scratch_);
  sum.image(ImageDetail::low);
  TokenRange expected = image_tokens("gpt-4o", {}, ImageDetail::low);
  EXPECT_EQ(sum.encoded(), expected);
  EXPECT_EQ(sum.pieces(), expected);
  sum.document(4'000);
  expected += document_tokens("gpt-4o", 3'000, 0);
  EXPECT_EQ(sum.pieces(), expected);
  sum.audio(40'000);
  EXPECT_GT(sum.pieces().about, expected.about);
  EXPECT_GT(sum.pieces().max - expected.max, sum.pieces().about - expected.about);
  TokenRange before = sum.encoded();
  FunctionTokens function(token_family("gpt-4o"), &scratch_);
  function.tool(R"({"name":"find","description":"Finds it."})");
  function.function("find", "Finds it.");
  sum.declare(function);
  EXPECT_EQ(sum.encoded().about, before.about + function.tokens().about);
  EXPECT_GE(sum.encoded().max, before.max + function.tokens().about + 8);
}

TEST_F(PromptTokensTest, SealedThinkingCountsByItsSizeUntilTheUserSpeaks) {
  constexpr std::uint64_t bytes = 3'000;
  PromptTokens sum = tokens(&scratch_);
  sum.sealed(bytes);
  EXPECT_EQ(sum.encoded().about, token_family("gpt-4o").sealed.tokens(1, bytes));
  EXPECT_EQ(sum.pieces().about, sum.encoded().about);
  TokenRange before = sum.encoded();
  EXPECT_EQ(before.max, bytes / 2);
  sum.aside(100);
  EXPECT_EQ(sum.encoded(), (TokenRange{before.about, before.max + 50}));
  sum.user_speaks();  // the bound stays: nobody promises what is left out
  EXPECT_EQ(sum.encoded(), (TokenRange{0, before.max + 50}));
}

TEST_F(PromptTokensTest, XaiReadsAllThatWasThought) {
  PromptTokens sum("grok-4.3", token_family("grok-4.3"), overhead_, &scratch_);
  sum.sealed(1'016);
  EXPECT_EQ(sum.encoded().about, 168u);
  sum.user_speaks();
  EXPECT_EQ(sum.encoded().about, 168u);
}

TEST_F(PromptTokensTest, PartsOfATextWeighAsMuchAsTheWhole) {
  PromptTokens whole = tokens(nullptr);
  whole.text("two\nlines");
  whole.text(question);
  for (std::size_t cut = 0; cut < question.size(); ++cut) {
    PromptTokens parts = tokens(nullptr);
    parts.part("two\\", true);
    parts.part("nlines", true);
    parts.end_text();
    parts.part(question.substr(0, cut), false);
    parts.part(question.substr(cut), false);
    parts.end_text();
    ASSERT_EQ(parts.pieces(), whole.pieces()) << cut;
  }
}

// What the line of a family has for a whole prompt is not added for each of its pieces.
TEST_F(PromptTokensTest, PiecesOfSeveralAddUp) {
  const TokenFamily& family = token_family("claude-opus-4-8");
  ASSERT_GT(family.more, 0);
  PromptTokens both("claude-opus-4-8", family, overhead_, nullptr);
  TokenRange apart;
  for (std::string_view text : {"x", "y"}) {
    both.text(text);
    PromptTokens one("claude-opus-4-8", family, overhead_, nullptr);
    one.text(text);
    apart += one.pieces();
  }
  EXPECT_LE(apart.about, both.pieces().about + 1);
  EXPECT_LT(both.pieces().about, family.more);
}

}  // namespace
}  // namespace recloser::text
