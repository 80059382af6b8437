#include "codec/usage_hider.h"

#include "core/limits.h"

namespace recloser::codec {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The bytes to take out so that `member` (from its name's quote through its value) and one comma go
// and the object stays JSON.
Span with_comma(std::string_view bytes, Span member) {
  std::uint64_t before = member.begin;
  while (before > 0 && is_space(bytes[before - 1])) --before;
  if (before > 0 && bytes[before - 1] == ',') return {before - 1, member.end};
  std::uint64_t after = member.end;
  while (after < bytes.size() && is_space(bytes[after])) ++after;
  if (after == bytes.size() || bytes[after] != ',') return member;
  ++after;
  while (after < bytes.size() && is_space(bytes[after])) ++after;
  return {member.begin, after};
}

}  // namespace

void UsageHider::piece(std::string_view bytes) { piece_ = bytes; }

// Judged by the event's size, not by how much of it came at once: every split gives the same.
std::string_view UsageHider::whole(const Frame& frame) {
  if (frame.range.size() > limits::event_bytes_held_max || passing_) return {};
  return join(frame);
}

// Once for each event.
std::string_view UsageHider::join(const Frame& frame) {
  if (at_ == frame.range.end) return event_;
  auto size = static_cast<std::size_t>(frame.range.end - at_ - held_.size());
  event_ = piece_.substr(0, size);
  piece_.remove_prefix(event_.size());
  at_ = frame.range.end;
  if (held_.empty()) return event_;
  held_.append(event_);
  event_ = held_;
  return event_;
}

void UsageHider::frame(const Frame& frame, std::string& out) {
  bool large = frame.range.size() > limits::event_bytes_held_max;
  std::string_view event = join(frame);
  if (large || !hides_) {
    out.append(event);
  } else {
    pass(event, frame, out);
  }
  if (large) passing_ = false;
  held_.clear();
  event_ = {};
}

void UsageHider::pass(std::string_view bytes, const Frame& frame, std::string& out) {
  if (frame.usage_only) return;
  if (frame.null_usage.empty()) {
    out.append(bytes);
    return;
  }
  std::uint64_t from = frame.range.begin;
  Span gone = with_comma(bytes, {frame.null_usage_key.begin - from, frame.null_usage.end - from});
  out.append(bytes.substr(0, gone.begin));
  out.append(bytes.substr(gone.end));
}

void UsageHider::piece_end(std::string& out) {
  if (!passing_ && held_.size() + piece_.size() <= limits::event_bytes_held_max) {
    held_.append(piece_);
    piece_ = {};
    return;
  }
  passing_ = true;
  finish(out);
  out.append(piece_);
  at_ += piece_.size();
  piece_ = {};
}

void UsageHider::finish(std::string& out) {
  out.append(held_);
  at_ += held_.size();
  held_.clear();
}

}  // namespace recloser::codec
