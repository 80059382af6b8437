// Loading: a target whose server has still to load the model, and when it is asked again.
#pragma once

#include "core/time.h"
#include "route/cooldown.h"

#include <algorithm>
#include <optional>

namespace recloser::route {

// No failure: it is what a self-hosted model does after its start. One call at a time asks whether
// it is there, all others learn from it.
class Loading {
 public:
  static constexpr Duration wait_first = 1s;
  static constexpr Duration wait_longest = 5s;  // where the server does not say

  // Whether calls are kept away.
  bool holds(Instant now) const { return now < until_; }
  Instant until() const { return until_; }

  // A call is let in. While the model is being loaded it asks for all.
  void asked(Instant now) {
    if (!loads_) return;
    asked_ = true;
    until_ = now + wait_first;
  }

  // Its answer: not yet. The answers to calls that were on their way then say nothing new.
  void not_yet(Instant now, std::optional<Duration> retry_after) {
    if (loads_ && !asked_) return;
    wait_ = loads_ ? std::min(wait_ * 2, wait_longest) : wait_first;
    loads_ = true;
    asked_ = false;
    Duration said = std::min(retry_after.value_or(Duration{0}), provider_wait_max);
    until_ = now + std::max(wait_, said);
  }

  // Any other answer.
  void is_over() { *this = Loading(); }

 private:
  Instant until_;
  Duration wait_ = wait_first;
  bool loads_ = false;
  bool asked_ = false;  // by a call that has no answer yet
};

}  // namespace recloser::route
