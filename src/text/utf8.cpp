#include "text/utf8.h"

#include <cstdint>

namespace recloser::text {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// What stands at the front of a text: a character, or so much of one as is none.
struct Front {
  std::size_t bytes;
  bool valid;
};

Front front_of(std::string_view text) {
  auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::uint8_t first = byte(0);
  if (first < 0x80) return {1, true};
  std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return {1, false};
  // The second byte keeps out what is too long, surrogates, and what lies beyond U+10FFFF.
  std::uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  std::uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < bytes; ++i) {
    if (i == text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {bytes, true};
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    Front front = front_of(text);
    if (!front.valid) return false;
    text.remove_prefix(front.bytes);
  }
  return true;
}

std::string as_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Front front = front_of(text);
    out += front.valid ? text.substr(0, front.bytes) : replacement;
    text.remove_prefix(front.bytes);
  }
  return out;
}

}  // namespace recloser::text
