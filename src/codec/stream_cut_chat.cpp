// The end of chat completions and legacy completions: for each open choice a chunk with the note
// and one with the reason, then the usage where it was asked for, then [DONE].
#include "codec/stream_cut_grammar.h"

#include <bitset>
#include <utility>

#include <fmt/format.h>

namespace recloser::codec {
namespace {

enum Id : std::uint8_t { id_none, id_created, id_fingerprint, id_choice_index };
constexpr JsonTable table{
    {"created", id_created, want_number},
    {"system_fingerprint", id_fingerprint, want_text},
    {"choices[].index", id_choice_index, want_number},
};

constexpr std::size_t choices_max = 128;  // `n` of OpenAI's; of choices beyond it none is closed
constexpr std::size_t fingerprint_bytes_max = 128;

// What the client has seen. Small, because it is copied with each event.
struct Seen {
  std::bitset<choices_max> begun;
  std::bitset<choices_max> text;
  std::bitset<choices_max> calling;  // the choice's last call may go on
  std::bitset<choices_max> ended;
  std::uint32_t call_choice = 0;  // of the call that was told of last
  std::uint32_t call_index = 0;
  bool usage = false;  // told when nothing but it was still to come
  bool done = false;

  bool all_ended() const { return begun.any() && ended == begun; }
};

class ChatCut final : public CutGrammar {
 public:
  explicit ChatCut(bool completions) : completions_(completions) {}

  void join(const StreamSoFar& so_far, const StreamFacts& facts) override;
  StreamCut::Pass see(const Event& event, std::string_view frame) override;
  void release() override { before_hold_ = now_, holds_ = false; }
  void drop() override { now_ = passed(), holds_ = in_frame_ = false; }
  bool over() const override { return passed().done; }
  void write(std::string& out, const CutOrder& order, const StreamFacts& facts) const override;

 private:
  const Seen& passed() const { return holds_ ? before_hold_ : in_frame_ ? before_frame_ : now_; }
  void see_call(const Event& event);
  void learn(std::string_view frame);
  void write_head(JsonWriter& json, const CutOrder& order, const StreamFacts& facts) const;
  void write_choice(std::string& out, std::uint32_t choice, const CutOrder& order,
                    const StreamFacts& facts) const;
  void write_usage(std::string& out, const CutOrder& order, const StreamFacts& facts) const;

