// Grant: what a call gets of the budgets that apply to it. Pure; all of the table's locking is
// around this one decision.
#pragma once

#include "budget/budget.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

namespace recloser::budget {

// One budget as a call finds it. Without initializers: a call makes room for the most there may be.
struct Room {
  Reserve reserve;
  Demand demand;
  Amount free;  // limit - charged - reserved; less than 0 after an overrun or a lowered limit
  std::uint64_t clamp_floor_tokens;
  std::uint64_t most_tokens;  // of the answer, whatever would fit; UINT64_MAX: no matter
};

// With `degradeAt`, the longest answer goes from what is asked for, at that share of the limit,
// down in a straight line to the floor where nothing is left.
std::uint64_t degraded_tokens(const Budget& budget, Amount limit, Amount charged,
                              std::uint64_t asked);

struct Wants {
  std::uint64_t output_tokens_max = 0;    // UINT64_MAX: nothing bounds the answer
  std::uint64_t output_tokens_least = 0;  // no budget clamps below
  std::uint64_t slice_tokens = 0;
  std::uint64_t grace_tokens = 0;   // beyond the last slice, to the end of a sentence
  std::uint64_t hidden_tokens = 0;  // of thinking that nobody sees come: ahead of the first slice
};

struct Grant {
  static constexpr std::size_t no_room = SIZE_MAX;

  std::uint64_t output_tokens_max = 0;  // of the answer: as wanted, or clamped
  std::uint64_t output_tokens = 0;      // paid for now, ..
  std::uint64_t grace_tokens = 0;       // .. and these with them, by each elastic room
  std::size_t lowered_by = no_room;     // the room for which the answer's limit is what it is
  bool degraded = false;                // by its most_tokens
};

// The first room that has too little.
struct Shortage {
  std::size_t room = 0;
  Amount needed = 0;  // of it, at the least
};

std::expected<Grant, Shortage> grant(std::span<const Room> rooms, const Wants& wants);

// What is held of a room for that grant; `hidden_tokens` as they were wanted.
Amount held(const Room& room, const Grant& grant, std::uint64_t hidden_tokens);

}  // namespace recloser::budget
