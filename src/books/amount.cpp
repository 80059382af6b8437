#include "books/amount.h"

#include "core/ascii.h"
#include "core/names.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace recloser::books {
namespace {

constexpr std::size_t text_bytes_max = 64;
constexpr int exponent_max = 40;
constexpr __int128 atto_per_usd = 1'000'000'000'000'000'000;
constexpr __int128 atto_max = atto_per_usd * 1'000'000'000'000'000;  // 10^15 dollars

struct Decimal {
  std::string_view whole;
  std::string_view fraction;
  int exponent = 0;
  bool negative = false;
};

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && ascii::is_digit(text[count])) ++count;
  std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

std::optional<Decimal> take_apart(std::string_view text) {
  Decimal decimal;
  if (text.size() > text_bytes_max) return std::nullopt;
  decimal.negative = text.starts_with('-');
  if (decimal.negative) text.remove_prefix(1);
  decimal.whole = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    decimal.fraction = take_digits(text);
    if (decimal.fraction.empty()) return std::nullopt;
  }
  if (decimal.whole.empty() && decimal.fraction.empty()) return std::nullopt;
  if (text.empty()) return decimal;
  if (text[0] != 'e' && text[0] != 'E') return std::nullopt;
  text.remove_prefix(1);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), decimal.exponent);
  bool read = error == std::errc{} && end == text.data() + text.size();
  if (!read || std::abs(decimal.exponent) > exponent_max) return std::nullopt;
  return decimal;
}

// What stands behind the last place that is kept, as half to even needs it.
enum class Rest : unsigned char { zero, below_half, half, above_half };

Rest rest_of(std::string_view digits) {
  if (digits.find_first_not_of('0') == std::string_view::npos) return Rest::zero;
  if (digits[0] < '5') return Rest::below_half;
  bool just_half = digits[0] == '5' && digits.find_first_not_of('0', 1) == std::string_view::npos;
  return just_half ? Rest::half : Rest::above_half;
}

std::optional<__int128> scaled(const Decimal& decimal) {
  std::string digits(decimal.whole);
  digits += decimal.fraction;
  auto point = static_cast<std::ptrdiff_t>(decimal.whole.size()) + decimal.exponent;
  std::ptrdiff_t kept = point + static_cast<std::ptrdiff_t>(Amount::places);
  if (kept < 0) return 0;  // all of it is below half of the last place
  auto count = static_cast<std::size_t>(kept);
  std::string_view tail;
  if (count < digits.size()) tail = std::string_view(digits).substr(count);
  __int128 value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
    if (value > atto_max) return std::nullopt;
  }
  Rest rest = rest_of(tail);
  if (rest == Rest::above_half || (rest == Rest::half && value % 2 != 0)) ++value;
  return decimal.negative ? -value : value;
}

}  // namespace

Result<Amount> parse_amount(std::string_view text) {
  std::optional<Decimal> decimal = take_apart(text);
  std::optional<__int128> atto = decimal ? scaled(*decimal) : std::nullopt;
  if (atto) return Amount{*atto};
  return fail(Side::operator_, Kind::malformed,
              fmt::format("'{}' is not an amount of dollars, such as 12.34", shown(text, 64)));
}

unsigned places_shown(std::string_view text) {
  std::optional<Decimal> decimal = take_apart(text);
  if (!decimal) return 0;
  auto places = static_cast<int>(decimal->fraction.size()) - decimal->exponent;
  return static_cast<unsigned>(std::clamp(places, 0, static_cast<int>(Amount::places)));
}

std::string text_of(Amount amount) {
  bool negative = amount.atto < 0;
  __int128 left = magnitude(amount).atto;
  auto whole = static_cast<std::uint64_t>(left / atto_per_usd);
  auto part = static_cast<std::uint64_t>(left % atto_per_usd);
  std::string out = fmt::format("{}{}.{:018}", negative ? "-" : "", whole, part);
  std::size_t least = out.size() - (Amount::places - 9);
  while (out.size() > least && out.back() == '0') out.pop_back();
  return out;
}

}  // namespace recloser::books
