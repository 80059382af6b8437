#include "codec/continuation/delivered.h"

#include "codec/continuation/words.h"
#include "codec/json_scanner.h"
#include "codec/stream_cut_grammar.h"

#include <algorithm>
#include <utility>

namespace recloser::codec {
namespace {

enum Id : std::uint8_t {
  id_none,
  id_type,
  id_index,
  id_block_type,
  id_signature,
  id_id,
  id_model,
  id_created,
  id_fingerprint,
};
constexpr JsonTable preamble_table{
    {"id", id_id, want_text},
    {"model", id_model, want_text},
    {"created", id_created, want_number},
    {"system_fingerprint", id_fingerprint, want_text},
    {"response.id", id_id, want_text},
    {"response.model", id_model, want_text},
    {"response.created_at", id_created, want_number},
};
constexpr JsonTable block_table{
    {"type", id_type, want_text},
    {"index", id_index, want_number},
    {"content_block.type", id_block_type, want_text},
    {"delta.signature", id_signature, want_text},
};

constexpr std::uint32_t index_max = 1u << 20;  // of a block that is counted

bool is_blank(std::string_view text) { return without_white_begin(text).empty(); }

// U+FFFD is what half a surrogate pair is read as.
bool ends_in_half_character(std::string_view text) { return text.ends_with("\xEF\xBF\xBD"); }

bool begins_json(std::string_view text) {
  constexpr JsonTable nothing{{"", 1, want_null}};
  text = without_white_begin(text);
  if (!text.starts_with('{') && !text.starts_with('[')) return false;
  JsonScanner scanner(nothing);
  while (!text.empty()) {
    if (scanner.next(text) == JsonToken::error) return false;
  }
  return true;
}

}  // namespace

std::string_view name_of(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::none:
      return "none";
    case Obstacle::ended:
      return "ended";
    case Obstacle::too_long:
      return "too_long";
    case Obstacle::several_choices:
      return "several_choices";
    case Obstacle::tool_call:
      return "tool_call";
    case Obstacle::server_tool:
      return "server_tool";
    case Obstacle::structured_output:
      return "structured_output";
    case Obstacle::json:
      return "json";
    case Obstacle::unfinished_thinking:
      return "unfinished_thinking";
    case Obstacle::refusal:
      return "refusal";
    case Obstacle::half_character:
      return "half_character";
    case Obstacle::no_anchor:
      return "no_anchor";
    case Obstacle::own_prefill:
      return "own_prefill";
    case Obstacle::odd_request:
      return "odd_request";
  }
  return "none";
}

void Delivered::see(const Event& event, std::string_view frame, StreamCut::Pass pass) {
  if (!in_frame_) before_frame_ = state_;
  in_frame_ = !event.last_of_frame;
  if (operation_ == Operation::responses) {
    bool call = event.kind == EventKind::tool_call && !event.name.empty();
    if (call && !before_calls_items_) before_calls_items_ = items_;
    items_.see(event, frame);
  } else {
    state_.several_choices |= event.choice != 0;
  }
  switch (event.kind) {
    case EventKind::start:
      learn_preamble(frame);
      break;
    case EventKind::text:
      see_text(event);
      break;
    case EventKind::reasoning:
    case EventKind::sealed:
      state_.thought = true;
      break;
    case EventKind::tool_call:
      state_.call = true;
      break;
    case EventKind::server_tool:
      state_.server_tool = true;
      break;
    case EventKind::finish:
    case EventKind::done:
      state_.ended = true;
      break;
    default:
      break;
  }
  if (!event.last_of_frame) return;
  if (operation_ == Operation::messages) see_block(frame);
  this->pass(pass);
}

// What is held comes to be delivered when something else passes.
void Delivered::pass(StreamCut::Pass pass) {
  if (pass == StreamCut::Pass::held) {
    if (!holds_) before_hold_ = before_frame_;
    holds_ = true;
    return;
  }
  holds_ = pass == StreamCut::Pass::held_anew;
  if (holds_) before_hold_ = before_frame_;
  before_calls_items_.reset();
}

void Delivered::release() {
  holds_ = false;
  before_calls_items_.reset();
}

