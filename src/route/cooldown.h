// Cooldown: how long a target that answered 429 is left alone.
#pragma once

#include "core/ids.h"
#include "core/time.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace recloser::route {

// Whatever a provider says, nobody waits longer for it: a mistake of its clock is no outage.
inline constexpr Duration provider_wait_max = 1h;

// Too many calls are no failure: the breaker learns nothing of them.
class Cooldown {
 public:
  static constexpr Duration first_longest = 1s;
  static constexpr Duration longest = 60s;  // where the provider does not say

  bool cooling(Instant now) const { return now < until_; }
  Instant until() const { return until_; }

  // A later Retry-After makes it longer, never shorter. Without one: any time up to 1 s * 2^n, for
  // the n-th time in a row; not again while it cools, since calls that were on their way then say
  // nothing new.
  void rate_limited(Instant now, std::optional<Duration> retry_after, Random& random) {
    bool known = cooling(now);
    if (retry_after) {
      until_ = std::max(until_, now + std::min<Duration>(*retry_after, provider_wait_max));
    } else if (!known) {
      Duration most = std::min<Duration>(first_longest * (1 << std::min(in_a_row_, 6u)), longest);
      auto spread = static_cast<std::uint64_t>(most.count()) + 1;
      until_ = now + Duration{static_cast<std::int64_t>(random.below(spread))};
    }
    if (!known) ++in_a_row_;
  }

  // What cools goes on cooling: that call may have been sent before.
  void answered() { in_a_row_ = 0; }

 private:
  Instant until_;
  std::uint32_t in_a_row_ = 0;
};

}  // namespace recloser::route
