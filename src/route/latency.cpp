#include "route/latency.h"

#include <algorithm>
#include <cmath>

namespace recloser::route {
namespace {

constexpr double average_s_least = 1e-4;  // nothing is divided by less
constexpr double far_off = 8;             // times the average
constexpr double seconds_max = 86'400;
constexpr double kilotokens_max = 1e6;

double seconds(Duration duration) {
  return std::clamp(static_cast<double>(duration.count()) / 1e9, 0.0, seconds_max);
}
double kilotokens(std::uint64_t tokens) {
  return std::min(static_cast<double>(tokens) / 1e3, kilotokens_max);
}
Duration duration_of(double seconds) {
  return Duration{static_cast<std::int64_t>(std::min(seconds, seconds_max) * 1e9)};
}

}  // namespace

void PeakEwma::observe(Duration ttft, Instant now) {
  double seen_ns = static_cast<double>(std::max(ttft, Duration{0}).count());
  double weight = std::exp(-static_cast<double>(std::max(now - seen_, Duration{0}).count()) /
                           static_cast<double>(Duration{tau}.count()));
  ns_ = seen_ns < ns_ ? ns_ * weight + seen_ns * (1 - weight) : seen_ns;
  seen_ = std::max(seen_, now);
  known_ = true;
}

Duration PeakEwma::at(Instant now) const {
  if (!known_) return {};
  double idle_ns = static_cast<double>(std::max(now - seen_, Duration{0}).count());
  double weight = std::exp(-idle_ns / static_cast<double>(Duration{tau}.count()));
  return Duration{static_cast<std::int64_t>(ns_ * weight)};
}

double PeakEwma::cost(std::size_t waiting, Instant now) const {
  constexpr double unknown_ns = 1e15;
  auto calls = static_cast<double>(waiting);
  if (!known_) return waiting == 0 ? 0 : unknown_ns + calls;
  return static_cast<double>(at(now).count()) * (calls + 1);
}

double TtftForecast::by_average(Duration ttft, std::uint64_t prompt_tokens) const {
  if (calls_ == 0) return 1;
  double more = seconds(unnoticed);
  return (seconds(ttft) + more) / (average_s(kilotokens(prompt_tokens)) + more);
}

void TtftForecast::learn(Duration ttft, std::uint64_t prompt_tokens) {
  constexpr double kept = 0.999;
  double x = kilotokens(prompt_tokens);
  double y = seconds(ttft);
  if (calls_ > 0) note_spread(y / average_s(x));
  if (calls_ >= calls_least) y = std::min(y, far_off * average_s(x));
  n_ = n_ * kept + 1;
  x_ = x_ * kept + x;
  y_ = y_ * kept + y;
  xx_ = xx_ * kept + x * x;
  xy_ = xy_ * kept + x * y;
  if (calls_ < calls_least) ++calls_;
  draw_line();
}

// Prompts of much the same size have no slope to speak of, and no prompt makes an answer quicker.
void TtftForecast::draw_line() {
  double mean_x = x_ / n_;
  double mean_y = y_ / n_;
  double variance = xx_ / n_ - mean_x * mean_x;
  double covariance = xy_ / n_ - mean_x * mean_y;
  bool has_slope = calls_ >= calls_least / 2 && variance > 1e-4 * (mean_x * mean_x + 1e-4);
  b_s_ = has_slope ? std::max(covariance / variance, 0.0) : 0;
  a_s_ = mean_y - b_s_ * mean_x;
  if (a_s_ >= 0) return;
  a_s_ = 0;
  b_s_ = mean_y / mean_x;  // the slope was more than 0, and so is the mean
}

double TtftForecast::average_s(double kilotokens) const {
  return std::max(a_s_ + b_s_ * kilotokens, average_s_least);
}

// A call weighs 0.5 % less with each one after it.
void TtftForecast::note_spread(double by_average) {
  constexpr float kept = 0.995F;
  double octave = std::log2(std::max(by_average, 1e-9)) + static_cast<double>(octaves_below);
  double place = std::floor(octave * static_cast<double>(steps_per_octave));
  for (float& bin : spread_) bin *= kept;
  spread_[static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(bins - 1)))] += 1;
}

std::optional<Duration> TtftForecast::within(std::uint32_t of_hundred,
                                             std::uint64_t prompt_tokens) const {
  if (calls_ < calls_least) return std::nullopt;
  float all = 0;
  for (float bin : spread_) all += bin;
  float wanted = all * static_cast<float>(std::min(of_hundred, 100u)) / 100;
  float below = 0;
  std::size_t place = 0;
  while (place + 1 < bins && below + spread_[place] < wanted) below += spread_[place++];
  // Within a bin, as if its calls were spread evenly over it.
  float part = spread_[place] > 0 ? std::clamp((wanted - below) / spread_[place], 0.0F, 1.0F) : 1;
  double octave = (static_cast<double>(place) + static_cast<double>(part)) /
                      static_cast<double>(steps_per_octave) -
                  static_cast<double>(octaves_below);
  return duration_of(std::exp2(octave) * average_s(kilotokens(prompt_tokens)));
}

std::optional<Duration> TtftForecast::within(std::uint32_t of_hundred) const {
  if (calls_ == 0) return std::nullopt;
  return within(of_hundred, static_cast<std::uint64_t>(x_ / n_ * 1e3));
}

}  // namespace recloser::route
