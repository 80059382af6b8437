// explain: one call as a story, from who asked to what came of it.
#include "cli/admin_client.h"
#include "cli/call_table.h"
#include "cli/facts.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/run_commands.h"
#include "route/plan.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using net::http1::Method;

// The members of a list; none where there is no list.
std::span<const Json> items_of(const Json& object, std::string_view name) {
  const Json* list = member(object, name);
  if (list == nullptr || !list->is_array()) return {};
  return {list->get_array().data(), list->get_array().size()};
}

void add_section(std::string& out, const Style& style, std::string_view title,
                 const std::string& content) {
  fmt::format_to(std::back_inserter(out), "\n{}\n{}", style.paint(Colour::bold, title), content);
}

// "key ci, user ada, agent crawler, team search, org acme"
std::string who_of(const Json& call) {
  std::string who;
  auto add = [&](std::string_view what, std::string_view name) {
    std::string value = text(call, name);
    if (value.empty()) return;
    fmt::format_to(std::back_inserter(who), "{}{} {}", who.empty() ? "" : ", ", what, value);
  };
  add("key", "key_id");
  add("user", "user");
  add("agent", "agent");
  add("team", "team");
  add("org", "org");
  return who;
}

std::string beginning_of(const Json& call, const Style& style) {
  Facts facts(style);
  facts.add("call", text(call, "id"), Colour::bold);
  facts.add("when", text(call, "started_at"));
  facts.add("who", who_of(call));
  facts.add("asked for",
            fmt::format("{}, {} in the dialect {}", or_dash(text(call, "model_requested")),
                        or_dash(text(call, "operation")), or_dash(text(call, "client_dialect"))));
  facts.add("session", text(call, "session"));
  facts.add("labels", joined(call, "labels"));
  return facts.text();
}

// "cannot do tools", of the name that the row has.
std::string words_of_why_not(std::string_view name) {
  for (unsigned i = 1; i < route::why_not_count; ++i) {
    auto why = static_cast<route::WhyNot>(i);
    if (route::name_of(why) == name) return std::string(route::words_of(why));
  }
  return std::string(name);
}

// Attempts that went there: "1", "1, 3"; else why not.
std::string asked_of(const Json& call, const Json& target) {
  std::string name = text(target, "target");
  std::string numbers;
  for (const Json& attempt : items_of(call, "attempts")) {
    if (text(attempt, "target") != name) continue;
    fmt::format_to(std::back_inserter(numbers), "{}{}", numbers.empty() ? "attempt " : ", ",
                   count_of(attempt, "n"));
  }
  if (!numbers.empty()) return numbers;
  std::string why_not = text(target, "why_not");
  return why_not.empty() ? "no need" : "no: it " + words_of_why_not(why_not);
}

void add_targets(std::string& out, const Json& call, const Style& style) {
  const Json* route = member(call, "route");
  if (route == nullptr) return;
  Table table({{"TARGET"}, {"STATE"}, {"FIRST", true}, {"ASKED"}});
  for (const Json& target : items_of(*route, "targets")) {
    std::string state = text(target, "state");
    bool known = number(target, "ttft_ms").value_or(0) > 0;
    table.add({{text(target, "target"), Colour::none},
               {or_dash(state), state == "passing" ? Colour::green : Colour::yellow},
               {known ? took_of(target, "ttft_ms") : "-", Colour::none},
               {asked_of(call, target), Colour::none}});
  }
  std::string balance = text(*route, "balance");
  std::string by = balance == "least_latency" ? "one that answers sooner before the others"
                                              : "in proportion to their weights";
  if (truth(*route, "sticky")) by += ", sessions together";
  add_section(out, style, fmt::format("Targets at that moment, {}", by), table.text(style));
}

// How long after the call, "+1.0 ms".
std::string offset_of(const Json& call, const Json& attempt) {
  Result<WallTime> begun = parse_rfc3339(text(call, "started_at"));
  Result<WallTime> at = parse_rfc3339(text(attempt, "started_at"));
  if (!begun || !at) return "-";
  return "+" + human_ms(static_cast<double>((*at - *begun) / 1ms));
}

