// Window: over which time a budget counts, and when the next one begins.
#pragma once

#include "core/result.h"
#include "core/time.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace date {
class time_zone;
}

namespace recloser::budget {

// `rate` is of rpm and tpm limits: what is charged drains away at the pace of its limit, which is
// the generic cell rate algorithm with a burst of one period.
enum class WindowType : std::uint8_t { calendar, rolling, session, total, rate };
enum class Period : std::uint8_t { hour, day, week, month };  // weeks begin on Monday (ISO 8601)

std::string_view name_of(WindowType type);
std::string_view name_of(Period period);

// From `begin` to before `end`.
struct TimeSpan {
  WallTime begin;
  WallTime end;

  friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

struct Window {
  WindowType type = WindowType::total;
  Period period = Period::day;            // calendar
  const date::time_zone* zone = nullptr;  // calendar; never null there
  Duration duration{};                    // rolling: one bucket is a 60th of it; rate: the period
  std::int64_t drain = 0;                 // rate: so much in a period
  Duration idle_timeout{};                // session; 0: none
  Duration max_age{};                     // session; 0: none

  static constexpr unsigned buckets = 60;  // of a rolling window

  friend bool operator==(const Window&, const Window&) = default;
};

// A name of the IANA data base. Error (malformed): there is none of that name on this machine.
Result<const date::time_zone*> find_zone(std::string_view name);

// The hour, day, week or month of `zone` that holds `at`. A day begins at its first instant: where
// the clock is put forward at midnight, that is one o'clock. An hour that comes twice is two.
TimeSpan calendar_span(Period period, const date::time_zone& zone, WallTime at);

// When what is charged in a window that began (or, rolling, in a bucket that lies) at `begun`
// counts nowhere any more, if nothing more is charged in it after `now`. Nothing: never.
std::optional<WallTime> counts_until(const Window& window, WallTime begun, WallTime now);

}  // namespace recloser::budget
