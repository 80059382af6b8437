// WorstCase: the most that a call may take of each unit, before it is made.
#pragma once

#include "budget/budget.h"
#include "codec/request.h"
#include "codec/server_tools.h"
#include "core/time.h"
#include "price/catalogue.h"
#include "price/cost.h"

#include <cstdint>
#include <optional>
#include <span>

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

// What of the call bears on its price; without its tokens.
price::Bound price_bound(const codec::RequestFacts& facts,
                         std::span<const codec::AskedTool> server_tools);

// The dearest prices that a call within the bound can meet; and what it takes at them.
std::optional<price::UpperPrice> upper_price(const price::Priced& priced, const price::Bound& bound,
                                             WallTime at);
std::optional<budget::Demand> money_demand(const std::optional<price::UpperPrice>& price,
                                           std::uint64_t input_tokens);

// A tool that its provider may run as often as it likes; null where there is none.
const codec::AskedTool* unlimited(std::span<const codec::AskedTool> server_tools);

// Thinking that is billed and may not be seen to come: held ahead where a stream pays as it comes.
// Of models that think (Anthropic's: where they are asked to), as many tokens as the client lets
// them think, else so many.
inline constexpr std::uint64_t hidden_reserve_usual = 8'192;
std::uint32_t hidden_reserve(const codec::RequestFacts& facts, const price::Priced& priced,
                             codec::Family family, std::uint64_t most_output);

// One whose length nobody knows has so much held of it, and is limited to that: more than models
// write in one answer unless asked to, and what most small models take for a limit.
inline constexpr std::uint64_t unknown_output_tokens = 16'384;

// What of an answer that may have `most` tokens is held before it begins.
std::uint64_t output_held_ahead(std::uint64_t most, const codec::RequestFacts& facts);

}  // namespace recloser::relay
