#include "budget/window.h"

#include <gtest/gtest.h>

namespace recloser::budget {
namespace {

WallTime at(std::string_view text) { return parse_rfc3339(text).value(); }

struct Case {
  std::string_view zone;
  Period period;
  std::string_view now;
  std::string_view begin;
  std::string_view end;
};

// Checked against `zdump -v` and a calendar.
TEST(CalendarSpan, HoldsTheInstantBetweenItsEnds) {
  for (const Case& c : {
           Case{"UTC", Period::hour, "2026-11-22T03:59:59.999Z", "2026-11-22T03:00:00Z",
                "2026-11-22T04:00:00Z"},
           Case{"UTC", Period::day, "2028-02-29T23:59:59Z", "2028-02-29T00:00:00Z",
                "2028-03-01T00:00:00Z"},
           Case{"UTC", Period::week, "2026-11-22T10:00:00Z", "2026-11-16T00:00:00Z",
                "2026-11-23T00:00:00Z"},  // a Sunday
           Case{"UTC", Period::week, "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z",
                "2026-11-30T00:00:00Z"},  // a Monday
           Case{"UTC", Period::month, "2027-02-28T23:59:59Z", "2027-02-01T00:00:00Z",
                "2027-03-01T00:00:00Z"},
           Case{"UTC", Period::month, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z",
                "2028-03-01T00:00:00Z"},
           Case{"UTC", Period::month, "2026-12-31T12:00:00Z", "2026-12-01T00:00:00Z",
                "2027-01-01T00:00:00Z"},
           // 2026-03-29 has 23 hours in Berlin, 2026-10-25 has 25.
           Case{"Europe/Berlin", Period::day, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z",
                "2026-03-29T22:00:00Z"},
           Case{"Europe/Berlin", Period::day, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z",
                "2026-10-25T23:00:00Z"},
           Case{"Europe/Berlin", Period::month, "2026-10-31T22:59:59Z", "2026-09-30T22:00:00Z",
                "2026-10-31T23:00:00Z"},
           // The hour from two to three comes twice: two windows of an hour each.
           Case{"Europe/Berlin", Period::hour, "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z",
                "2026-10-25T01:00:00Z"},
           Case{"Europe/Berlin", Period::hour, "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z",
                "2026-10-25T02:00:00Z"},
           // The clock goes forward at midnight: the day begins at one.
           Case{"America/Santiago", Period::day, "2026-09-06T12:00:00Z", "2026-09-06T04:00:00Z",
                "2026-09-07T03:00:00Z"},
           Case{"Asia/Kolkata", Period::hour, "2026-11-22T03:10:00Z", "2026-11-22T02:30:00Z",
                "2026-11-22T03:30:00Z"},
           // Half an hour of daylight saving.
           Case{"Australia/Lord_Howe", Period::hour, "2026-10-03T15:40:00Z", "2026-10-03T15:30:00Z",
                "2026-10-03T16:00:00Z"},
       }) {
    Result<const date::time_zone*> zone = find_zone(c.zone);
    ASSERT_TRUE(zone) << c.zone;
    TimeSpan span = calendar_span(c.period, **zone, at(c.now));
    EXPECT_EQ(rfc3339(span.begin), rfc3339(at(c.begin))) << c.zone << ' ' << c.now;
    EXPECT_EQ(rfc3339(span.end), rfc3339(at(c.end))) << c.zone << ' ' << c.now;
  }
}

// Ten years in steps that meet every hour of the day: spans follow each other without a gap.
TEST(CalendarSpan, SpansTileTime) {
  for (std::string_view name : {"Europe/Berlin", "America/Santiago", "Australia/Lord_Howe",
                                "America/Havana", "Africa/Casablanca", "Pacific/Apia"}) {
    const date::time_zone& zone = **find_zone(name);
    for (Period period : {Period::hour, Period::day, Period::week, Period::month}) {
      Duration step = period == Period::hour ? 17min : 7h;
      WallTime end = at("2026-01-01T00:00:00Z") + (period == Period::hour ? 400 * 24h : 3650 * 24h);
      std::optional<TimeSpan> last;
      for (WallTime now = at("2026-01-01T00:00:00Z"); now < end; now = now + step) {
        TimeSpan span = calendar_span(period, zone, now);
        ASSERT_LE(span.begin, now) << name;
        ASSERT_LT(now, span.end) << name;
        if (last && span != *last) ASSERT_EQ(span.begin, last->end) << name << ' ' << rfc3339(now);
        last = span;
      }
    }
  }
}

TEST(FindZone, AnUnknownNameIsAnError) {
  EXPECT_FALSE(find_zone("Mars/Olympus"));
  EXPECT_FALSE(find_zone("../../etc/passwd"));
  EXPECT_FALSE(find_zone(""));
}

}  // namespace
}  // namespace recloser::budget
