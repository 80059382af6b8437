// MemoryBudget: the bytes that all connections together may hold for bodies; beyond it calls are
// refused.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace recloser::net {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // What was taken; gives itself back.
  class [[nodiscard]] Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Share() { give_back(); }

    // Grows to `bytes` in all. False, and unchanged, when the budget does not allow it.
    bool grow_to(MemoryBudget& budget, std::size_t bytes) {
      if (bytes <= bytes_) return true;
      if (!budget.take(bytes - bytes_)) return false;
      budget_ = &budget;
      bytes_ = bytes;
      return true;
    }
    void give_back() {
      if (budget_ != nullptr) budget_->used_.fetch_sub(bytes_, std::memory_order_relaxed);
      budget_ = nullptr;
      bytes_ = 0;
    }

   private:
    MemoryBudget* budget_ = nullptr;
    std::size_t bytes_ = 0;
  };

  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  std::size_t bytes_max() const { return bytes_max_; }

 private:
  bool take(std::size_t bytes) {
    std::size_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= bytes_max_) return true;
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }

  const std::size_t bytes_max_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace recloser::net
