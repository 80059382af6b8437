#include "codec/stream_cut.h"

#include "codec/sse.h"
#include "codec/stream_cut_grammar.h"
#include "core/names.h"

#include <algorithm>
#include <utility>

namespace recloser::codec {
namespace {

std::unique_ptr<CutGrammar> make_grammar(Operation operation) {
  if (family_of(operation) == Family::anthropic) return make_messages_cut();
  if (operation == Operation::responses) return make_responses_cut();
  return make_chat_cut(operation == Operation::completions);
}

}  // namespace

void StreamSoFar::see(const Event& event) {
  std::uint64_t choice = event.choice < 64 ? std::uint64_t{1} << event.choice : 0;
  switch (event.kind) {
    case EventKind::text:
      text = true;
      [[fallthrough]];
    case EventKind::reasoning:
    case EventKind::server_tool:
    case EventKind::tool_call:
      started = true;
      tool = event.kind == EventKind::tool_call;
      begun |= choice;
      next = event.choice == UINT32_MAX ? event.choice : event.choice + 1;
      break;
    case EventKind::start:
      started = true;
      break;
    case EventKind::finish:
      started = true;
      begun |= choice;
      ended |= choice;
      tool = false;
      break;
    case EventKind::done:
      done = true;
      break;
    default:
      break;
  }
}

StreamCut::StreamCut(Operation operation) : grammar_(make_grammar(operation)) {}
StreamCut::StreamCut(Operation operation, const StreamSoFar& so_far, const StreamFacts& facts)
    : StreamCut(operation) {
  grammar_->join(so_far, facts);
}
StreamCut::~StreamCut() = default;
StreamCut::StreamCut(StreamCut&&) noexcept = default;
StreamCut& StreamCut::operator=(StreamCut&&) noexcept = default;

StreamCut::Pass StreamCut::see(const Event& event, std::string_view frame) {
  return grammar_->see(event, frame);
}

void StreamCut::release() { grammar_->release(); }

void StreamCut::drop() { grammar_->drop(); }

bool StreamCut::over() const { return grammar_->over(); }

void StreamCut::write(std::string& out, const CutOrder& order, const StreamFacts& facts) const {
  grammar_->write(out, order, facts);
}

std::size_t text_front(std::string_view raw, std::size_t bytes) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < raw.size();) {
    std::size_t next = at + 1;
    bool unit = false;
    if (raw[at] == '\\') {
      unit = at + 1 < raw.size() && raw[at + 1] == 'u';
      next = at + (unit ? 6 : 2);
    } else {
      while (next < raw.size() && (static_cast<unsigned char>(raw[next]) & 0xC0) == 0x80) ++next;
    }
    bool first_half = unit && at + 3 < raw.size() && (raw[at + 2] | 0x20) == 'd' &&
                      std::string_view("89abAB").contains(raw[at + 3]);
    if (next > bytes || next > raw.size()) break;
    at = next;
    if (!first_half) end = at;
  }
  return end;
}

std::size_t write_text_front(std::string& out, std::string_view frame, std::string_view text,
                             std::size_t raw_bytes) {
  std::size_t front = text_front(text, std::min(raw_bytes, text.size()));
  if (front == 0) return 0;
  std::string quoted = "\"";
  quoted.append(text).append("\"");
  std::size_t at = frame.find(quoted);
  if (at == std::string_view::npos || frame.find(quoted, at + 1) != std::string_view::npos) {
    return 0;
  }
  out.append(frame.substr(0, at + 1 + front)).append(frame.substr(at + 1 + text.size()));
  return front;
}

std::string_view data_of(std::string_view frame, std::string& room) {
  SseReader sse;
  std::string_view data;
  while (!frame.empty()) {
    if (sse.next(frame) != SseToken::data) continue;
    if (room.empty() && data.empty()) {
      data = sse.text();
      continue;
    }
    if (room.empty()) room = data;
    room.append(sse.text());
  }
  return room.empty() ? data : std::string_view(room);
}

// The names come from documents and headers: neither a line end nor a blank may pass.
void write_cut_comment(std::string& out, const CutOrder& order) {
  constexpr std::size_t name_bytes_max = 200;
  out += ": recloser cut call=";
  out += shown(order.call, name_bytes_max);
  out += " rule=";
  std::string rule = shown(order.rule, name_bytes_max);
  std::ranges::replace(rule, ' ', '_');
  out += rule;
  out += "\n\n";
}

std::string note_text(const CutOrder& order, bool behind_text) {
  std::string text;
  if (behind_text) text = "\n\n";
  return text.append(order.note);
}

// Behind a natural end half a call would look like a whole one, and an answer without a note like
// one that nobody cut.
CutFinish finish_of_cut(const CutOrder& order, bool stops, bool open_tool) {
  bool natural = has_note(order) && !open_tool;
  switch (order.finish) {
    case CutFinish::length:
    case CutFinish::content_filter:
      return order.finish;
    case CutFinish::stop:
      return natural ? CutFinish::stop : CutFinish::length;
    case CutFinish::by_default:
      return natural && stops ? CutFinish::stop : CutFinish::length;
  }
  std::unreachable();
}

void raw_member(JsonWriter& json, std::string_view name, std::string_view raw) {
  std::string quoted = "\"";
  quoted.append(raw).append("\"");
  json.key(name).raw(quoted);
}

void copy_member(JsonWriter& json, std::string_view raw_name, std::string_view value) {
  std::string name;
  unescape(name, raw_name);
  json.key(name).raw(value);
}

}  // namespace recloser::codec
