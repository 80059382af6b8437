#include "text/prompt_overhead.h"

namespace recloser::text {
namespace {

TEST(PromptOverhead, OfOpenAiIsExactWithoutTools) {
  PromptOverhead chat = prompt_overhead("gpt-4o-mini", PromptForm::chat);
  EXPECT_EQ(chat.of({.messages = 1}), (TokenRange{7, 7}));
  EXPECT_EQ(chat.of({.messages = 3, .names = 1}), (TokenRange{16, 16}));
  EXPECT_EQ(chat.of({}), (TokenRange{0, 0})) << "no prompt";
  EXPECT_TRUE(chat.tools_declared);
}

TEST(PromptOverhead, Gpt5AddsToChatsWithToolsOnly) {
  PromptShape tools{.messages = 1, .tools = 2};
  auto of = [&](std::string_view model, PromptForm form) {
    return prompt_overhead(model, form).of(tools).about;
  };
  EXPECT_EQ(of("gpt-5-nano", PromptForm::chat), of("gpt-4o", PromptForm::chat) + 79);
  EXPECT_EQ(of("gpt-5-nano", PromptForm::responses), of("gpt-4o", PromptForm::responses) - 1);
  EXPECT_EQ(prompt_overhead("gpt-5-nano", PromptForm::chat).of({.messages = 1}).about, 6u);
}

TEST(PromptOverhead, OfClaudeGoesByItsGeneration) {
  PromptShape tools{.messages = 1, .tools = 1};
  PromptShape forced{.messages = 1, .tools = 1, .tool_forced = true};
  auto of = [](std::string_view model, const PromptShape& shape) {
    return prompt_overhead(model, PromptForm::other).of(shape).about;
  };
  EXPECT_EQ(of("claude-3-5-sonnet-20241022", tools), 346u);
  EXPECT_EQ(of("claude-haiku-4-5", tools), 486u);
  EXPECT_EQ(of("claude-haiku-4-5", forced), 581u);
  EXPECT_EQ(of("anthropic/claude-opus-4.8", tools), 486u);
  EXPECT_EQ(of("claude-next", tools), 486u) << "a name that says no generation is of today";
}

TEST(PromptOverhead, MaxIsNeverBelowAbout) {
  for (std::string_view model : {"gpt-4o", "gpt-5", "gpt-4", "gpt-oss-120b", "claude-3-haiku",
                                 "claude-opus-4-8", "gemini-2.5-pro", "mistral-small", "nova-pro",
                                 "llama-3.3", "deepseek-chat", "grok-4", "sonar", "house-model"}) {
    for (PromptForm form : {PromptForm::chat, PromptForm::responses, PromptForm::other}) {
      for (bool forced : {false, true}) {
        TokenRange range =
            prompt_overhead(model, form)
                .of({.messages = 2, .names = 1, .calls = 1, .tools = 1, .tool_forced = forced});
        EXPECT_LE(range.about, range.max) << model;
        EXPECT_GT(range.about, 0u) << model;
      }
    }
  }
}

TEST(PromptOverhead, AnAnswerHasMarksThatNobodySees) {
  auto answer = [](std::string_view model, PromptForm form) {
    return prompt_overhead(model, form).answer.about;
  };
  EXPECT_EQ(answer("gpt-4o", PromptForm::chat), 0u);
  EXPECT_EQ(answer("gpt-4o", PromptForm::responses), 1u);
  EXPECT_EQ(answer("gpt-5-nano", PromptForm::chat), 9u);
  EXPECT_EQ(answer("openai/gpt-5.6-sol", PromptForm::responses), 4u);
  EXPECT_EQ(answer("gpt-oss:120b", PromptForm::chat), 8u);
  EXPECT_EQ(answer("claude-haiku-4-5", PromptForm::other), 0u) << "its family's line has them";
}

TEST(PromptOverhead, WhoThinksIsToldSoAheadOfThePrompt) {
  auto about = [](std::string_view model, PromptForm form, std::uint32_t tools) {
    return prompt_overhead(model, form).of({.messages = 1, .tools = tools}).about;
  };
  EXPECT_EQ(about("deepseek-v4-flash", PromptForm::responses, 0),
            about("deepseek-v4-flash", PromptForm::chat, 0) + 79);
  EXPECT_EQ(about("deepseek-v4-flash", PromptForm::responses, 1),
            about("deepseek-v4-flash", PromptForm::chat, 1) + 40);
  EXPECT_EQ(about("mistral-small-latest", PromptForm::chat, 0),
            about("mistral-large-latest", PromptForm::chat, 0) + 12);
  EXPECT_EQ(about("magistral-small-latest", PromptForm::chat, 1),
            about("mistral-large-latest", PromptForm::chat, 1));
  EXPECT_EQ(about("mistral-small-2409", PromptForm::chat, 0),
            about("mistral-large-latest", PromptForm::chat, 0));
}

TEST(PromptOverhead, OfOpenModelsIsThatOfTheirTemplate) {
  PromptOverhead open = prompt_overhead("openai/gpt-oss-120b", PromptForm::chat);
  EXPECT_EQ(open.of({.messages = 1}).about, 68u);
  EXPECT_EQ(open.of({.messages = 3, .calls = 1, .tools = 1}).about, 64u + 3 * 4 + 18 + 31);
}

TEST(PromptOverhead, OfLlamaGoesByItsTemplate) {
  auto of = [](std::string_view model) {
    return prompt_overhead(model, PromptForm::chat).of({.messages = 1}).about;
  };
  EXPECT_EQ(of("llama3-8b-8192"), 9u);
  EXPECT_EQ(of("meta-llama/Llama-3.3-70B-Instruct"), 35u);
  EXPECT_EQ(of("sonar-pro"), 1u);
}

}  // namespace
}  // namespace recloser::text
