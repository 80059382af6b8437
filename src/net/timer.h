// Timers of one worker: a wheel of one-millisecond slots; setting, moving and cancelling cost a few
// instructions.
#pragma once

#include "core/time.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace recloser::net {

class TimerWheel;

// Fires once, at or up to one millisecond after its deadline. Destroying it cancels it.
class Timer {
 public:
  using Fire = void (*)(Timer&);

  explicit Timer(Fire fire) : fire_(fire) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  bool pending() const { return link_ != nullptr; }
  Instant deadline() const { return deadline_; }
  void cancel();

 private:
  friend class TimerWheel;

  Instant deadline_ = Instant::never();
  Instant slot_time_;  // when the slot it lies in is looked at; never after the deadline
  Timer* next_ = nullptr;
  Timer** link_ = nullptr;  // what points at this timer; null when it is not in the wheel
  Fire fire_;
};

// Moving a deadline later, which every read of a stream does, only stores it: the timer is found
// early in its old slot and put forward then. Deadlines beyond the wheel's span wait in its last
// slot the same way.
class TimerWheel {
 public:
  static constexpr Duration tick = 1ms;
  static constexpr std::size_t slots = 4096;  // a span of 4.096 s

  explicit TimerWheel(Instant start) : current_(tick_of(start)) {}
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Sets or moves the deadline. Instant::never() cancels.
  void set(Timer& timer, Instant deadline);

  // Fires what is due at `now`, in order of slots.
  void advance(Instant now);

  // The earliest moment at which advance() may have something to do; never() when nothing is set.
  // May be too early, when what it was has been cancelled.
  Instant next() const {
    return next_tick_ == no_tick ? Instant::never() : Instant{next_tick_ * tick.count()};
  }

 private:
  static std::int64_t tick_of(Instant at) { return at.ns / tick.count(); }
  void insert(Timer& timer);
  void run_slot(std::size_t slot, Instant now);
  std::int64_t find_next();

  static constexpr std::int64_t no_tick = INT64_MAX;

  std::int64_t current_;              // the tick that was looked at last
  std::int64_t next_tick_ = no_tick;  // no timer lies in a slot before it
  std::array<Timer*, slots> heads_{};
  std::array<std::uint64_t, slots / 64> bitmap_{};  // slots that may hold timers
};

}  // namespace recloser::net
