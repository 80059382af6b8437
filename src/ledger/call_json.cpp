#include "ledger/call_json.h"

#include "core/json_writer.h"
#include "core/money.h"
#include "ledger/call_facts.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

using Number = std::optional<std::int64_t>;

void member(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void member(JsonWriter& json, std::string_view name, Number number) {
  json.key(name);
  number ? json.value(*number) : json.null();
}

// Nanoseconds as milliseconds, to the microsecond.
double milliseconds(std::int64_t ns) {
  std::int64_t us = ns / 1'000;
  return static_cast<double>(us) / 1'000;
}

void member_ms(JsonWriter& json, std::string_view name, Number ns) {
  json.key(name);
  ns ? json.value(milliseconds(*ns)) : json.null();
}

Number number(std::int64_t value) { return value == absent ? Number{} : Number{value}; }

void member_usd(JsonWriter& json, std::string_view name, Number nano_usd) {
  json.key(name);
  nano_usd ? json.value(text_of(NanoUsd{*nano_usd})) : json.null();
}

void append_costs(JsonWriter& json, const StoredCall& call) {
  member_usd(json, "cost_usd", call.cost_nano_usd);
  bool priced = call.cost_source != CostSource::none;
  member(json, "cost_source", priced ? name_of(call.cost_source) : std::string_view{});
  member(json, "price_version", call.price_version);
  member_usd(json, "list_cost_usd", call.list_cost_nano_usd);
  member_usd(json, "fees_usd", call.fees_nano_usd);
  member_usd(json, "overrun_usd", call.overrun_nano_usd);
  member_usd(json, "input_cost_usd", call.input_cost_nano_usd);
  member_usd(json, "cached_cost_usd", call.cached_cost_nano_usd);
  member_usd(json, "cache_write_cost_usd", call.cache_write_cost_nano_usd);
  member_usd(json, "output_cost_usd", call.output_cost_nano_usd);
  member_usd(json, "expected_cost_usd", call.expected_cost_nano_usd);
  member_usd(json, "upper_cost_usd", call.upper_cost_nano_usd);
  member(json, "expected_input_tokens", call.expected_input_tokens);
  member(json, "upper_input_tokens", call.upper_input_tokens);
  member(json, "rare_usage", call.rare_usage);
}

AttemptTold told(const CallRecord& record, std::size_t i) {
  const Attempt& attempt = record.attempt(i);
  AttemptTold out;
  out.target = record.text_at(attempt.target);
  out.started_at = attempt.started_at;
  out.ttft_ns = number(attempt.ttft_ns);
  if (attempt.status != 0) out.status = attempt.status;
  if (attempt.outcome != Outcome::open) out.outcome = name_of(attempt.outcome);
  out.error_class = record.text_at(attempt.error_class);
  out.provider_request_id = record.text_at(attempt.provider_request_id);
  out.input_tokens = number(attempt.input_tokens);
  out.output_tokens = number(attempt.output_tokens);
  out.cost_nano_usd = number(attempt.cost_nano_usd);
  return out;
}

void append_amounts(JsonWriter& json, const BudgetTold& budget) {
  if (budget.unit == "usd") {
    member_usd(json, "reserved_usd", budget.reserved);
    member_usd(json, "charged_usd", budget.charged);
    member_usd(json, "remaining_usd", budget.remaining);
    return;
  }
  bool seconds = budget.unit == "seconds";
  auto amount = [&](std::string_view name, Number number) {
    if (!seconds || !number) return member(json, name, number);
    json.key(name).value(static_cast<double>(*number) / 1'000);
  };
  amount("reserved", budget.reserved);
  amount("charged", budget.charged);
  amount("remaining", budget.remaining);
}

BudgetTold told(const BudgetLine& line) {
  BudgetTold out;
  out.name = line.name;
  out.key = line.key;
  out.unit = line.unit;
  out.window_begun_ns = line.window_begun.ns;
  out.reserved = line.figures.reserved;
  out.charged = line.figures.charged;
  out.remaining = line.figures.remaining;
  return out;
}

void take_costs(StoredCall& call, const CallRecord& record) {
  call.cost_source = record.cost_source;
  call.price_version = record.text(Text::price_version);
  call.cost_nano_usd = number(record.cost_nano_usd);
  call.list_cost_nano_usd = number(record.list_cost_nano_usd);
  call.fees_nano_usd = number(record.fees_nano_usd);
  call.overrun_nano_usd = number(record.overrun_nano_usd);
  call.input_cost_nano_usd = number(record.input_cost_nano_usd);
  call.cached_cost_nano_usd = number(record.cached_cost_nano_usd);
  call.cache_write_cost_nano_usd = number(record.cache_write_cost_nano_usd);
  call.output_cost_nano_usd = number(record.output_cost_nano_usd);
  call.expected_cost_nano_usd = number(record.expected_cost_nano_usd);
  call.upper_cost_nano_usd = number(record.upper_cost_nano_usd);
  call.expected_input_tokens = number(record.expected_input_tokens);
  call.upper_input_tokens = number(record.upper_input_tokens);
  call.rare_usage = record.text(Text::rare_usage);
}

}  // namespace

void append_call_json(std::string& out, const StoredCall& call) {
  JsonWriter json(out);
  json.open_object();
  json.member("id", call.id.str()).member("started_at", rfc3339(call.started_at));
  member_ms(json, "duration_ms", call.duration_ns);
  member_ms(json, "ttft_ms", call.ttft_ns);
  member(json, "key_id", call.key_id);
  member(json, "org", call.org);
  member(json, "team", call.team);
  member(json, "user", call.user);
  member(json, "agent", call.agent);
  member(json, "session", call.session);
  member(json, "trace", call.trace);
  member(json, "client_dialect", call.client_dialect);
  member(json, "operation", call.operation);
  member(json, "model_requested", call.model_requested);
  member(json, "provider", call.provider);
  member(json, "model_served", call.model_served);
  member(json, "region", call.region);
  member(json, "status", call.status);
  json.member("outcome", name_of(call.outcome));
  member(json, "input_tokens", call.input_tokens);
  member(json, "cached_input_tokens", call.cached_input_tokens);
  member(json, "cache_write_tokens", call.cache_write_tokens);
  member(json, "output_tokens", call.output_tokens);
  member(json, "reasoning_tokens", call.reasoning_tokens);
  bool counted = call.tokens_source != TokensSource::none;
  member(json, "tokens_source", counted ? name_of(call.tokens_source) : std::string_view{});
  append_costs(json, call);
  member(json, "delivered_tokens", call.delivered_tokens);
  json.key("budgets").raw(call.budgets);
  json.key("decisions").raw(call.decisions);
  json.key("attempts").raw(call.attempts);
  json.key("route").raw(call.route);
  member(json, "overshoot_tokens", call.overshoot_tokens);
  member(json, "upstream_close_ms", call.upstream_close_ms);
  member(json, "overhead_us", call.overhead_us);
  json.key("labels").raw(call.labels);
  json.close_object();
}

void append_rated_call_json(std::string& out, const StoredCall& call,
                            std::span<const Rating> ratings) {
  append_call_json(out, call);
  out.back() = ',';  // the object goes on
  out += R"("ratings":)";
  JsonWriter json(out);
  json.open_array();
  for (const Rating& rating : ratings) {
    json.open_object().member("at", rfc3339(rating.at));
    member_usd(json, "cost_usd", rating.cost_nano_usd);
    member_usd(json, "list_cost_usd", rating.list_cost_nano_usd);
    member(json, "price_version", rating.price_version);
    member(json, "reason", rating.reason);
    member(json, "who", rating.who);
    json.close_object();
  }
  json.close_array();
  out += '}';
}

void append_labels_json(std::string& out, std::string_view comma_separated) {
  JsonWriter json(out);
  json.open_array();
  while (!comma_separated.empty()) {
    std::size_t comma = comma_separated.find(',');
    std::string_view label = comma_separated.substr(0, comma);
    if (!label.empty()) json.value(label);
    comma_separated.remove_prefix(comma == std::string_view::npos ? comma_separated.size()
                                                                  : comma + 1);
  }
  json.close_array();
}

void append_decisions_json(std::string& out, const CallRecord& record) {
  JsonWriter json(out);
  json.open_array();
  std::string call = record.id.str();
  for (std::size_t i = 0; i < record.decision_count(); ++i) {
    Decision decision = record.decision(i);
    json.open_object();
    // The place in its call, which never changes, is what one decision is called by.
    json.member("id", fmt::format("{}-{}", call, i + 1));
    member(json, "phase", decision.phase);
    member(json, "policy", decision.policy);  // null: built in
    member(json, "rule", decision.rule);
    member(json, "action", decision.action);
    json.member("mode", "enforce");  // what is built in knows no other
    member(json, "reason", decision.reason);
    json.close_object();
  }
  if (record.decisions_beyond() > 0) {
    json.open_object().member("more", std::uint64_t{record.decisions_beyond()}).close_object();
  }
  json.close_array();
}

void append_attempts_json(std::string& out, std::span<const AttemptTold> attempts) {
  JsonWriter json(out);
  json.open_array();
  std::uint64_t n = 0;
  for (const AttemptTold& attempt : attempts) {
    json.open_object().member("n", ++n);
    member(json, "target", attempt.target);
    json.member("started_at", rfc3339(attempt.started_at));
    member_ms(json, "ttft_ms", attempt.ttft_ns);
    member(json, "status", attempt.status);
    member(json, "error_class", attempt.error_class);
    member(json, "provider_request_id", attempt.provider_request_id);
    member(json, "input_tokens", attempt.input_tokens);
    member(json, "output_tokens", attempt.output_tokens);
    member_usd(json, "cost_usd", attempt.cost_nano_usd);
    member(json, "outcome", attempt.outcome);
    json.close_object();
  }
  json.close_array();
}

void append_route_json(std::string& out, const RouteTold& route) {
  JsonWriter json(out);
  json.open_object().member("balance", route.balance).member("sticky", route.sticky);
  json.key("targets").open_array();
  for (const TargetTold& target : route.targets) {
    json.open_object();
    member(json, "target", target.target);
    member(json, "state", target.state);
    member(json, "ttft_ms", target.ttft_ms);
    member(json, "why_not", target.why_not);
    json.close_object();
  }
  json.close_array().close_object();
}

void append_budgets_json(std::string& out, std::span<const BudgetTold> budgets) {
  JsonWriter json(out);
  json.open_array();
  for (const BudgetTold& budget : budgets) {
    json.open_object();
    member(json, "name", budget.name);
    member(json, "key", budget.key);
    member(json, "unit", budget.unit);
    json.key("window_begun");
    // One that is for ever began at no time that means something.
    bool dated = budget.window_begun_ns && *budget.window_begun_ns != 0;
    dated ? json.value(rfc3339({*budget.window_begun_ns})) : json.null();
    append_amounts(json, budget);
    json.close_object();
  }
  json.close_array();
}

StoredCall stored(const CallRecord& record) {
  StoredCall call;
  call.id = record.id;
  call.started_at = record.started_at;
  call.duration_ns = number(record.duration_ns);
  call.ttft_ns = number(record.ttft_ns);
  call.key_id = record.text(Text::key_id);
  call.org = record.text(Text::org);
  call.team = record.text(Text::team);
  call.user = record.text(Text::user);
  call.agent = record.text(Text::agent);
  call.session = record.text(Text::session);
  call.trace = record.text(Text::trace);
  call.client_dialect = record.text(Text::client_dialect);
  call.operation = record.text(Text::operation);
  call.model_requested = record.text(Text::model_requested);
  call.provider = record.text(Text::provider);
  call.model_served = record.text(Text::model_served);
  call.region = record.text(Text::region);
  if (record.status != 0) call.status = record.status;
  call.outcome = record.outcome;
  call.input_tokens = number(record.input_tokens);
  call.cached_input_tokens = number(record.cached_input_tokens);
  call.cache_write_tokens = number(record.cache_write_tokens);
  call.output_tokens = number(record.output_tokens);
  call.reasoning_tokens = number(record.reasoning_tokens);
  call.tokens_source = record.tokens_source;
  call.delivered_tokens = number(record.delivered_tokens);
  call.overshoot_tokens = number(record.overshoot_tokens);
  call.upstream_close_ms = number(record.upstream_close_ms);
  call.overhead_us = number(record.overhead_us);
  take_costs(call, record);
  call.labels.clear();
  call.decisions.clear();
  call.attempts.clear();
  append_labels_json(call.labels, record.text(Text::labels));
  append_decisions_json(call.decisions, record);
  std::vector<AttemptTold> attempts;
  attempts.reserve(record.attempt_count());
  for (std::size_t i = 0; i < record.attempt_count(); ++i) attempts.push_back(told(record, i));
  append_attempts_json(call.attempts, attempts);
  call.route = route_json(record.text(Text::route));
  call.budgets.clear();
  std::vector<BudgetTold> budgets;
  for (std::size_t i = 0; i < record.budget_count(); ++i) budgets.push_back(told(record.budget(i)));
  append_budgets_json(call.budgets, budgets);
  return call;
}

}  // namespace recloser::ledger
