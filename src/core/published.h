// Published<T>: an immutable value that many threads read and now and then is replaced as a whole.
#pragma once

#include "core/check.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace recloser {

// Use: one Published per value, one Reader per worker. Readers pay one atomic load while nothing
// has changed; what they hold stays alive until they look again, or as long as a call copies it.
template <class T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first) : value_(std::move(first)) { CHECK(value_); }

  // After this returns, every look of every thread gives `next` or something newer.
  void publish(std::shared_ptr<const T> next) {
    CHECK(next);
    std::lock_guard lock(mutex_);
    value_.swap(next);
    version_.fetch_add(1, std::memory_order_release);
  }

  std::shared_ptr<const T> current() const {
    std::lock_guard lock(mutex_);
    return value_;
  }

  class Reader {
   public:
    explicit Reader(const Published& source)
        : source_(source), version_(source.version()), held_(source.current()) {}

    // The newest value. The reference is good until the next call of this Reader; copy the pointer
    // to keep the value longer.
    const std::shared_ptr<const T>& current() {
      std::uint64_t newest = source_.version();
      if (newest != version_) [[unlikely]] {
        held_ = source_.current();
        version_ = newest;  // a publish in between makes the next look fetch once more
      }
      return held_;
    }

   private:
    const Published& source_;
    std::uint64_t version_;
    std::shared_ptr<const T> held_;
  };

 private:
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace recloser
