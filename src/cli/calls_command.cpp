// calls: the books as a table, one call with everything that is known of it, and calls as they end.
#include "cli/admin_client.h"
#include "cli/call_table.h"
#include "cli/facts.h"
#include "cli/follow_calls.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/run_commands.h"

#include <array>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using net::http1::Method;

constexpr std::array<std::string_view, 7> filters{"limit", "session", "team",  "outcome",
                                                  "since", "until",   "cursor"};

std::string list_target(const Invocation& invocation) {
  std::string target = "/admin/calls";
  char joint = '?';
  for (std::string_view name : filters) {
    if (!invocation.has(name)) continue;
    fmt::format_to(std::back_inserter(target), "{}{}={}", joint, name,
                   percent_encoded(invocation.value(name)));
    joint = '&';
  }
  return target;
}

Exit show_list(const Json& page, const Process& process) {
  const Json* data = member(page, "data");
  if (data == nullptr || !data->is_array()) return not_understood(process);
  if (data->get_array().empty()) return show(process, "There are no such calls.\n");
  Table table(call_columns());
  WallTime now = process.clock.wall();
  for (const Json& call : data->get_array()) table.add(call_row(call, now));
  Style style = Style::of(process);
  std::string out = table.text(style);
  if (std::string next = text(page, "next"); !next.empty()) {
    out += style.paint(Colour::dim, fmt::format("older ones: --cursor {}", next)) + '\n';
  }
  return show(process, out);
}

std::string attempt_line(const Json& attempt) {
  std::string line = fmt::format("{}. {}", count_of(attempt, "n"), text(attempt, "target"));
  auto add = [&line](const std::string& fact) {
    if (!fact.empty()) line += ", " + fact;
  };
  if (whole(attempt, "status")) add(fmt::format("status {}", *whole(attempt, "status")));
  add(text(attempt, "outcome"));
  add(text(attempt, "error_class"));
  if (number(attempt, "ttft_ms")) add("first byte after " + took_of(attempt, "ttft_ms"));
  std::string request = text(attempt, "provider_request_id");
  if (!request.empty()) add("request id " + request);
  return line;
}

std::string decision_line(const Json& decision) {
  if (whole(decision, "more")) return fmt::format("and {} more", *whole(decision, "more"));
  return fmt::format("{} by {}: {}", text(decision, "action"), text(decision, "rule"),
                     text(decision, "reason"));
}

std::string rating_line(const Json& rating) {
  return fmt::format("{} by {} at {}, prices {}: {}", human_usd(text(rating, "cost_usd")),
                     or_dash(text(rating, "who")), or_dash(text(rating, "at")),
                     or_dash(text(rating, "price_version")), text(rating, "reason"));
}

template <class Line>
void add_list(Facts& facts, const Json& call, std::string_view name, Line line) {
  const Json* list = member(call, name);
  if (list == nullptr || !list->is_array()) return;
  std::string_view title = name;
  for (const Json& item : list->get_array()) {
    facts.add(title, line(item));
    title = "";
  }
}

Exit show_one(const Json& call, const Process& process) {
  if (text(call, "id").empty()) return not_understood(process);
  Style style = Style::of(process);
  Facts facts(style);
  std::string outcome = text(call, "outcome");
  facts.add("call", text(call, "id"), Colour::bold);
  facts.add("started", text(call, "started_at"));
  facts.add("outcome", outcome, colour_of_outcome(outcome));
  facts.add("status", count_of(call, "status"));
  facts.add("took", took_of(call, "duration_ms"));
  facts.add("first token", took_of(call, "ttft_ms"));
  if (std::optional<std::int64_t> us = whole(call, "overhead_us")) {
    facts.add("overhead", fmt::format("{} µs", with_thousands(*us)));
  }
  for (std::string_view name : {"key_id", "org", "team", "user", "agent", "session", "trace"}) {
    facts.add(name == "key_id" ? "key" : name, text(call, name));
  }
  facts.add("labels", joined(call, "labels"));
  facts.add("operation",
            fmt::format("{} ({})", text(call, "operation"), text(call, "client_dialect")));
  facts.add("model", text(call, "model_requested"));
  facts.add("provider", text(call, "provider"));
  facts.add("served model", text(call, "model_served"));
  facts.add("region", text(call, "region"));
  facts.add("tokens", tokens_of(call));
  facts.add("cost", cost_of(call));
  facts.add("overrun",
            text(call, "overrun_usd") == text_of(NanoUsd{}) ? "" : usd_of(call, "overrun_usd"));
  facts.add("expected cost", usd_of(call, "expected_cost_usd"));
  facts.add("highest cost", usd_of(call, "upper_cost_usd"));
  facts.add("delivered", count_of(call, "delivered_tokens"));
  facts.add("overshoot", count_of(call, "overshoot_tokens"));
  add_list(facts, call, "attempts", attempt_line);
  add_list(facts, call, "decisions", decision_line);
  add_list(facts, call, "ratings", rating_line);
  return show(process, facts.text());
}

}  // namespace

Exit run_calls(const Invocation& invocation, const Process& process) {
  bool one = !invocation.arguments().empty();
  if (invocation.has("follow")) return follow_calls(invocation, process);
  for (std::string_view name : filters) {
    if (!one || !invocation.has(name)) continue;
    return complain(process, Exit::usage,
                    fmt::format("--{} is for a list; a call with an ID is one", name));
  }
  std::string target = one ? "/admin/calls/" + percent_encoded(invocation.arguments().front())
                           : list_target(invocation);
  std::expected<std::string, Exit> body = ask_remote(invocation, process, Method::get, target);
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> json = parse_json(*body);
  if (!json) return not_understood(process);
  return one ? show_one(*json, process) : show_list(*json, process);
}

}  // namespace recloser::cli
