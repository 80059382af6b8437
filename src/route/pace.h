// Pace: how many requests and tokens a minute a target gets, where the configuration says.
#pragma once

#include "core/time.h"
#include "route/quota_gauges.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace recloser::route {

// A bucket that fills evenly and holds a tenth of what a minute has, so that a few calls at once
// need not wait for each other. (Kept as the time at which it is full again: ITU-T I.371, "generic
// cell rate algorithm".) A call larger than the bucket is let through when that is full, and those
// after it wait for longer.
class Bucket {
 public:
  static constexpr Duration held = 6s;

  // A change begins anew: what calls took of another limit is not waited for.
  void configure(std::optional<std::uint32_t> a_minute) {
    double each_ns = a_minute ? static_cast<double>(Duration{1min}.count()) / *a_minute : 0;
    if (std::exchange(each_ns_, each_ns) != each_ns) full_ = {};
  }

  // How long it takes until so much is there again; nothing where there is no limit.
  Duration fills(std::uint64_t count) const {
    double ns = each_ns_ * static_cast<double>(count);
    return Duration{static_cast<std::int64_t>(std::min(ns, static_cast<double>(most.count())))};
  }
  // When a call that needs so much may go; in the past: at once.
  Instant keeps_away(std::uint64_t count) const {
    return full_ - std::max(held - fills(count), Duration{0});
  }
  void take(std::uint64_t count, Instant now) {
    full_ = std::min(std::max(full_, now) + fills(count), now + most);
  }

 private:
  static constexpr Duration most = 1h;

  double each_ns_ = 0;
  Instant full_;
};

class Pace {
 public:
  void configure(std::optional<std::uint32_t> rpm, std::optional<std::uint32_t> tpm) {
    is_set_ = rpm || tpm;
    requests_.configure(rpm);
    tokens_.configure(tpm);
  }

  bool is_set() const { return is_set_; }
  Instant keeps_away(const QuotaNeeds& needs) const {
    return std::max(requests_.keeps_away(1), tokens_.keeps_away(sum(needs)));
  }
  // Between two calls that need as much.
  Duration between(const QuotaNeeds& needs) const {
    return std::max(requests_.fills(1), tokens_.fills(sum(needs)));
  }
  void sent(const QuotaNeeds& needs, Instant now) {
    requests_.take(1, now);
    tokens_.take(sum(needs), now);
  }

 private:
  static std::uint64_t sum(const QuotaNeeds& needs) {
    return needs.input_tokens + needs.output_tokens;
  }

  bool is_set_ = false;
  Bucket requests_;
  Bucket tokens_;
};

}  // namespace recloser::route
