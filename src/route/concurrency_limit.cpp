#include "route/concurrency_limit.h"

#include <algorithm>

namespace recloser::route {

std::uint32_t ConcurrencyLimit::limit() const {
  return limit_ == 0 ? configured_ : std::min(configured_, static_cast<std::uint32_t>(limit_));
}

void ConcurrencyLimit::first_token(double by_average, std::size_t running, Instant now) {
  if (now - last_sign_ >= calm) {
    last_sign_ = now;
    grow(limit_);
  }
  if (calls_ == 0) window_begun_ = now;
  sum_ += windows_ == 0 ? by_average : std::min(by_average, far_off * long_average_);
  ++calls_;
  if (now - window_begun_ < window || calls_ < calls_least) return;
  double short_average = sum_ / calls_;
  sum_ = 0;
  calls_ = 0;
  adapt(std::max(short_average, 1e-6), running, now);
}

void ConcurrencyLimit::adapt(double short_average, std::size_t running, Instant now) {
  constexpr double warm_up_windows = 10;
  ++windows_;
  double weight = 2 / (std::min(windows_, long_windows) + 1);
  if (windows_ <= warm_up_windows) weight = 1 / windows_;  // a plain average at first
  long_average_ += weight * (short_average - long_average_);
  // After a long slow time the long average must not stay where the slow time has brought it.
  if (long_average_ > 2 * short_average) long_average_ *= 0.95;
  double gradient = std::clamp(tolerance * long_average_ / short_average, 0.5, 1.0);
  slow_in_a_row_ = gradient < 1 ? slow_in_a_row_ + 1 : 0;
  if (slow_in_a_row_ > 0 && slow_in_a_row_ < slow_windows) return;
  if (gradient < 1) {
    last_sign_ = now;
    lower_to_what_runs(running);
  }
  if (limit_ == 0 || static_cast<double>(running) < limit_ / 2) return;
  double next = limit_ * gradient + queue;
  grow(smoothing * (next - limit_));
}

void ConcurrencyLimit::grow(double by) {
  if (limit_ == 0) return;
  limit_ += by;
  if (limit_ >= most) limit_ = 0;
}

void ConcurrencyLimit::rate_limited(std::size_t running, Instant now) {
  last_sign_ = now;
  if (limit_ != 0 && now - last_429_ < window) return;
  last_429_ = now;
  lower_to_what_runs(running);
  limit_ = std::max(limit_ * backoff, static_cast<double>(least));
}

// A limit far above what runs is felt by nobody.
void ConcurrencyLimit::lower_to_what_runs(std::size_t running) {
  double now = std::clamp(static_cast<double>(running), static_cast<double>(first_least),
                          static_cast<double>(most) - 1);
  limit_ = limit_ == 0 ? now : std::min(limit_, now);
}

}  // namespace recloser::route
