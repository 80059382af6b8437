// RetryBudget, SpareRetries: how many attempts may be second ones.
#pragma once

#include "core/spin_lock.h"
#include "core/time.h"
#include "route/tally.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

namespace recloser::route {

class RetryToken;

// What gives retries, and hears how they ended.
class RetrySource {
 protected:
  ~RetrySource() = default;

 private:
  friend class RetryToken;
  virtual void give_back(std::size_t place, bool succeeded) = 0;
};

// One retry, as long as it runs. Move-only; not longer than its source.
class [[nodiscard]] RetryToken {
 public:
  explicit RetryToken(RetrySource& source, std::size_t place = 0)
      : source_(&source), place_(place) {}
  RetryToken(RetryToken&& other) noexcept
      : source_(std::exchange(other.source_, nullptr)),
        place_(other.place_),
        succeeded_(other.succeeded_) {}
  RetryToken& operator=(RetryToken&& other) noexcept {
    std::swap(source_, other.source_);
    std::swap(place_, other.place_);
    std::swap(succeeded_, other.succeeded_);
    return *this;
  }
  ~RetryToken() {
    if (source_ != nullptr) source_->give_back(place_, succeeded_);
  }

  // It has come to something: an answer.
  void succeeded() { succeeded_ = true; }

 private:
  RetrySource* source_;
  std::size_t place_;
  bool succeeded_ = false;
};

// So many retries as are a share of the calls of the last 10 s: those of the last 10 s count, and
// those that still run. Shared by all threads.
class RetryBudget final : private RetrySource {
 public:
  static constexpr Duration window = 10s;

  explicit RetryBudget(std::uint64_t percent) : percent_(percent) {}

  // A call's first attempt.
  void count_call(Instant now) {
    std::lock_guard lock(lock_);
    tally_.add(now, 1, 0);
  }

  std::optional<RetryToken> take(Instant now) {
    std::lock_guard lock(lock_);
    Tally::Sums sums = tally_.sums(now);
    if (std::max(sums.marked, running_) >= sums.calls * percent_ / 100) return std::nullopt;
    tally_.add(now, 0, 1);
    ++running_;
    return RetryToken(*this);
  }

  std::uint64_t running() const {
    std::lock_guard lock(lock_);
    return running_;
  }

 private:
  void give_back(std::size_t /*place*/, bool /*succeeded*/) override {
    std::lock_guard lock(lock_);
    --running_;
  }

  const std::uint64_t percent_;
  mutable SpinLock lock_;
  Tally tally_{window};  // marked: retries
  std::uint64_t running_ = 0;
};

// Three that run at a time, whatever the share of the process allows; one that came to nothing
// keeps its place for 10 s. So a few calls survive a target that has begun to fail, where there is
// another that answers; and where everything fails, providers see a tenth more calls and not three
// times as many. Of one target, shared by all threads.
class SpareRetries final : private RetrySource {
 public:
  static constexpr std::size_t places = 3;

  std::optional<RetryToken> take(Instant now) {
    std::lock_guard lock(lock_);
    auto free = std::ranges::find_if(
        places_, [now](const Place& each) { return !each.runs && each.free_from <= now; });
    if (free == places_.end()) return std::nullopt;
    *free = {.free_from = now + RetryBudget::window, .runs = true};
    return RetryToken(*this, static_cast<std::size_t>(free - places_.begin()));
  }

  std::uint64_t running() const {
    std::lock_guard lock(lock_);
    return static_cast<std::uint64_t>(std::ranges::count(places_, true, &Place::runs));
  }

 private:
  struct Place {
    Instant free_from;  // unless it runs still
    bool runs = false;
  };

  void give_back(std::size_t place, bool succeeded) override {
    std::lock_guard lock(lock_);
    places_[place].runs = false;
    if (succeeded) places_[place].free_from = Instant{};
  }

  mutable SpinLock lock_;
  std::array<Place, places> places_;
};

}  // namespace recloser::route
