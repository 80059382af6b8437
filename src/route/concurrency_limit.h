// ConcurrencyLimit: how many calls may run at a target at once, found out from how it answers.
#pragma once

#include "core/time.h"

#include <cstddef>
#include <cstdint>

namespace recloser::route {

// The smallest of: what is configured; a limit by the gradient of times to the first token
// (Gradient2 of Netflix' concurrency-limits, whose numbers these are), where a call's time is by
// that of an average call with such a prompt (latency.h); and nine tenths of what ran at a 429.
//
// Times are averaged over at least a second and ten calls, of which none counts for more than four;
// only what lasts for two such windows is a queue, for a machine that was busy for a moment says
// nothing of its target. Of a target that never showed that it
// has too much to do nothing is known: it has no limit but the configured one. The first sign sets
// the limit to what then runs, from where the gradient moves it; one that has grown to the most
// there is is none any more. (Gradient2 begins at 20. Answers of a model run for a minute: most of
// a healthy provider's calls would be refused until a limit had grown from there.)
class ConcurrencyLimit {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr std::uint32_t least = 4;
  static constexpr std::uint32_t most = 1'000;  // of a limit that was found out
  static constexpr std::uint32_t first_least = 20;
  static constexpr double tolerance = 1.5;  // times the long average are no queue
  static constexpr double smoothing = 0.2;
  static constexpr double queue = 4;           // calls more, while nothing speaks against it
  static constexpr double long_windows = 600;  // that the long average goes over
  static constexpr double backoff = 0.9;       // of the limit, for each 429
  static constexpr double far_off = 4;         // times the long average: no call counts for more
  static constexpr unsigned slow_windows = 2;  // in a row are a queue
  static constexpr Duration calm = 30s;        // without a sign
  static constexpr Duration window = 1s;
  static constexpr std::uint32_t calls_least = 10;  // in a window

  void configure(std::uint32_t configured) { configured_ = configured; }

  bool would_admit(std::size_t running) const { return running < limit(); }
  std::uint32_t limit() const;

  // `by_average`: TtftForecast::by_average of its time. `running`: with this call.
  void first_token(double by_average, std::size_t running, Instant now);
  // A 429: once in a window, since calls that were on their way then say nothing new.
  void rate_limited(std::size_t running, Instant now);

 private:
  void adapt(double short_average, std::size_t running, Instant now);
  void grow(double by);
  void lower_to_what_runs(std::size_t running);

  std::uint32_t configured_ = none;
  double limit_ = 0;  // 0: none
  double long_average_ = 0;
  double windows_ = 0;
  double sum_ = 0;  // of the window
  std::uint32_t calls_ = 0;
  std::uint32_t slow_in_a_row_ = 0;
  Instant window_begun_;
  Instant last_429_;
  Instant last_sign_;  // or when it was doubled
};

}  // namespace recloser::route
