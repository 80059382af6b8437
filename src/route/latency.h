// How long a target takes until its first token: what balancing compares, and what hedging
// predicts.
#pragma once

#include "core/time.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace recloser::route {

// A moving average that jumps to a peak at once and comes down slowly, as Finagle weighs its
// servers: a target that became slow is left at the first call that shows it.
class PeakEwma {
 public:
  static constexpr Duration tau = 10s;  // after which a peak has come down to 37 %

  void observe(Duration ttft, Instant now);

  // Comes down while nothing is seen, so that who was left is tried again.
  Duration at(Instant now) const;

  // To compare targets by, of those that have so many calls that wait. One of which nothing is
  // known is tried with one call, and with a second one only after it has answered.
  double cost(std::size_t waiting, Instant now) const;

 private:
  double ns_ = 0;
  Instant seen_;
  bool known_ = false;
};

// Times to the first token grow with the prompt: what is compared over calls, and predicted for
// one, is the time by that of an average call with as many tokens, a + b * tokens.
//
// a and b are those of the straight line with the least squares, in which a call weighs 0.1 % less
// with each one after it: two numbers, in a few sums, exact for calls that lie on a line, and so
// slow that minutes of a slow provider still show as such. A call far off the line counts as one at
// eight times it.
class TtftForecast {
 public:
  static constexpr std::uint32_t calls_least = 20;  // before it says anything

  // Added to both times that are compared: where a first token takes milliseconds, twice as long is
  // no queue, and may be the machine's own. So half as much again and a quarter of a second is the
  // least that ConcurrencyLimit takes for one.
  static constexpr Duration unnoticed = 500ms;

  // The time by that of an average call. 1 before anything is known.
  double by_average(Duration ttft, std::uint64_t prompt_tokens) const;
  void learn(Duration ttft, std::uint64_t prompt_tokens);

  // Within which of `of_hundred` calls out of a hundred with such a prompt begin.
  std::optional<Duration> within(std::uint32_t of_hundred, std::uint64_t prompt_tokens) const;
  // The same, for the prompt that is average.
  std::optional<Duration> within(std::uint32_t of_hundred) const;

 private:
  static constexpr std::size_t steps_per_octave = 4;
  static constexpr std::size_t octaves_below = 4;  // from 1/16 of the average ..
  static constexpr std::size_t octaves = 10;       // .. to 64 times
  static constexpr std::size_t bins = octaves * steps_per_octave;

  double average_s(double kilotokens) const;
  void draw_line();
  void note_spread(double by_average);

  // Sums over all calls, weighted: of 1, x, y, x * x and x * y, with x in thousands of tokens and y
  // in seconds.
  double n_ = 0;
  double x_ = 0;
  double y_ = 0;
  double xx_ = 0;
  double xy_ = 0;
  double a_s_ = 0;
  double b_s_ = 0;
  std::uint32_t calls_ = 0;  // up to calls_least
  std::array<float, bins> spread_{};
};

}  // namespace recloser::route
