#include "relay/stream_pass.h"

#include "codec/sentence_end.h"
#include "core/check.h"
#include "core/limits.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace recloser::relay {
namespace {

// What is kept of the buffer of unfinished events between them: enough for usual deltas, little
// enough for every stream.
constexpr std::size_t held_bytes_kept = 1024;

// What is written for money. A usage that corrects the count is not: what it says has been written.
bool is_output(codec::EventKind kind) {
  return kind == codec::EventKind::text || kind == codec::EventKind::reasoning ||
         kind == codec::EventKind::sealed || kind == codec::EventKind::tool_call ||
         kind == codec::EventKind::server_tool;
}

// Of what nothing guarded until it was to end.
struct ClosedGate final : OutputGate {
  std::uint64_t let_through(std::uint64_t) override { return 0; }
};

// A larger text that crosses a limit is withheld whole: to find its front would take its time.
constexpr std::size_t split_bytes_max = 4096;

}  // namespace

struct StreamPass::Guard {
  OutputGate& gate;
  codec::StreamCut cut;
  codec::Delivered* delivered = nullptr;
  std::string held;  // a call of a tool that is not whole
  std::uint64_t tokens_before_held = 0;
  std::uint64_t tokens_dropped = 0;  // of calls that never were
  std::uint64_t let_through = 0;
  std::uint64_t tokens_passed = 0;
  std::uint64_t tokens_before = 0;  // the SSE event that is being read
  std::size_t before_error = 0;     // bytes of the room
  bool failed = false;              // its provider told an error
  bool tore_call = false;           // an error came before the end of a call
  bool in_frame = false;
  bool has_output = false;                     // the same event
  bool called = false;                         // a tool, and ..
  std::size_t last_call = 0;                   // .. a hash of the last call's id
  std::optional<codec::SentenceEnd> sentence;  // where one may be the end
};

StreamPass::StreamPass(codec::Operation operation, bool hide_usage, Meter meter, MeterRoom& room)
    : reader_(operation), meter_(std::move(meter)), meter_room_(room) {
  if (hide_usage) hider_.emplace();
}

StreamPass::~StreamPass() = default;

void StreamPass::guard(codec::Operation operation, OutputGate& gate, codec::Delivered* delivered) {
  guard_ = std::make_unique<Guard>(
      Guard{.gate = gate, .cut = codec::StreamCut(operation), .delivered = delivered, .held = {}});
  if (gate.may_end_at_sentence()) guard_->sentence.emplace();
  if (!hider_) hider_.emplace(false);
}

void StreamPass::go_on(bool hide_usage) {
  CHECK(may_go_on());
  drop_held();
  reader_.go_on();
  hider_.emplace(hide_usage);
  guard_->let_through = 0;
  guard_->in_frame = guard_->failed = false;
}

void StreamPass::begin_anew(codec::Operation operation, bool hide_usage, Meter meter) {
  go_on(hide_usage);
  meter_ = std::move(meter);
  reader_ = codec::StreamReader(operation);
  guard_->cut = codec::StreamCut(operation);
  guard_->called = false;
  guard_->tokens_dropped = 0;
  error_end_ = route::AttemptEnd::server_error;
}

bool StreamPass::may_go_on() const { return between_events() && guard_ != nullptr; }

// A call of a tool whose rest does not come is with no client: it has never been.
void StreamPass::drop_held() {
  Guard& guard = *guard_;
  std::uint64_t tokens = meter_.exact_tokens(meter_room_);
  guard.tokens_dropped = tokens - tokens_out();
  guard.held.clear();
  guard.tore_call = false;
  guard.cut.drop();
  if (guard.delivered != nullptr) guard.delivered->drop();
}

std::uint64_t StreamPass::tokens_out() const {
  const Guard& guard = *guard_;
  std::uint64_t tokens = meter_.exact_tokens(meter_room_);
  bool holds = guard.tore_call || !guard.held.empty();
  if (holds) tokens = std::min(tokens, guard.tokens_before_held);
  return tokens - std::min(tokens, guard.tokens_dropped);
}

std::size_t StreamPass::bytes_before_error() const { return guard_->before_error; }

std::string_view StreamPass::take(std::string_view piece, bool last, std::string& room) {
  room.clear();
  over_ = reader_.facts().saw_done;
  std::string_view bytes = piece;
  if (hider_) hider_->piece(piece);
  while (std::optional<codec::Event> event = reader_.next(bytes)) see(*event, room);
  if (cut_) {
    remember_tail(room);
    return room;
  }
  if (hider_) hider_->piece_end(room);
  if (last) {
    while (std::optional<codec::Event> event = reader_.finish()) see(*event, room);
    if (hider_ && whole() && !over_) hider_->finish(room);
  }
  std::string_view out = hider_ ? std::string_view(room) : whole_events(piece, last, room);
  strays_ |= over_ && passing_;
  remember_tail(out);
  return out;
}

