#include "core/time.h"

#include <charconv>
#include <ctime>
#include <optional>

#include <fmt/format.h>

namespace recloser {
namespace {

std::int64_t read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr Unit units[] = {{"d", 86'400'000'000'000}, {"h", 3'600'000'000'000},
                          {"m", 60'000'000'000},     {"s", 1'000'000'000},
                          {"ms", 1'000'000},         {"us", 1'000}};

// Reads exactly `count` digits at the front of `text` and takes them off; -1 where they are not
// digits.
int take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// ".123456" as nanoseconds; no fraction is 0, more than nine digits are cut.
std::int64_t take_fraction(std::string_view& text) {
  if (!take_char(text, '.')) return 0;
  std::int64_t ns = 0;
  std::int64_t scale = 100'000'000;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    ns += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
  }
  return ns;
}

// Seconds to add to a local time for UTC; nothing when `text` does not begin with "Z" or "+02:00".
std::optional<std::int64_t> take_offset_s(std::string_view& text) {
  if (take_char(text, 'Z') || take_char(text, 'z')) return 0;
  int sign = take_char(text, '+') ? -1 : take_char(text, '-') ? 1 : 0;
  int hours = take_digits(text, 2);
  if (sign == 0 || hours < 0 || hours > 23 || !take_char(text, ':')) return std::nullopt;
  int minutes = take_digits(text, 2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  return sign * (hours * 3600 + minutes * 60);
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  int year = take_digits(text, 4);
  if (year < 0 || !take_char(text, '-')) return std::nullopt;
  int month = take_digits(text, 2);
  if (month < 0 || !take_char(text, '-')) return std::nullopt;
  int day = take_digits(text, 2);
  if (day < 0) return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year{year},
                                   std::chrono::month{static_cast<unsigned>(month)},
                                   std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

// "10:15:30.123Z" as nanoseconds since the beginning of the UTC day; negative or beyond a day when
// the offset goes over midnight.
std::optional<std::int64_t> take_time_of_day_ns(std::string_view& text) {
  int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take_char(text, ':')) return std::nullopt;
  int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59 || !take_char(text, ':')) return std::nullopt;
  int second = take_digits(text, 2);
  if (second < 0 || second > 60) return std::nullopt;  // 60 is a leap second
  std::int64_t fraction_ns = take_fraction(text);
  std::optional<std::int64_t> offset_s = take_offset_s(text);
  if (!offset_s) return std::nullopt;
  return (hour * 3600 + minute * 60 + second + *offset_s) * 1'000'000'000 + fraction_ns;
}

}  // namespace

Instant SystemClock::now() const noexcept { return {read_clock(CLOCK_MONOTONIC)}; }
WallTime SystemClock::wall() const noexcept { return {read_clock(CLOCK_REALTIME)}; }

// Written digit by digit: every row of the ledger and every log line has one.
std::string rfc3339(WallTime at) {
  std::chrono::sys_time<std::chrono::nanoseconds> time{Duration{at.ns}};
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date{day};
  auto ms = std::chrono::floor<std::chrono::milliseconds>(time - day).count();
  std::string out = "0000-00-00T00:00:00.000Z";
  auto digits = [&out](std::size_t first, std::size_t count, std::int64_t value) {
    for (std::size_t i = first + count; i-- > first; value /= 10) {
      out[i] = static_cast<char>('0' + value % 10);
    }
  };
  digits(0, 4, int{date.year()});
  digits(5, 2, unsigned{date.month()});
  digits(8, 2, unsigned{date.day()});
  digits(11, 2, ms / 3'600'000);
  digits(14, 2, ms / 60'000 % 60);
  digits(17, 2, ms / 1'000 % 60);
  digits(20, 3, ms % 1'000);
  return out;
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  std::string_view rest = text;
  std::optional<std::chrono::sys_days> date = take_date(rest);
  std::optional<std::int64_t> of_day_ns = 0;
  bool with_time = take_char(rest, 'T') || take_char(rest, 't') || take_char(rest, ' ');
  if (with_time) of_day_ns = take_time_of_day_ns(rest);
  if (!date || !of_day_ns || !rest.empty()) {
    return fail(Side::client, Kind::malformed,
                fmt::format("'{}' is not a time; write it as 2026-11-21T10:15:30Z", text));
  }
  // A WallTime counts nanoseconds in 64 bits.
  constexpr std::chrono::sys_days first{std::chrono::year{1970} / 1 / 1};
  constexpr std::chrono::sys_days last{std::chrono::year{2261} / 12 / 31};
  if (*date < first || *date > last) {
    return fail(
        Side::client, Kind::malformed,
        fmt::format("'{}' is out of range; a time lies between 1970-01-01 and 2261-12-31", text));
  }
  return WallTime{std::chrono::nanoseconds(date->time_since_epoch()).count() + *of_day_ns};
}

Result<Duration> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  std::string_view unit_name(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& unit : units) {
    if (error != std::errc{} || number < 0 || unit.name != unit_name) continue;
    if (number > INT64_MAX / unit.ns) break;
    return Duration{number * unit.ns};
  }
  return fail(Side::operator_, Kind::malformed,
              fmt::format("'{}' is not a duration; write a whole number and a unit, such as "
                          "150ms, 30s, 5m, 2h or 1d",
                          text));
}

std::string human_duration(Duration duration) {
  for (const Unit& unit : units) {
    if (duration.count() != 0 && duration.count() % unit.ns == 0) {
      return fmt::format("{}{}", duration.count() / unit.ns, unit.name);
    }
  }
  return fmt::format("{}s", static_cast<double>(duration.count()) / 1e9);
}

}  // namespace recloser
