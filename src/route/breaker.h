// Breaker: whether a target works, from how calls of many principals ended there; and OwnBreakers,
// of those for whom alone it does not.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "route/attempt_end.h"
#include "route/tally.h"
#include "route/trip.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

namespace recloser::route {

// Who called, as a KeyedHash: equal or not, and nothing else.
using PrincipalHash = std::uint64_t;

inline constexpr std::uint32_t failures_in_a_row_max = 5;
inline constexpr Duration open_shortest = 1s;
inline constexpr Duration open_first_longest = 5s;
inline constexpr Duration open_longest = 5min;

// Calls that would find no other place probe a tripped target sooner than it would be by itself,
// but not before it was left alone for so long.
inline constexpr Duration open_shortest_in_need = 5s;

// How long a breaker is tripped that did so `in_a_row` times before: any time between 1 s and
// 5 s * 2^in_a_row, which is 5 min at most, so that those who wait for it do not all come at once.
// (Full jitter has no shortest time; none at all would be no trip.)
Duration open_time(std::uint32_t in_a_row, Random& random);

// Failures in a row: of calls that never said anything, since one did last (how those end that had
// begun before says nothing of new ones), and of calls that broke off, since one came to its end.
class FailureRow {
 public:
  void first_token() { mute_ = 0; }
  void answered() { broken_ = 0; }
  void failed(bool had_first_token) { ++(had_first_token ? broken_ : mute_); }
  void begin_anew() { mute_ = broken_ = 0; }

  bool empty() const { return mute_ == 0 && broken_ == 0; }
  bool is_enough() const { return std::max(mute_, broken_) >= failures_in_a_row_max; }

 private:
  std::uint32_t mute_ = 0;
  std::uint32_t broken_ = 0;
};

// A call that gave its first token works, which frees the probe's place: answers take minutes.
// How it ended is told of it all the same.
class Breaker {
 public:
  static constexpr Duration window = 30s;
  static constexpr std::uint64_t calls_least = 20;  // in the window, for a share to mean anything
  static constexpr std::uint64_t failed_percent = 50;
  static constexpr std::size_t principals_seen = 8;
  static constexpr std::size_t principals_least = 3;  // whose calls fail, while others' do not
  static constexpr std::size_t probes = 3;

  State state(Instant now) const { return trip_.state(now); }
  State settled_state() const { return trip_.settled_state(); }
  const Trip& trip() const { return trip_; }
  Tally::Sums lately(Instant now) const { return tally_.sums(now); }  // marked: failed

  bool would_admit(Instant now) const { return trip_.would_let_in(now); }
  Ticket admit(Instant now) { return trip_.let_in(now); }
  Ticket admit_anyhow(Instant now) { return would_admit(now) ? admit(now) : trip_.let_by(); }

  void first_token(Ticket& ticket, PrincipalHash principal, Instant now);
  // Whatever its calls say.
  void trip(Instant now, Random& random) {
    trip_.trip(now, open_time(trip_.in_a_row(now), random));
  }
  // Something else than a call says that it fails: it is left alone until then. Whether it trips
  // by this.
  bool hold(Instant until, Instant now) {
    bool trips = trip_.settled_state() != State::tripped;
    trips ? trip_.trip(now, until - now) : trip_.prolong(until);
    return trips;
  }
  // .. and that it works again: calls probe it.
  void release(Instant now) {
    if (state(now) == State::tripped) trip_.probe_sooner(now);
  }
  // Whether it may be probed now that it is needed.
  bool probe_in_need(Instant now) {
    bool rested = now - trip_.since() >= open_shortest_in_need;
    if (rested && state(now) == State::tripped) trip_.probe_sooner(now);
    return would_admit(now);
  }
  // Whether it has tripped by this.
  bool end(Ticket& ticket, PrincipalHash principal, AttemptEnd end, Instant now, Random& random);

 private:
  struct Seen {
    PrincipalHash principal = 0;
    Instant last;
    bool failed = false;
    bool used = false;
  };

  void works(Ticket& ticket, PrincipalHash principal, Instant now);
  void note(PrincipalHash principal, bool failed, Instant now);
  bool has_failed(PrincipalHash principal) const;
  bool concerns_all(Instant now) const;
  bool is_enough(Instant now) const;
  void forget();

  Trip trip_{probes};
  Tally tally_{window};
  FailureRow row_;
  std::array<Seen, principals_seen> seen_{};
};

// One principal's prompts may break a target that works for all others. Of principals with failures
// only; of more than there is room for, who failed least recently is forgotten.
class OwnBreakers {
 public:
  static constexpr std::size_t principals_max = 1024;
  static constexpr std::size_t probes = 3;

  bool would_admit(PrincipalHash principal, Instant now) const;
  Instant until(PrincipalHash principal) const;  // of a trip
  Ticket admit(PrincipalHash principal, Instant now);
  Ticket admit_anyhow(PrincipalHash principal, Instant now);

  void first_token(Ticket& ticket, PrincipalHash principal, Instant now);
  void end(Ticket& ticket, PrincipalHash principal, AttemptEnd end, Instant now, Random& random);

  // The target itself has tripped: whose fault it was is settled.
  void clear();
  std::size_t size() const { return by_recency_.size(); }

 private:
  struct Own {
    PrincipalHash principal = 0;
    FailureRow row;
    Trip trip{probes};
  };
  using ByRecency = std::list<Own>;  // who failed last first

  Own* find(PrincipalHash principal);
  const Own* find(PrincipalHash principal) const;
  Own& failed(PrincipalHash principal);

  ByRecency by_recency_;
  std::unordered_map<PrincipalHash, ByRecency::iterator> own_;
};

}  // namespace recloser::route
