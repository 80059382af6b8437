// Tally: how many calls there were lately, and how many of them were of one kind.
#pragma once

#include "core/time.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace recloser::route {

// Over the last `window`, in ten parts of it: what is older than nine to ten of them is forgotten.
class Tally {
 public:
  struct Sums {
    std::uint64_t calls = 0;
    std::uint64_t marked = 0;
  };

  explicit Tally(Duration window) : part_(window / static_cast<int>(part_count)) {}

  // A time that is a little older than the last one, of another thread, is taken as that one.
  void add(Instant now, std::uint32_t calls, std::uint32_t marked) {
    newest_ = std::max(newest_, number_of(now));
    Part& part = parts_[static_cast<std::size_t>(newest_) % part_count];
    if (part.number != newest_) part = {.number = newest_};
    part.calls += calls;
    part.marked += marked;
  }

  Sums sums(Instant now) const {
    Sums sums;
    std::int64_t oldest = number_of(now) - static_cast<std::int64_t>(part_count) + 1;
    for (const Part& part : parts_) {
      if (part.number < oldest) continue;
      sums.calls += part.calls;
      sums.marked += part.marked;
    }
    return sums;
  }

  void clear() { parts_ = {}; }

 private:
  static constexpr std::size_t part_count = 10;
  struct Part {
    std::int64_t number = -1;  // since the clock began
    std::uint32_t calls = 0;
    std::uint32_t marked = 0;
  };

  std::int64_t number_of(Instant at) const {
    return std::max(at.ns, std::int64_t{0}) / part_.count();
  }

  Duration part_;
  std::int64_t newest_ = 0;
  std::array<Part, part_count> parts_{};
};

}  // namespace recloser::route
