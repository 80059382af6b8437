#include "codec/seals.h"

#include "codec/json_walk.h"
#include "core/ascii.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace recloser::codec {
namespace {

constexpr std::array<std::string_view, 4> seals_of_chat_messages{
    "reasoning_details", "thinking_blocks", "extra_content", "thought_signature"};
constexpr std::array<std::string_view, 3> seals_of_chat_calls{
    "extra_content", "provider_specific_fields", "thought_signature"};

constexpr std::size_t error_bytes_max = 4096;  // that are looked at

bool is_one_of(std::string_view name, auto& names) {
  return std::ranges::find(names, name) != names.end();
}

// The parts of a body that are to go, in their order.
class Cuts {
 public:
  explicit Cuts(std::string_view body) : body_(body) {}

  bool empty() const { return spans_.empty(); }
  void clear() { spans_.clear(); }

  // `from` and `to` point into the body.
  void add(const char* from, const char* to) {
    spans_.push_back({static_cast<std::uint64_t>(from - body_.data()),
                      static_cast<std::uint64_t>(to - body_.data())});
  }

  void add(const Cuts& more) {
    spans_.insert(spans_.end(), more.spans_.begin(), more.spans_.end());
  }

  // As one edit, of what lies between the first and the last one.
  void write(BodyEdits& edits) const {
    std::string between;
    for (std::size_t i = 1; i < spans_.size(); ++i) {
      between.append(body_.substr(spans_[i - 1].end, spans_[i].begin - spans_[i - 1].end));
    }
    edits.replace({spans_.front().begin, spans_.back().end}, between);
  }

 private:
  std::string_view body_;
  std::vector<Span> spans_;
};

// Children of one object or list of which some go, with the commas that parted them from the rest.
class Children {
 public:
  Children(std::string_view container, Cuts& cuts) : each_(container), cuts_(cuts) {}

  bool next() {
    before_ = end_;
    if (!each_.next()) {
      if (pending_ != nullptr) cuts_.add(pending_, end_);
      return false;
    }
    // With the quote before its name.
    begin_ = each_.key().data() != nullptr ? each_.key().data() - 1 : each_.value().data();
    end_ = each_.value().data() + each_.value().size();
    return true;
  }
  std::string_view key() const { return each_.key(); }
  std::string_view value() const { return each_.value(); }

  // The child that next() went to. With one that goes, the comma before it does; with those before
  // the first that stays, the one behind them.
  void take(bool stays) {
    if (stays) {
      if (pending_ != nullptr) cuts_.add(pending_, begin_);
      pending_ = nullptr;
      keeps_ = true;
    } else if (keeps_) {
      cuts_.add(before_, end_);
    } else if (pending_ == nullptr) {
      pending_ = begin_;
    }
  }
  bool keeps() const { return keeps_; }

 private:
  JsonChildren each_;
  Cuts& cuts_;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  const char* before_ = nullptr;   // the end of the one before
  const char* pending_ = nullptr;  // where those begin that go, while none is kept
  bool keeps_ = false;
};

std::string_view type_of(std::string_view object) { return json_text(json_member(object, "type")); }

bool is_from_model(std::string_view message) {
  return json_text(json_member(message, "role")) == "assistant";
}

// False: nothing of the message is left.
bool cut_message(std::string_view message, Cuts& cuts) {
  if (!is_from_model(message)) return true;
  Children blocks(json_member(message, "content"), cuts);
  while (blocks.next()) {
    std::string_view type = type_of(blocks.value());
    blocks.take(type != "thinking" && type != "redacted_thinking");
  }
  return cuts.empty() || blocks.keeps();
}

// One that tells its thoughts is read by anybody.
bool is_sealed_item(std::string_view item) {
  if (type_of(item) != "reasoning") return false;
  if (!json_text(json_member(item, "encrypted_content")).empty()) return true;
  return !JsonChildren(json_member(item, "content")).next();
}

void cut_calls(std::string_view calls, Cuts& cuts) {
  for (JsonChildren call(calls); call.next();) {
    Children members(call.value(), cuts);
    while (members.next()) {
      members.take(!is_one_of(members.key(), seals_of_chat_calls));
    }
  }
}

void cut_chat_message(std::string_view message, Cuts& cuts) {
  if (!is_from_model(message)) return;
  Children members(message, cuts);
  while (members.next()) {
    members.take(!is_one_of(members.key(), seals_of_chat_messages));
    if (members.key() == "tool_calls") cut_calls(members.value(), cuts);
  }
}

// Whether what stands there is to stay.
bool cut(Operation operation, std::string_view message, Cuts& cuts) {
  if (operation == Operation::responses) return !is_sealed_item(message);
  if (operation == Operation::chat) {
    cut_chat_message(message, cuts);
    return true;
  }
  return cut_message(message, cuts);
}

bool goes_on_after_tools(std::string_view messages) {
  std::string_view last;
  for (JsonChildren each(messages); each.next();) last = each.value();
  for (JsonChildren block(json_member(last, "content")); block.next();) {
    if (type_of(block.value()) == "tool_result") return true;
  }
  return false;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  for (std::size_t at = 0; at + part.size() <= text.size(); ++at) {
    if (ascii::starts_with_ignoring_case(text.substr(at), part)) return true;
  }
  return false;
}

}  // namespace

bool take_out_seals(BodyEdits& edits, Operation operation, std::string_view body,
                    const RequestFacts& facts) {
  bool may_have_any = family_of(operation) == Family::anthropic || operation == Operation::chat ||
                      operation == Operation::responses;
  Span list = facts.messages_value;
  if (!may_have_any || list.empty()) return false;
  std::string_view messages = body.substr(list.begin, list.size());
  if (!messages.starts_with('[')) return false;
  Cuts cuts(body);
  Cuts within(body);  // of one message
  Children each(messages, cuts);
  while (each.next()) {
    within.clear();
    bool stays = cut(operation, each.value(), within);
    each.take(stays);
    if (stays) cuts.add(within);
  }
  if (cuts.empty()) return false;
  cuts.write(edits);
  std::string_view thinking = json_member(body, "thinking");
  if (family_of(operation) == Family::anthropic && type_of(thinking) == "enabled" &&
      goes_on_after_tools(messages)) {
    auto at = static_cast<std::uint64_t>(thinking.data() - body.data());
    edits.replace({at, at + thinking.size()}, R"({"type":"disabled"})");
  }
  return true;
}

bool refuses_seals(std::string_view error_body) {
  constexpr std::array<std::string_view, 7> words{
      "thinking.signature",  // Anthropic: Field required
      "signature`",          // Anthropic: Invalid `signature` in `thinking` block
      "signature in",        // the same, where others tell it on
      "redacted_thinking",   // Anthropic: of its data
      "thought signature",   // Google: it is not valid, or corrupted
      "encrypted content",   // OpenAI: it could not be verified, or decrypted
      "encrypted_content"};  // the same, by its code
  std::string_view begin = error_body.substr(0, error_bytes_max);
  return std::ranges::any_of(
      words, [&](std::string_view word) { return contains_ignoring_case(begin, word); });
}

}  // namespace recloser::codec