// In the usual case, a piece that ends with an event, no byte is copied.
std::string_view StreamPass::whole_events(std::string_view piece, bool last, std::string& room) {
  taken_ += piece.size();
  bool all = last && whole() && !over_;  // half an event behind the end is of no stream
  std::uint64_t unfinished = all ? 0 : taken_ - reader_.safe_offset();
  bool goes_on = unfinished > piece.size();  // an event that began before the piece
  if (!goes_on) passing_ = false;
  if (passing_) return piece;
  std::string_view tail = piece;
  if (!goes_on) tail.remove_prefix(piece.size() - static_cast<std::size_t>(unfinished));
  if (unfinished > limits::event_tail_bytes_max) {
    passing_ = true;
    tail = {};
  }
  std::string_view out = piece.substr(0, piece.size() - tail.size());
  bool held_is_due = !goes_on || passing_;
  if (held_is_due && !held_.empty()) {
    room.append(held_).append(out);
    out = room;
    held_.clear();
    if (held_.capacity() > held_bytes_kept) held_.shrink_to_fit();
  }
  if (!last) held_.append(tail);
  return out;
}

void StreamPass::overhear(std::string_view piece) {
  while (std::optional<codec::Event> event = reader_.next(piece)) count(*event);
}

void StreamPass::see(const codec::Event& event, std::string& room) {
  if (guard_ != nullptr) return see_guarded(event, room);
  so_far_.see(event);
  count(event);
  if (hider_ && event.last_of_frame) hider_->frame(reader_.frame(), room);
}

void StreamPass::see_guarded(const codec::Event& event, std::string& room) {
  if (cut_) return count(event);
  Guard& guard = *guard_;
  if (guard.delivered != nullptr && facts().saw_error) return see_error(event, room);
  // Half an event, behind which another stream may go on.
  if (guard.delivered != nullptr && facts().incomplete_tail && !whole()) return count(event);
  bool first = !std::exchange(guard.in_frame, !event.last_of_frame);
  if (first) guard.tokens_before = meter_.output_tokens(), guard.has_output = false;
  count(event);
  bool output = is_output(event.kind);
  guard.has_output |= output;
  bool our_end = event.kind == codec::EventKind::finish && event.finish == codec::Finish::length &&
                 guard.gate.ends_at_our_limit();
  // A usage that comes with a piece of the answer says what that piece takes.
  bool judged = output || (event.last_of_frame && guard.has_output);
  bool too_much = judged && !may_pass();
  bool text = event.kind == codec::EventKind::text;
  std::optional<std::size_t> sentence;
  if (text && guard.sentence) sentence = guard.sentence->see(event.text);
  bool ends_here = !too_much && sentence && guard.gate.in_grace();
  bool begins = begins_call(event);
  bool one_too_many =
      begins && !too_much && (guard.gate.in_grace() || !guard.gate.let_call_begin());
  if (!our_end && !too_much && !ends_here && !one_too_many) return pass_guarded(event, room);
  cut_ = true;
  if (begins) pass_call_before(event, room);
  std::uint64_t tokens = meter_.exact_tokens(meter_room_);
  std::uint64_t withheld = output ? meter_.tokens_of(event, meter_room_) : 0;
  guard.tokens_passed =
      too_much && !output ? guard.tokens_before : tokens - std::min(tokens, withheld);
  bool alone = first && event.last_of_frame && text;
  if (!alone) return;
  std::uint64_t left = guard.let_through - std::min(guard.let_through, guard.tokens_passed);
  std::size_t bytes = ends_here ? *sentence : bytes_within(event, left);
  if (sentence && guard.gate.in_grace()) bytes = std::min(bytes, *sentence);
  pass_front(event, bytes, room);
}

// All of its SSE event, and what comes behind it, may be kept back: it is no part of the answer.
void StreamPass::see_error(const codec::Event& event, std::string& room) {
  Guard& guard = *guard_;
  if (!std::exchange(guard.failed, true)) {
    guard.before_error = room.size();
    guard.tore_call = !guard.held.empty();
    room += std::exchange(guard.held, {});
  }
  count(event);
  if (event.last_of_frame) hider_->frame(reader_.frame(), room);
}

// Some repeat a call's name, or its id, with each of its pieces.
bool StreamPass::begins_call(const codec::Event& event) {
  if (event.kind != codec::EventKind::tool_call || event.name.empty()) return false;
  std::size_t call = std::hash<std::string_view>()(event.id) + event.choice * 31u + event.index;
  if (guard_->called && guard_->last_call == call) return false;
  guard_->called = true;
  guard_->last_call = call;
  return true;
}

