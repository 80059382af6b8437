#include "core/money.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace recloser {
namespace {

constexpr std::size_t decimal_bytes_max = 64;
constexpr int exponent_max = 99;

std::unexpected<Error> not_decimal(std::string_view text, std::string_view why) {
  return fail(Side::operator_, Kind::malformed,
              fmt::format("\"{}\" is not {}", text.substr(0, decimal_bytes_max), why));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits of a number without its point, and where the point stands among them.
struct Digits {
  std::array<char, decimal_bytes_max> at;
  std::size_t count = 0;
  std::int64_t before_point = 0;  // may be below 0 or beyond count
  bool negative = false;
};

// Takes the digits from the front of `text`; how many they were.
std::size_t take_digits(std::string_view& text, Digits& digits) {
  std::size_t taken = 0;
  while (taken < text.size() && is_digit(text[taken])) digits.at[digits.count++] = text[taken++];
  text.remove_prefix(taken);
  return taken;
}

bool read_exponent(std::string_view text, Digits& digits) {
  if (text.starts_with("+-")) return false;
  if (text.starts_with('+')) text.remove_prefix(1);
  int exponent = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  if (exponent > exponent_max || exponent < -exponent_max) return false;
  digits.before_point += exponent;
  return true;
}

bool read(std::string_view text, Digits& digits) {
  if (text.size() > decimal_bytes_max) return false;
  digits.negative = text.starts_with('-');
  if (digits.negative) text.remove_prefix(1);
  std::size_t whole = take_digits(text, digits);
  if (whole == 0) return false;
  digits.before_point = static_cast<std::int64_t>(whole);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (take_digits(text, digits) == 0) return false;
  }
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  return read_exponent(text, digits);
}

enum class Rounding : bool { no, half_even };

Result<std::int64_t> scaled(std::string_view text, unsigned places, Rounding rounding) {
  Digits digits;
  if (!read(text, digits)) return not_decimal(text, "a decimal number, such as 1.25");
  std::int64_t keep = digits.before_point + places;  // so many digits are the result
  std::int64_t value = 0;
  for (std::int64_t i = 0; i < keep; ++i) {
    int digit = i < static_cast<std::int64_t>(digits.count) ? digits.at[std::size_t(i)] - '0' : 0;
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value))
      return not_decimal(text, "a number that fits here: it is too large");
  }
  auto kept = std::clamp<std::int64_t>(keep, 0, static_cast<std::int64_t>(digits.count));
  const char* rest = digits.at.data() + kept;
  const char* end = digits.at.data() + digits.count;
  bool exact = std::all_of(rest, end, [](char c) { return c == '0'; });
  if (!exact && rounding == Rounding::no)
    return not_decimal(text, fmt::format("a number with at most {} places", places));
  if (!exact && keep >= 0) {
    bool tail = std::any_of(rest + 1, end, [](char c) { return c != '0'; });
    bool up = *rest > '5' || (*rest == '5' && (tail || value % 2 != 0));
    if (up && __builtin_add_overflow(value, 1, &value))
      return not_decimal(text, "a number that fits here: it is too large");
  }
  return digits.negative ? -value : value;
}

}  // namespace

void append_text(std::string& out, NanoUsd amount) {
  auto count = static_cast<std::uint64_t>(amount.count);
  if (amount.count < 0) {
    out += '-';
    count = 0 - count;
  }
  constexpr auto unit = static_cast<std::uint64_t>(nano_usd_per_usd);
  constexpr std::size_t places = 9;
  std::array<char, 32> text;  // by hand: it is on the path of every call
  char* point = std::to_chars(text.data(), text.data() + text.size(), count / unit).ptr;
  *point = '.';
  std::uint64_t part = count % unit;
  for (std::size_t place = places; place > 0; --place, part /= 10) {
    point[place] = static_cast<char>('0' + part % 10);
  }
  out.append(text.data(), point + 1 + places);
}

std::string text_of(NanoUsd amount) {
  std::string out;
  append_text(out, amount);
  return out;
}

Result<std::int64_t> parse_decimal(std::string_view text, unsigned places) {
  return scaled(text, places, Rounding::no);
}

Result<std::int64_t> parse_decimal_rounded(std::string_view text, unsigned places) {
  return scaled(text, places, Rounding::half_even);
}

}  // namespace recloser
