// PromptOverhead: the tokens that a provider counts beyond the texts of a prompt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace recloser::text {

// As many about, and at most.
struct TokenRange {
  std::uint64_t about = 0;
  std::uint64_t max = 0;

  TokenRange& operator+=(const TokenRange& more) {
    about += more.about;
    max += more.max;
    return *this;
  }
  friend TokenRange operator+(TokenRange a, const TokenRange& b) { return a += b; }
  friend TokenRange operator*(std::uint64_t n, const TokenRange& each) {
    return {n * each.about, n * each.max};
  }
  friend bool operator==(const TokenRange&, const TokenRange&) = default;
};

// How a prompt is written down: the same model counts differently behind different interfaces.
enum class PromptForm : std::uint8_t { chat, responses, other };
inline constexpr std::size_t prompt_form_count = 3;

// What of a prompt has tokens beside its texts. A text is the content of a message, a name, the
// name of a tool that was called, its arguments, its result.
struct PromptShape {
  std::uint32_t messages = 0;  // with the system prompt; a tool's result is one, too
  std::uint32_t names = 0;     // of participants: the member `name` of a message
  std::uint32_t calls = 0;     // of tools, in the messages
  std::uint32_t tools = 0;     // defined
  bool tool_forced = false;    // the tool choice leaves no other way than to call one
};

// Of a model. For OpenAI's chat the sum is exact where there are no tools; the others are lines
// through what providers reported (tests/tokens prints them). Nothing is known of a model that runs
// behind a template of its own: its `max` is the longest template that was seen.
struct PromptOverhead {
  TokenRange prompt;
  TokenRange message;  // its role included
  TokenRange name;
  TokenRange call;
  TokenRange tools;         // once, beyond what their definitions are as texts
  TokenRange tools_forced;  // the same where one must be called
  // OpenAI writes the definitions down as a program would declare functions (function_tokens.h);
  // the others count their JSON.
  bool tools_declared = false;

  // Of the answer, beyond its texts and its calls: marks that nobody sees.
  TokenRange answer;

  TokenRange of(const PromptShape& shape) const;
};

PromptOverhead prompt_overhead(std::string_view model, PromptForm form);

// What an answer has beyond its visible text: the marks of its end, and of its beginning.
inline constexpr std::uint64_t answer_tokens_more_max = 8;

}  // namespace recloser::text
