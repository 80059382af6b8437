// Finds the byte that ends a run, sixteen at a time where the processor can: what the parsers walk
// with.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace recloser::net::http1::scan {

// token of RFC 9110 5.6.2.
constexpr bool is_token_byte(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return others.find(c) != std::string_view::npos;
}

// What a request target may hold: printable ASCII without the space and '#'.
constexpr bool is_target_byte(char c) { return c > ' ' && c < 0x7f && c != '#'; }

// What no line may hold: the bytes below 0x20 except the tab, and 0x7f.
constexpr bool is_control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

namespace detail {

template <bool (*Matches)(char)>
consteval std::array<bool, 256> table() {
  std::array<bool, 256> result{};
  for (std::size_t byte = 0; byte < 256; ++byte) result[byte] = Matches(static_cast<char>(byte));
  return result;
}
inline constexpr std::array<bool, 256> token_bytes = table<is_token_byte>();
inline constexpr std::array<bool, 256> controls = table<is_control>();
inline constexpr std::array<bool, 256> target_bytes = table<is_target_byte>();

}  // namespace detail

// Far enough from the end of bytes[0, end) that sixteen bytes and one more can be looked at; 0 for
// none is far enough, so begin at 1 or later.
constexpr std::size_t last_plain(std::size_t end) { return end < 17 ? 0 : end - 17; }
inline constexpr std::size_t gave_up = static_cast<std::size_t>(-1);

// The plain forms: what the others must agree with, and what short buffers use.
inline std::size_t find_control_plain(const char* bytes, std::size_t from, std::size_t end) {
  while (from < end && !detail::controls[static_cast<unsigned char>(bytes[from])]) ++from;
  return from;
}
inline std::size_t token_end_plain(const char* bytes, std::size_t from, std::size_t end) {
  while (from < end && detail::token_bytes[static_cast<unsigned char>(bytes[from])]) ++from;
  return from;
}
inline std::size_t target_end_plain(const char* bytes, std::size_t from, std::size_t end) {
  while (from < end && detail::target_bytes[static_cast<unsigned char>(bytes[from])]) ++from;
  return from;
}

#if defined(__SSE2__)
namespace detail {

inline __m128i load(const char* bytes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}
inline __m128i at_most(__m128i bytes, char bound) {
  return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(bound)), bytes);
}

// One bit per byte that is a control byte.
inline std::uint32_t control_mask(__m128i bytes) {
  __m128i low = at_most(bytes, 0x1f);
  __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
  __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  __m128i found = _mm_or_si128(_mm_andnot_si128(tab, low), del);
  return static_cast<std::uint32_t>(_mm_movemask_epi8(found));
}

// One bit per byte that no request target may hold: up to the space, '#', and from 0x7f on.
inline std::uint32_t not_target_mask(__m128i bytes) {
  __m128i low = at_most(bytes, 0x20);
  __m128i high = _mm_cmpeq_epi8(_mm_max_epu8(bytes, _mm_set1_epi8(0x7f)), bytes);
  __m128i fragment = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('#'));
  __m128i found = _mm_or_si128(_mm_or_si128(low, high), fragment);
  return static_cast<std::uint32_t>(_mm_movemask_epi8(found));
}

// One bit per byte that is no letter, digit or '-'; and one per control byte, the tab among them:
// what the ordinary line is walked with. Signed comparisons, because SSE2 has no others.
inline std::uint32_t name_stop_mask(__m128i bytes) {
  __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  __m128i letter =
      _mm_cmpgt_epi8(_mm_add_epi8(folded, _mm_set1_epi8(0x7f - 'z')), _mm_set1_epi8(0x7f - 26));
  __m128i digit =
      _mm_cmpgt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(0x7f - '9')), _mm_set1_epi8(0x7f - 10));
  __m128i dash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
  __m128i name = _mm_or_si128(_mm_or_si128(letter, digit), dash);
  return static_cast<std::uint32_t>(_mm_movemask_epi8(name)) ^ 0xffffu;
}
inline std::uint32_t line_stop_mask(__m128i bytes) {
  __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(at_most(bytes, 0x1f), del)));
}

