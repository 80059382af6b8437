#include "text/token_family.h"

namespace recloser::text {
namespace {

TEST(TokenFamily, IsFoundInEverySpellingOfAName) {
  struct Case {
    std::string_view model;
    std::string_view family;
  };
  for (const Case& c : {Case{"gpt-4o-mini", "openai"},
                        Case{"gpt-4.1-2025-04-14", "openai"},
                        Case{"gpt-5.1-codex", "openai"},
                        Case{"openai/gpt-oss-120b", "openai"},
                        Case{"o3", "openai"},
                        Case{"openrouter/openai/o4-mini", "openai"},
                        Case{"gpt-4-0613", "openai-cl100k"},
                        Case{"gpt-35-turbo", "openai-cl100k"},
                        Case{"text-embedding-3-small", "openai-cl100k"},
                        Case{"claude-sonnet-4-5-20250929", "claude"},
                        Case{"us.anthropic.claude-3-7-sonnet-20250219-v1%3A0", "claude"},
                        Case{"anthropic/claude-4.6-sonnet-20260217", "claude"},
                        Case{"anthropic.claude-v2", "claude"},
                        Case{"claude-opus-4-8", "claude-4.7"},
                        Case{"Claude-Sonnet-5", "claude-4.7"},
                        Case{"anthropic/claude-opus-4.8", "claude-4.7"},
                        Case{"gemini-2.5-pro", "gemini"},
                        Case{"mistral-large-latest", "mistral"},
                        Case{"us.amazon.nova-lite-v1:0", "nova"},
                        Case{"meta-llama/Llama-3.3-70B-Instruct", "llama"},
                        Case{"deepseek-reasoner", "deepseek"},
                        Case{"grok-4-fast", "grok"},
                        Case{"ollama/qwen3", "unknown"},
                        Case{"", "unknown"},
                        Case{"house-model", "unknown"}}) {
    EXPECT_EQ(token_family(c.model).name, c.family) << c.model;
  }
}

TEST(TokenFamily, NoTextHasNoTokens) {
  EXPECT_EQ(token_family("claude-opus-4-8").tokens(0), 0u);
  EXPECT_EQ(token_family("claude-opus-4-8").tokens(1000), 1398u);
  EXPECT_EQ(token_family("gpt-4o").tokens(1000), 1000u);
}

}  // namespace
}  // namespace recloser::text
