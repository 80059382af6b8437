#include "budget/short_form.h"

#include "core/check.h"

#include <string>
#include <utility>

#include <fmt/format.h>

namespace recloser::budget {
namespace {

const date::time_zone& zone(std::string_view name) {
  Result<const date::time_zone*> found = find_zone(name);
  CHECK(found.has_value(), "the configuration has looked for it");
  return **found;
}

Window window_of(config::Per per) {
  switch (per) {
    case config::Per::hour:
      return calendar_window(Period::hour, "UTC");
    case config::Per::day:
      return calendar_window(Period::day, "UTC");
    case config::Per::week:
      return calendar_window(Period::week, "UTC");
    case config::Per::month:
      return calendar_window(Period::month, "UTC");
    case config::Per::total:
      return {.type = WindowType::total};
  }
  std::unreachable();
}

Budget allowance(const config::Allowance& from) {
  Budget budget{.window = window_of(from.per.value()), .reserve = reserve_of(from.reserve)};
  if (from.usd) {
    budget.unit = Unit::usd;
    budget.limit = from.usd->count;
  } else if (from.tokens) {
    budget.unit = Unit::tokens;
    budget.limit = from.tokens->count;
  } else {
    budget.unit = Unit::requests;
    budget.limit = from.requests.value().count;
  }
  budget.name = fmt::format("{}/{}", name_of(budget.unit), name_of(*from.per));
  return budget;
}

// What drains away at the pace of its limit, so that a minute's worth may come at once, and not
// twice as much around the turn of a minute.
Budget per_minute(std::string_view name, Unit unit, std::uint32_t limit) {
  return {.name = std::string(name),
          .unit = unit,
          .limit = limit,
          .window = {.type = WindowType::rate, .duration = 1min, .drain = limit},
          .reserve = Reserve::upper_bound,
          .deny_unpriced = false};
}

}  // namespace

Reserve reserve_of(config::Reserve reserve) {
  switch (reserve) {
    case config::Reserve::clamp:
      return Reserve::clamp;
    case config::Reserve::upper_bound:
      return Reserve::upper_bound;
    case config::Reserve::elastic:
      return Reserve::elastic;
    case config::Reserve::none:
      return Reserve::none;
  }
  std::unreachable();
}

Window calendar_window(Period period, std::string_view zone_name) {
  return {.type = WindowType::calendar, .period = period, .zone = &zone(zone_name)};
}

std::vector<Budget> short_budgets(std::span<const config::Allowance> allowances) {
  std::vector<Budget> budgets;
  for (const config::Allowance& from : allowances) budgets.push_back(allowance(from));
  return budgets;
}

std::vector<Budget> rate_budgets(const Rates& from) {
  std::vector<Budget> budgets;
  if (from.rpm) budgets.push_back(per_minute("rpm", Unit::requests, *from.rpm));
  if (from.tpm) budgets.push_back(per_minute("tpm", Unit::tokens, *from.tpm));
  if (from.concurrency) {
    budgets.push_back({.name = "concurrency",
                       .unit = Unit::calls,
                       .limit = *from.concurrency,
                       .window = {.type = WindowType::total},
                       .reserve = Reserve::upper_bound,
                       .deny_unpriced = false});
  }
  return budgets;
}

}  // namespace recloser::budget
