// Amount: dollars of a bill, exact to 18 places, so that millions of its lines sum without error.
#pragma once

#include "core/money.h"
#include "core/result.h"

#include <compare>
#include <string>
#include <string_view>

namespace recloser::books {

// 10^-18 US dollars. Bills state fractions of what we keep (AWS ten places, OpenAI thirty of which
// the last are 0): rounding each line to nano-dollars would look like a finding.
struct Amount {
  static constexpr unsigned places = 18;

  __int128 atto = 0;

  static constexpr Amount of(NanoUsd nano) { return {__int128{nano.count} * 1'000'000'000}; }

  friend auto operator<=>(const Amount&, const Amount&) = default;
  friend Amount operator+(Amount a, Amount b) { return {a.atto + b.atto}; }
  friend Amount operator-(Amount a, Amount b) { return {a.atto - b.atto}; }
  friend Amount& operator+=(Amount& a, Amount b) { return a = a + b; }
};

constexpr Amount magnitude(Amount amount) { return {amount.atto < 0 ? -amount.atto : amount.atto}; }

// A decimal number, "0.06", "-1.5e-07"; digits beyond 18 places round half to even. Malformed: it
// is none, or is beyond the sums that can be kept (10^15 dollars).
Result<Amount> parse_amount(std::string_view text);

// The digits behind the point that `text` shows: 2 of "0.06" and of "0.10", 8 of "1.5e-07".
unsigned places_shown(std::string_view text);

// At least nine places, as the ledger writes money; more only where they are not 0.
std::string text_of(Amount amount);

}  // namespace recloser::books
