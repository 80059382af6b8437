#include "codec/client_family.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

ClientFamily family_of_fields(const Fields& fields) {
  ClientMarks marks;
  for (const auto& [name, value] : fields) marks.see(name, value);
  return marks.family();
}
ClientFamily of_agent(std::string_view user_agent) {
  return family_of_fields({{"user-agent", user_agent}});
}

// As programs in use send them.
TEST(ClientFamily, RealUserAgents) {
  const std::pair<std::string_view, ClientFamily> agents[] = {
      {"claude-cli/2.1.220 (external, cli)", ClientFamily::claude_code},
      {"claude-cli/2.0.69 (external, sdk-ts)", ClientFamily::claude_code},
      {"codex_cli_rs/0.55.0 (Ubuntu 26.04; x86_64) Linux", ClientFamily::codex},
      {"codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm", ClientFamily::codex},
      {"codex_vscode/0.1.0", ClientFamily::codex},
      {"GeminiCLI/0.61.0/gemini-2.5-pro (linux; x64)", ClientFamily::gemini_cli},
      {"opencode/1.18.31 ai-sdk/provider-utils/4.0.40 runtime/bun/1.3.14", ClientFamily::vercel_ai},
      {"ai-sdk/openai-compatible/2.0.47 ai-sdk/provider-utils/4.0.27 runtime/node.js/24",
       ClientFamily::vercel_ai},
      {"ai-sdk/anthropic/2.0.53 ai-sdk/provider-utils/3.0.18 runtime/node.js/v20.19.5",
       ClientFamily::vercel_ai},
      {"my-app/1.0 ai-sdk/provider-utils/4.0.27 runtime/browser", ClientFamily::vercel_ai},
      {"litellm/1.65.4", ClientFamily::litellm},
      {"OpenAI/Python 2.32.0", ClientFamily::stainless},
      {"AsyncOpenAI/Python 1.109.1", ClientFamily::stainless},
      {"AzureOpenAI/Python 1.99.7", ClientFamily::stainless},
      {"AsyncAzureOpenAI/Python 1.99.7", ClientFamily::stainless},
      {"OpenAI/JS 5.12.2", ClientFamily::stainless},
      {"Anthropic/Python 0.89.0", ClientFamily::stainless},
      {"Anthropic/JS 0.50.4", ClientFamily::stainless},
      {"Groq/Python 0.10.0", ClientFamily::stainless},
      {"Together/JS 0.13.0", ClientFamily::stainless},
      {"Faraday v2.14.3", ClientFamily::unknown},
      {"Go-http-client/1.1", ClientFamily::unknown},
      {"python-httpx/0.28.1", ClientFamily::unknown},
      {"python-requests/2.32.3", ClientFamily::unknown},
      {"pydantic-ai/0.3.0", ClientFamily::unknown},
      {"google-genai-sdk/1.41.0 gl-python/3.13.3", ClientFamily::unknown},
      {"curl/7.88.1", ClientFamily::unknown},
      {"", ClientFamily::unknown},
  };
  for (const auto& [agent, family] : agents) {
    EXPECT_EQ(name_of(of_agent(agent)), name_of(family)) << agent;
  }
}

TEST(ClientFamily, OtherHeadersTellToo) {
  EXPECT_EQ(family_of_fields({{"Originator", "codex_cli_rs"}}), ClientFamily::codex);
  EXPECT_EQ(family_of_fields({{"x-codex-turn-metadata", "{}"}}), ClientFamily::codex);
  EXPECT_EQ(family_of_fields({{"X-Claude-Code-Session-Id", "x"}}), ClientFamily::claude_code);
  EXPECT_EQ(family_of_fields({{"x-session-affinity", "x"}}), ClientFamily::vercel_ai);
  EXPECT_EQ(family_of_fields({{"X-Stainless-Lang", "js"}}), ClientFamily::stainless);
}

TEST(ClientFamily, AnAgentIsToldBeforeTheSdkItIsBuiltWith) {
  EXPECT_EQ(family_of_fields(
                {{"x-stainless-lang", "js"}, {"user-agent", "claude-cli/2.1.220 (external, cli)"}}),
            ClientFamily::claude_code);
  EXPECT_EQ(family_of_fields({{"user-agent", "Anthropic/JS 0.50.4"},
                              {"x-stainless-lang", "js"},
                              {"x-claude-code-session-id", "x"}}),
            ClientFamily::claude_code);
}

TEST(ClientFamily, NamesInOtherPlacesDoNotCount) {
  EXPECT_EQ(of_agent("evil (claude-cli/2.0)"), ClientFamily::unknown);
  EXPECT_EQ(of_agent("my-OpenAI/Python 1"), ClientFamily::unknown);
}

// Statuses that the wire-formats measurements found to end in one request (two with opencode).
TEST(RefusalStatus, IsTheOneOnWhichTheFamilyStops) {
  EXPECT_EQ(refusal_status(ClientFamily::claude_code, 429, false), 429);
  EXPECT_EQ(refusal_status(ClientFamily::codex, 429, false), 400);
  EXPECT_EQ(refusal_status(ClientFamily::codex, 403, false), 400);
  EXPECT_EQ(refusal_status(ClientFamily::gemini_cli, 429, false), 400);
  EXPECT_EQ(refusal_status(ClientFamily::gemini_cli, 403, false), 403);
  EXPECT_EQ(refusal_status(ClientFamily::vercel_ai, 429, false), 400);
  EXPECT_EQ(refusal_status(ClientFamily::vercel_ai, 402, false), 402);
  EXPECT_EQ(refusal_status(ClientFamily::litellm, 403, false), 400);
  EXPECT_EQ(refusal_status(ClientFamily::stainless, 429, false), 429);
  EXPECT_EQ(refusal_status(ClientFamily::stainless, 403, false), 403);
  EXPECT_EQ(refusal_status(ClientFamily::unknown, 429, false), 429);
  EXPECT_EQ(refusal_status(ClientFamily::unknown, 503, false), 503);
}

TEST(RefusalStatus, WhoDoesNotListenGets400) {
  EXPECT_EQ(refusal_status(ClientFamily::unknown, 429, true), 400);
  EXPECT_EQ(refusal_status(ClientFamily::stainless, 429, true), 400);    // LiteLLM hides behind it
  EXPECT_EQ(refusal_status(ClientFamily::claude_code, 429, true), 429);  // on 400 it asks again
  EXPECT_EQ(refusal_status(ClientFamily::unknown, 403, true), 403);
  EXPECT_EQ(refusal_status(ClientFamily::codex, 400, true), 400);
}

TEST(RefusalStreak, TwoWithinTheWindowAreUnheard) {
  RefusalStreak streak;
  Instant t{};
  EXPECT_FALSE(streak.unheard(t));
  streak.add(t);
  EXPECT_FALSE(streak.unheard(t + 1s));
  streak.add(t + 10s);  // still within
  EXPECT_TRUE(streak.unheard(t + 10s));
  EXPECT_TRUE(streak.unheard(t + 20s));
  EXPECT_FALSE(streak.unheard(t + 20s + 1ns));
}

TEST(RefusalStreak, SlowOnesAreHeard) {
  RefusalStreak streak;
  Instant t{};
  streak.add(t);
  streak.add(t + 10s + 1ns);  // one past the window
  EXPECT_FALSE(streak.unheard(t + 11s));
  streak.add(t + 12s);
  EXPECT_TRUE(streak.unheard(t + 12s));
}

}  // namespace
}  // namespace recloser::codec
