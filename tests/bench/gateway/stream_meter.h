// The mark the provider puts into every chunk of a stream, and the meter that reads it at the other
// end.
#pragma once

#include "core/time.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace recloser::bench {

// "@<20 digits: Instant in ns>;<6 digits: number in the stream>". Both ends read the same clock.
inline constexpr std::size_t mark_bytes = 28;
void write_mark(char* at, Instant sent, std::uint32_t number);

// Finds the marks of one stream however its bytes are split.
class StreamMeter {
 public:
  struct Chunk {
    Instant sent;
    std::uint32_t number = 0;
  };

  // Takes bytes up to the end of the next mark, or all of them: true when `chunk` was filled.
  bool next(std::string_view& bytes, Chunk& chunk);

 private:
  std::array<char, mark_bytes> partial_{};
  std::size_t partial_bytes_ = 0;
};

}  // namespace recloser::bench
