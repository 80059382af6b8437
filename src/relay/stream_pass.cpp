#include "relay/stream_pass.h"

namespace recloser::relay {

StreamPass::StreamPass(codec::Operation operation, bool hide_usage) : reader_(operation) {
  if (hide_usage) hider_.emplace();
}

std::string_view StreamPass::take(std::string_view piece, bool last, std::string& room) {
  room.clear();
  std::string_view bytes = piece;
  if (hider_) hider_->piece(piece);
  while (std::optional<codec::Event> event = reader_.next(bytes)) see(*event, room);
  if (hider_) hider_->piece_end(room);
  if (last) {
    while (std::optional<codec::Event> event = reader_.finish()) see(*event, room);
    if (hider_) hider_->finish(room);
  }
  std::string_view out = hider_ ? std::string_view(room) : piece;
  remember_tail(out);
  return out;
}

void StreamPass::see(const codec::Event& event, std::string& room) {
  switch (event.kind) {
    case codec::EventKind::text:
    case codec::EventKind::reasoning:
    case codec::EventKind::tool_call:
      saw_content_ = true;
      break;
    default:
      break;
  }
  if (hider_ && event.last_of_frame) hider_->frame(reader_.frame(), room);
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
