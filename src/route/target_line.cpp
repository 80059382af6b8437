// The line of a target: who waits for a place there, and how places are given out.
#include "core/check.h"
#include "route/target_health.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <utility>

namespace recloser::route {

using Why = Admission::Why;

Instant TargetHealth::soonest(const Asker& asker, const Waiting& waiting, Instant now) const {
  std::lock_guard lock(lock_);
  Admission admission = judge_newcomer(asker, now);
  if (admission.passes()) return now;
  if (!admission.is_busy() || line_.size() >= queue_.calls) return Instant::never();
  WaitingLine::Member newcomer{.tenant = waiting.tenant, .priority = waiting.priority};
  return soonest_of(admission, asker, line_.ahead_of(newcomer), now);
}

// What holds up the first of the line, and a place for each who stands before.
Instant TargetHealth::soonest_of(const Admission& admission, const Asker& asker, std::size_t ahead,
                                 Instant now) const {
  std::uint32_t limit = limit_.limit();
  std::size_t places = ahead;
  if (admission.why == Why::full) places += running_ < limit ? 1 : running_ - limit + 1;
  Duration wait = limit == ConcurrencyLimit::none ? Duration{0} : until_free(places, now);
  if (pace_.is_set()) {
    wait = std::max(wait, pace_.between(asker.needs) * static_cast<std::int64_t>(places));
  }
  return admission.until + wait;
}

// Within which so many calls end, in 19 of 20 cases, but not before those that have run the longest
// can be expected to. A call that runs may be at any moment of the time that calls stay: of n such
// moments the k-th is taken 1.645 deviations past its mean (the order statistic of a uniform
// distribution: Beta(k, n + 1 - k)).
Duration TargetHealth::until_free(std::size_t places, Instant now) const {
  if (places == 0) return Duration{0};
  std::size_t at_once = limit_.limit();
  auto rounds = static_cast<std::int64_t>((places - 1) / at_once);
  std::size_t of_round = (places - 1) % at_once + 1;
  double n = static_cast<double>(at_once);
  double mean = static_cast<double>(of_round) / (n + 1);
  double deviation = std::sqrt(mean * (1 - mean) / (n + 2));
  double share = std::min(mean + 1.645 * deviation, 1.0);
  Duration stay = stays_.mean();
  Duration within{static_cast<std::int64_t>(share * static_cast<double>(stay.count()))};
  return rounds * stay +
         std::max(within, running_since_.until_ends(of_round, running_, stays_, now));
}

std::expected<TargetHealth::Turn, Admission> TargetHealth::line_up(const Asker& asker,
                                                                   const Waiting& waiting,
                                                                   Instant until, Instant now) {
  CHECK(waiting.bell != nullptr, "who waits is called");
  auto place = std::make_unique<Place>();
  place->tenant = waiting.tenant;
  place->priority = waiting.priority;
  place->asker = asker;
  place->asker.needs = asker.needs.bounded();
  place->bell = waiting.bell;
  place->ticket = waiting.ticket;
  trip_if_silent(now);
  std::lock_guard lock(lock_);
  Admission admission = judge_newcomer(place->asker, now);
  if (!admission.passes() && !admission.is_busy()) return std::unexpected(admission);
  place->ahead = line_.ahead_of(*place);
  Instant soonest = soonest_of(admission, asker, place->ahead, now);
  place->until = std::min(until, now + queue_.wait);
  bool too_long = line_.size() >= queue_.calls || soonest > place->until;
  if (!admission.passes() && too_long) {
    ++turned_away_;
    admission.until = soonest;
    return std::unexpected(admission);
  }
  line_.join(*place);
  return Turn(*this, std::move(place));
}

// Gives out what places there are, from the front, and sends those away who need not wait here any
// longer. Who is first and waits for a time knows of it.
void TargetHealth::serve(Instant now, Rings& rings) {
  if (line_.empty()) return;
  now = line_now_ = std::max(line_now_, now);
  while (!line_.empty()) {
    auto& first = static_cast<Place&>(line_.first());
    Admission admission = judge(first.asker, now, Panic::no);
    if (admission.is_busy()) {
      bool for_a_time = admission.why != Why::full;
      if (for_a_time && admission.until > first.until) {
        dismiss(first, admission, rings);
        continue;
      }
      if (for_a_time && watches_ != &first) rings.add(*first.bell, first.ticket);
      watches_ = for_a_time ? &first : nullptr;
      return;
    }
    line_.take_first();
    watches_ = nullptr;
    first.called = true;
    first.told = admission;
    if (admission.passes()) give(first, now);
    rings.add(*first.bell, first.ticket);
  }
}

// It would wait in vain. Its tenant's turn is not over for that.
void TargetHealth::dismiss(Place& first, const Admission& why, Rings& rings) {
  line_.leave(first);
  watches_ = nullptr;
  first.called = true;
  first.told = why;
  ++turned_away_;
  rings.add(*first.bell, first.ticket);
}

void TargetHealth::give(Place& place, Instant now) {
  std::expected<Held, Admission> held = take(place.asker, now);
  if (held) {
    place.held = *held;
  } else {
    place.told = held.error();
  }
}

std::expected<TargetHealth::Slot, Admission> TargetHealth::look(Place& place, Instant now) {
  Rings rings;
  std::lock_guard lock(lock_);
  if (!place.called && &line_.first() == &place) watches_ = &place;
  if (!place.called) serve(now, rings);
  if (place.called) {
    place.knows = true;
    if (place.held.health == nullptr) return std::unexpected(place.told);
    return Slot(std::exchange(place.held, {}));
  }
  Admission still{.why = Why::full, .until = Instant::never()};
  if (&line_.first() == &place) still = judge(place.asker, line_now_, Panic::no);
  if (still.why == Why::full) still.until = Instant::never();  // until a call ends
  return std::unexpected(still);
}

void TargetHealth::leave(Place& place) {
  Slot given;  // is given back when the lock is free again
  Rings rings;
  std::lock_guard lock(lock_);
  if (place.called) {
    given = Slot(std::exchange(place.held, {}));
    return;
  }
  line_.leave(place);
  if (watches_ == &place) watches_ = nullptr;
  serve(line_now_, rings);  // for who is first now
}

std::expected<TargetHealth::Slot, Admission> TargetHealth::Turn::look(Instant now) {
  return health_->look(*place_, now);
}

TargetHealth::Turn::~Turn() {
  if (place_ != nullptr) health_->leave(*place_);
}

}  // namespace recloser::route
