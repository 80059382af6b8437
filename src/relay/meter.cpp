#include "relay/meter.h"

#include <algorithm>
#include <numeric>

namespace recloser::relay {

void Meter::see(const codec::Event& event, MeterRoom& room) {
  Kind kind = Kind::none;
  switch (event.kind) {
    case codec::EventKind::text:
      kind = Kind::text;
      break;
    case codec::EventKind::reasoning:
      kind = Kind::reasoning;
      break;
    case codec::EventKind::tool_call:
    case codec::EventKind::server_tool:
      kind = Kind::arguments;
      break;
    default:
      return;
  }
  // Each text is encoded by itself: choices and calls may come in turns.
  if (kind != kind_ || event.choice != choice_ || event.index != index_) {
    close(room);
    kind_ = kind;
    choice_ = event.choice;
    index_ = event.index;
  }
  if (said_ahead_) see_what_was_said_ahead(!event.name.empty());
  if (!event.name.empty()) {
    ++calls_;
    open_.add(event.name, room.scratch);
  }
  if (!event.text_escaped) return open_.add(event.text, room.scratch);
  room.unescaped.clear();
  codec::unescape(room.unescaped, event.text);
  open_.add(room.unescaped, room.scratch);
}

// A provider that gives a figure before the first event has written the beginning already: of an
// answer's text a token or two, of a call its marks. What is much more was thinking that no event
// shows, and stays on top.
void Meter::see_what_was_said_ahead(bool call) {
  constexpr std::uint64_t text_tokens_max = 8;
  said_ahead_ = false;
  if (call) {
    all_then_ = std::min(said_tokens_, call_tokens_);
  } else if (said_tokens_ <= text_tokens_max) {
    all_then_ = said_tokens_;
  }
}

void Meter::sealed(std::uint64_t items, std::uint64_t bytes) {
  sealed_tokens_ = family_->sealed.tokens(items, bytes);
  if (!said_ahead_ || sealed_tokens_ == 0) return;
  // A provider that gave a figure before it has written the thinking already.
  said_ahead_ = false;
  all_then_ = std::min(said_tokens_, all_with(open_.about()));
}

void Meter::close(MeterRoom& room) {
  if (open_.about() == 0) return;
  closed_[static_cast<std::size_t>(kind_)] += open_.count(room.scratch);
  open_ = text::TokenStream(family_->encoding());
}

std::uint64_t Meter::all_with(std::uint64_t open_tokens) const {
  std::uint64_t texts =
      family_->tokens(std::accumulate(closed_.begin(), closed_.end(), open_tokens));
  std::uint64_t seen = texts + sealed_tokens();
  return seen == 0 ? 0 : seen + calls_ * call_tokens_ + answer_tokens_;
}

void Meter::said(std::uint64_t output_tokens) {
  said_tokens_ = output_tokens;
  all_then_ = all_with(open_.about());
  was_said_ = true;
  said_ahead_ = all_then_ == 0;
}

std::uint64_t Meter::tokens_with(std::uint64_t open_tokens) const {
  std::uint64_t all = all_with(open_tokens);
  return was_said_ ? said_tokens_ + (all - std::min(all, all_then_)) : all;
}

std::uint64_t Meter::tokens_of(const codec::Event& event, MeterRoom& room) const {
  std::string_view text = event.text;
  if (event.text_escaped) {
    room.unescaped.clear();
    codec::unescape(room.unescaped, event.text);
    text = room.unescaped;
  }
  return family_->tokens(family_->encoding().count(text, room.scratch));
}

// Where the thinking is shown in full, the line through its seal is off by more than the count.
std::uint64_t Meter::sealed_tokens() const {
  if (sealed_tokens_ == 0) return 0;
  std::uint64_t shown = reasoning_tokens();
  return shown * 4 >= sealed_tokens_ * 3 ? 0 : sealed_tokens_ - shown;
}

std::uint64_t Meter::reasoning_tokens() const {
  std::uint64_t counted = closed_[static_cast<std::size_t>(Kind::reasoning)];
  if (kind_ == Kind::reasoning) counted += open_.about();
  return family_->tokens(counted);
}

}  // namespace recloser::relay
