#include "codec/continuation/splice.h"

#include "codec/continuation/splice_grammar.h"
#include "codec/stream_cut_grammar.h"
#include "core/json_writer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace recloser::codec {
namespace {

std::unique_ptr<SpliceGrammar> make_grammar(const Delivered& delivered) {
  if (delivered.operation() == Operation::messages) return make_messages_splice(delivered);
  if (delivered.operation() == Operation::responses) return make_responses_splice(delivered);
  return make_chat_splice(delivered);
}

Usage sum_of(const Usage& before, const Usage& own) {
  Usage sum = own;
  sum.input_tokens = sum_of_counts(sum.input_tokens, before.input_tokens);
  sum.output_tokens = sum_of_counts(sum.output_tokens, before.output_tokens);
  sum.cached_input_tokens = sum_of_counts(sum.cached_input_tokens, before.cached_input_tokens);
  sum.cache_write_tokens = sum_of_counts(sum.cache_write_tokens, before.cache_write_tokens);
  sum.reasoning_tokens = sum_of_counts(sum.reasoning_tokens, before.reasoning_tokens);
  return sum;
}

}  // namespace

// What the events of one SSE event say.
struct Splice::Frame {
  bool text = false;
  bool more = false;  // something of the answer that is neither text nor thinking
  bool usage = false;
  bool error = false;
  bool ping = false;
  bool malformed = false;
};

Splice::Splice(const Delivered& delivered, Ask ask, const Usage& before)
    : reader_(delivered.operation()),
      seam_(delivered.text(), ask),
      grammar_(make_grammar(delivered)),
      frame_(std::make_unique<Frame>()),
      before_(before),
      passing_(ask == Ask::again && !delivered.thought()) {}

Splice::~Splice() = default;

Seam::State Splice::state() const {
  if (torn_) return Seam::State::misfits;
  return passing_ ? Seam::State::fits : seam_.state();
}

Misfit Splice::misfit() const { return torn_ ? Misfit::too_large : seam_.misfit(); }

Seam::State Splice::feed(std::string_view piece, std::string& out) {
  std::string room;
  frames_.piece(piece);
  while (std::optional<Event> event = reader_.next(piece)) {
    see(*event);
    if (!event->last_of_frame) continue;
    take(frames_.whole(reader_.frame()), out);
    frames_.frame(reader_.frame(), room);
    room.clear();
  }
  frames_.piece_end(room);
  return state();
}

// An event whose blank line is missing is seen by no client.
Seam::State Splice::finish(std::string& out) {
  while (reader_.finish()) {
  }
  if (state() == Seam::State::undecided && reader_.ended()) feed_seam(true, out);
  return state();
}

void Splice::see(const Event& event) {
  switch (event.kind) {
    case EventKind::text:
      frame_->text = true;
      if (!passing_) raw_.append(event.text);
      break;
    case EventKind::tool_call:
    case EventKind::server_tool:
    case EventKind::finish:
    case EventKind::done:
      frame_->more = true;
      break;
    case EventKind::usage:
      frame_->usage = true;
      break;
    case EventKind::error:
      frame_->error = true;
      break;
    case EventKind::ping:
      frame_->ping = true;
      break;
    case EventKind::malformed:
      frame_->malformed = true;
      break;
    default:
      break;
  }
}

void Splice::take(std::string_view bytes, std::string& out) {
  Frame frame = std::exchange(*frame_, Frame());
  if (frame.error || state() == Seam::State::misfits) return;
  if (frame.ping || frame.malformed) {
    if (passing_) out.append(bytes);
    return;
  }
  if (bytes.empty()) {
    torn_ = true;
    return;
  }
  std::string room;
  SpliceEvent event{.bytes = bytes, .data = data_of(bytes, room)};
  std::ranges::replace(room, '\n', ' ');  // what is written has its data in one line
  event.usage = sum_of(before_, reader_.facts().usage);
  event.has_usage = frame.usage;
  event.without_text = !passing_;
  if (!passing_) {
    grammar_->skip(event);
    if (frame.text || frame.more) feed_seam(frame.more, out);
    bool alone = !frame.more && !frame.usage;
    if (!passing_ || alone) return;
  }
  grammar_->pass(out, event);
}

// Half of a surrogate pair waits for the other one.
void Splice::feed_seam(bool last, std::string& out) {
  std::size_t whole = last ? raw_.size() : text_front(raw_, raw_.size());
  std::string text;
  unescape(text, std::string_view(raw_).substr(0, whole));
  raw_.erase(0, whole);
  std::string joined;
  Seam::State state = seam_.feed(text, joined);
  if (last && state == Seam::State::undecided) state = seam_.finish(joined);
  if (state == Seam::State::fits) write_held(joined, out);
}

void Splice::write_held(std::string_view text, std::string& out) {
  passing_ = true;
  std::string raw;
  append_json_escaped(raw, text);
  raw += std::exchange(raw_, "");
  if (!raw.empty()) grammar_->write_text(out, raw);
}

void write_edited(std::string& out, std::string_view name, std::string_view data,
                  const BodyEdits& edits) {
  if (!name.empty()) out.append("event: ").append(name).append("\n");
  out += "data: ";
  std::array<std::string_view, BodyEdits::pieces_max> room;
  for (std::string_view piece : edits.pieces(data, room)) out.append(piece);
  out += "\n\n";
}

}  // namespace recloser::codec
