#include "core/time.h"

#include <charconv>
#include <ctime>

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
  std::tm utc{};
  auto wrong = [&] {
    return fail(Side::client, Kind::malformed,
                fmt::format("'{}' is not a time; write it as 2026-11-21T10:15:30Z", text));
  };
  utc.tm_year = take_digits(rest, 4) - 1900;
  if (!take_char(rest, '-')) return wrong();
  utc.tm_mon = take_digits(rest, 2) - 1;
  if (!take_char(rest, '-')) return wrong();
  utc.tm_mday = take_digits(rest, 2);
  std::int64_t fraction_ns = 0;
  std::int64_t offset_s = 0;
  if (!rest.empty()) {
    if (!take_char(rest, 'T') && !take_char(rest, 't') && !take_char(rest, ' ')) return wrong();
    utc.tm_hour = take_digits(rest, 2);
    if (!take_char(rest, ':')) return wrong();
    utc.tm_min = take_digits(rest, 2);
    if (!take_char(rest, ':')) return wrong();
    utc.tm_sec = take_digits(rest, 2);
    fraction_ns = take_fraction(rest);
    if (!take_char(rest, 'Z') && !take_char(rest, 'z')) {
      int sign = take_char(rest, '+') ? 1 : take_char(rest, '-') ? -1 : 0;
      int hours = take_digits(rest, 2);
      if (sign == 0 || hours < 0 || !take_char(rest, ':')) return wrong();
      int minutes = take_digits(rest, 2);
      if (minutes < 0) return wrong();
      offset_s = sign * (hours * 3600 + minutes * 60);
    }
  }
  bool in_range = utc.tm_year >= 70 && utc.tm_year < 400 && utc.tm_mon >= 0 && utc.tm_mon < 12 &&
                  utc.tm_mday >= 1 && utc.tm_mday <= 31 && utc.tm_hour >= 0 && utc.tm_hour < 24 &&
                  utc.tm_min >= 0 && utc.tm_min < 60 && utc.tm_sec >= 0 && utc.tm_sec <= 60;
  if (!rest.empty() || !in_range) return wrong();
  std::int64_t seconds = timegm(&utc) - offset_s;
  return WallTime{seconds * 1'000'000'000 + fraction_ns};
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
