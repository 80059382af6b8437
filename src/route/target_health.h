// TargetHealth: one target, a model of a provider: whether a call may go there now, and what is
// learnt from how it ended.
#pragma once

#include "config/priority.h"
#include "config/provider_limits.h"
#include "core/ids.h"
#include "core/spin_lock.h"
#include "core/time.h"
#include "route/attempt_end.h"
#include "route/breaker.h"
#include "route/concurrency_limit.h"
#include "route/cooldown.h"
#include "route/key_state.h"
#include "route/latency.h"
#include "route/line_bell.h"
#include "route/loading.h"
#include "route/pace.h"
#include "route/probe.h"
#include "route/quota_gauges.h"
#include "route/retry_budget.h"
#include "route/silence.h"
#include "route/stays.h"
#include "route/waiting_line.h"

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::route {

// A change of state, as log and metrics tell it. Views are good as long as the health is.
struct StateChange {
  enum class Of : std::uint8_t { target, key };
  Of of = Of::target;
  std::string_view name;  // "provider/model"; of a key: the provider's
  State from = State::passing;
  State to = State::passing;
  std::string_view why;  // name_of the AttemptEnd; "probe_failed", "recovered", "probing"
  Instant at;
  Instant until;  // tripped: when probing begins
};

// Who is told, by whichever thread it happens on, with no lock held; must not block.
class HealthWatcher {
 public:
  virtual ~HealthWatcher() = default;
  virtual void changed(const StateChange& change) = 0;
};

// What a call brings with it.
struct Asker {
  PrincipalHash principal = 0;
  QuotaNeeds needs;
  // false: the client's own key with the provider. Then its limits and its troubles are the
  // client's, too: neither key, nor cooldown, nor gauges are asked or learn.
  bool key_is_ours = true;
  bool streams = false;  // its first token will be told
};

struct Admission {
  enum class Why : std::uint8_t {
    yes,
    drained,       // by an operator
    tripped,       // the target fails, or all its probes are out
    probe_failed,  // likewise, and its provider's health check does
    own_tripped,   // for this principal alone
    cooling,       // after a 429
    loading,       // its server has still to load the model
    key_tripped,   // the provider's key is refused, or its money spent
    quota,         // the provider's headers leave too little, or the configured pace
    full,          // as many calls run as may, or others wait already
  };
  Why why = Why::yes;
  Instant until;  // when asking again may help: now, where nobody knows; never() of a drained one

  bool passes() const { return why == Why::yes; }
  // It works, and takes no more for the moment: waiting is worth while.
  bool is_busy() const { return why == Why::cooling || why == Why::quota || why == Why::full; }
};
std::string_view name_of(Admission::Why why);

// A call that would wait.
struct Waiting {
  std::uint64_t tenant = 0;  // those who take turns
  config::Priority priority = config::Priority::normal;
  LineBell* bell = nullptr;
  std::uint64_t ticket = 0;
};

// What the configuration says of a target.
struct TargetSettings {
  config::ProviderLimits limits = {};
  config::ProviderQueue queue = {};
};

// A tripped target is called all the same when no other is left: at least one stays routable.
enum class Panic : bool { no, yes };

class TargetHealth {
 public:
  class Slot;
  class Turn;
  struct Standing;

  // What a failure costs in time to the first token, at least: a target that fails quickly must not
  // be the one that balancing likes best.
  static constexpr Duration failure_cost = 5s;

  // `key` and `watcher` outlive it; no watcher: nobody is told.
  TargetHealth(std::string name, std::string_view provider, KeyState& key, std::uint64_t seed,
               HealthWatcher* watcher);
  TargetHealth(const TargetHealth&) = delete;
  TargetHealth& operator=(const TargetHealth&) = delete;

  const std::string& name() const { return name_; }
  std::string_view provider() const { return provider_; }

  struct Glance {
    State state = State::passing;
    Duration ttft{};  // of late
  };
  struct Look {
    Admission admission;
    Glance glance;
  };
  // As of now, without taking anything: for filters.
  Look look(const Asker& asker, Instant now) const;
  Admission would_admit(const Asker& asker, Instant now) const {
    return look(asker, now).admission;
  }
  // Takes a place, and a probe's where it probes.
  std::expected<Slot, Admission> admit(const Asker& asker, Instant now, Panic panic = Panic::no);

  // A call that nobody else takes is of more use as a probe of a tripped target than refused.
  // Whether it would be one: it is admitted as any other.
  bool probe_in_need(Instant now);

  // By when a call that came now would have a place, in about 19 of 20 cases: in the past or now,
  // where it need not wait; never, where it would be dismissed, or the line is as long as it may
  // be.
  Instant soonest(const Asker& asker, const Waiting& waiting, Instant now) const;
  // Into the line, where a place is likely by then and within what is configured; the first look at
  // the turn has a place that is free. Else why not, and when asking again may help.
  std::expected<Turn, Admission> line_up(const Asker& asker, const Waiting& waiting, Instant until,
                                         Instant now);

  // What a health check of its provider has come to. One that fails is left alone until it works
  // again, and is probed by calls then; so is one that had tripped by its calls.
  void probed(const ProbeReport& report, Instant now);

  // To compare targets by: the time to a first token and the calls that wait for theirs.
  double cost(Instant now) const;
  // When a hedge would be worth it: within which so many calls of a hundred begin. Nothing before
  // enough is known.
  std::optional<Duration> first_token_within(std::uint32_t of_hundred,
                                             std::uint64_t prompt_tokens) const;

  // Those that it may have beside the share of the process: Health::take_retry().
  SpareRetries& retries() { return retries_; }

  // An operator's word: no more calls, but for those that run.
  void drain(bool drained);
  void configure(const TargetSettings& settings);

  Standing standing(Instant now) const;

 private:
  // What a call has taken.
  struct Held {
    TargetHealth* health = nullptr;
    Asker asker;
    Instant begun;
    Ticket shared;
    Ticket own;
    Ticket key;
    bool in_panic = false;
    bool on_its_way = true;  // counted by the gauges
    bool waits = true;       // for its first token
  };

  // A call in the line, and what has become of it; belongs to its Turn.
  struct Place : WaitingLine::Member {
    Asker asker;
    LineBell* bell = nullptr;
    std::uint64_t ticket = 0;
    Instant until;          // it waits no longer
    std::size_t ahead = 0;  // when it came
    bool called = false;    // out of the line: with what is held for it, or without
    bool knows = false;     // that it has been called; its owner's alone
    Held held;
    Admission told;
  };

  Admission judge(const Asker& asker, Instant now, Panic panic) const;
  Admission judge_newcomer(const Asker& asker, Instant now) const;
  std::expected<Held, Admission> take(const Asker& asker, Instant now);
  Instant soonest_of(const Admission& admission, const Asker& asker, std::size_t ahead,
                     Instant now) const;
  Duration until_free(std::size_t places, Instant now) const;
  void serve(Instant now, Rings& rings);
  void dismiss(Place& first, const Admission& why, Rings& rings);
  void give(Place& place, Instant now);
  std::expected<Slot, Admission> look(Place& place, Instant now);
  void leave(Place& place);
  void first_token(Held& held, Duration ttft, std::uint64_t prompt_tokens, Instant now);
  void headers(Held& held, const QuotaReading& reading, Instant now);
  void end(Held& held, AttemptEnd end, std::optional<Duration> retry_after, Instant now);
  void learn(Held& held, AttemptEnd end, std::optional<Duration> retry_after, Instant now);
  void trip_if_silent(Instant now);
  void no_longer_waits(Held& held);
  void arrived(Held& held);
  void give_back(Held& held, Instant now, Rings& rings);
  void tell(State from, State to, std::string_view why, Instant now, Instant until) const;
  void tell_of_key(State from, std::string_view why, Instant now) const;

  const std::string name_;
  const std::string_view provider_;
  KeyState& key_;
  HealthWatcher* const watcher_;
  SpareRetries retries_;

  mutable SpinLock lock_;  // of all below
  Random random_;
  Breaker breaker_;
  OwnBreakers own_;
  Cooldown cooldown_;
  Loading loading_;
  QuotaGauges gauges_;
  ConcurrencyLimit limit_;
  Pace pace_;
  config::ProviderQueue queue_;
  WaitingLine line_;
  const Place* watches_ = nullptr;  // the first in the line, once it knows when to look
  Instant line_now_;                // the latest that anybody in it has seen
  Stays stays_;                     // of calls that were answered
  RunningSince running_since_;
  std::uint64_t turned_away_ = 0;  // from the line
  PeakEwma ewma_;
  TtftForecast forecast_;
  std::uint32_t running_ = 0;
  std::uint32_t waiting_ = 0;  // for their first token
  Silence silence_;
  bool drained_ = false;
  bool held_by_probes_ = false;  // since it tripped
  std::optional<ProbeReport> probe_;
  std::string_view last_failure_;  // as Standing has it
  std::array<std::uint64_t, attempt_end_count> ends_{};
};

// A call's place at a target. Move-only; one that is gone without an end was cancelled. Not longer
// than its target's health; belongs to one thread at a time.
class [[nodiscard]] TargetHealth::Slot {
 public:
  Slot() = default;  // of a call that is nowhere
  Slot(Slot&& other) noexcept;
  Slot& operator=(Slot&& other) noexcept;
  ~Slot();

  bool open() const { return held_.health != nullptr; }
  // The target was tripped, and is called because there was no other.
  bool in_panic() const { return held_.in_panic; }
  bool is_probe() const {
    return held_.shared.probe != 0 || held_.own.probe != 0 || held_.key.probe != 0;
  }

  // The head of an answer, also of an error.
  void headers(const QuotaReading& reading, Instant now);
  // The first content of an answer that comes as a stream, so long after the request was sent. (The
  // time of a whole answer is that of all its tokens: of such a call the end says enough.)
  void first_token(Duration ttft, std::uint64_t prompt_tokens, Instant now);
  // Once. `retry_after`: what an error said of it.
  void end(AttemptEnd end, std::optional<Duration> retry_after, Instant now);

 private:
  friend class TargetHealth;
  explicit Slot(const Held& held) : held_(held) {}

  Held held_;
};

// A call's turn in the line of a target. Move-only; one that is gone has left it, and a place that
// it was given goes to the next. Not longer than its target's health; belongs to one thread at a
// time.
class [[nodiscard]] TargetHealth::Turn {
 public:
  Turn(Turn&&) noexcept = default;
  Turn& operator=(Turn&&) noexcept = default;
  ~Turn();

  // Its place, once; whoever has it looks no more. An Admission, while it waits(): it looks again
  // when the bell rings, or at `until`. Else it has been sent out of the line, which is why.
  std::expected<Slot, Admission> look(Instant now);
  bool waits() const { return !place_->knows; }
  // How many had their turn before it when it came.
  std::size_t ahead() const { return place_->ahead; }

 private:
  friend class TargetHealth;
  Turn(TargetHealth& health, std::unique_ptr<Place> place)
      : health_(&health), place_(std::move(place)) {}

  TargetHealth* health_;
  std::unique_ptr<Place> place_;
};

// A plain copy, for explanations, the admin API and metrics.
struct TargetHealth::Standing {
  std::string_view name;  // good as long as the health
  State state = State::passing;
  Instant since;
  Instant until;         // tripped: when probing begins
  std::string_view why;  // of the last trip: name_of its AttemptEnd, "probe_failed"; "" of none
  std::uint32_t trips_in_a_row = 0;
  std::uint32_t trips = 0;  // since the start
  bool drained = false;
  KeyState::Standing key;
  std::optional<ProbeReport> probe;  // the last one of its provider
  std::uint32_t running = 0;
  std::uint32_t limit = 0;         // ConcurrencyLimit::none: there is none
  std::uint32_t waiting = 0;       // in the line
  std::uint64_t turned_away = 0;   // since the start: they would have waited for too long
  Tally::Sums lately;              // calls of the breaker's window, and failed ones
  std::uint64_t own_breakers = 0;  // principals with failures of their own
  Duration ewma_ttft{};
  std::optional<Duration> p50_ttft;  // of an average prompt
  std::optional<Duration> p95_ttft;
  Instant cooling_until;  // in the past: it is not
  std::array<Gauge, quota_unit_count> gauges{};
  std::array<std::uint64_t, attempt_end_count> ends{};  // of all calls so far, by AttemptEnd
};

}  // namespace recloser::route
