// SpinLock: a byte that guards a few dozen instructions, where a million mutexes would not fit.
#pragma once

#include <atomic>
#include <thread>

namespace recloser {

// For sections without I/O, allocation of size, or another wait inside. A holder that the machine
// has put to sleep is waited for by giving the processor away.
class SpinLock {
 public:
  void lock() {
    for (unsigned tries = 0; held_.exchange(true, std::memory_order_acquire); ++tries) {
      while (held_.load(std::memory_order_relaxed)) {
        if (++tries % spins_before_yield == 0) std::this_thread::yield();
        __builtin_ia32_pause();
      }
    }
  }
  void unlock() { held_.store(false, std::memory_order_release); }

 private:
  static constexpr unsigned spins_before_yield = 128;

  std::atomic<bool> held_{false};
};

}  // namespace recloser
