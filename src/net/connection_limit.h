// ConnectionLimit: how many clients the servers that share it may have at once, in all threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace recloser::net {

class ConnectionLimit {
 public:
  explicit ConnectionLimit(std::size_t most) : most_(most) {}

  // Room for one connection; gives itself back. Empty when there was none.
  class [[nodiscard]] Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(limit_, other.limit_);
      return *this;
    }
    ~Place() {
      if (limit_ != nullptr) limit_->taken_.fetch_sub(1, std::memory_order_relaxed);
    }
    explicit operator bool() const { return limit_ != nullptr; }

   private:
    friend class ConnectionLimit;
    explicit Place(ConnectionLimit& limit) : limit_(&limit) {}
    ConnectionLimit* limit_ = nullptr;
  };

  // Never counts beyond the limit, not even for a moment: another thread would then be refused
  // while there is room.
  Place take() {
    std::size_t taken = taken_.load(std::memory_order_relaxed);
    while (taken < most_) {
      if (taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed)) {
        return Place(*this);
      }
    }
    return {};
  }

  std::size_t most() const { return most_; }
  std::size_t taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> taken_{0};
};

}  // namespace recloser::net
