#include "cli/run/receipt.h"

#include "cli/human.h"
#include "cli/json.h"
#include "cli/run/base_urls.h"
#include "core/json_writer.h"
#include "core/names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/format.h>

namespace recloser::cli {
namespace {

using ledger::Outcome;

constexpr std::array<Outcome, 5> outcomes_told{Outcome::cut, Outcome::refused,
                                               Outcome::provider_failed, Outcome::gateway_failed,
                                               Outcome::client_gone};

std::string_view human(Outcome outcome) {
  switch (outcome) {
    case Outcome::cut:
      return "cut";
    case Outcome::refused:
      return "refused";
    case Outcome::provider_failed:
      return "failed";
    case Outcome::gateway_failed:
      return "broken off";
    case Outcome::client_gone:
      return "left";
    case Outcome::open:
    case Outcome::completed:
      break;
  }
  return ledger::name_of(outcome);
}

// The last object of a list in a row; an empty one where there is none.
Json last_of(std::string_view list) {
  std::optional<Json> read = parse_json(list);
  if (!read || !read->is_array() || read->get_array().empty()) return Json(nullptr);
  return read->get_array().back();
}

Receipt::Stopped stopped_of(const ledger::StoredCall& call) {
  Receipt::Stopped stopped{.outcome = call.outcome, .rule = {}, .reason = {}, .calls = 1};
  Json decision = last_of(call.decisions);
  stopped.rule = text(decision, "rule");
  stopped.reason = text(decision, "reason");
  if (!stopped.rule.empty()) return stopped;
  Json attempt = last_of(call.attempts);
  stopped.rule = text(attempt, "error_class");
  if (call.status) stopped.reason = fmt::format("status {}", *call.status);
  return stopped;
}

// Pages go from the newest call to the oldest, whose reason stays.
Result<void> add_stopped(std::vector<Receipt::Stopped>& all, Outcome outcome,
                         ledger::Store& store) {
  ledger::CallFilter filter{.limit = ledger::page_calls_max, .outcome = outcome};
  std::size_t first = all.size();
  for (;;) {
    Result<ledger::CallPage> page = store.calls(filter);
    if (!page) return fail(page.error());
    for (const ledger::StoredCall& call : page->calls) {
      Receipt::Stopped stopped = stopped_of(call);
      auto same = std::find_if(all.begin() + static_cast<std::ptrdiff_t>(first), all.end(),
                               [&](const auto& s) { return s.rule == stopped.rule; });
      if (same == all.end()) {
        all.push_back(std::move(stopped));
      } else {
        same->reason = std::move(stopped.reason);
        ++same->calls;
      }
    }
    if (!page->next) return {};
    filter.before = page->next;
  }
}

std::vector<Receipt::Limit> limits_of(const budget::Table& budgets) {
  std::vector<Receipt::Limit> limits;
  for (budget::Standing& standing : budgets.list()) {
    const budget::Budget& budget = standing.budget->document();
    limits.push_back({.name = budget.name,
                      .key = std::move(standing.key),
                      .unit = budget.unit,
                      .limit = standing.limit,
                      .spent = standing.charged});
  }
  std::ranges::sort(limits, [](const Receipt::Limit& a, const Receipt::Limit& b) {
    return std::tie(b.spent, a.name, a.key) < std::tie(a.spent, b.name, b.key);
  });
  if (limits.size() > Receipt::limits_max) limits.resize(Receipt::limits_max);
  return limits;
}

bool is_limit(std::string_view rule) {
  return rule.starts_with("budget/") || rule.starts_with("limit/") || rule.starts_with("plan/");
}

NanoUsd money(ledger::WideSum sum) {
  return {static_cast<std::int64_t>(std::clamp<ledger::WideSum>(sum, INT64_MIN, INT64_MAX))};
}

std::string tokens_of(const ledger::UsageSums& sums) {
  auto number = [](ledger::WideSum sum) { return with_thousands(money(sum).count); };
  return fmt::format("{} tokens in, {} out", number(sums.input_tokens), number(sums.output_tokens));
}

std::string cost_of(const Receipt& receipt) {
  std::string text = human_usd(money(receipt.total.cost));
  for (const Receipt::Limit& limit : receipt.limits) {
    bool of_all = limit.name == receipt.run.limit_name && limit.key.empty();
    if (of_all) text += " of " + budget::text_of(limit.unit, limit.limit);
  }
  if (receipt.run.notional) text += " (notional: a plan pays)";
  return text;
}

std::string not_governed() {
  std::string names;
  for (const BaseUrlVariable& variable : base_url_variables()) {
    if (is_served(variable.api)) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(variable.api));
  }
  return names;
}

void write_sums(JsonWriter& json, const ledger::UsageSums& sums) {
  json.member("calls", sums.calls);
  for (auto [name, figure] : {std::pair("input_tokens", sums.input_tokens),
                              std::pair("cached_input_tokens", sums.cached_input_tokens),
                              std::pair("cache_write_tokens", sums.cache_write_tokens),
                              std::pair("output_tokens", sums.output_tokens),
                              std::pair("reasoning_tokens", sums.reasoning_tokens)}) {
    json.key(name).raw(ledger::text_of(figure));
  }
  json.member("cost_usd", ledger::usd_of(sums.cost));
  json.member("overrun_usd", ledger::usd_of(sums.overrun));
  json.member("estimated_calls", sums.estimated_calls);
  json.member("unpriced_calls", sums.unpriced_calls);
}

void write_stopped(JsonWriter& json, const Receipt& receipt) {
  json.key("stopped").open_array();
  for (const Receipt::Stopped& stopped : receipt.stopped) {
    json.open_object();
    json.member("outcome", ledger::name_of(stopped.outcome));
    json.member("rule", stopped.rule);
    json.member("calls", stopped.calls);
    json.member("reason", stopped.reason);
    json.close_object();
  }
  json.close_array();
}

void write_limits(JsonWriter& json, const Receipt& receipt) {
  json.key("limits").open_array();
  for (const Receipt::Limit& limit : receipt.limits) {
    json.open_object();
    json.member("name", limit.name);
    json.key("key");
    limit.key.empty() ? json.null() : json.value(limit.key);
    json.member("unit", budget::name_of(limit.unit));
    json.member("limit", budget::number_of(limit.unit, limit.limit));
    json.member("spent", budget::number_of(limit.unit, limit.spent));
    json.close_object();
  }
  json.close_array();
}

}  // namespace

