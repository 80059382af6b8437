// The journal file as it lies on disk: a header page, then slots, one call each.
#pragma once

#include "ledger/call_record.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>

namespace recloser::ledger {

// Raised with every change of the bytes below or of CallRecord. A journal of another layout is
// never guessed at.
inline constexpr std::uint32_t journal_layout = 5;

inline constexpr std::size_t journal_head_bytes = 4096;
inline constexpr std::size_t slot_bytes = 2464;
inline constexpr std::uint32_t segment_slots = 1024;  // the file grows by so many
inline constexpr std::size_t segment_bytes = segment_slots * slot_bytes;
inline constexpr std::uint32_t no_slot = UINT32_MAX;

// First in the file. The first five fields stay where they are in every layout, so that any version
// can tell whose journal it is and whether anything is left in it.
struct JournalHead {
  static constexpr std::array<char, 8> magic_bytes{'R', 'C', 'L', 'S', 'J', 'R', 'N', 'L'};
  static constexpr std::uint32_t clean_mark = 0x4e4c4331;  // stopped with every row in the store

  std::array<char, 8> magic{};
  std::uint32_t layout = 0;
  std::uint32_t crc = 0;               // of magic, layout and written_by
  std::array<char, 64> written_by{};   // the version of the program, NUL-padded
  std::atomic<std::uint32_t> clean{};  // clean_mark or 0
  // How far the file reaches at least: a shorter one was cut. 0 where it was never said.
  std::atomic<std::uint32_t> segments{};

  std::uint32_t checksum() const;
  bool sound() const { return magic == magic_bytes && crc == checksum(); }
};

enum class SlotState : std::uint32_t {
  free = 0,  // nothing in it counts
  open = 0x4e45504f,
  settled = 0x4c544553,
  part = 0x54524150,  // lines of the call that refers to it
};

// The order of stores is what makes it safe: the content first, then its checksum, then the state.
// A killed process leaves a prefix of that, hence a free slot, an open one whose opening is proven,
// or a settled one that is proven whole.
struct alignas(32) Slot {
  static constexpr std::uint32_t magic_number = 0x544c5352;

  std::uint32_t magic = 0;
  std::uint32_t layout = 0;
  std::atomic<SlotState> state{};
  std::atomic<std::uint32_t> next{no_slot};  // of the list it is in; means nothing on disk
  std::uint64_t sequence = 0;                // of its call in this run
  std::uint32_t opening_crc = 0;
  std::uint32_t crc = 0;
  CallRecord record;

  void open(std::uint64_t number, CallId id, WallTime at, const CallOpening& who);
  void settle();

  // Instead of a record: lines of the call of that number. Counts once the call refers to it.
  BudgetPart& open_part(std::uint64_t number);
  BudgetPart& part() { return *std::launder(reinterpret_cast<BudgetPart*>(&record)); }
  void settle_part();

  void release() { state.store(SlotState::free, std::memory_order_release); }
};
static_assert(sizeof(Slot) == slot_bytes);
static_assert(segment_bytes % 4096 == 0, "a segment is mapped, so it is whole pages");
static_assert(std::atomic<SlotState>::is_always_lock_free);

enum class Found : std::uint8_t { free, open, settled, part, damaged };

// What a slot of a journal that was left behind holds, by its checksums. Of a part, whose it is
// must be asked as well.
Found examine(const Slot& slot);

// The lines in that slot, if it is the part that `of` refers to; nothing when a foreign hand was
// there.
std::optional<BudgetPart> part_of(const Slot& of, const Slot& slot);

}  // namespace recloser::ledger
