#include "admin/metrics_page.h"

#include "ledger/budget_books.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

// One metric without labels of its own; `labels` is "" or rendered with braces.
template <class Value>
void append(std::string& out, std::string_view type, std::string_view name, std::string_view help,
            Value value, std::string_view labels = {}) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n{0}{3} {4}\n", name,
                 help, type, labels, value);
}

void append_ledger(std::string& out, const ledger::LedgerStatus& ledger) {
  append(out, "gauge", "recloser_ledger_queue_depth",
         "Calls that have ended and wait to be written to the store.", ledger.waiting_rows);
  append(out, "counter", "recloser_ledger_dropped_total", "Rows lost; must stay 0.",
         ledger.dropped_rows);
  append(out, "counter", "recloser_ledger_stored_total", "Rows written to the store.",
         ledger.stored_rows);
  append(out, "counter", "recloser_ledger_deleted_total",
         "Rows deleted because they are older than `ledger.retain`.", ledger.deleted_rows);
  append(out, "gauge", "recloser_ledger_admitting",
         "1 while new calls are taken, 0 when their rows could not be stored.",
         ledger.admitting ? 1 : 0);
  append(out, "gauge", "recloser_ledger_slots", "Calls that the journal has room for.",
         ledger.slots);
  append(out, "gauge", "recloser_calls_open", "Calls that are running.", ledger.open_calls);
}

// The first so many by their own names, what is beyond in one series.
std::vector<budget::Standing> bounded(std::span<const budget::Standing> budgets,
                                      std::optional<budget::Standing>& others) {
  std::size_t named = std::min(budgets.size(), relay::Metrics::series_max);
  for (const budget::Standing& standing : budgets.subspan(named)) {
    if (!others) others.emplace();
    others->limit = ledger::added(others->limit, standing.limit);
    others->charged = ledger::added(others->charged, standing.charged);
    others->reserved = ledger::added(others->reserved, standing.reserved);
  }
  return {budgets.begin(), budgets.begin() + static_cast<std::ptrdiff_t>(named)};
}

void append_budgets(std::string& out, std::span<const budget::Standing> budgets) {
  struct Family {
    std::string_view name;
    std::string_view help;
    budget::Amount budget::Standing::* figure;
  };
  constexpr std::array<Family, 3> families{{
      {"recloser_budget_limit_usd", "What may be spent, over all accounts of a budget.",
       &budget::Standing::limit},
      {"recloser_budget_spent_usd", "What is spent in the windows that are open.",
       &budget::Standing::charged},
      {"recloser_budget_reserved_usd", "What calls that run hold.", &budget::Standing::reserved},
  }};
  std::optional<budget::Standing> others;
  std::vector<budget::Standing> named = bounded(budgets, others);
  for (const Family& family : families) {
    fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} gauge\n", family.name,
                   family.help);
    auto line = [&out, &family](std::string_view label, const budget::Standing& standing) {
      fmt::format_to(std::back_inserter(out), "{}{{budget=\"", family.name);
      relay::append_label_value(out, label);
      fmt::format_to(std::back_inserter(out), "\"}} {}\n",
                     budget::number_of(budget::Unit::usd, standing.*family.figure));
    };
    for (const budget::Standing& standing : named) line(standing.budget->document().name, standing);
    if (others) line("other", *others);
  }
}

constexpr std::size_t targets_max = 200;  // names of models come from clients, too

int number_of(route::State state) {
  switch (state) {
    case route::State::passing:
      return 0;
    case route::State::probing:
      return 1;
    case route::State::tripped:
      return 2;
  }
  std::unreachable();
}

void append_probes(std::span<const route::TargetHealth::Standing> targets, const auto& head,
                   const auto& line) {
  auto probed = [](const route::TargetHealth::Standing& each) { return each.probe.has_value(); };
  if (std::ranges::none_of(targets, probed)) return;
  constexpr std::string_view probes = "recloser_target_probes_total";
  head(probes, "counter", "Health checks of the provider of a target, by what came of them.");
  for (const auto& each : targets | std::views::filter(probed)) {
    line(probes, each.name, ",outcome=\"passed\"", each.probe->passed);
    line(probes, each.name, ",outcome=\"failed\"", each.probe->failed);
  }
}

