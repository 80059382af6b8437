// The words that most texts are made of, cut by the rules of splitter.h in a few instructions.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace recloser::text {

// Which pattern: that of OpenAI's encoding of the same name.
enum class SplitRule : std::uint8_t { cl100k, o200k };

namespace usual {

// Of ASCII alone; nothing else has a kind. What may lead a word is no letter, no number and no line
// end.
constexpr std::uint8_t upper = 1;
constexpr std::uint8_t lower = 2;
constexpr std::uint8_t digit = 4;
constexpr std::uint8_t newline = 8;
constexpr std::uint8_t space = 16;
constexpr std::uint8_t symbol = 32;
constexpr std::uint8_t letter = upper | lower;

constexpr std::array<std::uint8_t, 256> make_kinds() {
  std::array<std::uint8_t, 256> kinds{};
  for (std::size_t c = 0; c < 0x80; ++c) kinds[c] = symbol;
  for (unsigned char c : {' ', '\t', '\v', '\f'}) kinds[c] = space;
  for (unsigned char c : {'\r', '\n'}) kinds[c] = newline;
  for (std::size_t c = '0'; c <= '9'; ++c) kinds[c] = digit;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) kinds[c] = upper;
  for (std::size_t c = 'a'; c <= 'z'; ++c) kinds[c] = lower;
  return kinds;
}
inline constexpr std::array<std::uint8_t, 256> kinds = make_kinds();

inline std::uint8_t kind(char c) { return kinds[static_cast<unsigned char>(c)]; }

// How many letters `text` begins with, up to a capital behind a small one if the rule is o200k.
template <SplitRule rule>
inline std::size_t letters(std::string_view text) {
  std::size_t n = 0;
#if defined(__SSE2__)
  constexpr std::size_t block = 16;
  if (text.size() >= block) {
    // A letter less 'a' (as a small one) is under 26, also when bytes are compared as signed ones.
    auto below_26 = [](__m128i bytes) {
      __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8(static_cast<char>(-128 - 'a')));
      __m128i is = _mm_cmplt_epi8(moved, _mm_set1_epi8(-128 + 26));
      return static_cast<std::uint32_t>(_mm_movemask_epi8(is));
    };
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()));
    std::uint32_t any = below_26(_mm_or_si128(bytes, _mm_set1_epi8(0x20)));
    n = static_cast<std::size_t>(std::countr_zero(~any));
    if (rule == SplitRule::o200k) {
      std::uint32_t small = below_26(bytes);
      auto capitals = static_cast<std::size_t>(std::countr_zero(small | ~any));
      n = capitals + static_cast<std::size_t>(std::countr_zero(~(small >> capitals)));
    }
    if (n < block) return n;
    n = 0;
  }
#endif
  if (rule == SplitRule::cl100k) {
    while (n < text.size() && (kind(text[n]) & letter) != 0) ++n;
    return n;
  }
  while (n < text.size() && kind(text[n]) == upper) ++n;
  while (n < text.size() && kind(text[n]) == lower) ++n;
  return n;
}

// Up to three digits, which begin `text`; 0 where it does not tell whether another number follows.
inline std::size_t number(std::string_view text) {
  std::size_t n = 1;
  while (n < 3 && n < text.size() && kind(text[n]) == digit) ++n;
  return n == text.size() || kind(text[n]) == 0 ? 0 : n;
}

// Symbols, with or without a space before them, that are more than the lead of a word; or a space
// before a digit. 0 where line ends may belong to them.
inline std::size_t symbols(std::string_view text) {
  std::size_t spaces = text.front() == ' ' ? 1 : 0;
  std::size_t n = spaces;
  while (n < text.size() && kind(text[n]) == symbol) ++n;
  if (n == text.size()) return 0;
  std::uint8_t behind = kind(text[n]);
  if (n == spaces) return behind == digit ? n : 0;
  return behind == 0 || behind == newline ? 0 : n;
}

}  // namespace usual

// The size of the first word of `text`, which is not empty, if what ends it is in ASCII as well:
// letters with a space or another single character before them, and no apostrophe; digits; symbols.
// 0 where it is anything else. One byte behind it had a say, and none after that.
template <SplitRule rule>
inline std::size_t usual_word(std::string_view text) {
  std::uint8_t first = usual::kind(text.front());
  std::size_t lead = (first & usual::letter) != 0 ? 0 : 1;
  if (lead != 0) {
    if (first == usual::digit) return usual::number(text);
    if (first == 0 || first == usual::newline) return 0;
    if (rule == SplitRule::cl100k && text.front() == '\'') return 0;
  }
  std::size_t letters = usual::letters<rule>(text.substr(lead));
  if (letters == 0) return usual::symbols(text);
  std::size_t n = lead + letters;
  if (n == text.size() || usual::kind(text[n]) == 0 || text[n] == '\'') return 0;
  return n;
}

}  // namespace recloser::text
