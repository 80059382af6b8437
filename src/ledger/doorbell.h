// Wakes one sleeping thread; ringing costs a system call only when it sleeps for good.
#pragma once

#include "core/time.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace recloser::ledger {

class Doorbell {
 public:
  // Wakes the sleeper now, whatever it waits for. Any thread.
  void ring() {
    std::lock_guard lock(mutex_);
    rung_ = true;
    wake_.notify_one();
  }

  // Wakes the sleeper if it sleeps until called. What was written before is seen by it.
  void ring_if_asleep() {
    if (asleep_.load() && asleep_.exchange(false)) ring();
  }

  // A short rest that only ring() ends early.
  void rest(Duration most) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, most, [this] { return rung_; });
    rung_ = false;
  }

  // Sleeps until called, or for `most`. `has_work` is asked after ring_if_asleep() works, so that
  // nothing pushed meanwhile is slept through.
  template <class HasWork>
  void sleep(Duration most, HasWork has_work) {
    asleep_.store(true);
    if (!has_work()) rest(most);
    asleep_.store(false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool rung_ = false;
  std::atomic<bool> asleep_{false};
};

}  // namespace recloser::ledger
