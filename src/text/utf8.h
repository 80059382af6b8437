// UTF-8: where characters begin and end, and making a text valid.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace recloser::text {

// Bytes at the end of `text` that begin a character and do not end it: 0 to 3.
constexpr std::size_t incomplete_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) return 0;
    if (byte < 0xC0) continue;  // not its first
    std::size_t bytes = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    return bytes > back ? back : 0;
  }
  return 0;
}

// Whether all of it is UTF-8 (RFC 3629).
bool is_valid_utf8(std::string_view text);

// The same with U+FFFD in the place of what is not UTF-8: one for each maximal part of a character,
// as the WHATWG's decoder does it.
std::string as_valid_utf8(std::string_view text);

}  // namespace recloser::text
