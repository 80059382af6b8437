// How long to wait before the same target is tried once more.
#pragma once

#include "core/ids.h"
#include "core/time.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace recloser::route {

inline constexpr Duration backoff_first_longest = 100ms;
inline constexpr Duration backoff_longest = 5s;

// Before the retry after `tries` attempts (1: the first retry): any time up to 100 ms *
// 2^(tries - 1), at most 5 s (full jitter), and not less than a provider's Retry-After. Nothing
// when there would be no time left.
inline std::optional<Duration> backoff(std::uint32_t tries, std::optional<Duration> retry_after,
                                       Instant now, Instant deadline, Random& random) {
  constexpr std::uint32_t doublings_max = 6;  // beyond the longest
  std::uint32_t doublings = std::min(tries == 0 ? 0 : tries - 1, doublings_max);
  Duration most = std::min<Duration>(backoff_first_longest * (1 << doublings), backoff_longest);
  auto spread = static_cast<std::uint64_t>(most.count()) + 1;
  Duration wait{static_cast<std::int64_t>(random.below(spread))};
  if (retry_after) wait = std::max(wait, *retry_after);
  if (wait >= deadline - now) return std::nullopt;
  return wait;
}

}  // namespace recloser::route
