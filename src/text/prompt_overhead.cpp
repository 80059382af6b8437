#include "text/prompt_overhead.h"

#include "core/ascii.h"
#include "text/token_family.h"

#include <array>
#include <string>

namespace recloser::text {
namespace {

// Where the figures come from: the exchanges recorded in the shared data (inputs of
// token_counts.jsonl; the recordings for tools, calls, and what answers have beyond their texts).
// A call costs 35 tokens with Claude, 25 with DeepSeek, and another ten for each argument; about
// one is usual.

// <|start|>role<|message|> .. <|end|> around each, and the beginning of the answer.
constexpr PromptOverhead openai{.prompt = {3, 3},
                                .message = {4, 4},
                                .name = {1, 1},
                                .call = {7, 20},
                                .tools = {12, 20},
                                .tools_forced = {12, 20},
                                .tools_declared = true,
                                .answer = {0, 1}};
constexpr TokenRange gpt_5_prompt{2, 3};
constexpr std::uint64_t gpt_5_chat_tools = 80;
// Marks of channels, which no event shows.
constexpr TokenRange gpt_5_answer{9, 16};
constexpr TokenRange gpt_5_later_answer{4, 16};
constexpr TokenRange responses_answer{1, 8};

// With thinking on, a prompt has some 30 tokens more.
constexpr PromptOverhead claude_3{.prompt = {3, 40},
                                  .message = {3, 8},
                                  .name = {1, 8},
                                  .call = {42, 80},
                                  .tools = {340, 460},
                                  .tools_forced = {440, 560}};
constexpr PromptOverhead claude_4{.prompt = {3, 40},
                                  .message = {3, 8},
                                  .name = {1, 8},
                                  .call = {42, 100},
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
          .call = {0, 24},
          .tools = {10, 60},
          .tools_forced = {10, 60}}},
    Line{"mistral",
         {.prompt = {1, 16},
          .message = {2, 6},
          .name = {1, 6},
          .call = {7, 40},
          .tools = {62, 180},
          .tools_forced = {62, 180}}},
    Line{"deepseek",
         {.prompt = {2, 6},
          .message = {2, 6},
          .name = {1, 6},
          .call = {34, 80},
          .tools = {262, 420},
          .tools_forced = {262, 420}}},
    Line{"grok",
         {.prompt = {0, 160},
          .message = {3, 6},
          .name = {1, 6},
          .call = {14, 60},
          .tools = {145, 360},
          .tools_forced = {145, 360}}},
    Line{"nova",
         {.prompt = {4, 40},
          .message = {3, 8},
          .name = {1, 8},
          .call = {20, 80},
          .tools = {250, 600},
          .tools_forced = {250, 600}}},
};
// Since 3.1 the template says which day it is.
constexpr PromptOverhead llama{.prompt = {30, 50},
                               .message = {5, 8},
                               .name = {1, 8},
                               .call = {10, 60},
                               .tools = {200, 720},
                               .tools_forced = {200, 720}};
constexpr TokenRange llama_3_prompt{4, 10};
// Perplexity counts the texts alone.
constexpr PromptOverhead sonar{.prompt = {1, 8},
                               .message = {0, 8},
                               .name = {1, 8},
                               .call = {10, 60},
                               .tools = {200, 720},
                               .tools_forced = {200, 720}};
constexpr PromptOverhead any{.prompt = {5, 80},
                             .message = {4, 12},
                             .name = {1, 12},
                             .call = {20, 100},
                             .tools = {150, 720},
                             .tools_forced = {150, 720}};
// OpenAI's open models come behind a system prompt of the template, alike at four who serve them
// (63 tokens, at Groq 67); with tools it names their channel. A call stands with its recipient, and
// so does its result.
constexpr PromptOverhead gpt_oss{.prompt = {64, 90},
                                 .message = {4, 8},
                                 .name = {1, 4},
                                 .call = {18, 40},
                                 .tools = {31, 160},
                                 .tools_forced = {31, 160},
                                 .tools_declared = true,
                                 .answer = {8, 16}};
// Behind Responses DeepSeek thinks unless it is told not to, and says so to the model: 79 tokens
// ahead of any prompt, 40 where the tools have a preface already.
constexpr TokenRange deepseek_thinking_prompt{81, 100};
constexpr std::uint64_t deepseek_thinking_tools = 223;
// The template of Mistral's hybrid model tells it how much to think, even where that is not at all.
// With tools, the two together are what the tools of the others are.
constexpr TokenRange mistral_hybrid_prompt{13, 28};
constexpr std::uint64_t mistral_hybrid_tools = 50;

PromptOverhead of_openai(std::string_view name, PromptForm form) {
  PromptOverhead overhead = openai;
  if (form == PromptForm::responses) overhead.answer = responses_answer;
  std::size_t at = name.find("gpt-5");
  if (at == std::string_view::npos) return overhead;
  overhead.prompt = gpt_5_prompt;
  bool later = name.substr(at).starts_with("gpt-5.");
  overhead.answer = later ? gpt_5_later_answer : gpt_5_answer;
  if (form == PromptForm::chat) {
    overhead.tools += {gpt_5_chat_tools, gpt_5_chat_tools};
    overhead.tools_forced += {gpt_5_chat_tools, gpt_5_chat_tools};
  }
  return overhead;
}

PromptOverhead of_deepseek(PromptOverhead overhead, PromptForm form) {
  if (form != PromptForm::responses) return overhead;
  overhead.prompt = deepseek_thinking_prompt;
  overhead.tools.about = overhead.tools_forced.about = deepseek_thinking_tools;
  return overhead;
}

PromptOverhead of_mistral(PromptOverhead overhead, std::string_view name) {
  // What "latest" was before 2026 had a name with a date, too.
  if (!name.contains("small-latest") || name.contains("voxtral")) return overhead;
  overhead.prompt = mistral_hybrid_prompt;
  overhead.tools.about = overhead.tools_forced.about = mistral_hybrid_tools;
  return overhead;
}

PromptOverhead of_llama(std::string_view name) {
  if (name.contains("sonar")) return sonar;
  PromptOverhead overhead = llama;
  bool before_3_1 = name.contains("llama3-") || name.contains("llama-3-") ||
                    name.contains("llama2") || name.contains("llama-2") || name.contains("distill");
  if (before_3_1) overhead.prompt = llama_3_prompt;
  return overhead;
}

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
  if (family.exact) return of_openai(name, form);
  if (family.name == "llama") return of_llama(name);
  if (family.name == "claude-4.7") return claude_4;
  if (family.name == "claude") {
    unsigned version = claude_version(model);
    return version > 0 && version < 400 ? claude_3 : claude_4;
  }
  for (const Line& line : lines) {
    if (line.family != family.name) continue;
    if (line.family == "deepseek") return of_deepseek(line.overhead, form);
    return line.family == "mistral" ? of_mistral(line.overhead, name) : line.overhead;
  }
  return any;
}

}  // namespace recloser::text
