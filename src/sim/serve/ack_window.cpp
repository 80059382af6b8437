#include "sim/serve/ack_window.h"

namespace recloser::sim {

void AckWindow::wrote(std::uint64_t wire_bytes, std::uint64_t tokens) {
  written_ += wire_bytes;
  waiting_.push_back({.end = written_, .tokens = tokens});
  if (waiting_.size() <= writes_max) return;
  acknowledged_ = waiting_.front().tokens;
  waiting_.pop_front();
}

std::uint64_t AckWindow::acknowledged(std::uint64_t unacknowledged) {
  std::uint64_t arrived = written_ > unacknowledged ? written_ - unacknowledged : 0;
  while (!waiting_.empty() && waiting_.front().end <= arrived) {
    acknowledged_ = waiting_.front().tokens;
    waiting_.pop_front();
  }
  return acknowledged_;
}

}  // namespace recloser::sim
