#include "ledger/slot.h"

#include "ledger/crc32c.h"

#include <cstring>
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

BudgetPart& Slot::open_part(std::uint64_t number) {
  magic = magic_number;
  layout = journal_layout;
  sequence = number;
  auto* lines = std::construct_at(reinterpret_cast<BudgetPart*>(&record));
  state.store(SlotState::part, std::memory_order_release);
  return *lines;
}

void Slot::settle_part() { crc = part().checksum_from(seed_of(*this)); }

Found examine(const Slot& slot) {
  SlotState state = slot.state.load(std::memory_order_acquire);
  if (state == SlotState::free) return Found::free;
  bool ours = slot.magic == Slot::magic_number && slot.layout == journal_layout;
  if (ours && state == SlotState::part) return Found::part;
  if (!ours || !slot.record.sound()) return Found::damaged;
  std::uint32_t seed = seed_of(slot);
  if (slot.opening_crc != slot.record.opening_checksum(seed)) return Found::damaged;
  if (state == SlotState::open) return Found::open;
  bool whole = state == SlotState::settled && slot.crc == slot.record.checksum(seed);
  return whole ? Found::settled : Found::damaged;
}

std::optional<BudgetPart> part_of(const Slot& of, const Slot& slot) {
  if (examine(slot) != Found::part || slot.sequence != of.sequence) return std::nullopt;
  BudgetPart part;
  std::memcpy(static_cast<void*>(&part), static_cast<const void*>(&slot.record), sizeof part);
  if (!part.is_sound()) return std::nullopt;
  bool settled = of.state.load(std::memory_order_relaxed) == SlotState::settled;
  if (settled && slot.crc != part.checksum_from(seed_of(slot))) return std::nullopt;
  return part;
}

}  // namespace recloser::ledger
