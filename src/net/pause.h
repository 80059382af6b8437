// Pause: waits for a moment, and for the end of the call that waits.
#pragma once

#include "net/cancel.h"
#include "net/timer.h"
#include "net/worker.h"

#include <coroutine>

namespace recloser::net {

// Use:
//   Pause pause(worker, until);
//   CancelPoint::During waiting(cancel, pause);
//   co_await pause;
// Over at `until`, or as soon as the call is cancelled: ask the CancelPoint which.
class Pause final : public Cancellable, public Timer {
 public:
  Pause(Worker& worker, Instant until) : Timer(wake), worker_(worker), until_(until) {}

  void cancel() override {
    until_ = worker_.now();
    if (waiting_) worker_.timers().set(*this, until_);
  }

  bool await_ready() const noexcept { return worker_.now() >= until_; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    worker_.timers().set(*this, until_);
  }
  void await_resume() const noexcept {}

 private:
  static void wake(Timer& timer) { static_cast<Pause&>(timer).waiting_.resume(); }

  Worker& worker_;
  Instant until_;
  std::coroutine_handle<> waiting_;
};

}  // namespace recloser::net
