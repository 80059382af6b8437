#include "net/hangup.h"

#include "core/limits.h"

#include <algorithm>
#include <array>

namespace recloser::net {

HangupWatch::HangupWatch(Connection& client, std::string& read_ahead, CancelPoint& cancel,
                         Call call)
    : Operation(client, Instant::never(), wake),
      read_ahead_(read_ahead),
      cancel_(cancel),
      call_(call) {
  connection_.attach_reader(*this);
  connection_.retry_reader();
}

// True when the client is gone; the connection then wakes this, which cancels the call.
bool HangupWatch::attempt() {
  std::array<char, 4096> piece;
  while (read_ahead_.size() < limits::pipelined_bytes_max) {
    std::size_t room = std::min(piece.size(), limits::pipelined_bytes_max - read_ahead_.size());
    Connection::ReadNow got = connection_.read_now(std::span(piece).first(room));
    if (got.would_wait) return false;
    if (got.failure != IoFailure::none || got.bytes == 0) {
      gone_ = true;
      return true;
    }
    read_ahead_.append(piece.data(), got.bytes);
  }
  gone_ = connection_.peer_ended();
  return gone_;
}

}  // namespace recloser::net
