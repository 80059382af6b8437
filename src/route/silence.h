// Silence: whether a target that is sent calls has stopped to answer, seen before the first of them
// runs into a time limit.
#pragma once

#include "core/time.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace recloser::route {

// Of calls whose first token is told as it comes. So many have to wait, with no first token and no
// error for any of them in all that time, and in four times what nearly all calls take.
//
// (A time limit is 30 s and more, since answers may take long to begin. Of a target with 10 calls a
// second, 300 are then lost in it before the first one fails, and all of them are to be tried again
// at once.)
class Silence {
 public:
  static constexpr std::uint32_t calls_least = 10;
  static constexpr Duration shortest = 5s;
  static constexpr int times_usual = 4;

  void sent(Instant now) {
    if (++waiting_ == calls_least) since_ = now;
  }
  // It waits no more, whatever became of it.
  void left() { --waiting_; }
  // A first token, or how a call failed.
  void heard(Instant now) { since_ = now; }

  // `usual`: what nearly all calls take until their first token, where that is known; it is asked
  // for only when it matters.
  template <class Usual>
  bool lasts(Instant now, const Usual& usual) const {
    if (waiting_ < calls_least || now - since_ < shortest) return false;
    std::optional<Duration> known = usual();
    return known && now - since_ >= std::max<Duration>(shortest, times_usual * *known);
  }

 private:
  std::uint32_t waiting_ = 0;
  Instant since_;  // of enough calls, nothing was heard
};

}  // namespace recloser::route
