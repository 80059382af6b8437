// Time as an argument: instants of a steady clock, wall time for people, and the clock that gives
// both.
#pragma once

#include "core/result.h"

#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace recloser {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

// A point on the steady clock of this process. Only differences mean anything.
struct Instant {
  std::int64_t ns = 0;

  friend auto operator<=>(const Instant&, const Instant&) = default;
  friend Instant operator+(Instant t, Duration d) { return {t.ns + d.count()}; }
  friend Instant operator-(Instant t, Duration d) { return {t.ns - d.count()}; }
  friend Duration operator-(Instant a, Instant b) { return Duration{a.ns - b.ns}; }
  static constexpr Instant never() { return {INT64_MAX}; }
};

// Nanoseconds since 1970-01-01T00:00:00Z, as the machine believes. May jump; used for rows and
// people only.
struct WallTime {
  std::int64_t ns = 0;

  friend auto operator<=>(const WallTime&, const WallTime&) = default;
  friend WallTime operator+(WallTime t, Duration d) { return {t.ns + d.count()}; }
  friend WallTime operator-(WallTime t, Duration d) { return {t.ns - d.count()}; }
  friend Duration operator-(WallTime a, WallTime b) { return Duration{a.ns - b.ns}; }
};

// "2026-11-21T10:15:30.123Z": UTC, milliseconds.
std::string rfc3339(WallTime at);
Result<WallTime> parse_rfc3339(std::string_view text);

// "30s", "5m", "2h", "1d", "150ms"; one unit, a whole number before it.
Result<Duration> parse_duration(std::string_view text);
std::string human_duration(Duration duration);  // the inverse, in the largest unit that is exact

// Two real implementations: the machine's, and the one tests drive.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const noexcept override;
  WallTime wall() const noexcept override;
};

// Stands still until told to move, by one thread; any thread may read it. Wall time moves along
// with it from a fixed start.
class VirtualClock final : public Clock {
 public:
  Instant now() const noexcept override { return {now_ns_.load(std::memory_order_relaxed)}; }
  WallTime wall() const noexcept override { return start_ + (now() - Instant{}); }
  void advance(Duration by) { advance_to(now() + by); }
  void advance_to(Instant at) {
    if (at > now()) now_ns_.store(at.ns, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::int64_t> now_ns_{0};
  WallTime start_{1'790'000'000'000'000'000};  // 2026-09-21T14:13:20Z
};

}  // namespace recloser
