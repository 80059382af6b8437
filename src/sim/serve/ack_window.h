// AckWindow: which tokens the peer has acknowledged, from the bytes it has not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace recloser::sim {

// A write that was taken by the kernel stands in the window until its last byte is acknowledged.
// The send buffer is small, so few are; should more wait, the oldest counts as acknowledged.
class AckWindow {
 public:
  static constexpr std::size_t writes_max = 1'024;

  // `tokens` is the total up to and with this write.
  void wrote(std::uint64_t wire_bytes, std::uint64_t tokens);

  // Tokens of which every byte is acknowledged, when `unacknowledged` bytes at the end are not.
  std::uint64_t acknowledged(std::uint64_t unacknowledged);

 private:
  struct Write {
    std::uint64_t end;
    std::uint64_t tokens;
  };
  std::deque<Write> waiting_;
  std::uint64_t written_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace recloser::sim
