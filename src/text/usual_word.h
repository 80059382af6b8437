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

constexpr std::uint8_t upper = 1;
constexpr std::uint8_t lower = 2;
constexpr std::uint8_t digit = 4;
constexpr std::uint8_t newline = 8;
constexpr std::uint8_t space = 16;
constexpr std::uint8_t quote = 32;     // the apostrophe, with which contractions begin
constexpr std::uint8_t symbol = 64;    // any other
constexpr std::uint8_t foreign = 128;  // what is not ASCII
constexpr std::uint8_t letter = upper | lower;

constexpr std::array<std::uint8_t, 256> make_kinds() {
  std::array<std::uint8_t, 256> kinds{};
  for (std::size_t c = 0; c < kinds.size(); ++c) kinds[c] = c < 0x80 ? symbol : foreign;
  for (unsigned char c : {' ', '\t', '\v', '\f'}) kinds[c] = space;
  for (unsigned char c : {'\r', '\n'}) kinds[c] = newline;
  for (std::size_t c = '0'; c <= '9'; ++c) kinds[c] = digit;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) kinds[c] = upper;
  for (std::size_t c = 'a'; c <= 'z'; ++c) kinds[c] = lower;
  kinds['\''] = quote;
  return kinds;
}
inline constexpr std::array<std::uint8_t, 256> kinds = make_kinds();

inline std::uint8_t kind(char c) { return kinds[static_cast<unsigned char>(c)]; }
inline bool is(char c, std::uint8_t kinds_wanted) { return (kind(c) & kinds_wanted) != 0; }

// What may stand before the letters of a word.
template <SplitRule rule>
constexpr std::uint8_t lead = rule == SplitRule::o200k ? space | symbol | quote : space | symbol;

// How many letters `text` begins with, up to a capital behind a small one if the rule is o200k.
template <SplitRule rule>
inline std::size_t letters(std::string_view text) {
  std::size_t n = 0;
  if (rule == SplitRule::cl100k) {
    while (n < text.size() && is(text[n], letter)) ++n;
    return n;
  }
  while (n < text.size() && is(text[n], upper)) ++n;
  while (n < text.size() && is(text[n], lower)) ++n;
  return n;
}

// Up to three digits, which begin `text`; 0 where it does not tell whether another number follows.
inline std::size_t number(std::string_view text) {
  std::size_t n = 1;
  while (n < 3 && n < text.size() && is(text[n], digit)) ++n;
  return n == text.size() || is(text[n], foreign) ? 0 : n;
}

// Symbols, with or without a space before them, that are more than the lead of a word; or a space
// before a digit. 0 where line ends may belong to them.
inline std::size_t symbols(std::string_view text) {
  std::size_t spaces = text.front() == ' ' ? 1 : 0;
  std::size_t n = spaces;
  while (n < text.size() && is(text[n], symbol | quote)) ++n;
  if (n == text.size()) return 0;
  if (n == spaces) return is(text[n], digit) ? n : 0;
  return is(text[n], foreign | newline) ? 0 : n;
}

#if defined(__SSE2__)
// The same as usual_word() for letters and what leads them, of which most words are, if the bytes
// are there that it looks at: 0 where sixteen of them do not tell.
constexpr std::size_t block_bytes = 16;
constexpr std::size_t ahead_bytes = block_bytes + 2;

template <SplitRule rule>
inline std::size_t letters_ahead(const char* p) {
  // A letter less 'a' (as a small one) is under 26, also when bytes are compared as signed ones.
  auto below_26 = [](__m128i bytes) {
    __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8(static_cast<char>(-128 - 'a')));
    __m128i under = _mm_cmplt_epi8(moved, _mm_set1_epi8(-128 + 26));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(under));
  };
  std::uint8_t first = kind(*p);
  std::size_t leads = (first & letter) != 0 ? 0 : 1;
  if ((first & (letter | lead<rule>)) == 0) return 0;
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + leads));
  std::uint32_t any = below_26(_mm_or_si128(bytes, _mm_set1_epi8(0x20)));
  int n = std::countr_zero(~any);
  if (rule == SplitRule::o200k) {
    std::uint32_t small = below_26(bytes);
    int capitals = std::countr_zero(small | ~any);
    n = capitals + std::countr_zero(~(small >> capitals));
  }
  auto count = static_cast<std::size_t>(n);
  if (count - 1 >= block_bytes - 1) return 0;
  std::size_t size = leads + count;
  return is(p[size], quote | foreign) ? 0 : size;
}
#endif

}  // namespace usual

// The size of the first word of `text`, which is not empty, if what ends it is in ASCII as well:
// letters with a space or another single character before them, and no apostrophe; digits; symbols.
// 0 where it is anything else. One byte behind it had a say, and none after that.
template <SplitRule rule>
inline std::size_t usual_word(std::string_view text) {
#if defined(__SSE2__)
  if (text.size() >= usual::ahead_bytes) {
    std::size_t size = usual::letters_ahead<rule>(text.data());
    if (size != 0) return size;
  }
#endif
  std::uint8_t first = usual::kind(text.front());
  std::size_t leads = (first & usual::letter) != 0 ? 0 : 1;
  if (leads != 0) {
    if (first == usual::digit) return usual::number(text);
    if ((first & usual::lead<rule>) == 0) return 0;
  }
  std::size_t letters = usual::letters<rule>(text.substr(leads));
  if (letters == 0) return usual::symbols(text);
  std::size_t size = leads + letters;
  if (size == text.size() || usual::is(text[size], usual::quote | usual::foreign)) return 0;
  return size;
}

}  // namespace recloser::text
