// RetryBudget: how many attempts at a target may be second ones.
#pragma once

#include "core/spin_lock.h"
#include "core/time.h"
#include "route/tally.h"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

namespace recloser::route {

class RetryBudget;

// One retry, as long as it runs. Move-only; not longer than its budget.
class [[nodiscard]] RetryToken {
 public:
  explicit RetryToken(RetryBudget& budget) : budget_(&budget) {}
  RetryToken(RetryToken&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)) {}
  RetryToken& operator=(RetryToken&& other) noexcept {
    std::swap(budget_, other.budget_);
    return *this;
  }
  ~RetryToken();

 private:
  RetryBudget* budget_;
};

// Shared by all threads. So many retries as are a share of the calls of the last 10 s, and a few in
// any case: those of the last 10 s count, and those that still run. A process has a tenth of all
// its calls, and each target three more: when everything fails, providers thus see a tenth more
// calls and not three times as many.
class RetryBudget {
 public:
  static constexpr Duration window = 10s;

  RetryBudget(std::uint64_t percent, std::uint64_t retries_least)
      : percent_(percent), retries_least_(retries_least) {}

  // A call's first attempt.
  void count_call(Instant now) {
    std::lock_guard lock(lock_);
    tally_.add(now, 1, 0);
  }

  std::optional<RetryToken> take(Instant now) {
    std::lock_guard lock(lock_);
    Tally::Sums sums = tally_.sums(now);
    std::uint64_t most = std::max(sums.calls * percent_ / 100, retries_least_);
    if (std::max(sums.marked, running_) >= most) return std::nullopt;
    tally_.add(now, 0, 1);
    ++running_;
    return std::optional<RetryToken>(std::in_place, *this);
  }

  std::uint64_t running() const {
    std::lock_guard lock(lock_);
    return running_;
  }

 private:
  friend class RetryToken;
  void give_back() {
    std::lock_guard lock(lock_);
    --running_;
  }

  const std::uint64_t percent_;
  const std::uint64_t retries_least_;
  mutable SpinLock lock_;
  Tally tally_{window};  // marked: retries
  std::uint64_t running_ = 0;
};

inline RetryToken::~RetryToken() {
  if (budget_ != nullptr) budget_->give_back();
}

}  // namespace recloser::route
