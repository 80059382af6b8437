// For tests: streams assembled in given pieces.
#pragma once

#include "codec/assembled.h"

#include <memory>
#include <string>
#include <string_view>

namespace recloser::codec::testing {

inline constexpr std::size_t assembly_bytes_max = 1u << 20;

// Each piece is given in memory of its own size, so that a sanitizer sees a read beyond it.
inline bool feed_piece(Assembled& assembled, std::string_view piece) {
  auto copy = std::make_unique<char[]>(piece.size());
  piece.copy(copy.get(), piece.size());
  return assembled.feed(std::string_view(copy.get(), piece.size()));
}

// The answer; its error where it told one; "too large".
inline std::string assemble(Operation operation, std::string_view stream, std::size_t split = 0,
                            std::size_t bytes_max = assembly_bytes_max) {
  Assembled assembled(operation, bytes_max);
  bool fits = feed_piece(assembled, stream.substr(0, split)) &&
              feed_piece(assembled, stream.substr(split)) && assembled.finish();
  if (!fits) return "too large";
  std::string out;
  assembled.write_error(out);
  if (out.empty()) assembled.write(out);
  return out;
}

inline std::string assemble_bytes(Operation operation, std::string_view stream) {
  Assembled assembled(operation, assembly_bytes_max);
  bool fits = true;
  for (std::size_t at = 0; at < stream.size() && fits; ++at) {
    fits = feed_piece(assembled, stream.substr(at, 1));
  }
  if (!fits || !assembled.finish()) return "too large";
  std::string out;
  assembled.write_error(out);
  if (out.empty()) assembled.write(out);
  return out;
}

}  // namespace recloser::codec::testing
