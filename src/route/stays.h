// How long calls have their places at a target, and since when those that run have theirs: what the
// time until the next place comes free follows from.
#pragma once

#include "core/time.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace recloser::route {

// Moving averages, in which a call weighs a tenth: of the time that calls stay, and of how far they
// are from it. (As RFC 6298 does with the times of a round trip.)
class Stays {
 public:
  void learn(Duration stay) {
    if (mean_ == Duration{0}) {
      mean_ = stay;
      return;
    }
    deviation_ += (std::chrono::abs(stay - mean_) - deviation_) / 10;
    mean_ += (stay - mean_) / 10;
  }

  Duration mean() const { return mean_; }
  // Few stay for less than this.
  Duration shortest() const { return std::max(mean_ - 2 * deviation_, Duration{0}); }

 private:
  Duration mean_{};
  Duration deviation_{};
};

// When the calls began that run, the first of them first. Only those that began while their number
// was limited: nobody asks of others, which may be very many.
class RunningSince {
 public:
  void began(Instant at) { all_.insert(std::ranges::upper_bound(all_, at), at); }
  void ended(Instant began) {
    auto place = std::ranges::lower_bound(all_, began);
    if (place != all_.end() && *place == began) all_.erase(place);
  }

  // How long it takes until so many of all that run have ended, at least: the oldest end first, and
  // those that are not known here are the oldest.
  Duration until_ends(std::size_t count, std::size_t running, const Stays& stays,
                      Instant now) const {
    std::size_t unknown = running - std::min(running, all_.size());
    if (count <= unknown || count > unknown + all_.size()) return Duration{0};
    return std::max(all_[count - unknown - 1] + stays.shortest() - now, Duration{0});
  }

 private:
  std::vector<Instant> all_;
};

}  // namespace recloser::route
