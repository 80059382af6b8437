#include "budget/compile.h"

#include "budget/short_form.h"
#include "budget/table.h"
#include "core/check.h"
#include "core/names.h"

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

Window window_of(const config::BudgetWindow& window) {
  switch (window.type.value()) {
    case config::WindowType::calendar:
      return calendar_window(period_of(window.period.value()), window.timezone.name);
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
      rate_budgets({.rpm = limit.rpm, .tpm = limit.tpm, .concurrency = limit.concurrency});
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

// The most that one of these could have of what applies to its calls alone.
std::size_t most_of(const std::vector<std::vector<Budget>>& each) {
  std::size_t most = 0;
  for (const std::vector<Budget>& budgets : each) most = std::max(most, budgets.size());
  return most;
}

// Refused here, and not call by call.
Result<void> check_name_of(const Budget& budget) {
  if (budget.name.size() <= name_bytes_max) return {};
  return fail(Side::operator_, Kind::too_large,
              fmt::format("the name of the budget {} has {} bytes, and the ledger keeps {}: take "
                          "shorter names",
                          shown(budget.name), budget.name.size(), name_bytes_max));
}

}  // namespace

std::vector<Budget> compile_key(const config::Key& key) {
  std::vector<Budget> budgets = short_budgets(key.budgets);
  for (Budget& rate :
       rate_budgets({.rpm = key.rpm, .tpm = key.tpm, .concurrency = key.concurrency})) {
    budgets.push_back(std::move(rate));
  }
  for (Budget& budget : budgets) {
    budget.name = fmt::format("key/{}/{}", key.id, budget.name);
    budget.only = {{.what = KeyPart::key, .value = key.id}};
  }
  return budgets;
}

Result<std::vector<std::shared_ptr<const Budget>>> compile(const config::Config& config) {
  return compile(config, config.holders, config.keys);
}

Result<std::vector<std::shared_ptr<const Budget>>> compile(const config::Config& config,
                                                           std::span<const config::Holder> holders,
                                                           std::span<const config::Key> keys) {
  std::vector<std::shared_ptr<const Budget>> all;
  for (const config::Budget& from : config.budgets) {
    all.push_back(std::make_shared<const Budget>(document(from)));
  }
  for (const config::RateLimit& limit : config.rate_limits) add(rate_limit(limit), all);
  std::size_t of_a_call = all.size();
  for (std::vector<std::vector<Budget>>& of_kind : compile_holders(holders)) {
    of_a_call += most_of(of_kind);
    for (std::vector<Budget>& budgets : of_kind) add(std::move(budgets), all);
  }
  std::size_t most_of_a_key = 0;
  for (const config::Key& key : keys) {
    std::vector<Budget> budgets = compile_key(key);
    most_of_a_key = std::max(most_of_a_key, budgets.size());
    add(std::move(budgets), all);
  }
  of_a_call += most_of_a_key;
  for (const std::shared_ptr<const Budget>& budget : all) {
    Result<void> fits = check_name_of(*budget);
    if (!fits) return fail(fits.error());
  }
  if (of_a_call <= Table::scopes_max) return all;
  return fail(Side::operator_, Kind::malformed,
              fmt::format("{} budgets and rate limits, {} of them of one key, could apply to one "
                          "call; {} can",
                          of_a_call, most_of_a_key, Table::scopes_max));
}

}  // namespace recloser::budget
