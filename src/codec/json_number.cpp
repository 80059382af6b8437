// Numbers of the JsonScanner that are not the usual few digits.
#include "codec/json_scanner.h"
#include "core/ascii.h"

#include <algorithm>

namespace recloser::codec {
namespace {

// Of a number that is to be read as a count; more zeros, or more places behind the point, are odd.
constexpr unsigned number_digits_max = 10'000;

}  // namespace

// Whether the number goes on with `c`.
bool JsonScanner::number_byte(char c) {
  bool has_whole = digits_ == Digits::zero || digits_ == Digits::whole;
  if (ascii::is_digit(c)) {
    if (digits_ == Digits::zero) return false;
    if (digits_ == Digits::minus) {
      digits_ = c == '0' ? Digits::zero : Digits::whole;
    } else if (digits_ == Digits::point) {
      digits_ = Digits::fraction;
    } else if (digits_ == Digits::e || digits_ == Digits::sign) {
      digits_ = Digits::exponent;
    }
    add_digit(static_cast<unsigned>(c - '0'));
  } else if (c == '.' && has_whole) {
    digits_ = Digits::point;
  } else if ((c == 'e' || c == 'E') && (has_whole || digits_ == Digits::fraction)) {
    digits_ = Digits::e;
  } else if ((c == '+' || c == '-') && digits_ == Digits::e) {
    digits_ = Digits::sign;
    exponent_minus_ = c == '-';
  } else {
    return false;
  }
  return true;
}

// Any number may be written in many ways ("1.20e1"): the digits are kept as one whole number, and
// how many of them stand behind the point.
void JsonScanner::add_digit(unsigned digit) {
  if (number_lost_) return;
  if (digits_ == Digits::exponent) {
    exponent_ = static_cast<std::uint16_t>(std::min(exponent_ * 10u + digit, number_digits_max));
    return;
  }
  if (digits_ == Digits::fraction) ++fraction_digits_;
  if (fraction_digits_ >= number_digits_max || zeros_ >= number_digits_max) number_lost_ = true;
  if (digit == 0) {
    if (number_ != 0) ++zeros_;
    return;
  }
  for (++zeros_; zeros_ != 0; --zeros_) {
    number_lost_ |= __builtin_mul_overflow(number_, 10u, &number_);
  }
  number_lost_ |= __builtin_add_overflow(number_, digit, &number_);
}

void JsonScanner::number_done() {
  int power = zeros_ - fraction_digits_ + (exponent_minus_ ? -int{exponent_} : int{exponent_});
  if (number_ == 0) power = 0;
  for (; power > 0 && !number_lost_; --power) {
    number_lost_ = __builtin_mul_overflow(number_, 10u, &number_);
  }
  number_odd_ = number_lost_ || power < 0;
  power_ = static_cast<std::int16_t>(power);
}

std::optional<std::int64_t> JsonScanner::decimal(unsigned places) const {
  if (number_lost_) return std::nullopt;
  int power = power_ + static_cast<int>(places);
  std::uint64_t value = number_;
  for (; power > 0; --power) {
    if (__builtin_mul_overflow(value, 10u, &value)) return std::nullopt;
  }
  std::uint64_t dropped = 0;  // the last digit that went
  bool below = false;         // whether any before it was not 0
  for (; power < 0 && (value != 0 || dropped != 0); ++power) {
    below |= dropped != 0;
    dropped = value % 10;
    value /= 10;
  }
  if (power < 0) return 0;
  bool up = dropped > 5 || (dropped == 5 && (below || value % 2 != 0));
  value += up ? 1 : 0;
  if (value > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace recloser::codec
