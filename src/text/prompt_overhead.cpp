#include "text/prompt_overhead.h"

#include "core/ascii.h"
#include "text/token_family.h"

#include <array>
#include <string>

namespace recloser::text {
namespace {

// Where the figures come from: the exchanges recorded in the shared data (inputs of
// token_counts.jsonl, and the recordings for tools).

// <|start|>role<|message|> .. <|end|> around each, and the beginning of the answer.
constexpr PromptOverhead openai{.prompt = {3, 3},
                                .message = {4, 4},
                                .name = {1, 1},
                                .call = {5, 12},
                                .tools = {0, 8},
                                .tools_forced = {0, 8},
                                .tools_declared = true};
constexpr std::uint64_t gpt_5_chat_tools = 80;

// With thinking on, a prompt has some 30 tokens more.
constexpr PromptOverhead claude_3{.prompt = {3, 40},
                                  .message = {3, 8},
                                  .name = {1, 8},
                                  .call = {30, 80},
                                  .tools = {340, 460},
                                  .tools_forced = {440, 560}};
constexpr PromptOverhead claude_4{.prompt = {3, 40},
                                  .message = {3, 8},
                                  .name = {1, 8},
                                  .call = {40, 100},
                                  .tools = {480, 620},
                                  .tools_forced = {575, 720}};

struct Line {
  std::string_view family;
  PromptOverhead overhead;
};
constexpr std::array lines{
    Line{"gemini",
         {.prompt = {0, 4},
          .message = {0, 4},
          .name = {0, 4},
          .call = {4, 24},
          .tools = {10, 60},
          .tools_forced = {10, 60}}},
    Line{"mistral",
         {.prompt = {1, 12},
          .message = {2, 6},
          .name = {1, 6},
          .call = {10, 40},
          .tools = {70, 180},
          .tools_forced = {70, 180}}},
    Line{"deepseek",
         {.prompt = {2, 6},
          .message = {2, 6},
          .name = {1, 6},
          .call = {25, 80},
          .tools = {270, 420},
          .tools_forced = {270, 420}}},
    Line{"grok",
         {.prompt = {2, 160},
          .message = {2, 6},
          .name = {1, 6},
          .call = {20, 60},
          .tools = {200, 360},
          .tools_forced = {200, 360}}},
    Line{"llama",
         {.prompt = {6, 40},
          .message = {5, 8},
          .name = {1, 8},
          .call = {15, 60},
          .tools = {200, 720},
          .tools_forced = {200, 720}}},
    Line{"nova",
         {.prompt = {4, 40},
          .message = {3, 8},
          .name = {1, 8},
          .call = {20, 80},
          .tools = {250, 600},
          .tools_forced = {250, 600}}},
};
constexpr PromptOverhead any{.prompt = {3, 80},
                             .message = {4, 12},
                             .name = {1, 12},
                             .call = {20, 100},
                             .tools = {150, 720},
                             .tools_forced = {150, 720}};
// OpenAI's open models come behind a system prompt of the template.
constexpr PromptOverhead gpt_oss{.prompt = {66, 90},
                                 .message = {4, 8},
                                 .name = {1, 4},
                                 .call = {10, 40},
                                 .tools = {60, 160},
                                 .tools_forced = {60, 160}};

}  // namespace

TokenRange PromptOverhead::of(const PromptShape& shape) const {
  if (shape.messages == 0) return {};
  TokenRange sum = prompt + shape.messages * message + shape.names * name + shape.calls * call;
  if (shape.tools > 0) sum += shape.tool_forced ? tools_forced : tools;
  return sum;
}

PromptOverhead prompt_overhead(std::string_view model, PromptForm form) {
  const TokenFamily& family = token_family(model);
  std::string name = ascii::lowered(model);
  if (name.contains("gpt-oss")) return gpt_oss;
  if (family.exact) {
    PromptOverhead overhead = openai;
    if (form == PromptForm::chat && name.contains("gpt-5")) {
      overhead.tools += {gpt_5_chat_tools, gpt_5_chat_tools};
      overhead.tools_forced += {gpt_5_chat_tools, gpt_5_chat_tools};
    }
    return overhead;
  }
  if (family.name == "claude-4.7") return claude_4;
  if (family.name == "claude") {
    unsigned version = claude_version(model);
    return version > 0 && version < 400 ? claude_3 : claude_4;
  }
  for (const Line& line : lines) {
    if (line.family == family.name) return line.overhead;
  }
  return any;
}

}  // namespace recloser::text