// The first set bit of Mask at or after `from`, or `gave_up` if it is not in a vector that begins
// at or before `last`.
template <std::uint32_t (*Mask)(__m128i)>
[[gnu::always_inline]] inline std::size_t find_plain_stop(const char* bytes, std::size_t from,
                                                          std::size_t last) {
  for (; from <= last; from += 16) {
    std::uint32_t mask = Mask(load(bytes + from));
    if (mask != 0) return from + static_cast<std::size_t>(std::countr_zero(mask));
  }
  return gave_up;
}

// The first set bit of Mask at or after `from`, or `end`. The last load overlaps what was already
// seen rather than read past the end.
template <std::uint32_t (*Mask)(__m128i)>
std::size_t find(const char* bytes, std::size_t from, std::size_t end) {
  while (end - from >= 16) {
    std::uint32_t mask = Mask(load(bytes + from));
    if (mask != 0) return from + static_cast<std::size_t>(std::countr_zero(mask));
    from += 16;
  }
  if (from == end) return end;
  std::size_t seen = 16 - (end - from);
  std::uint32_t mask = Mask(load(bytes + end - 16)) >> seen;
  return mask != 0 ? from + static_cast<std::size_t>(std::countr_zero(mask)) : end;
}

}  // namespace detail

// The first control byte in bytes[from, end), or `end`. bytes[0, end) must be readable.
inline std::size_t find_control(const char* bytes, std::size_t from, std::size_t end) {
  if (end < 16) return find_control_plain(bytes, from, end);
  return detail::find<detail::control_mask>(bytes, from, end);
}

// The first byte in bytes[from, end) that no token holds, or `end`.
inline std::size_t token_end(const char* bytes, std::size_t from, std::size_t end) {
  if (end < 16) return token_end_plain(bytes, from, end);
  std::size_t at = detail::find<detail::name_stop_mask>(bytes, from, end);
  if (at == end || bytes[at] == ':') return at;  // what ends nearly every name
  return token_end_plain(bytes, at, end);
}

// The first byte that no request target may hold, or `end`.
inline std::size_t target_end(const char* bytes, std::size_t from, std::size_t end) {
  if (end < 16) return target_end_plain(bytes, from, end);
  return detail::find<detail::not_target_mask>(bytes, from, end);
}

// For lines as they nearly always are, up to last_plain(): the first byte that is no letter, digit
// or '-', and the first control byte, tabs included; or `gave_up`.
inline std::size_t plain_name_end(const char* bytes, std::size_t from, std::size_t last) {
  return detail::find_plain_stop<detail::name_stop_mask>(bytes, from, last);
}
inline std::size_t plain_line_end(const char* bytes, std::size_t from, std::size_t last) {
  return detail::find_plain_stop<detail::line_stop_mask>(bytes, from, last);
}
#else
inline std::size_t plain_name_end(const char* bytes, std::size_t from, std::size_t last) {
  if (from > last) return gave_up;
  std::size_t at = token_end_plain(bytes, from, last + 16);
  return at < last + 16 ? at : gave_up;
}
inline std::size_t plain_line_end(const char* bytes, std::size_t from, std::size_t last) {
  if (from > last) return gave_up;
  while (from < last + 16 && bytes[from] != '\t' && !is_control(bytes[from])) ++from;
  return from < last + 16 ? from : gave_up;
}
inline std::size_t find_control(const char* bytes, std::size_t from, std::size_t end) {
  return find_control_plain(bytes, from, end);
}
inline std::size_t token_end(const char* bytes, std::size_t from, std::size_t end) {
  return token_end_plain(bytes, from, end);
}
inline std::size_t target_end(const char* bytes, std::size_t from, std::size_t end) {
  return target_end_plain(bytes, from, end);
}
#endif

inline bool is_token(std::string_view text) {
  return !text.empty() && token_end_plain(text.data(), 0, text.size()) == text.size();
}

}  // namespace recloser::net::http1::scan