// What is held is whole when another call begins: it passes, and the other one does not.
void StreamPass::pass_call_before(const codec::Event& event, std::string& room) {
  codec::StreamCut::Pass pass = guard_->cut.see(event, hider_->whole(reader_.frame()));
  if (event.last_of_frame && pass == codec::StreamCut::Pass::held_anew) room += guard_->held;
}

// The longest front of the event's text that has no more tokens.
std::size_t StreamPass::bytes_within(const codec::Event& event, std::uint64_t tokens) {
  if (tokens == 0 || event.text_cut || event.text.size() > split_bytes_max) return 0;
  codec::Event front = event;
  std::size_t fits = 0;
  for (std::size_t over = event.text.size() + 1; over - fits > 1;) {
    std::size_t middle = fits + (over - fits) / 2;
    front.text = event.text.substr(0, codec::text_front(event.text, middle));
    (meter_.tokens_of(front, meter_room_) <= tokens ? fits : over) = middle;
  }
  return codec::text_front(event.text, fits);
}

void StreamPass::pass_front(const codec::Event& event, std::size_t bytes, std::string& room) {
  if (bytes == 0 || hider_->whole(reader_.frame()).empty()) return;
  std::string frame;
  hider_->frame(reader_.frame(), frame);
  std::string out;
  std::size_t passed = codec::write_text_front(out, frame, event.text, bytes);
  if (passed == 0) return;
  codec::Event front = event;
  front.text = event.text.substr(0, passed);
  if (guard_->cut.see(front, out) == codec::StreamCut::Pass::held) return;
  room.append(guard_->held).append(out);
  guard_->tokens_passed += meter_.tokens_of(front, meter_room_);
}

void StreamPass::close_gate(codec::Operation operation) {
  static ClosedGate closed;
  cut_ = true;
  if (guard_ == nullptr) {
    codec::StreamCut cut(operation, so_far_, facts());
    guard_ = std::make_unique<Guard>(Guard{.gate = closed, .cut = std::move(cut), .held = {}});
  }
  guard_->tokens_passed = meter_.exact_tokens(meter_room_);
}

// After the event has been counted. What is told of a running stream is rather too much, and only
// where that would not pass is it worth the while to encode it.
bool StreamPass::may_pass() {
  if (meter_.output_tokens() <= guard_->let_through) return true;
  std::uint64_t tokens = meter_.exact_tokens(meter_room_);
  if (tokens <= guard_->let_through) return true;
  guard_->let_through = guard_->gate.let_through(tokens);
  return tokens <= guard_->let_through;
}

void StreamPass::pass_guarded(const codec::Event& event, std::string& room) {
  const codec::Frame& frame = reader_.frame();
  std::string_view bytes = hider_->whole(frame);
  codec::StreamCut::Pass pass = guard_->cut.see(event, bytes);
  if (guard_->delivered != nullptr) guard_->delivered->see(event, bytes, pass);
  if (!event.last_of_frame) return;
  std::string& held = guard_->held;
  bool held_is_due = pass != codec::StreamCut::Pass::held;
  if (held_is_due) {
    room += held;
    held.clear();
  }
  if (held.empty()) guard_->tokens_before_held = guard_->tokens_before;
  hider_->frame(frame, pass == codec::StreamCut::Pass::on ? room : held);
  if (held.size() > codec::StreamCut::tool_bytes_held_max) {
    room += held;
    std::string().swap(held);
    guard_->cut.release();
    if (guard_->delivered != nullptr) guard_->delivered->release();
  }
}

void StreamPass::write_cut(std::string& out, const codec::CutOrder& order) const {
  guard_->cut.write(out, order, facts());
}

std::uint64_t StreamPass::tokens_passed() const {
  return guard_->tokens_passed - std::min(guard_->tokens_passed, guard_->tokens_dropped);
}

void StreamPass::count(const codec::Event& event) {
  strays_ |= over_ && event.kind != codec::EventKind::done && event.kind != codec::EventKind::ping;
  switch (event.kind) {
    case codec::EventKind::text:
    case codec::EventKind::reasoning:
    case codec::EventKind::tool_call:
      saw_content_ = true;
      [[fallthrough]];
    case codec::EventKind::server_tool:
      meter_.see(event, meter_room_);
      break;
    case codec::EventKind::sealed:
      meter_.sealed(facts().sealed_items, facts().sealed_bytes);
      break;
    case codec::EventKind::error:
      error_end_ = route::end_of_error(event.id, event.name, event.text);
      break;
    case codec::EventKind::usage:
      if (facts().usage.output_known) meter_.said(facts().usage.output_tokens);
      break;
    default:
      break;
  }
}

void StreamPass::remember_tail(std::string_view out) {
  // Only the last few bytes decide, and CR is as if it were not there.
  for (char c : out.substr(out.size() > 4 ? out.size() - 4 : 0)) {
    if (c == '\r') continue;
    tail_[0] = tail_[1];
    tail_[1] = c;
  }
}

}  // namespace recloser::relay
