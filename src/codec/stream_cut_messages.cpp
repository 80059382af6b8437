// The end of Anthropic messages: the open block is closed, the note is a block of its own, then the
// reason with the usage, then message_stop.
#include "codec/stream_cut_grammar.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::codec {
namespace {

enum Id : std::uint8_t { id_none, id_type, id_index };
constexpr JsonTable table{
    {"type", id_type, want_text},
    {"index", id_index, want_number},
};

constexpr std::uint32_t index_max = 1u << 20;  // of a block that is kept track of

// What the client has seen.
struct Seen {
  bool started = false;
  bool open = false;  // a block is
  bool tool = false;  // the last one is a call that the client runs, not known to be whole
  bool text = false;  // some text has been said
  bool finished = false;
  bool done = false;
  std::uint32_t index = 0;  // of the block that is open
  std::uint32_t next = 0;
};

class MessagesCut final : public CutGrammar {
 public:
  void join(const StreamSoFar& so_far, const StreamFacts& facts) override;
  StreamCut::Pass see(const Event& event, std::string_view frame) override;
  void release() override { holds_ = false; }
  void drop() override { now_ = passed(), holds_ = in_frame_ = false; }
  bool over() const override { return passed().done; }
  void write(std::string& out, const CutOrder& order, const StreamFacts& facts) const override;

 private:
  const Seen& passed() const { return holds_ ? before_hold_ : in_frame_ ? before_frame_ : now_; }
  void begin_block(std::uint32_t index, bool tool);
  StreamCut::Pass pass();
  void see_block(std::string_view frame);