  Seen now_;
  Seen before_frame_;
  Seen before_hold_;
  bool completions_;
  bool in_frame_ = false;
  // Of the SSE event:
  bool placed_ = false;    // something was told of a choice
  bool saw_call_ = false;  // a call was, and ..
  bool anew_ = false;      // .. the first is another than the only one that was open
  bool holds_ = false;
  std::uint64_t created_ = 0;
  std::string fingerprint_;  // raw
};

void ChatCut::join(const StreamSoFar& so_far, const StreamFacts& facts) {
  now_.begun = so_far.begun;
  now_.ended = so_far.ended;
  if (so_far.text) now_.text = now_.begun;
  if (so_far.tool) now_.calling = now_.begun & ~now_.ended;
  // Its first chunk says a role, and perhaps nothing else.
  if (so_far.started && now_.begun.none()) now_.begun.set(0);
  now_.usage = facts.usage_source == UsageSource::final && now_.all_ended();
  now_.done = so_far.done;
}

StreamCut::Pass ChatCut::see(const Event& event, std::string_view frame) {
  if (!in_frame_) before_frame_ = now_, placed_ = saw_call_ = anew_ = false;
  in_frame_ = !event.last_of_frame;
  bool known = event.choice < choices_max;
  switch (event.kind) {
    case EventKind::text:
      if (known) now_.text.set(event.choice);
      [[fallthrough]];
    case EventKind::reasoning:
      if (known) now_.begun.set(event.choice);
      break;
    case EventKind::tool_call:
      if (known) see_call(event);
      break;
    case EventKind::finish:
      if (!known) break;
      now_.begun.set(event.choice);
      now_.ended.set(event.choice);
      now_.calling.reset(event.choice);
      break;
    case EventKind::usage:
      now_.usage = now_.all_ended();
      break;
    case EventKind::done:
      now_.done = true;
      now_.calling.reset();
      break;
    default:
      break;
  }
  placed_ |= event.kind == EventKind::text || event.kind == EventKind::reasoning ||
             event.kind == EventKind::tool_call || event.kind == EventKind::finish;
  bool starts = event.kind == EventKind::start;
  if (starts || (event.last_of_frame && !placed_)) learn(frame);
  if (!event.last_of_frame) return StreamCut::Pass::on;
  bool was_holding = holds_;
  holds_ = now_.calling.any() && (holds_ || before_frame_.calling.none() || anew_);
  if (!holds_) return StreamCut::Pass::on;
  if (was_holding && !anew_) return StreamCut::Pass::held;
  before_hold_ = before_frame_;
  before_hold_.calling.reset();  // what was open is whole now
  return was_holding ? StreamCut::Pass::held_anew : StreamCut::Pass::held;
}

// A call is whole when another begins in its choice. From there on that one is held by itself, if
// no other choice has an open one, and nothing of the first came in the same SSE event.
void ChatCut::see_call(const Event& event) {
  const Seen& before = before_frame_;
  bool only_open = before.calling.count() == 1 && before.calling[event.choice];
  bool other = before.call_choice == event.choice && before.call_index != event.index;
  if (!std::exchange(saw_call_, true)) anew_ = only_open && other;
  now_.begun.set(event.choice);
  now_.calling.set(event.choice);
  now_.call_choice = event.choice;
  now_.call_index = event.index;
}

// What the events do not tell: a choice that has only said its role has begun too, and its role
// must not be said again (the SDK of Python would put the two together).
void ChatCut::learn(std::string_view frame) {
  scan_frame(frame, table, [&](JsonToken, const JsonScanner& scanner, std::string_view) {
    if (scanner.id() == id_created) created_ = scanner.number();
    bool small = scanner.raw().size() <= fingerprint_bytes_max;
    if (scanner.id() == id_fingerprint && small) fingerprint_ = scanner.raw();
    bool known = scanner.number() < choices_max;
    if (scanner.id() == id_choice_index && known) now_.begun.set(scanner.number());
  });
}

void ChatCut::write(std::string& out, const CutOrder& order, const StreamFacts& facts) const {
  const Seen& seen = passed();
  if (seen.done) return;
  write_cut_comment(out, order);
  if (!seen.all_ended()) {
    if (seen.begun.none()) write_choice(out, 0, order, facts);
    for (std::uint32_t choice = 0; choice < choices_max; ++choice) {
      if (seen.begun[choice] && !seen.ended[choice]) write_choice(out, choice, order, facts);
    }
  }
  if (order.usage != nullptr && !seen.usage) write_usage(out, order, facts);
  out += "data: [DONE]\n\n";
}

// The members that stand in every chunk; of a stream that has told none of them, ours.
void ChatCut::write_head(JsonWriter& json, const CutOrder& order, const StreamFacts& facts) const {
  json.open_object();
  if (facts.response_id.empty()) {
    json.member("id", fmt::format("{}-{}", completions_ ? "cmpl" : "chatcmpl", order.call));
  } else {
    json.member("id", facts.response_id);
  }
  json.member("object", completions_ ? "text_completion" : "chat.completion.chunk");
  std::int64_t created = created_ > 0 && created_ <= INT64_MAX ? static_cast<std::int64_t>(created_)
                                                               : order.created_at_s;
  json.member("created", created);
  json.member("model", facts.model.empty() ? order.model : std::string_view(facts.model));
  if (!fingerprint_.empty()) raw_member(json, "system_fingerprint", fingerprint_);
}

void ChatCut::write_choice(std::string& out, std::uint32_t choice, const CutOrder& order,
                           const StreamFacts& facts) const {
  const Seen& seen = passed();
  bool first = !seen.begun[choice];
  auto chunk = [&](std::string_view text, std::string_view reason) {
    out += "data: ";
    JsonWriter json(out);
    write_head(json, order, facts);
    json.key("choices").open_array().open_object().member("index", choice);
    if (completions_) {
      json.member("text", text);
    } else {
      json.key("delta").open_object();
      if (first && reason.empty()) json.member("role", "assistant");
      if (reason.empty()) json.member("content", text);
      json.close_object();
    }
    json.key("logprobs").null().key("finish_reason");
    if (reason.empty()) {
      json.null();
    } else {
      json.value(reason);
    }
    json.close_object().close_array();
    if (order.usage != nullptr) json.key("usage").null();  // as OpenAI's chunks have it then
    json.close_object();
    out += "\n\n";
  };
  if (has_note(order)) {
    chunk(note_text(order, seen.text[choice]), "");
  } else if (first) {
    chunk("", "");
  }
  switch (finish_of_cut(order, false, seen.calling[choice])) {
    case CutFinish::stop:
      return chunk("", "stop");
    case CutFinish::content_filter:
      return chunk("", "content_filter");
    case CutFinish::length:
    case CutFinish::by_default:
      return chunk("", "length");
  }
}

void ChatCut::write_usage(std::string& out, const CutOrder& order, const StreamFacts& facts) const {
  out += "data: ";
  JsonWriter json(out);
  write_head(json, order, facts);
  json.key("choices").open_array().close_array();
  write_chat_usage(json, *order.usage);
  json.close_object();
  out += "\n\n";
}

}  // namespace

void write_chat_usage(JsonWriter& json, const Usage& usage) {
  json.key("usage").open_object();
  json.member("prompt_tokens", usage.input_tokens);
  json.member("completion_tokens", usage.output_tokens);
  json.member("total_tokens", usage.input_tokens + usage.output_tokens);
  json.key("prompt_tokens_details").open_object();
  json.member("cached_tokens", usage.cached_input_tokens).close_object();
  json.key("completion_tokens_details").open_object();
  json.member("reasoning_tokens", usage.reasoning_tokens).close_object().close_object();
}

std::unique_ptr<CutGrammar> make_chat_cut(bool completions) {
  return std::make_unique<ChatCut>(completions);
}

}  // namespace recloser::codec
