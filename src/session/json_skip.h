// Passes quickly over JSON that nobody asks about, 64 bytes at a time, keeping count of depth.
#pragma once

#include <cstddef>
#include <string_view>

namespace recloser::session {

// Where a reader of JSON stands between two bytes.
struct JsonPlace {
  std::size_t depth = 0;   // open objects and arrays
  bool in_string = false;  // and in it:
  bool backslash = false;  // the next byte is escaped
};

// Passes over whole blocks as long as the depth does not fall below the floor and cannot exceed the
// ceiling, and returns how many bytes that were: a multiple of 64, or 0. The rest is for a reader
// that looks at each byte.
std::size_t skip_blocks(std::string_view json, JsonPlace& place, std::size_t floor,
                        std::size_t ceiling);

inline constexpr std::size_t skip_block_bytes = 64;

}  // namespace recloser::session
