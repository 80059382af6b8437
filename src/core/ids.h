// Call ids (ULIDs: sortable by time, 26 characters) and the random source that makes them.
#pragma once

#include "core/time.h"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser {

// xoshiro256**, for ids, jitter and sampling; never for secrets. Seeded by main, or by a test.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  std::uint64_t next();
  std::uint64_t below(std::uint64_t bound);  // uniform in [0, bound); bound > 0

 private:
  std::array<std::uint64_t, 4> state_;
};

// 128 bits, big-endian order = time order: 48 bits of milliseconds, 16 bits that tell apart the
// calls of a millisecond, 64 bits of randomness.
struct CallId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  static constexpr std::size_t text_size = 26;
  using Text = std::array<char, text_size>;

  friend auto operator<=>(const CallId&, const CallId&) = default;
  Text text() const;  // Crockford base 32: "01JD3Z8QK6T2V9M4B7XHPW5RNC"
  std::string str() const;
  static std::optional<CallId> parse(std::string_view text);
};

// Makes ids for one worker. Ids of one maker never repeat and never go back, even if the wall clock
// does; no two have the same upper half, nor have those of makers with another lane, as long as
// each makes up to 256 in a millisecond. (The ledger keeps its rows by that half.)
class CallIdMaker {
 public:
  explicit CallIdMaker(std::uint64_t seed, std::uint8_t lane = 0) : random_(seed), lane_(lane) {}
  CallId next(WallTime now);

 private:
  Random random_;
  std::uint8_t lane_;
  CallId last_;
};

}  // namespace recloser
