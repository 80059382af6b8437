#include "cli/period.h"

#include "admin/calls.h"
#include "books/bill_row.h"
#include "core/names.h"

#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

Result<WallTime> read_time(std::string_view name, std::string_view text, WallTime now) {
  Result<books::Day> day = books::parse_day(text, std::chrono::minutes(0));
  bool is_day = day && text.size() == sizeof "2026-11-21" - 1;
  if (is_day) return WallTime{std::chrono::nanoseconds(day->time_since_epoch()).count()};
  Result<WallTime> at = admin::read_since(text, now);
  if (at) return at;
  return fail(Side::operator_, Kind::malformed,
              fmt::format("--{} must be a day such as 2026-11-01, a time such as "
                          "2026-11-21T10:15:30Z or a duration such as 30d; you wrote '{}'",
                          name, shown(text)));
}

}  // namespace

Result<Period> read_period(const Invocation& invocation, WallTime now) {
  Period period{.until = now};
  for (auto [name, time] : {std::pair("since", &period.since), std::pair("until", &period.until)}) {
    if (!invocation.has(name)) continue;
    Result<WallTime> at = read_time(name, invocation.value(name), now);
    if (!at) return fail(at.error());
    *time = *at;
  }
  return period;
}

}  // namespace recloser::cli
