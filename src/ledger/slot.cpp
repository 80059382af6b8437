#include "ledger/slot.h"

#include "ledger/crc32c.h"

#include <memory>

namespace recloser::ledger {
namespace {

// Checksums begin with the sequence, so that the halves of two calls never make a whole one.
std::uint32_t seed_of(const Slot& slot) { return crc32c(&slot.sequence, sizeof slot.sequence); }

}  // namespace

std::uint32_t JournalHead::checksum() const {
  std::uint32_t sum = crc32c(magic.data(), magic.size());
  sum = crc32c(&layout, sizeof layout, sum);
  return crc32c(written_by.data(), written_by.size(), sum);
}

void Slot::open(std::uint64_t number, CallId id, WallTime at, const CallOpening& who) {
  magic = magic_number;
  layout = journal_layout;
  sequence = number;
  std::construct_at(&record, id, at, who);
  opening_crc = record.opening_checksum(seed_of(*this));
  state.store(SlotState::open, std::memory_order_release);
}

void Slot::settle() {
  crc = record.checksum(seed_of(*this));
  state.store(SlotState::settled, std::memory_order_release);
}

Found examine(const Slot& slot) {
  SlotState state = slot.state.load(std::memory_order_acquire);
  if (state == SlotState::free) return Found::free;
  bool ours = slot.magic == Slot::magic_number && slot.layout == journal_layout;
  if (!ours || !slot.record.sound()) return Found::damaged;
  std::uint32_t seed = seed_of(slot);
  if (slot.opening_crc != slot.record.opening_checksum(seed)) return Found::damaged;
  if (state == SlotState::open) return Found::open;
  bool whole = state == SlotState::settled && slot.crc == slot.record.checksum(seed);
  return whole ? Found::settled : Found::damaged;
}

}  // namespace recloser::ledger
