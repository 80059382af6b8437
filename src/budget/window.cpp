#include "budget/window.h"

#include "core/names.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <date/date.h>
#include <date/tz.h>
#include <exception>
#include <string>

namespace recloser::budget {
namespace {

using Seconds = date::sys_seconds;

WallTime wall(Seconds at) {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count()};
}

Seconds seconds(WallTime at) {
  return Seconds(std::chrono::floor<std::chrono::seconds>(std::chrono::nanoseconds(at.ns)));
}

// The instant at which a local day begins.
Seconds begin_of(date::local_days day, const date::time_zone& zone) {
  return zone.to_sys(date::local_seconds(day), date::choose::earliest);
}

TimeSpan hour_span(const date::time_zone& zone, Seconds at) {
  date::sys_info info = zone.get_info(at);
  date::local_seconds local(at.time_since_epoch() + info.offset);
  date::local_seconds hour = date::floor<std::chrono::hours>(local);
  Seconds begin(hour.time_since_epoch() - info.offset);
  Seconds end = begin + std::chrono::hours(1);
  return {wall(std::max(begin, info.begin)), wall(std::min(end, info.end))};
}

}  // namespace

std::string_view name_of(WindowType type) {
  constexpr std::array<std::string_view, 5> names{"calendar", "rolling", "session", "total",
                                                  "rate"};
  return names[static_cast<std::size_t>(type)];
}

std::string_view name_of(Period period) {
  constexpr std::array<std::string_view, 4> names{"hour", "day", "week", "month"};
  return names[static_cast<std::size_t>(period)];
}

Result<const date::time_zone*> find_zone(std::string_view name) {
  try {
    return date::locate_zone(std::string(name));
  } catch (const std::exception&) {
    return fail(Side::operator_, Kind::malformed,
                "no time zone of that name is known here; names are those of the IANA data base, "
                "as Europe/Berlin or UTC");
  }
}

std::optional<WallTime> counts_until(const Window& window, WallTime begun, WallTime now) {
  switch (window.type) {
    case WindowType::calendar:
      return calendar_span(window.period, *window.zone, begun).end;
    case WindowType::rolling:
      return begun + window.duration + window.duration / Window::buckets;
    case WindowType::session: {
      std::optional<WallTime> until;
      if (window.idle_timeout.count() != 0) until = now + window.idle_timeout;
      if (window.max_age.count() == 0) return until;
      WallTime oldest = begun + window.max_age;
      return until ? std::min(*until, oldest) : oldest;
    }
    case WindowType::rate:
      return now + window.duration;
    case WindowType::total:
      return std::nullopt;
  }
  return std::nullopt;
}

TimeSpan calendar_span(Period period, const date::time_zone& zone, WallTime at) {
  Seconds now = seconds(at);
  if (period == Period::hour) return hour_span(zone, now);
  date::local_days today = date::floor<date::days>(zone.to_local(now));
  date::local_days first = today;
  date::local_days next = today + date::days(1);
  if (period == Period::week) {
    first = today - (date::weekday(today) - date::Monday);
    next = first + date::weeks(1);
  } else if (period == Period::month) {
    date::year_month_day date(today);
    first = date::local_days(date.year() / date.month() / 1);
    next = date::local_days((date.year() / date.month() + date::months(1)) / 1);
  }
  return {wall(begin_of(first, zone)), wall(begin_of(next, zone))};
}

}  // namespace recloser::budget