void append_targets(std::string& out, std::span<const route::TargetHealth::Standing> targets) {
  targets = targets.first(std::min(targets.size(), targets_max));
  if (targets.empty()) return;
  auto head = [&out](std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(out), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  };
  auto line = [&out](std::string_view name, std::string_view target, std::string_view more,
                     auto value) {
    fmt::format_to(std::back_inserter(out), "{}{{target=\"", name);
    relay::append_label_value(out, target);
    fmt::format_to(std::back_inserter(out), "\"{}}} {}\n", more, value);
  };
  constexpr std::string_view state = "recloser_target_state";
  head(state, "gauge", "Whether a target passes (0), is probed (1) or has tripped (2).");
  for (const auto& each : targets) line(state, each.name, "", number_of(each.state));
  constexpr std::string_view trips = "recloser_target_trips_total";
  head(trips, "counter", "How often a target has tripped.");
  for (const auto& each : targets) line(trips, each.name, "", each.trips);
  constexpr std::string_view waiting = "recloser_target_waiting";
  head(waiting, "gauge", "Calls that wait for a place at a target.");
  for (const auto& each : targets) line(waiting, each.name, "", each.waiting);
  constexpr std::string_view turned_away = "recloser_target_turned_away_total";
  head(turned_away, "counter", "Calls that would have waited too long for a place at a target.");
  for (const auto& each : targets) line(turned_away, each.name, "", each.turned_away);
  append_probes(targets, head, line);
  constexpr std::string_view attempts = "recloser_attempts_total";
  head(attempts, "counter", "Attempts at a target that have ended, by how.");
  for (const auto& each : targets) {
    for (std::uint8_t i = 0; i < route::attempt_end_count; ++i) {
      if (each.ends[i] == 0) continue;
      auto end = static_cast<route::AttemptEnd>(i);
      line(attempts, each.name, fmt::format(",end=\"{}\"", route::name_of(end)), each.ends[i]);
    }
  }
}

void append_token_issuers(std::string& out, const std::vector<auth::jwt::Issuers::Status>& all) {
  if (all.empty()) return;
  auto head = [&out](std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(out), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  };
  auto line = [&out](std::string_view name, std::string_view issuer, std::string_view more,
                     auto value) {
    fmt::format_to(std::back_inserter(out), "{}{{issuer=\"", name);
    relay::append_label_value(out, issuer);
    fmt::format_to(std::back_inserter(out), "\"{}}} {}\n", more, value);
  };
  head("recloser_token_keys", "gauge", "Keys that tokens of an issuer are verified with.");
  for (const auto& each : all) line("recloser_token_keys", each.issuer, "", each.keys);
  constexpr std::string_view fetches = "recloser_token_key_fetches_total";
  head(fetches, "counter", "How often the keys of an issuer were asked for.");
  for (const auto& each : all) {
    line(fetches, each.issuer, ",outcome=\"fetched\"", each.fetches);
    line(fetches, each.issuer, ",outcome=\"failed\"", each.failures);
  }
  constexpr std::string_view fetched = "recloser_token_keys_fetched_time_seconds";
  head(fetched, "gauge", "When the keys of an issuer came last, in Unix time.");
  for (const auto& each : all) {
    if (!each.fetched_at) continue;
    line(fetched, each.issuer, "",
         fmt::format("{:.3f}", static_cast<double>(each.fetched_at->ns) / 1e9));
  }
}

}  // namespace

std::string metrics_page(const MetricsFacts& facts) {
  relay::Metrics::Snapshot sum;
  for (const relay::Metrics* worker : facts.calls) worker->add_to(sum);
  std::string out;
  relay::append_call_metrics(out, sum);
  append_budgets(out, facts.budgets);
  append_ledger(out, facts.ledger);
  append_targets(out, facts.targets);
  append_token_issuers(out, facts.token_issuers);
  append(out, "counter", "recloser_log_lines_dropped_total",
         "Log lines that found no room in the queue.", facts.log_lines_dropped);
  std::string build = "{version=\"";
  relay::append_label_value(build, facts.version);
  build += "\"}";
  append(out, "gauge", "recloser_build_info", "The program that runs.", 1, build);
  append(out, "gauge", "process_start_time_seconds", "When it was started, in Unix time.",
         fmt::format("{:.3f}", static_cast<double>(facts.started_at.ns) / 1e9));
  return out;
}

}  // namespace recloser::admin
