// NanoUsd: an amount of money as a whole number of nano-dollars, and its decimal text.
#pragma once

#include "core/result.h"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace recloser {

// 10^-9 US dollars; 64 bits hold nine billion dollars. No float touches money. A sum that would
// leave the range stays at its end: books with such an amount are wrong, and seen to be.
struct NanoUsd {
  std::int64_t count = 0;

  friend auto operator<=>(const NanoUsd&, const NanoUsd&) = default;

  friend NanoUsd operator+(NanoUsd a, NanoUsd b) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a.count, b.count, &sum)) return end_of_range(a.count < 0);
    return {sum};
  }
  friend NanoUsd operator-(NanoUsd a, NanoUsd b) {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(a.count, b.count, &difference)) return end_of_range(a.count < 0);
    return {difference};
  }
  friend NanoUsd& operator+=(NanoUsd& a, NanoUsd b) { return a = a + b; }

  static constexpr NanoUsd most() { return {INT64_MAX}; }

 private:
  static constexpr NanoUsd end_of_range(bool low) { return {low ? INT64_MIN : INT64_MAX}; }
};

inline constexpr std::int64_t nano_usd_per_usd = 1'000'000'000;

// "0.000525300": always nine places (SEMANTICS 1).
std::string text_of(NanoUsd amount);
void append_text(std::string& out, NanoUsd amount);

// A decimal number scaled by a power of ten, exactly: "1.25" with 9 places is 1'250'000'000. Takes
// what JSON and YAML call a number ("2", "-0.075", "1.5e-07"). Errors (malformed): it is no such
// number, has digits beyond `places` that are not 0, or does not fit 64 bits.
Result<std::int64_t> parse_decimal(std::string_view text, unsigned places);

// The same in another form for figures that may have more places than we keep: rounded half to
// even.
Result<std::int64_t> parse_decimal_rounded(std::string_view text, unsigned places);

}  // namespace recloser
