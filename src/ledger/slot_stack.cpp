#include "ledger/slot_stack.h"

#include <algorithm>

namespace recloser::ledger {

void SlotStack::take_all(SlotTable& slots, std::vector<std::uint32_t>& out) {
  std::uint64_t head = head_.load(std::memory_order_acquire);
  while (!head_.compare_exchange_weak(head, after(head, no_slot), std::memory_order_acquire,
                                      std::memory_order_acquire)) {
  }
  auto first = static_cast<std::ptrdiff_t>(out.size());
  for (std::uint32_t slot = slot_of(head); slot != no_slot;) {
    out.push_back(slot);
    slot = slots.at(slot).next.load(std::memory_order_relaxed);
  }
  std::reverse(out.begin() + first, out.end());
}

}  // namespace recloser::ledger