bool Receipt::limit_reached() const {
  return std::ranges::any_of(stopped, [](const Stopped& one) {
    bool by_us = one.outcome == Outcome::cut || one.outcome == Outcome::refused;
    return by_us && is_limit(one.rule);
  });
}

Result<Receipt> make_receipt(RunFacts run, ledger::Store& store, const budget::Table& budgets) {
  Receipt receipt{.run = std::move(run)};
  Result<ledger::Usage> models = store.usage({.by = {ledger::Dim::provider, ledger::Dim::model}});
  if (!models) return fail(models.error());
  receipt.models = std::move(models->rows);
  receipt.total = models->total;
  Result<ledger::Usage> outcomes = store.usage({.by = {ledger::Dim::outcome}});
  if (!outcomes) return fail(outcomes.error());
  receipt.outcomes = std::move(outcomes->rows);
  for (Outcome outcome : outcomes_told) {
    Result<void> added = add_stopped(receipt.stopped, outcome, store);
    if (!added) return fail(added.error());
  }
  receipt.limits = limits_of(budgets);
  return receipt;
}

std::string text_of(const Receipt& receipt, const Style& style) {
  std::string out =
      style.paint(Colour::bold,
                  fmt::format("recloser: {}, {}, {}, in {}", counted(receipt.total.calls, "calls"),
                              tokens_of(receipt.total), cost_of(receipt),
                              human_ms(static_cast<double>(receipt.run.took / 1ms))));
  out += '\n';
  auto line = [&](std::string_view text) { out += fmt::format("  {}\n", text); };
  if (receipt.total.calls == 0) {
    line("no call came through: the program made none, or is told elsewhere where its API is");
  }
  for (const ledger::UsageRow& row : receipt.models) {
    std::string model = or_dash(row.of[1]);
    if (!row.of[0].empty()) model = fmt::format("{}/{}", row.of[0], model);
    line(fmt::format("{}: {}, {}, {}", shown(model), counted(row.sums.calls, "calls"),
                     tokens_of(row.sums), human_usd(money(row.sums.cost))));
  }
  for (const Receipt::Stopped& stopped : receipt.stopped) {
    std::string why = stopped.reason.empty() ? stopped.rule : stopped.reason;
    if (!why.empty()) why = ": " + why;
    line(fmt::format("{} {}{}", counted(stopped.calls, "calls"), human(stopped.outcome), why));
  }
  if (receipt.total.unpriced_calls > 0) {
    line(counted(receipt.total.unpriced_calls, "calls") +
         " without a price add nothing to the cost");
  }
  if (!receipt.run.ledger_path.empty()) line("the books: " + receipt.run.ledger_path);
  line("not governed: " + not_governed() + ", and programs that read no base URL");
  return out;
}

std::string json_of(const Receipt& receipt) {
  std::string out;
  JsonWriter json(out);
  json.open_object();
  json.member("program", receipt.run.program);
  json.member("exit_status", receipt.run.exit_status);
  json.member("reason", receipt.limit_reached() ? "limit_reached" : "ended");
  json.member("started_at", rfc3339(receipt.run.started));
  json.member("duration_ms", std::int64_t{receipt.run.took / 1ms});
  write_sums(json, receipt.total);
  json.member("notional", receipt.run.notional);
  json.key("outcomes").open_object();
  for (const ledger::UsageRow& row : receipt.outcomes) json.member(row.of[0], row.sums.calls);
  json.close_object();
  json.key("models").open_array();
  for (const ledger::UsageRow& row : receipt.models) {
    json.open_object();
    json.member("provider", row.of[0]);
    json.member("model", row.of[1]);
    write_sums(json, row.sums);
    json.close_object();
  }
  json.close_array();
  write_limits(json, receipt);
  write_stopped(json, receipt);
  json.key("not_governed").open_array();
  for (const BaseUrlVariable& variable : base_url_variables()) {
    if (!is_served(variable.api)) json.value(variable.name);
  }
  json.close_array();
  json.key("ledger");
  receipt.run.ledger_path.empty() ? json.null() : json.value(receipt.run.ledger_path);
  json.close_object();
  return out;
}

}  // namespace recloser::cli
