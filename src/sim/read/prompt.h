// Prompt: what a request says to the model: its size in tokens, its hash, and what decides between
// text and a tool.
#pragma once

#include "sim/call.h"
#include "sim/pieces.h"
#include "sim/read/fields.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::sim {

// The rule of docs/simulated-provider.md: a started group of four bytes of text is a token, a
// message four more, an image or another part that is no text 85.
inline constexpr std::uint64_t bytes_per_input_token = 4;
inline constexpr std::uint64_t tokens_per_message = 4;
inline constexpr std::uint64_t tokens_per_media_part = 85;

class Prompt {
 public:
  explicit Prompt(std::uint64_t seed) : hash_(seed) {}

  void add_text(std::string_view text);
  void add_json(const Json& value);  // counted by its compact text
  void add_message() { tokens_ += tokens_per_message; }
  void add_tokens(std::uint64_t count) { tokens_ += count; }

  // A string, or a list of parts of any of the dialects.
  void add_content(const Json& content);

  // One message; what the last of them was decides about tools.
  void begin_message(std::string_view role);

  std::uint64_t tokens() const { return tokens_; }
  std::uint64_t hash() const { return hash_.value(); }
  const std::string& last_user_text() const { return last_user_text_; }
  bool ends_with_tool_result() const { return tool_result_last_; }
  void saw_tool_result() { tool_result_last_ = true; }

 private:
  void add_part(const Json& part);

  SeedHash hash_;
  std::uint64_t tokens_ = 0;
  std::string last_user_text_;
  bool in_user_text_ = false;
  bool tool_result_last_ = false;
};

// A tool that the request offers.
struct OfferedTool {
  std::string_view name;
  const Json* schema = nullptr;  // of its arguments; null: none
};

// What `tool_choice` says, over all dialects.
struct ToolChoice {
  enum class Kind : unsigned char { automatic, none, required, named };
  Kind kind = Kind::automatic;
  std::string_view name;
};

// Decides what `call` answers with: a tool call, structured output (when `schema` is not null), or
// text.
void choose_content(Fields& fields, const Prompt& prompt, const std::vector<OfferedTool>& tools,
                    ToolChoice choice, const Json* schema, Call& call);

}  // namespace recloser::sim