  Seen now_;
  Seen before_hold_;
  Seen before_frame_;
  bool in_frame_ = false;
  bool begins_ = false;  // a block, in the SSE event
  bool holds_ = false;
};

void MessagesCut::join(const StreamSoFar& so_far, const StreamFacts& facts) {
  now_ = {.started = so_far.started,
          .open = facts.block_open,
          .tool = so_far.tool,
          .text = so_far.text,
          .finished = so_far.ended != 0,
          .done = so_far.done,
          .index = facts.blocks - std::min(facts.blocks, 1u),
          .next = facts.blocks};
}

// An event of this grammar says one thing, beside which a usage may stand.
StreamCut::Pass MessagesCut::see(const Event& event, std::string_view frame) {
  if (!in_frame_) before_frame_ = now_, begins_ = false;
  in_frame_ = !event.last_of_frame;
  switch (event.kind) {
    case EventKind::start:
      now_.started = true;
      break;
    case EventKind::text:
      now_.text = true;
      [[fallthrough]];
    case EventKind::reasoning:
    case EventKind::server_tool:
      begin_block(event.index, false);
      break;
    case EventKind::tool_call:
      begin_block(event.index, true);
      break;
    case EventKind::sealed:
    case EventKind::other:
      see_block(frame);
      break;
    case EventKind::finish:
      now_.finished = true;
      now_.open = now_.tool = false;
      break;
    case EventKind::done:
      now_.done = true;
      now_.open = now_.tool = false;
      break;
    default:
      break;
  }
  return event.last_of_frame ? pass() : StreamCut::Pass::on;
}

// A provider that stops for length closes the block of half a call before it says so: a call is
// known to be whole by what follows its end, another block or the reason.
StreamCut::Pass MessagesCut::pass() {
  bool was_holding = holds_;
  bool another = begins_ && before_frame_.tool;
  holds_ = now_.tool && (begins_ || holds_);
  if (!holds_) return StreamCut::Pass::on;
  if (was_holding && !another) return StreamCut::Pass::held;
  before_hold_ = before_frame_;
  before_hold_.tool = false;
  return was_holding ? StreamCut::Pass::held_anew : StreamCut::Pass::held;
}

// Of a block whose begin was not seen as such its first delta is as good.
void MessagesCut::begin_block(std::uint32_t index, bool tool) {
  if (index > index_max || (now_.open && now_.index == index)) return;
  begins_ = true;
  now_.open = true;
  now_.tool = tool;
  now_.index = index;
  now_.next = std::max(now_.next, index + 1);
}

void MessagesCut::see_block(std::string_view frame) {
  std::uint32_t index = 0;
  bool begins = false;
  bool stops = false;
  scan_frame(frame, table, [&](JsonToken, const JsonScanner& scanner, std::string_view) {
    if (scanner.id() == id_type) {
      begins = scanner.raw() == "content_block_start";
      stops = scanner.raw() == "content_block_stop";
    } else {
      index = static_cast<std::uint32_t>(std::min<std::uint64_t>(scanner.number(), UINT32_MAX));
    }
  });
  if (begins) begin_block(index, false);
  if (stops && now_.open && now_.index == index) now_.open = false;
}

void write_start(std::string& out, const CutOrder& order, const StreamFacts& facts,
                 const Usage& usage) {
  std::string text;
  JsonWriter json(text);
  json.open_object().member("type", "message_start").key("message").open_object();
  json.member("id",
              facts.response_id.empty() ? fmt::format("msg_{}", order.call) : facts.response_id);
  json.member("type", "message").member("role", "assistant");
  json.member("model", facts.model.empty() ? order.model : std::string_view(facts.model));
  json.key("content").open_array().close_array();
  json.key("stop_reason").null().key("stop_sequence").null();
  write_messages_usage(json, usage, false);
  json.close_object().close_object();
  write_event(out, "message_start", text);
}

void write_stop(std::string& out, std::uint32_t index) {
  write_event(out, "content_block_stop",
              fmt::format(R"({{"type":"content_block_stop","index":{}}})", index));
}

void write_note(std::string& out, std::uint32_t index, std::string_view note) {
  write_event(out, "content_block_start",
              fmt::format(R"({{"type":"content_block_start","index":{},)"
                          R"("content_block":{{"type":"text","text":""}}}})",
                          index));
  std::string text;
  JsonWriter json(text);
  json.open_object().member("type", "content_block_delta").member("index", index);
  json.key("delta").open_object().member("type", "text_delta").member("text", note);
  json.close_object().close_object();
  write_event(out, "content_block_delta", text);
  write_stop(out, index);
}

void write_reason(std::string& out, CutFinish finish, const Usage& usage) {
  std::string text;
  JsonWriter json(text);
  json.open_object().member("type", "message_delta").key("delta").open_object();
  switch (finish) {
    case CutFinish::stop:
      json.member("stop_reason", "end_turn");
      break;
    case CutFinish::content_filter:
      json.member("stop_reason", "refusal").key("stop_details").open_object();
      json.member("type", "refusal").key("category").null().key("explanation").null();
      json.close_object();
      break;
    case CutFinish::length:
    case CutFinish::by_default:
      json.member("stop_reason", "max_tokens");
      break;
  }
  json.key("stop_sequence").null().close_object();
  write_messages_usage(json, usage, true);
  json.close_object();
  write_event(out, "message_delta", text);
}

void MessagesCut::write(std::string& out, const CutOrder& order, const StreamFacts& facts) const {
  const Seen& seen = passed();
  if (seen.done) return;
  const Usage& usage = order.usage != nullptr ? *order.usage : facts.usage;
  write_cut_comment(out, order);
  if (!seen.finished) {
    if (!seen.started) write_start(out, order, facts, usage);
    if (seen.open) write_stop(out, seen.index);
    if (has_note(order)) write_note(out, seen.next, note_text(order, seen.text));
    // Of a call that is dropped too: the table tells open arguments from open text.
    bool stops = order.client == ClientFamily::claude_code;
    write_reason(out, finish_of_cut(order, stops, now_.tool), usage);
  }
  write_event(out, "message_stop", R"({"type":"message_stop"})");
}

}  // namespace

void write_event(std::string& out, std::string_view name, std::string_view data) {
  out += "event: ";
  out.append(name).append("\ndata: ").append(data).append("\n\n");
}

// Cache reads and writes stand beside the input, not inside it.
void write_messages_usage(JsonWriter& json, const Usage& usage, bool begun) {
  std::uint64_t cached = usage.cached_input_tokens + usage.cache_write_tokens;
  json.key("usage").open_object();
  json.member("input_tokens", usage.input_tokens - std::min(usage.input_tokens, cached));
  json.member("cache_creation_input_tokens", usage.cache_write_tokens);
  json.member("cache_read_input_tokens", usage.cached_input_tokens);
  json.member("output_tokens", begun ? usage.output_tokens : 0).close_object();
}

std::unique_ptr<CutGrammar> make_messages_cut() { return std::make_unique<MessagesCut>(); }

}  // namespace recloser::codec
