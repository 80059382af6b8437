// PromptCount: the tokens of one prompt in JSON, as `recloser count` tells them.
#pragma once

#include "cli/json.h"
#include "core/result.h"
#include "text/encoding.h"
#include "text/prompt_overhead.h"
#include "text/prompt_tokens.h"
#include "text/token_family.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::cli {

class PromptCount {
 public:
  PromptCount(std::string_view model, text::EncodingScratch& scratch);
  PromptCount(const PromptCount&) = delete;

  void add_text(std::string_view text);
  // Messages of any of the providers' interfaces, or pairs of a role and a text; definitions of
  // tools. Errors (malformed) say where, as "messages[2].content".
  Result<void> add_messages(const Json& messages);
  Result<void> add_tools(const Json& tools);

  std::uint64_t tokens() const { return sum_.encoded().about; }
  std::uint64_t upper() const { return sum_.encoded().max; }
  // The provider's own tokenizer on what is known to the last token.
  bool exact() const { return exact_; }
  std::string_view encoding() const { return family_.encoding_name; }
  const text::TokenFamily& family() const { return family_; }

 private:
  void add_message(const boost::json::object& message);
  void add_content(const Json& content);
  void add_part(const boost::json::object& part);
  void add_calls(const Json& calls);
  void add_json(const Json& json);
  void add_medium(std::string_view type, const boost::json::object& part);

  std::string model_;
  const text::TokenFamily& family_;
  text::PromptOverhead overhead_;
  text::EncodingScratch& scratch_;
  text::PromptTokens sum_;
  bool exact_;
};

}  // namespace recloser::cli
