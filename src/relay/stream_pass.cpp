#include "relay/stream_pass.h"

#include "core/limits.h"

#include <algorithm>
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

}  // namespace

struct StreamPass::Guard {
  OutputGate& gate;
  codec::StreamCut cut;
  std::string held;  // a call of a tool that is not whole
  std::uint64_t let_through = 0;
  std::uint64_t tokens_passed = 0;
};

StreamPass::StreamPass(codec::Operation operation, bool hide_usage, Meter meter, MeterRoom& room)
    : reader_(operation), meter_(std::move(meter)), meter_room_(room) {
  if (hide_usage) hider_.emplace();
}

StreamPass::~StreamPass() = default;

void StreamPass::guard(codec::Operation operation, OutputGate& gate) {
  guard_ =
      std::make_unique<Guard>(Guard{.gate = gate, .cut = codec::StreamCut(operation), .held = {}});
  if (!hider_) hider_.emplace(false);
}

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
  count(event);
  if (hider_ && event.last_of_frame) hider_->frame(reader_.frame(), room);
}

void StreamPass::see_guarded(const codec::Event& event, std::string& room) {
  if (cut_) return count(event);
  count(event);
  bool our_end = event.kind == codec::EventKind::finish && event.finish == codec::Finish::length &&
                 guard_->gate.ends_at_our_limit();
  bool too_much = is_output(event.kind) && !may_pass();
  if (!our_end && !too_much) return pass_guarded(event, room);
  cut_ = true;
  std::uint64_t tokens = meter_.exact_tokens(meter_room_);
  std::uint64_t withheld = too_much ? meter_.tokens_of(event, meter_room_) : 0;
  guard_->tokens_passed = tokens - std::min(tokens, withheld);
}

void StreamPass::close_gate() {
  cut_ = true;
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
  codec::StreamCut::Pass pass = guard_->cut.see(event, hider_->whole(frame));
  if (!event.last_of_frame) return;
  std::string& held = guard_->held;
  bool held_is_due = pass != codec::StreamCut::Pass::held;
  if (held_is_due) {
    room += held;
    held.clear();
  }
  hider_->frame(frame, pass == codec::StreamCut::Pass::on ? room : held);
  if (held.size() > codec::StreamCut::tool_bytes_held_max) {
    room += held;
    std::string().swap(held);
    guard_->cut.release();
  }
}

void StreamPass::write_cut(std::string& out, const codec::CutOrder& order) const {
  guard_->cut.write(out, order, facts());
}

std::uint64_t StreamPass::tokens_passed() const { return guard_->tokens_passed; }

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
