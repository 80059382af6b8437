// PromptEstimate: about how many tokens a prompt has, and at most, before it is sent; of what has
// been counted before, nothing is read again but its hash.
#pragma once

#include "codec/operation.h"
#include "codec/prompt_reader.h"
#include "codec/request.h"
#include "codec/tool_reader.h"
#include "core/keyed_hash.h"
#include "relay/declared_tools.h"
#include "relay/remembered_counts.h"
#include "session/hash128.h"
#include "text/prompt_tokens.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace recloser::relay {

// A prompt that lies in a body. All of it outlives the estimate.
struct PromptInBody {
  std::string_view body;
  codec::Operation operation = codec::Operation::chat;
  const codec::RequestFacts* facts = nullptr;
  std::span<const std::uint64_t> message_begins;
  std::string_view model;
  const text::TokenFamily* family = nullptr;
  const text::PromptOverhead* overhead = nullptr;
  session::Hash128 principal;  // how long an estimate takes tells nobody what others have sent
};

// Each message is a value of its own, and so are the system prompt and the tools. Texts are weighed
// by their bytes, media by the formulas of the model's provider.
class PromptEstimate {
 public:
  PromptEstimate(const PromptInBody& prompt, const KeyedHash& hash, RememberedCounts& remembered);

  // Goes on for about as long as it takes to weigh so many bytes; whether it is done. To be called
  // until it is.
  bool count(std::size_t bytes);

  // When it is done.
  text::TokenRange sum() const;

  // Whether the model is to read what lies elsewhere (a file by its id, a document by its URL): how
  // much that is nobody knows.
  bool reads_elsewhere() const { return reads_elsewhere_; }

  // Of the principal, the model and the interface: for what else is remembered of the prompt.
  std::uint64_t context() const { return context_; }

 private:
  struct Value {
    codec::PromptValue what;
    std::string_view bytes;
  };
  std::size_t values() const;
  Value value(std::size_t index) const;
  void begin(const Value& value);
  void count_piece();
  void take(const codec::PromptPiece& piece);
  void declare_tool();
  void end_value();
  void add(text::TokenRange pieces, const text::PromptShape& shape);
  void spend(std::size_t bytes) { room_ -= std::min(room_, bytes); }

  // What is hashed or read over costs so much less than what is weighed.
  static constexpr std::size_t cheaper = 16;
  // Tools are declared one at a time: their JSON is gone through several times, and weighed.
  static constexpr std::size_t dearer = 4;
  // One of so many bytes takes half a millisecond. More of them are weighed as JSON, which is more.
  static constexpr std::size_t declared_bytes_max = 128u << 10;

  PromptInBody prompt_;
  const KeyedHash& hash_;
  RememberedCounts& remembered_;
  std::uint64_t context_;  // of every hash
  std::size_t next_ = 0;   // value
  std::size_t room_ = 0;   // bytes that may be weighed before others have their turn

  // Of the value that is being counted.
  std::uint64_t value_hash_ = 0;
  std::optional<codec::PromptReader> reader_;
  std::optional<text::PromptTokens> tokens_;
  std::optional<codec::ToolList> open_tools_;
  std::optional<DeclaredTools> declared_;
  std::string_view open_text_;
  bool open_escaped_ = false;
  bool value_reads_elsewhere_ = false;

  text::TokenRange pieces_;
  text::PromptShape shape_;
  bool reads_elsewhere_ = false;
};

}  // namespace recloser::relay
