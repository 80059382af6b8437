// Lock-free lists of slots, last in first out, linked through the slots themselves.
#pragma once

#include "ledger/slot.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

namespace recloser::ledger {

// The segments that are mapped, by slot number. Segments are only ever added.
class SlotTable {
 public:
  static constexpr std::uint32_t segments_max = 256;

  Slot& at(std::uint32_t slot) {
    Slot* segment = segments_[slot / segment_slots].load(std::memory_order_acquire);
    return segment[slot % segment_slots];
  }
  Slot* segment(std::uint32_t i) const { return segments_[i].load(std::memory_order_acquire); }
  void add(std::uint32_t i, Slot* first) { segments_[i].store(first, std::memory_order_release); }

 private:
  std::array<std::atomic<Slot*>, segments_max> segments_{};
};

// Treiber's stack ("Systems programming: coping with parallelism", 1986). The head carries a count
// of changes, so that a slot which was taken and came back meanwhile is not mistaken for one that
// never left.
class SlotStack {
 public:
  // True when the stack was empty.
  bool push(SlotTable& slots, std::uint32_t slot) {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    do {
      slots.at(slot).next.store(slot_of(head), std::memory_order_relaxed);
    } while (!head_.compare_exchange_weak(head, after(head, slot)));
    return slot_of(head) == no_slot;
  }

  std::optional<std::uint32_t> pop(SlotTable& slots) {
    std::uint64_t head = head_.load(std::memory_order_acquire);
    while (slot_of(head) != no_slot) {
      std::uint32_t next = slots.at(slot_of(head)).next.load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(head, after(head, next), std::memory_order_acquire,
                                      std::memory_order_acquire)) {
        return slot_of(head);
      }
    }
    return std::nullopt;
  }

  // Appends all of them to `out`, the first pushed first.
  void take_all(SlotTable& slots, std::vector<std::uint32_t>& out);

  bool empty() const { return slot_of(head_.load()) == no_slot; }

 private:
  static std::uint32_t slot_of(std::uint64_t head) { return static_cast<std::uint32_t>(head); }
  static std::uint64_t after(std::uint64_t head, std::uint32_t slot) {
    return (((head >> 32) + 1) << 32) | slot;
  }

  alignas(64) std::atomic<std::uint64_t> head_{no_slot};
};

}  // namespace recloser::ledger
