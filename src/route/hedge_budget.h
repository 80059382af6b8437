// HedgeBudget: how many calls may be sent to a second target before the first has answered.
#pragma once

#include "core/spin_lock.h"
#include "core/time.h"
#include "route/tally.h"

#include <cstdint>
#include <mutex>

namespace recloser::route {

// Shared by all threads. At most 2 % of the calls of the last minute, and none in advance.
class HedgeBudget {
 public:
  static constexpr Duration window = 60s;
  static constexpr std::uint64_t percent = 2;

  void count_call(Instant now) {
    std::lock_guard lock(lock_);
    tally_.add(now, 1, 0);
  }

  // Whether one more may be sent; it is then counted.
  bool take(Instant now) {
    std::lock_guard lock(lock_);
    Tally::Sums sums = tally_.sums(now);
    if ((sums.marked + 1) * 100 > sums.calls * percent) return false;
    tally_.add(now, 0, 1);
    return true;
  }

 private:
  SpinLock lock_;
  Tally tally_{window};  // marked: hedges
};

}  // namespace recloser::route
