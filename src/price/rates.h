// Rates: what one unit of each thing that is charged costs, with the gaps of a price list filled.
#pragma once

#include "core/money.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace recloser::price {

// What has a price of its own. The figures of codec::Usage fall apart into these, each token into
// exactly one, so that nothing is charged twice.
enum class Rate : unsigned char {
  input,
  cached_input,
  cache_write,
  cache_write_1h,
  audio_input,
  cached_audio_input,
  image_input,
  cached_image_input,
  output,
  reasoning,
  audio_output,
  image_output,
  // Beside tokens: for an hour, and for one of the others.
  audio_hour,
  web_search,
  file_search,
  code_session,
  request,
};
inline constexpr std::size_t rate_count = 17;
inline constexpr std::size_t token_rate_count = 12;  // the first ones
inline constexpr unsigned rate_places = 9;           // USD with nine places are nano-dollars

std::string_view name_of(Rate rate);   // "cachedInput": as price lists of ours write it
std::string_view unit_of(Rate rate);   // "USD per million tokens"
std::string_view words_of(Rate rate);  // "cached input tokens"
std::optional<Rate> rate_named(std::string_view name);

// Nano-dollars for a million tokens, for an hour, or for one.
struct Rates {
  std::array<std::int64_t, rate_count> nano{};
  std::uint32_t known = 0;    // bit r: rate r has a price, its own or a more general one's
  std::uint32_t own = 0;      // bit r: its own
  bool beyond_usage = false;  // something else is charged that no usage of ours counts

  static constexpr std::uint32_t bit(Rate rate) { return 1u << static_cast<unsigned>(rate); }
  bool has(Rate rate) const { return (known & bit(rate)) != 0; }
  bool has_own(Rate rate) const { return (own & bit(rate)) != 0; }
  std::int64_t operator[](Rate rate) const { return nano[static_cast<std::size_t>(rate)]; }

  void set(Rate rate, std::int64_t price);
  // Where a rate is missing the more general one holds: cached input is input, audio is text. A
  // cache write for an hour is `write_1h_factor` millionths of the input where that is not 0, else
  // an ordinary cache write.
  void fill_gaps(std::uint32_t write_1h_factor_ppm);

  friend bool operator==(const Rates&, const Rates&) = default;
};

inline constexpr std::uint32_t ppm_one = 1'000'000;
inline constexpr std::uint32_t factor_ppm_max =
    10 * ppm_one;  // of a batch, a region, a cache write
// A million dollars for a million tokens, or for one of anything else: sums then fit 128 bits.
inline constexpr std::int64_t price_nano_max = 1'000'000 * nano_usd_per_usd;

// price * factor / 10^6, half to even.
std::int64_t scaled_by_ppm(std::int64_t price, std::uint32_t factor_ppm);

}  // namespace recloser::price
