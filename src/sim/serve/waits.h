// What an answer waits for besides its writes: a pause that the peer's leaving ends, and the first
// bytes of what the peer does next.
#pragma once

#include "core/limits.h"
#include "net/cancel.h"
#include "net/connection.h"
#include "net/worker.h"

#include <algorithm>
#include <array>
#include <coroutine>
#include <optional>
#include <span>
#include <string>

namespace recloser::sim {

// `bool waited = co_await pause;` true when the time has come, false when the call was cancelled.
class [[nodiscard]] Pause final : private net::Timer,
                                  private net::Waiter,
                                  private net::Cancellable {
 public:
  Pause(net::Worker& worker, net::CancelPoint& cancel, Instant until)
      : Timer([](Timer& self) { static_cast<Pause&>(self).coroutine_.resume(); }),
        Waiter([](Waiter& self) { static_cast<Pause&>(self).coroutine_.resume(); }),
        worker_(worker),
        point_(cancel),
        until_(until) {}

  bool await_ready() const { return point_.cancelled() || worker_.now() >= until_; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    coroutine_ = awaiting;
    worker_.timers().set(*this, until_);
    net::Cancellable& self = *this;
    during_.emplace(point_, self);
  }
  bool await_resume() {
    during_.reset();
    return !point_.cancelled();
  }

 private:
  void cancel() override {
    Timer::cancel();
    worker_.wake_soon(*this);
  }

  net::Worker& worker_;
  net::CancelPoint& point_;
  Instant until_;
  std::coroutine_handle<> coroutine_;
  std::optional<net::CancelPoint::During> during_;
};

// Waits until the peer sends something (which goes behind `ahead`), leaves, or the deadline passes.
class [[nodiscard]] PeerActs final : public net::Operation {
 public:
  PeerActs(net::Connection& peer, std::string& ahead, Instant deadline)
      : Operation(peer, deadline, wake_coroutine), ahead_(ahead) {}

  bool await_ready() { return attempt(); }
  void await_suspend(std::coroutine_handle<> awaiting) {
    coroutine_ = awaiting;
    connection_.attach_reader(*this);
  }
  bool await_resume() const { return acted_; }  // false: the time is over

 private:
  static void wake_coroutine(Waiter& self) { static_cast<PeerActs&>(self).coroutine_.resume(); }

  bool attempt() override {
    std::array<char, 4096> piece;
    std::size_t room = std::min(piece.size(), limits::pipelined_bytes_max - ahead_.size());
    if (room == 0) return acted_ = true;
    net::Connection::ReadNow got = connection_.read_now(std::span(piece).first(room));
    if (got.would_wait) return false;
    ahead_.append(piece.data(), got.bytes);
    return acted_ = true;
  }

  std::string& ahead_;
  bool acted_ = false;
};

}  // namespace recloser::sim
