#include "wire/books.h"

#include "core/money.h"
#include "wire/play.h"
#include "wire/words.h"

#include <map>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace recloser::wire {
namespace {

namespace json = boost::json;

std::string number(std::optional<std::int64_t> value) {
  return value ? std::to_string(*value) : std::string("-");
}

std::string text(const std::string& value) { return value.empty() ? "-" : value; }

std::string milliseconds(std::optional<std::int64_t> ns) {
  return ns ? std::to_string(*ns / 1'000'000) + "ms" : std::string("-");
}

// The strings of an array, or one member of each object in it, joined by commas.
std::string joined(const std::string& array, std::string_view member) {
  std::string out;
  for (const json::value& each : json::parse(array).as_array()) {
    const json::value* value = each.is_object() ? each.as_object().if_contains(member) : &each;
    if (!out.empty()) out += ',';
    out += value != nullptr && value->is_string() ? std::string(value->as_string()) : "-";
  }
  return text(out);
}

std::map<std::string, std::string, std::less<>> fields_of(const ledger::StoredCall& row) {
  return {
      {"outcome", std::string(ledger::name_of(row.outcome))},
      {"input", number(row.input_tokens)},
      {"output", number(row.output_tokens)},
      {"cached", number(row.cached_input_tokens)},
      {"written", number(row.cache_write_tokens)},
      {"reasoning", number(row.reasoning_tokens)},
      {"delivered", number(row.delivered_tokens)},
      {"overshoot", number(row.overshoot_tokens)},
      {"source", row.tokens_source == ledger::TokensSource::none
                     ? "-"
                     : std::string(ledger::name_of(row.tokens_source))},
      {"status", number(row.status)},
      {"cost", row.cost_nano_usd ? text_of(NanoUsd{*row.cost_nano_usd}) : "-"},
      {"list", row.list_cost_nano_usd ? text_of(NanoUsd{*row.list_cost_nano_usd}) : "-"},
      {"fees", row.fees_nano_usd ? text_of(NanoUsd{*row.fees_nano_usd}) : "-"},
      {"paid", row.cost_source == ledger::CostSource::none
                   ? "-"
                   : std::string(ledger::name_of(row.cost_source))},
      {"rare", text(row.rare_usage)},
      {"key", text(row.key_id)},
      {"org", text(row.org)},
      {"team", text(row.team)},
      {"user", text(row.user)},
      {"agent", text(row.agent)},
      {"session", text(row.session)},
      {"trace", text(row.trace)},
      {"operation", text(row.operation)},
      {"dialect", text(row.client_dialect)},
      {"model", text(row.model_requested)},
      {"provider", text(row.provider)},
      {"served", text(row.model_served)},
      {"region", text(row.region)},
      {"labels", joined(row.labels, "")},
      {"attempts", joined(row.attempts, "outcome")},
      {"errors", joined(row.attempts, "error_class")},
      {"requests", joined(row.attempts, "provider_request_id")},
      {"decisions", joined(row.decisions, "rule")},
      {"ttft", milliseconds(row.ttft_ns)},
      {"duration", milliseconds(row.duration_ns)},
      {"closed", number(row.upstream_close_ms)},
  };
}

}  // namespace

Result<void> check_row(const Step& step, const ledger::StoredCall& row) {
  auto fields = fields_of(row);
  std::string differs;
  for (const auto& [name, expected] : step.pairs) {
    auto found = fields.find(name);
    std::string seen = found == fields.end() ? "no such field" : found->second;
    if (matches(expected, seen)) continue;
    differs +=
        fmt::format("\n    {}: expected was {}, the row has {}", name, expected, visible(seen));
  }
  return differs.empty() ? Result<void>() : unmet(differs);
}

Result<void> check_metrics(const Step& step, const relay::Metrics::Snapshot& snapshot) {
  std::int64_t seen = 0;
  std::int64_t expected = step.number;
  if (step.verb == Verb::metrics_malformed) {
    seen = static_cast<std::int64_t>(snapshot.malformed_events);
  } else {
    auto found = snapshot.refused_without_row.find(static_cast<int>(step.number));
    seen =
        found == snapshot.refused_without_row.end() ? 0 : static_cast<std::int64_t>(found->second);
    expected = step.second_number;
  }
  if (seen == expected) return {};
  return unmet(fmt::format("expected was {}, counted are {}", expected, seen));
}

}  // namespace recloser::wire