void Delivered::drop() {
  if (!holds_) return;
  state_ = before_hold_;
  raw_.resize(state_.raw_bytes);
  if (before_calls_items_) items_ = *std::exchange(before_calls_items_, std::nullopt);
  holds_ = in_frame_ = false;
}

void Delivered::learn_preamble(std::string_view frame) {
  if (preamble_.told) return;
  preamble_.told = true;
  scan_frame(frame, preamble_table, [&](JsonToken, const JsonScanner& scanner, std::string_view) {
    switch (scanner.id()) {
      case id_id:
        preamble_.id = scanner.raw();
        break;
      case id_model:
        preamble_.model = scanner.raw();
        break;
      case id_created:
        preamble_.created = scanner.number();
        break;
      case id_fingerprint:
        preamble_.fingerprint = scanner.raw();
        break;
      default:
        break;
    }
  });
}

void Delivered::see_text(const Event& event) {
  too_long_ |= event.text_cut || event.text.size() > bytes_max - raw_.size();
  if (too_long_) return;
  raw_.append(event.text);
  state_.raw_bytes = raw_.size();
}

// Thinking is whole when it is signed; redacted thinking comes whole.
void Delivered::see_block(std::string_view frame) {
  std::string room;
  std::string_view data = data_of(frame, room);
  std::string_view type;
  std::string_view block;
  std::uint32_t index = 0;
  bool is_signed = false;
  scan_data(data, block_table, [&](JsonToken, const JsonScanner& scanner, std::string_view) {
    if (scanner.id() == id_type) type = scanner.raw();
    if (scanner.id() == id_block_type) block = scanner.raw();
    if (scanner.id() == id_signature) is_signed = true;
    if (scanner.id() == id_index) {
      index = static_cast<std::uint32_t>(std::min<std::uint64_t>(scanner.number(), index_max));
    }
  });
  Blocks& blocks = state_.blocks;
  if (type == "content_block_start") {
    blocks = {.next = std::max(blocks.next, index + 1), .open = true, .text = block == "text"};
    if (block == "thinking") state_.thought = state_.unfinished_thinking = true;
  } else if (type == "content_block_stop") {
    blocks.open = false;
  }
  if (is_signed) state_.unfinished_thinking = false;
}

std::string_view Delivered::raw_text() const {
  return std::string_view(raw_).substr(0, now().raw_bytes);
}

std::string Delivered::text() const {
  std::string text;
  unescape(text, raw_text());
  return text;
}

Resumption Delivered::resumption(const RequestFacts& asked) const {
  Obstacle why = obstacle(asked);
  if (why != Obstacle::none) return {.resume = Resume::no, .obstacle = why};
  return {.resume = is_blank(text()) ? Resume::ask_again : Resume::go_on};
}

Obstacle Delivered::obstacle(const RequestFacts& asked) const {
  const State& state = now();
  if (state.ended) return Obstacle::ended;
  if (too_long_ || !items().is_whole) return Obstacle::too_long;
  if (asked.n > 1 || state.several_choices) return Obstacle::several_choices;
  if (state.call) return Obstacle::tool_call;
  if (state.server_tool) return Obstacle::server_tool;
  for (const ResponseItem& item : items().items) {
    if (item.done) continue;
    if (item.type == "reasoning") return Obstacle::unfinished_thinking;
    if (item.part == ResponsePart::refusal) return Obstacle::refusal;
  }
  if (state.unfinished_thinking) return Obstacle::unfinished_thinking;
  std::string said = text();
  if (is_blank(said)) return Obstacle::none;
  if (asked.structured_output) return Obstacle::structured_output;
  if (ends_in_half_character(said)) return Obstacle::half_character;
  return ends_in_json(said) ? Obstacle::json : Obstacle::none;
}

bool ends_in_json(std::string_view text) {
  if (begins_json(text)) return true;
  bool fenced = false;
  bool named = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = without_white_begin(text.substr(at, end - at));
    at = end + 1;
    if (!line.starts_with("```") && !line.starts_with("~~~")) continue;
    fenced = !fenced;
    named = line.substr(3).starts_with("json");
    begin = std::min(at, text.size());
  }
  return fenced && (named || begins_json(text.substr(begin)));
}

}  // namespace recloser::codec
