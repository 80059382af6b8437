// What a character is to the patterns that cut a text into words before it is encoded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace recloser::text {

// Bits; a character has any of them. (General categories of the Unicode Character Database.)
enum CharClass : std::uint8_t {
  class_upper = 1,     // may stand where capitals do: Lu Lt Lm Lo M
  class_lower = 2,     // may stand where small letters do: Ll Lm Lo M
  class_letter = 4,    // L
  class_number = 8,    // N
  class_space = 16,    // White_Space
  class_newline = 32,  // CR and LF, which are spaces as well
};

// One character of a text: its class, and its bytes in UTF-8.
struct Char {
  std::uint8_t classes;
  std::uint8_t bytes;
};

// Classes by code point in two stages: pages of 256 characters, many of which are the same.
class UnicodeClasses {
 public:
  static const UnicodeClasses& get();  // made at its first use

  std::uint8_t of(std::uint32_t code_point) const {
    return pages_[page_of_[code_point >> 8]][code_point & 0xFF];
  }

 private:
  static constexpr std::size_t code_points = 0x110000;
  static constexpr std::size_t pages_max = 160;
  UnicodeClasses();

  std::array<std::uint8_t, code_points / 256> page_of_{};
  std::array<std::array<std::uint8_t, 256>, pages_max> pages_{};
};

// The character that begins at `p`, which is not `end`. A byte that begins none counts as a symbol.
inline Char char_at(const char* p, const char* end, const UnicodeClasses& classes) {
  auto byte = [p](std::size_t i) { return static_cast<unsigned char>(p[i]); };
  auto low6 = [&byte](std::size_t i) { return std::uint32_t{byte(i)} & 0x3F; };
  std::uint32_t first = byte(0);
  if (first < 0x80) return {classes.of(first), 1};
  auto left = static_cast<std::size_t>(end - p);
  if (first >= 0xF0 && left >= 4) {
    std::uint32_t c = (first & 7) << 18 | low6(1) << 12 | low6(2) << 6 | low6(3);
    return {c < 0x110000 ? classes.of(c) : std::uint8_t{0}, 4};
  }
  if (first >= 0xE0 && left >= 3)
    return {classes.of((first & 15) << 12 | low6(1) << 6 | low6(2)), 3};
  if (first >= 0xC2 && left >= 2) return {classes.of((first & 31) << 6 | low6(1)), 2};
  return {0, 1};
}

}  // namespace recloser::text
