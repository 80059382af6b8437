// The labels of a call: a short list of short names, kept in place without allocation.
#pragma once

#include "core/limits.h"
#include "core/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace recloser::session {

class Labels {
 public:
  // Each is kept once, in the order of first mention. False when it does not fit any more.
  bool add(std::string_view label);

  bool contains(std::string_view label) const;
  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }
  std::string_view joined() const { return {text_.data(), size_}; }  // "a,b": as the ledger has it

 private:
  std::array<char, limits::labels_bytes_max> text_;
  std::uint16_t size_ = 0;
  std::uint8_t count_ = 0;
};

// The labels of joined(), as many as there is room for; how many.
std::size_t split_labels(std::string_view joined, std::span<std::string_view> room);

// Reads `x-recloser-labels: a, b`. Empty items are skipped. The error is the client's: too many,
// too long, a character that a label may not have, or one of the `reserved` names, which only keys
// may carry.
Result<Labels> parse_labels(std::string_view header, std::span<const std::string> reserved);

}  // namespace recloser::session
