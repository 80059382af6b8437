#include "route/quota_gauges.h"

#include "codec/json_walk.h"
#include "core/ascii.h"
#include "core/check.h"
#include "route/cooldown.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

namespace recloser::route {
namespace {

constexpr std::uint64_t amount_max = 1'000'000'000'000'000;  // a larger one is taken as this

std::optional<std::uint64_t> parse_amount(std::string_view text) {
  std::uint64_t amount = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, amount);
  if (rest != end || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return amount_max;
  if (error != std::errc{}) return std::nullopt;
  return std::min(amount, amount_max);
}

Duration bounded_ns(double ns) {
  constexpr double most = static_cast<double>(Duration{provider_wait_max}.count());
  if (!(ns > 0)) return Duration{0};
  return Duration{static_cast<std::int64_t>(std::min(ns, most))};
}

std::optional<double> take_number(std::string_view& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (rest == text.data() || error == std::errc::invalid_argument || !std::isfinite(number)) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return error == std::errc::result_out_of_range ? 1e300 : number;
}

struct WaitUnit {
  std::string_view name;
  double ns;
};
constexpr std::array wait_units{
    WaitUnit{"ms", 1e6}, WaitUnit{"us", 1e3}, WaitUnit{"\xc2\xb5s", 1e3}, WaitUnit{"ns", 1},
    WaitUnit{"s", 1e9},  WaitUnit{"m", 60e9}, WaitUnit{"h", 3600e9},      WaitUnit{"d", 86400e9}};

double take_unit_ns(std::string_view& text) {
  for (const WaitUnit& unit : wait_units) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return unit.ns;
  }
  return 0;
}

// "1h2m3.5s"
std::optional<Duration> parse_units(std::string_view text) {
  double ns = 0;
  while (!text.empty()) {
    std::optional<double> number = take_number(text);
    double unit_ns = take_unit_ns(text);
    if (!number || unit_ns == 0) return std::nullopt;
    ns += *number * unit_ns;
  }
  return bounded_ns(ns);
}

// Seconds from now, or a point in time: nobody waits for thirty years.
Duration of_plain_number(double number, WallTime now) {
  constexpr double epoch_s_least = 1e9;
  constexpr double epoch_ms_least = 1e12;
  if (number < epoch_s_least) return bounded_ns(number * 1e9);
  double at_ns = number < epoch_ms_least ? number * 1e9 : number * 1e6;
  return bounded_ns(at_ns - static_cast<double>(now.ns));
}

// "Wed, 21 Oct 2026 07:28:00 GMT", the one form that HTTP lets anybody write.
std::optional<WallTime> parse_http_date(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::size_t size = 29;
  if (text.size() != size || text.substr(3, 2) != ", " || !text.ends_with(" GMT")) return {};
  std::size_t month = months.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return {};
  std::array<char, 20> iso{};  // "2026-10-21T07:28:00Z"
  std::ranges::copy(text.substr(12, 4), iso.begin());
  iso[4] = iso[7] = '-';
  iso[5] = static_cast<char>('0' + (month / 3 + 1) / 10);
  iso[6] = static_cast<char>('0' + (month / 3 + 1) % 10);
  std::ranges::copy(text.substr(5, 2), iso.begin() + 8);
  iso[10] = 'T';
  std::ranges::copy(text.substr(17, 8), iso.begin() + 11);
  iso[19] = 'Z';
  Result<WallTime> at = parse_rfc3339({iso.data(), iso.size()});
  return at ? std::optional(*at) : std::nullopt;
}

std::optional<QuotaUnit> unit_named(std::string_view name) {
  for (auto [known, unit] : {std::pair{"requests", QuotaUnit::requests},
                             {"", QuotaUnit::requests},  // Together
                             {"req-minute", QuotaUnit::requests},
                             {"req-10-second", QuotaUnit::requests},  // Mistral
                             {"tokens", QuotaUnit::tokens},
                             {"tokens-minute", QuotaUnit::tokens},
                             {"input-tokens", QuotaUnit::input_tokens},
                             {"output-tokens", QuotaUnit::output_tokens}}) {
    if (ascii::equal_ignoring_case(name, known)) return unit;
  }
  return std::nullopt;
}

enum class Part : std::uint8_t { limit, remaining, reset };

std::optional<Part> part_named(std::string_view name) {
  for (auto [known, part] :
       {std::pair{"limit", Part::limit}, {"remaining", Part::remaining}, {"reset", Part::reset}}) {
    if (ascii::equal_ignoring_case(name, known)) return part;
  }
  return std::nullopt;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!ascii::starts_with_ignoring_case(text, prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

struct FieldName {
  std::optional<QuotaUnit> unit;
  std::optional<Part> part;
};

// "anthropic-ratelimit-input-tokens-remaining"; all others "x-ratelimit-remaining-tokens".
FieldName split(std::string_view name) {
  if (take_prefix(name, "anthropic-ratelimit-")) {
    std::size_t dash = name.rfind('-');
    if (dash == std::string_view::npos) return {};
    return {unit_named(name.substr(0, dash)), part_named(name.substr(dash + 1))};
  }
  if (!take_prefix(name, "x-ratelimit-")) return {};
  std::size_t dash = name.find('-');
  std::string_view unit = dash == std::string_view::npos ? "" : name.substr(dash + 1);
  return {unit_named(unit), part_named(name.substr(0, dash))};
}

std::uint64_t need_of(QuotaUnit unit, const QuotaNeeds& needs) {
  switch (unit) {
    case QuotaUnit::requests:
      return 1;
    case QuotaUnit::tokens:
      return needs.input_tokens + needs.output_tokens;
    case QuotaUnit::input_tokens:
      return needs.input_tokens;
    case QuotaUnit::output_tokens:
      return needs.output_tokens;
  }
  std::unreachable();
}

// When there is so much of it; long ago where it is there. (Not when it was read: the clock of
// another worker may be ahead.)
Instant there_at(const Gauge& gauge, std::uint64_t wanted) {
  if (wanted <= gauge.remaining) return {};
  if (wanted >= gauge.limit) return gauge.full;
  double share = static_cast<double>(wanted - gauge.remaining) /
                 static_cast<double>(gauge.limit - gauge.remaining);
  double fills_ns = static_cast<double>((gauge.full - gauge.read).count());
  return gauge.read + Duration{static_cast<std::int64_t>(std::ceil(share * fills_ns))};
}

}  // namespace

std::string_view name_of(QuotaUnit unit) {
  switch (unit) {
    case QuotaUnit::requests:
      return "requests";
    case QuotaUnit::tokens:
      return "tokens";
    case QuotaUnit::input_tokens:
      return "input_tokens";
    case QuotaUnit::output_tokens:
      return "output_tokens";
  }
  std::unreachable();
}

std::optional<Duration> parse_wait(std::string_view text, WallTime now) {
  constexpr std::size_t bytes_max = 64;
  text = ascii::trim(text);
  if (text.empty() || text.size() > bytes_max) return std::nullopt;
  std::string_view rest = text;
  std::optional<double> number = take_number(rest);
  if (number && rest.empty()) return of_plain_number(*number, now);
  if (std::optional<Duration> wait = parse_units(text)) return wait;
  std::optional<WallTime> at = parse_http_date(text);
  if (!at) {
    Result<WallTime> iso = parse_rfc3339(text);
    if (!iso) return std::nullopt;
    at = *iso;
  }
  return bounded_ns(static_cast<double>(at->ns) - static_cast<double>(now.ns));
}

std::optional<Duration> retry_delay_in(std::string_view body, WallTime now) {
  if (!codec::is_json_object(body)) return std::nullopt;
  std::string_view details = codec::json_member(codec::json_member(body, "error"), "details");
  for (codec::JsonChildren each(details); each.next();) {
    std::string_view delay = codec::json_member(each.value(), "retryDelay");
    if (codec::is_json_text(delay)) return parse_wait(codec::json_text(delay), now);
  }
  return std::nullopt;
}

void QuotaReading::field(std::string_view name, std::string_view value, WallTime now) {
  value = ascii::trim(value);
  if (ascii::equal_ignoring_case(name, "retry-after-ms")) {
    if (std::optional<double> ms = take_number(value); ms && value.empty()) {
      retry_after_ = std::max(retry_after_.value_or(Duration{0}), bounded_ns(*ms * 1e6));
    }
    return;
  }
  if (ascii::equal_ignoring_case(name, "retry-after")) {
    if (std::optional<Duration> wait = parse_wait(value, now)) {
      retry_after_ = std::max(retry_after_.value_or(Duration{0}), *wait);
    }
    return;
  }
  auto [unit, part] = split(name);
  if (!unit || !part) return;
  switch (*part) {
    case Part::limit:
      one(*unit).limit = parse_amount(value);
      return;
    case Part::remaining:
      one(*unit).remaining = parse_amount(value);
      return;
    case Part::reset:
      one(*unit).full_in = parse_wait(value, now);
      return;
  }
  std::unreachable();
}

Instant QuotaGauges::keeps_away(const QuotaNeeds& needs) const {
  Instant until{};
  for (QuotaUnit unit : units) {
    const Gauge& gauge = of(unit);
    if (!gauge.known) continue;
    std::uint64_t wanted = need_of(unit, needs) + on_their_way_[static_cast<std::size_t>(unit)];
    until = std::max(until, there_at(gauge, wanted));
  }
  return until;
}

void QuotaGauges::sent(const QuotaNeeds& needs) {
  for (QuotaUnit unit : units) {
    on_their_way_[static_cast<std::size_t>(unit)] += need_of(unit, needs);
  }
}

void QuotaGauges::arrived(const QuotaNeeds& needs) {
  for (QuotaUnit unit : units) {
    std::uint64_t& all = on_their_way_[static_cast<std::size_t>(unit)];
    CHECK(all >= need_of(unit, needs), "who arrives was sent");
    all -= need_of(unit, needs);
  }
}

void QuotaGauges::read(const QuotaReading& reading, Instant now) {
  for (QuotaUnit unit : units) {
    const QuotaReading::One& one = reading.of(unit);
    if (!one.remaining || one.limit == 0) continue;
    gauges_[static_cast<std::size_t>(unit)] = {
        .limit = std::max(one.limit.value_or(*one.remaining), *one.remaining),
        .remaining = *one.remaining,
        .read = now,
        .full = now + one.full_in.value_or(full_in_default),
        .known = true};
  }
}

}  // namespace recloser::route
