// Terms: the rates under which a usage is priced and what multiplies them, and sums that are
// rounded once.
#pragma once

#include "codec/usage.h"
#include "core/money.h"
#include "core/time.h"
#include "price/catalogue.h"

#include <cstdint>
#include <string_view>

namespace recloser::price {

__extension__ using Wide = unsigned __int128;

inline constexpr std::uint64_t tokens_per_price = 1'000'000;
inline constexpr std::uint64_t ms_per_hour = 3'600'000;
inline constexpr std::uint64_t factor_one = 100'000'000;  // products of factors keep eight places

// Half to even; beyond the range of NanoUsd: its end.
NanoUsd rounded(Wide numerator, Wide denominator);
// The same for tokens times prices: nearly always 64 bits and a division by a constant.
inline NanoUsd rounded_per_million(Wide tokens_times_price) {
  if (tokens_times_price > UINT64_MAX) return rounded(tokens_times_price, tokens_per_price);
  auto numerator = static_cast<std::uint64_t>(tokens_times_price);
  std::uint64_t whole = numerator / tokens_per_price;
  std::uint64_t twice_rest = numerator % tokens_per_price * 2;
  bool up = twice_rest > tokens_per_price || (twice_rest == tokens_per_price && whole % 2 != 0);
  return {static_cast<std::int64_t>(whole + (up ? 1 : 0))};
}
NanoUsd rounded_up(Wide numerator, Wide denominator);

struct Terms {
  const Schedule::Window* window = nullptr;  // null: no price
  const Rates* rates = nullptr;              // of the window, for the size of the prompt
  std::uint64_t token_factor = factor_one;
  std::uint64_t fee_factor = factor_one;
  bool tier_is_own = true;
  bool of_contract = false;  // the operator's own prices, not the list's
};

struct BothTerms {
  Terms list;
  Terms paid;
};

// At list prices.
Terms list_terms(const Priced& priced, std::uint64_t input_tokens, codec::ServiceTier tier,
                 std::string_view geography, WallTime at);
// The same, and what the operator pays.
BothTerms terms_of(const Priced& priced, std::uint64_t input_tokens, codec::ServiceTier tier,
                   std::string_view geography, WallTime at);

}  // namespace recloser::price
