// What a call has of each budget that applies to it, in the fixed layout of its journal slot.
#pragma once

#include "core/time.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace recloser::ledger {

inline constexpr std::size_t budgets_max = 32;             // of one call
inline constexpr std::size_t budget_name_bytes_max = 255;  // "users/team/<org>/<team>/usd/day"
inline constexpr std::size_t budget_unit_bytes_max = 16;
inline constexpr std::size_t budget_kind_bytes_max = 192;
inline constexpr std::size_t budget_key_bytes_max = 1536;  // every name a call can have, and more

// Amounts are in the unit's whole numbers: nano-dollars, milliseconds, all else in ones.
struct BudgetFigures {
  std::int64_t reserved = 0;  // the most that was held
  std::int64_t charged = 0;   // by this call, so far or in all
  std::int64_t remaining = 0;
  WallTime charged_at{};
  std::optional<WallTime> counts_until;  // then its window is over for good; nothing: never
};

// One account of a budget. Name, unit and kind together say which budget it is: one that counts
// something else, or over another time, is another budget of that name.
struct BudgetLine {
  std::string_view name;
  std::string_view unit;  // "usd", "tokens", ..
  std::string_view kind;  // the caller's word for what is counted over: "calendar/day/UTC org,team"
  std::string_view key;   // of the account: "org=acme,team=search"; empty where there is one
  WallTime window_begun{};
  BudgetFigures figures;

  // The name of the first text beyond its limit, "" when all fit.
  std::string_view too_long() const;
};

struct BudgetPart;

// Lines fill their room from both ends: numbers from the front, texts from the back.
struct BudgetHead {
  BudgetPart* next = nullptr;            // where the lines go on; counts in this process only
  std::uint32_t next_slot = UINT32_MAX;  // the same in the journal
  std::uint16_t text_bytes = 0;
  std::uint8_t count = 0;
  std::uint8_t unused = 0;
};

// Whether there was room for it.
bool add_line(BudgetHead& head, std::span<char> room, const BudgetLine& line);
BudgetLine line_at(std::span<const char> room, std::size_t i);
void set_figures(std::span<char> room, std::size_t i, const BudgetFigures& figures);
void set_charged(std::span<char> room, std::size_t i, std::int64_t charged);

// Whether every text lies in the room.
bool sound(const BudgetHead& head, std::span<const char> room);
std::uint32_t checksum(const BudgetHead& head, std::span<const char> room, std::uint32_t before);

// Lines that found no room in the record of their call; it takes another slot of the journal.
struct BudgetPart {
  static constexpr std::size_t room_bytes = 2416;

  BudgetHead head;
  alignas(8) std::array<char, room_bytes> room;

  BudgetPart() {
  }  // NOLINT(modernize-use-equals-default): as in CallRecord, the room stays as it is
  bool is_sound() const { return sound(head, room); }
  std::uint32_t checksum_from(std::uint32_t before) const;
};
static_assert(std::is_trivially_copyable_v<BudgetPart>);

}  // namespace recloser::ledger