void add_attempts(std::string& out, const Json& call, const Style& style) {
  std::span<const Json> attempts = items_of(call, "attempts");
  if (attempts.empty()) {
    add_section(out, style, "Attempts", "None: no provider was asked.\n");
    return;
  }
  Table table({{"N", true},
               {"TARGET"},
               {"BEGUN", true},
               {"FIRST", true},
               {"STATUS", true},
               {"OUTCOME"},
               {"ERROR"},
               {"INPUT", true},
               {"OUTPUT", true},
               {"COST", true}});
  for (const Json& attempt : attempts) {
    std::string outcome = text(attempt, "outcome");
    table.add({{count_of(attempt, "n"), Colour::none},
               {text(attempt, "target"), Colour::none},
               {offset_of(call, attempt), Colour::none},
               {took_of(attempt, "ttft_ms"), Colour::none},
               {count_of(attempt, "status"), Colour::none},
               {or_dash(outcome), colour_of_outcome(outcome)},
               {or_dash(text(attempt, "error_class")), Colour::none},
               {count_of(attempt, "input_tokens"), Colour::none},
               {count_of(attempt, "output_tokens"), Colour::none},
               {usd_of(attempt, "cost_usd"), Colour::none}});
  }
  add_section(out, style, "Attempts", table.text(style));
}

std::string amount_of(const Json& budget, std::string_view name) {
  if (std::string usd = usd_of(budget, fmt::format("{}_usd", name)); usd != "-") return usd;
  return count_of(budget, name);
}

void add_budgets(std::string& out, const Json& call, const Style& style) {
  std::span<const Json> budgets = items_of(call, "budgets");
  if (budgets.empty()) return;
  Table table({{"BUDGET"}, {"KEY"}, {"UNIT"}, {"HELD", true}, {"CHARGED", true}, {"LEFT", true}});
  for (const Json& budget : budgets) {
    table.add({{text(budget, "name"), Colour::none},
               {or_dash(text(budget, "key")), Colour::none},
               {or_dash(text(budget, "unit")), Colour::none},
               {amount_of(budget, "reserved"), Colour::none},
               {amount_of(budget, "charged"), Colour::none},
               {amount_of(budget, "remaining"), Colour::none}});
  }
  add_section(out, style, "Budgets", table.text(style));
}

void add_decisions(std::string& out, const Json& call, const Style& style) {
  std::span<const Json> decisions = items_of(call, "decisions");
  if (decisions.empty()) return;
  std::string lines;
  for (const Json& decision : decisions) {
    if (whole(decision, "more")) {
      lines += fmt::format("and {} more\n", *whole(decision, "more"));
      continue;
    }
    std::string reason = text(decision, "reason");
    lines += fmt::format("{} by {} at {}{}{}\n", text(decision, "action"), text(decision, "rule"),
                         text(decision, "phase"), reason.empty() ? "" : ": ", reason);
  }
  add_section(out, style, "Decisions", lines);
}

void add_end(std::string& out, const Json& call, const Style& style) {
  Facts facts(style);
  std::string outcome = text(call, "outcome");
  std::string status = count_of(call, "status");
  facts.add("outcome", status == "-" ? outcome : fmt::format("{}, status {}", outcome, status),
            colour_of_outcome(outcome));
  std::string served = text(call, "model_served");
  if (served.empty()) {
    facts.add("provider", text(call, "provider"));
  } else {
    facts.add("served by", fmt::format("{}, {}", text(call, "provider"), served));
  }
  facts.add("tokens", tokens_of(call));
  facts.add("cost", cost_of(call));
  facts.add("first token", took_of(call, "ttft_ms"));
  facts.add("took", took_of(call, "duration_ms"));
  if (std::optional<std::int64_t> us = whole(call, "overhead_us")) {
    facts.add("overhead", fmt::format("{} µs of Recloser's", with_thousands(*us)));
  }
  add_section(out, style, "What came of it", facts.text());
}

}  // namespace

Exit run_explain(const Invocation& invocation, const Process& process) {
  std::string target = "/admin/calls/" + percent_encoded(invocation.arguments().front());
  std::expected<std::string, Exit> body = ask_remote(invocation, process, Method::get, target);
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> call = parse_json(*body);
  if (!call || text(*call, "id").empty()) return not_understood(process);
  Style style = Style::of(process);
  std::string out = beginning_of(*call, style);
  add_targets(out, *call, style);
  add_attempts(out, *call, style);
  add_budgets(out, *call, style);
  add_decisions(out, *call, style);
  add_end(out, *call, style);
  return show(process, out);
}

}  // namespace recloser::cli
