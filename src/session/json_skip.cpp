#include "session/json_skip.h"

#include <bit>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace recloser::session {
namespace {

// One bit for each byte of a block, the first byte lowest.
struct Block {
  std::uint64_t quotes = 0;
  std::uint64_t backslashes = 0;
  std::uint64_t opening = 0;  // { [
  std::uint64_t closing = 0;  // } ]
};

#ifdef __SSE2__
Block classify(const char* bytes) {
  Block block;
  for (std::ptrdiff_t i = 0; i < 4; ++i) {
    __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * i));
    // The brackets differ from the braces by this one bit, as letters do from capitals.
    __m128i braces = _mm_or_si128(chunk, _mm_set1_epi8(0x20));
    auto where = [i](__m128i text, char c) {
      auto bits = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8(c))));
      return static_cast<std::uint64_t>(bits) << (16 * i);
    };
    block.quotes |= where(chunk, '"');
    block.backslashes |= where(chunk, '\\');
    block.opening |= where(braces, '{');
    block.closing |= where(braces, '}');
  }
  return block;
}
#else
Block classify(const char* bytes) {
  Block block;
  for (std::size_t i = 0; i < skip_block_bytes; ++i) {
    std::uint64_t bit = std::uint64_t{1} << i;
    char brace = static_cast<char>(bytes[i] | 0x20);
    if (bytes[i] == '"') block.quotes |= bit;
    if (bytes[i] == '\\') block.backslashes |= bit;
    if (brace == '{') block.opening |= bit;
    if (brace == '}') block.closing |= bit;
  }
  return block;
}
#endif

// The bytes that a backslash before them escapes. `carry` comes in from the block before and goes
// out to the next.
std::uint64_t escaped_bytes(std::uint64_t backslashes, bool& carry) {
  std::uint64_t escaped = carry ? 1 : 0;
  backslashes &= ~escaped;
  carry = false;
  while (backslashes != 0) {
    int at = std::countr_zero(backslashes);
    if (at == 63) {
      carry = true;
      break;
    }
    escaped |= std::uint64_t{2} << at;
    backslashes &= ~(std::uint64_t{3} << at);
  }
  return escaped;
}

// Bit i is the parity of the bits 0..i: with quotes, whether byte i is inside a string.
std::uint64_t running_parity(std::uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

// Whether the brackets, taken in their order, ever lead below the floor.
bool falls_below(std::size_t depth, std::size_t floor, std::uint64_t opening,
                 std::uint64_t closing) {
  for (std::uint64_t brackets = opening | closing; brackets != 0; brackets &= brackets - 1) {
    std::uint64_t first = brackets & (~brackets + 1);
    if ((opening & first) != 0) {
      ++depth;
    } else if (depth-- == floor) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::size_t skip_blocks(std::string_view json, JsonPlace& place, std::size_t floor,
                        std::size_t ceiling) {
  std::size_t at = 0;
  for (; json.size() - at >= skip_block_bytes; at += skip_block_bytes) {
    Block block = classify(json.data() + at);
    bool backslash = place.backslash;
    block.quotes &= ~escaped_bytes(block.backslashes, backslash);
    std::uint64_t inside = running_parity(block.quotes);
    if (place.in_string) inside = ~inside;
    block.opening &= ~inside;
    block.closing &= ~inside;
    auto opened = static_cast<std::size_t>(std::popcount(block.opening));
    auto closed = static_cast<std::size_t>(std::popcount(block.closing));
    if (place.depth + opened > ceiling) break;
    bool may_fall = place.depth < floor + closed;
    if (may_fall && falls_below(place.depth, floor, block.opening, block.closing)) break;
    place.depth += opened;
    place.depth -= closed;
    place.in_string = (inside >> 63) != 0;
    place.backslash = backslash;
  }
  return at;
}

}  // namespace recloser::session
