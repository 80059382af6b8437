#include "relay/prompt_estimate.h"

#include "relay/prompt_pieces.h"

#include <algorithm>
#include <limits>

namespace recloser::relay {
namespace {

// The same bytes mean something else to another model, as another part of a prompt, or to another
// interface.
std::uint64_t context_of(const PromptInBody& prompt, const KeyedHash& hash) {
  std::uint64_t principal = hash.of({}, prompt.principal.high) ^ prompt.principal.low;
  return hash.of(prompt.model, principal) + (static_cast<std::uint64_t>(prompt.operation) << 8);
}

template <class Small>
bool fits(std::uint64_t value) {
  return value <= std::numeric_limits<Small>::max();
}

}  // namespace

PromptEstimate::PromptEstimate(const PromptInBody& prompt, const KeyedHash& hash,
                               RememberedCounts& remembered)
    : prompt_(prompt), hash_(hash), remembered_(remembered), context_(context_of(prompt, hash)) {
  remembered_.next_call();
}

// The system prompt and the tools first: what is sent with every turn.
std::size_t PromptEstimate::values() const {
  return 2 + std::max<std::size_t>(1, prompt_.message_begins.size());
}

PromptEstimate::Value PromptEstimate::value(std::size_t index) const {
  const codec::RequestFacts& facts = *prompt_.facts;
  auto at = [this](codec::Span span) { return prompt_.body.substr(span.begin, span.size()); };
  if (index == 0) return {codec::PromptValue::system, at(facts.system_value)};
  if (index == 1) return {codec::PromptValue::tools, at(facts.tools_value)};
  std::span<const std::uint64_t> begins = prompt_.message_begins;
  if (begins.empty()) return {codec::PromptValue::messages, at(facts.messages_value)};
  std::size_t i = index - 2;
  std::uint64_t next = i + 1 < begins.size() ? begins[i + 1] : facts.messages_value.end;
  return {codec::PromptValue::message, at(codec::message_span(prompt_.body, begins[i], next))};
}

bool PromptEstimate::count(std::size_t bytes) {
  room_ = bytes;
  for (;;) {
    if (reader_) {
      if (room_ == 0) return false;
      count_piece();
    } else if (next_ == values()) {
      return true;
    } else {
      if (room_ == 0) return false;
      begin(value(next_++));
    }
  }
}

void PromptEstimate::begin(const Value& value) {
  if (value.bytes.empty()) return;
  spend(value.bytes.size() / cheaper + 1);
  value_hash_ = hash_.of(value.bytes, context_ + static_cast<std::uint64_t>(value.what));
  if (std::optional<RememberedCounts::Count> known = remembered_.find(value_hash_)) {
    return add({known->about, known->max},
               {.messages = known->messages, .names = known->names, .calls = known->calls});
  }
  value_reads_elsewhere_ = false;
  reader_.emplace(prompt_.operation, value.what, value.bytes);
  tokens_.emplace(prompt_.model, *prompt_.family, *prompt_.overhead, nullptr);
}

void PromptEstimate::count_piece() {
  if (open_tools_) return declare_tool();
  if (open_text_.empty()) {
    std::optional<codec::PromptPiece> piece = reader_->next();
    return piece ? take(*piece) : end_value();
  }
  std::string_view part = open_text_.substr(0, room_);
  spend(part.size());
  tokens_->part(part, open_escaped_);
  open_text_.remove_prefix(part.size());
  if (open_text_.empty()) tokens_->end_text();
}

void PromptEstimate::take(const codec::PromptPiece& piece) {
  spend(piece.raw.size() / cheaper + 1);
  value_reads_elsewhere_ |= piece.part == codec::PromptPart::remote;
  if (!note_piece(*tokens_, piece)) return;
  bool declared = piece.part == codec::PromptPart::tools && prompt_.overhead->tools_declared &&
                  piece.raw.size() <= declared_bytes_max;
  if (declared) {
    open_tools_.emplace(piece.raw);
    declared_.emplace(*prompt_.family, nullptr);
  } else {
    open_text_ = piece.raw;
    open_escaped_ = piece.escaped;
  }
}

void PromptEstimate::declare_tool() {
  std::string_view tool = open_tools_->next();
  spend(dearer * tool.size());
  if (!tool.empty()) return declared_->add(tool);
  tokens_->declare(declared_->tokens());
  open_tools_.reset();
}

void PromptEstimate::end_value() {
  text::TokenRange pieces = tokens_->pieces();
  const text::PromptShape& shape = tokens_->shape();
  reader_.reset();
  add(pieces, shape);
  reads_elsewhere_ |= value_reads_elsewhere_;
  if (value_reads_elsewhere_ || !fits<std::uint32_t>(std::max(pieces.about, pieces.max)) ||
      !fits<std::uint16_t>(shape.messages) || !fits<std::uint16_t>(shape.names)) {
    return;
  }
  remembered_.keep(value_hash_, {.about = static_cast<std::uint32_t>(pieces.about),
                                 .max = static_cast<std::uint32_t>(pieces.max),
                                 .calls = shape.calls,
                                 .messages = static_cast<std::uint16_t>(shape.messages),
                                 .names = static_cast<std::uint16_t>(shape.names)});
}

void PromptEstimate::add(text::TokenRange pieces, const text::PromptShape& shape) {
  pieces_ += pieces;
  shape_.messages += shape.messages;
  shape_.names += shape.names;
  shape_.calls += shape.calls;
}

text::TokenRange PromptEstimate::sum() const {
  text::PromptShape shape = shape_;
  shape.tools = prompt_.facts->tools;
  text::TokenRange around = prompt_.overhead->of(shape);
  std::uint64_t about = pieces_.about;
  return {about + around.about, std::max(about, pieces_.max) + around.max};
}

}  // namespace recloser::relay
