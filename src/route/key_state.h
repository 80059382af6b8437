// KeyState: whether the key that we have with a provider is still taken there.
#pragma once

#include "core/spin_lock.h"
#include "core/time.h"
#include "route/attempt_end.h"
#include "route/trip.h"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

namespace recloser::route {

enum class KeyTrouble : std::uint8_t { none, unauthorized, out_of_quota };

constexpr std::string_view name_of(KeyTrouble trouble) {
  return trouble == KeyTrouble::none           ? "none"
         : trouble == KeyTrouble::unauthorized ? "unauthorized"
                                               : "out_of_quota";
}

// Shared by all targets of a provider and by all threads. One call that its key or its money was
// refused to keeps the next ones away: they would end alike. One call probes, after 30 s * 2^k, at
// most 10 min, for the k-th time in a row. Only of calls that are made with our key.
class KeyState {
 public:
  static constexpr Duration open_first = 30s;
  static constexpr Duration open_longest = 10min;

  struct Standing {
    State state = State::passing;
    KeyTrouble trouble = KeyTrouble::none;  // of the last trip, until it passes
    Instant since;
    Instant until;  // when one call probes
  };

  Standing standing(Instant now) const {
    std::lock_guard lock(lock_);
    State state = trip_.state(now);
    return {.state = state,
            .trouble = state == State::passing ? KeyTrouble::none : trouble_,
            .since = trip_.since(),
            .until = trip_.until()};
  }

  bool would_admit(Instant now) const {
    std::lock_guard lock(lock_);
    return trip_.would_let_in(now);
  }

  std::optional<Ticket> admit(Instant now) {
    std::lock_guard lock(lock_);
    if (!trip_.would_let_in(now)) return std::nullopt;
    return trip_.let_in(now);
  }

  Ticket admit_anyhow(Instant now) {
    std::lock_guard lock(lock_);
    return trip_.would_let_in(now) ? trip_.let_in(now) : trip_.let_by();
  }

  // Whether it passes again by this: what answers takes the key.
  bool first_token(Ticket& ticket, Instant now) {
    std::lock_guard lock(lock_);
    return trip_.went_well(ticket, now);
  }

  // Whether it trips or passes by this.
  bool end(Ticket& ticket, AttemptEnd end, Instant now) {
    std::lock_guard lock(lock_);
    if (end == AttemptEnd::answered) return trip_.went_well(ticket, now);
    bool counts = trip_.counts(ticket);
    trip_.give_back(ticket);
    bool refused = end == AttemptEnd::unauthorized || end == AttemptEnd::out_of_quota;
    if (!counts || !refused) return false;
    trouble_ =
        end == AttemptEnd::unauthorized ? KeyTrouble::unauthorized : KeyTrouble::out_of_quota;
    constexpr std::uint32_t doublings_max = 5;  // beyond the longest
    std::uint32_t doublings = std::min(trip_.in_a_row(now), doublings_max);
    trip_.trip(now, std::min<Duration>(open_first * (1 << doublings), open_longest));
    return true;
  }

 private:
  mutable SpinLock lock_;
  Trip trip_{1};
  KeyTrouble trouble_ = KeyTrouble::none;
};

}  // namespace recloser::route
