#include "budget/compile.h"

#include "budget/table.h"
#include "core/check.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace recloser::budget {
namespace {

Unit unit_of(config::BudgetUnit unit) {
  switch (unit) {
    case config::BudgetUnit::usd:
      return Unit::usd;
    case config::BudgetUnit::tokens:
      return Unit::tokens;
    case config::BudgetUnit::input_tokens:
      return Unit::input_tokens;
    case config::BudgetUnit::output_tokens:
      return Unit::output_tokens;
    case config::BudgetUnit::requests:
      return Unit::requests;
    case config::BudgetUnit::tool_calls:
      return Unit::tool_calls;
    case config::BudgetUnit::seconds:
      return Unit::seconds;
  }
  std::unreachable();
}

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

Finish finish_of(config::FinishReason reason) {
  switch (reason) {
    case config::FinishReason::by_client:
      return Finish::by_client;
    case config::FinishReason::length:
      return Finish::length;
    case config::FinishReason::content_filter:
      return Finish::content_filter;
    case config::FinishReason::stop:
      return Finish::stop;
  }
  std::unreachable();
}

Period period_of(config::Period period) {
  switch (period) {
    case config::Period::hour:
      return Period::hour;
    case config::Period::day:
      return Period::day;
    case config::Period::week:
      return Period::week;
    case config::Period::month:
      return Period::month;
  }
  std::unreachable();
}

// The configuration knows the same closed list by the same names.
Budget::Part part_of(std::string_view name) {
  constexpr std::string_view label = "label:";
  if (name.starts_with(label)) {
    return {.what = KeyPart::label, .label = std::string(name.substr(label.size()))};
  }
  auto what = KeyPart::org;
  while (what != KeyPart::label && name_of(what) != name) {
    what = static_cast<KeyPart>(static_cast<int>(what) + 1);
  }
  CHECK(name_of(what) == name, "the configuration knows no other part");
  return {.what = what, .label = {}};
}

// In an order of our own: [team, org] is the same budget as [org, team].
std::vector<Budget::Part> key_of(const config::KeyParts& key) {
  std::vector<Budget::Part> parts;
  for (const std::string& name : key.names) parts.push_back(part_of(name));
  std::ranges::sort(parts, [](const Budget::Part& a, const Budget::Part& b) {
    return std::tie(a.what, a.label) < std::tie(b.what, b.label);
  });
  return parts;
}

const date::time_zone& zone(std::string_view name) {
  Result<const date::time_zone*> found = find_zone(name);
  CHECK(found.has_value(), "the configuration has looked for it");
  return **found;
}

Window calendar(Period period, std::string_view zone_name) {
  return {.type = WindowType::calendar, .period = period, .zone = &zone(zone_name)};
}

Window window_of(const config::BudgetWindow& window) {
  switch (window.type.value()) {
    case config::WindowType::calendar:
      return calendar(period_of(window.period.value()), window.timezone.name);
    case config::WindowType::rolling:
      return {.type = WindowType::rolling, .duration = window.duration.value()};
    case config::WindowType::session:
      return {.type = WindowType::session,
              .idle_timeout = window.idle_timeout.value_or(Duration{}),
              .max_age = window.max_age.value_or(Duration{})};
    case config::WindowType::total:
      return {.type = WindowType::total};
  }
  std::unreachable();
}

Window window_of(config::Per per) {
  switch (per) {
    case config::Per::hour:
      return calendar(Period::hour, "UTC");
    case config::Per::day:
      return calendar(Period::day, "UTC");
    case config::Per::week:
      return calendar(Period::week, "UTC");
    case config::Per::month:
      return calendar(Period::month, "UTC");
    case config::Per::total:
      return {.type = WindowType::total};
  }
  std::unreachable();
}

Cut cut_of(const config::OnExhausted& from) {
  Cut cut{.at_sentence = from.at == config::CutAt::sentence,
          .grace_tokens = from.grace_tokens.value_or(0),
          .finish = finish_of(from.finish_reason),
          .note = {}};
  if (!from.note.empty()) cut.note = from.note == "none" ? "" : from.note;
  return cut;
}

Budget document(const config::Budget& from) {
  Budget budget{.name = from.name,
                .unit = unit_of(from.unit.value()),
                .limit = from.limit.count,
                .key = key_of(from.key),
                .window = window_of(from.window),
                .reserve = reserve_of(from.reserve),
                .slice_tokens = from.slice_tokens.value_or(0),
                .clamp_floor_tokens = from.clamp_floor_tokens,
                .deny_unpriced = from.on_unpriced == config::OnUnpriced::deny,
                .degrade_at_per_million = from.degrade_at ? from.degrade_at->per_million : 0,
                .cut = cut_of(from.on_exhausted),
                .owner = from.owner,
                .contact = from.contact};
  for (config::Fraction threshold : from.thresholds) {
    budget.thresholds_per_million.push_back(threshold.per_million);
  }
  return budget;
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

// ---- rates ----

struct Rates {
  std::optional<std::uint32_t> rpm;
  std::optional<std::uint32_t> tpm;
  std::optional<std::uint32_t> concurrency;
};

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

std::vector<Budget> rates(const Rates& from) {
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

std::vector<Budget::Filter> filters_of(const config::RateLimit& limit) {
  std::vector<Budget::Filter> filters;
  for (const config::PartFilter& filter : limit.only) {
    KeyPart what =
        filter.part == name_of(KeyPart::label) ? KeyPart::label : part_of(filter.part).what;
    filters.push_back({.what = what, .value = filter.value});
  }
  return filters;
}

std::vector<Budget> rate_limit(const config::RateLimit& limit) {
  std::vector<Budget> budgets =
      rates({.rpm = limit.rpm, .tpm = limit.tpm, .concurrency = limit.concurrency});
  for (Budget& budget : budgets) {
    budget.name = fmt::format("rate/{}/{}", limit.name, budget.name);
    budget.key = key_of(limit.key);
    budget.only = filters_of(limit);
  }
  return budgets;
}

void add(std::vector<Budget> from, std::vector<std::shared_ptr<const Budget>>& to) {
  for (Budget& budget : from) to.push_back(std::make_shared<const Budget>(std::move(budget)));
}

}  // namespace

std::vector<Budget> compile_key(const config::Key& key) {
  std::vector<Budget> budgets;
  for (const config::Allowance& from : key.budgets) budgets.push_back(allowance(from));
  for (Budget& rate : rates({.rpm = key.rpm, .tpm = key.tpm, .concurrency = key.concurrency})) {
    budgets.push_back(std::move(rate));
  }
  for (Budget& budget : budgets) {
    budget.name = fmt::format("key/{}/{}", key.id, budget.name);
    budget.only = {{.what = KeyPart::key, .value = key.id}};
  }
  return budgets;
}

Result<std::vector<std::shared_ptr<const Budget>>> compile(const config::Config& config) {
  std::vector<std::shared_ptr<const Budget>> all;
  std::size_t most_of_a_key = 0;
  for (const config::Budget& from : config.budgets) {
    all.push_back(std::make_shared<const Budget>(document(from)));
  }
  for (const config::RateLimit& limit : config.rate_limits) add(rate_limit(limit), all);
  std::size_t of_all_calls = all.size();
  for (const config::Key& key : config.keys) {
    std::vector<Budget> budgets = compile_key(key);
    most_of_a_key = std::max(most_of_a_key, budgets.size());
    add(std::move(budgets), all);
  }
  if (of_all_calls + most_of_a_key <= Table::scopes_max) return all;
  return fail(Side::operator_, Kind::malformed,
              fmt::format("{} budgets and rate limits, {} of them of one key, could apply to one "
                          "call; {} can",
                          of_all_calls + most_of_a_key, most_of_a_key, Table::scopes_max));
}

}  // namespace recloser::budget
