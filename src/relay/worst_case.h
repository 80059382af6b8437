// WorstCase: the most that a call may take of each unit, before it is made.
#pragma once

#include "budget/budget.h"
#include "codec/request.h"
#include "core/time.h"
#include "price/catalogue.h"
#include "price/cost.h"

#include <cstdint>
#include <optional>

namespace recloser::relay {

struct WorstCase {
  static constexpr std::uint64_t unbounded = UINT64_MAX;

  std::uint64_t input_tokens = unbounded;
  std::uint64_t output_tokens = unbounded;  // of all choices
  std::optional<budget::Demand> money;      // nothing: something of it has no price

  // Of a budget in that unit. Nothing: nobody knows.
  std::optional<budget::Demand> demand(budget::Unit unit) const;
};

// The most that the answer may have: the client's own limit, else the model's, else what its
// context leaves, else unbounded.
std::uint64_t most_output(const codec::RequestFacts& facts, const price::Priced& priced);

// The dearest prices that a call can meet which reads up to so many tokens; and what it takes at
// them.
std::optional<price::UpperPrice> upper_price(const price::Priced& priced,
                                             std::uint64_t input_tokens, WallTime at);
std::optional<budget::Demand> money_demand(const std::optional<price::UpperPrice>& price,
                                           std::uint64_t input_tokens);

// One whose length nobody knows has so much held of it, and is limited to that: more than models
// write in one answer unless asked to, and what most small models take for a limit.
inline constexpr std::uint64_t unknown_output_tokens = 16'384;

// What of an answer that may have `most` tokens is held before it begins.
std::uint64_t output_held_ahead(std::uint64_t most, const codec::RequestFacts& facts);

}  // namespace recloser::relay
