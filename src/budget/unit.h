// Unit: what a budget counts, and in which whole numbers.
#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::budget {

enum class Unit : std::uint8_t {
  usd,
  tokens,  // input and output
  input_tokens,
  output_tokens,
  requests,
  tool_calls,
  seconds,
  calls,  // running at one time: what is held is given back whole
};
inline constexpr std::size_t unit_count = 8;

std::string_view name_of(Unit unit);

// Money in nano-dollars, time in milliseconds, all else in ones. Never negative in a budget's
// limit; sums stay within the range, because no single amount is beyond amount_max.
using Amount = std::int64_t;
inline constexpr Amount amount_max = INT64_MAX / 4;

// Places behind the decimal point that an amount of the unit has: 9, 3, 0.
unsigned places_of(Unit unit);

// "2.00" of usd, "1500" of tokens. Errors (malformed): it is no number, has more places than the
// unit, is negative, or is beyond amount_max.
Result<Amount> parse_amount(Unit unit, std::string_view text);

// For people: "$2.00" (as many places as say it all, two at least), "1,500 tokens", "30 s".
std::string text_of(Unit unit, Amount amount);

// The same as a bare decimal, for JSON and headers: "2.00", "1500", "30".
std::string number_of(Unit unit, Amount amount);
void append_number(std::string& out, Unit unit, Amount amount);

// What a call takes of each unit, so far or in all.
struct Use {
  Amount nano_usd = 0;
  Amount input_tokens = 0;
  Amount output_tokens = 0;
  Amount requests = 0;
  Amount tool_calls = 0;
  Amount milliseconds = 0;

  Amount of(Unit unit) const;
  friend bool operator==(const Use&, const Use&) = default;
};

}  // namespace recloser::budget
