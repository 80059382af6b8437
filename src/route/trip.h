// Trip: passing, tripped for a while, probing with a few calls, and passing again. Of a target, of
// one principal at a target, of a provider's key.
#pragma once

#include "core/time.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace recloser::route {

enum class State : std::uint8_t { passing, probing, tripped };
std::string_view name_of(State state);

// What a call that was let in has to show when it ends. Its holder gives each one back once.
struct Ticket {
  std::uint32_t generation = 0;  // trips before it
  std::uint32_t probe = 0;       // its number; 0: it is no probe
  bool counted = false;          // as a call that works
};

// Pure: what makes it trip, and for how long, is its owner's to say.
class Trip {
 public:
  static constexpr std::size_t probes_max = 3;
  // A probe that takes longer keeps nobody else from probing.
  static constexpr Duration probe_patience = 30s;
  // Who trips again before it passed for so long trips "in a row": a target that answers three
  // probes and fails again at once has not recovered.
  static constexpr Duration calm = 30s;

  // So many probes at a time, and so many good ones in a row until it passes; up to probes_max.
  explicit Trip(std::size_t probes) : probes_(probes) {}

  State state(Instant now) const;                      // tripped is over when its time is
  State settled_state() const { return state_; }       // as the last call has left it
  Instant since() const { return since_; }             // of the last change
  Instant until() const { return until_; }             // when probing begins; of a trip
  std::uint32_t in_a_row(Instant now) const;           // trips, before one that would come now
  std::uint32_t trips() const { return generation_; }  // since the start
  bool ever_tripped() const { return trips() != 0; }

  bool would_let_in(Instant now) const;
  // As a probe, if it is no longer passing. Only where it would let in.
  Ticket let_in(Instant now);
  // In spite of it: the end of such a call says nothing until it passes.
  Ticket let_by() const { return {.generation = generation_}; }

  // Of a call that was let in before the last trip nothing is to be learnt.
  bool concerns(const Ticket& ticket) const { return ticket.generation == generation_; }
  // Whether the end of that call counts now: all count while it passes, and then only probes.
  bool counts(const Ticket& ticket) const {
    return concerns(ticket) && (state_ == State::passing || ticket.probe != 0);
  }

  // A probe's place is free again, whatever became of it.
  void give_back(Ticket& ticket);
  // A probe went well. Whether it passes now, and did not before.
  bool went_well(Ticket& ticket, Instant now);
  void trip(Instant now, Duration open);
  // What has tripped stays so, to then at least.
  void prolong(Instant until) {
    if (state_ == State::tripped) until_ = std::max(until_, until);
  }
  // It probes from now on, whatever was left of its time.
  void probe_sooner(Instant now) { until_ = std::min(until_, now); }

 private:
  struct Place {
    std::uint32_t probe = 0;  // 0: free
    Instant begun;
  };

  std::size_t free_place(Instant now) const;  // probes_: there is none

  std::size_t probes_;
  State state_ = State::passing;
  Instant since_;
  Instant until_;
  std::uint32_t trips_ = 0;  // in a row
  std::uint32_t generation_ = 0;
  std::uint32_t last_probe_ = 0;
  std::uint32_t good_probes_ = 0;
  std::array<Place, probes_max> places_{};
};

}  // namespace recloser::route
