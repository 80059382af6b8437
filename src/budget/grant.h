// Grant: what a call gets of the budgets that apply to it. Pure; all of the table's locking is
// around this one decision.
#pragma once

#include "budget/budget.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

namespace recloser::budget {

// One budget as a call finds it.
struct Room {
  Reserve reserve = Reserve::clamp;
  Demand demand;
  Amount free = 0;  // limit - charged - reserved; less than 0 after an overrun or a lowered limit
  std::uint64_t clamp_floor_tokens = 0;
};

struct Wants {
  std::uint64_t output_tokens_max = 0;    // UINT64_MAX: nothing bounds the answer
  std::uint64_t output_tokens_least = 0;  // no budget clamps below
  std::uint64_t slice_tokens = 0;
};

struct Grant {
  std::uint64_t output_tokens_max = 0;  // of the answer: as wanted, or clamped
  std::uint64_t output_tokens = 0;      // paid for now
};

// The first room that has too little.
struct Shortage {
  std::size_t room = 0;
  Amount needed = 0;  // of it, at the least
};

std::expected<Grant, Shortage> grant(std::span<const Room> rooms, const Wants& wants);

// What is held of a room for that grant.
Amount held(const Room& room, const Grant& grant);

}  // namespace recloser::budget
