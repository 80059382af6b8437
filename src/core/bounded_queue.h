// A bounded queue from many producers to one consumer; push never waits and says when it is full.
#pragma once

#include "core/check.h"

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace recloser {

// The ring of Dmitry Vyukov ("Bounded MPMC queue", 1024cores.net, 2010): each cell carries the turn
// it waits for, so a push is one compare-and-swap and one store, and no element is ever allocated.
template <class T>
class BoundedQueue {
 public:
  // `capacity` is rounded up to a power of two.
  explicit BoundedQueue(std::size_t capacity)
      : mask_(std::bit_ceil(capacity) - 1), cells_(std::make_unique<Cell[]>(mask_ + 1)) {
    CHECK(capacity >= 1);
    for (std::size_t i = 0; i <= mask_; ++i) cells_[i].turn.store(i, std::memory_order_relaxed);
  }

  std::size_t capacity() const { return mask_ + 1; }

  // False when full; `element` is then untouched. Any thread.
  bool push(T&& element) {
    std::size_t at = tail_.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells_[at & mask_];
      std::size_t turn = cell.turn.load(std::memory_order_acquire);
      auto ahead = static_cast<std::ptrdiff_t>(turn - at);
      if (ahead < 0) return false;
      if (ahead > 0) {
        at = tail_.load(std::memory_order_relaxed);
      } else if (tail_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) {
        cell.element = std::move(element);
        cell.turn.store(at + 1, std::memory_order_release);
        return true;
      }
    }
  }

  // Empty when nothing is ready. The consumer only.
  std::optional<T> pop() {
    std::size_t at = head_.load(std::memory_order_relaxed);
    Cell& cell = cells_[at & mask_];
    if (cell.turn.load(std::memory_order_acquire) != at + 1) return std::nullopt;
    std::optional<T> element(std::move(cell.element));
    cell.turn.store(at + mask_ + 1, std::memory_order_release);
    head_.store(at + 1, std::memory_order_relaxed);
    return element;
  }

  // What any thread may see at some moment during the call; for gauges and admission.
  std::size_t size() const {
    std::size_t head = head_.load(std::memory_order_relaxed);
    std::size_t tail = tail_.load(std::memory_order_relaxed);
    return tail >= head ? tail - head : 0;
  }

 private:
  struct Cell {
    std::atomic<std::size_t> turn;
    T element{};
  };

  const std::size_t mask_;
  const std::unique_ptr<Cell[]> cells_;
  alignas(64) std::atomic<std::size_t> tail_{0};
  alignas(64) std::atomic<std::size_t> head_{0};
};

}  // namespace recloser
