// budget list, budget show, budget adjust.
#include "cli/admin_client.h"
#include "cli/budget_words.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using net::http1::Method;

std::string list_target(const Invocation& invocation) {
  std::string target = "/admin/budgets";
  char before = '?';
  for (std::string_view name : {"name", "key", "limit", "cursor"}) {
    if (!invocation.has(name)) continue;
    target += fmt::format("{}{}={}", before, name, percent_encoded(invocation.value(name)));
    before = '&';
  }
  return target;
}

std::string per_cent(const Json& budget) {
  std::optional<double> ratio = number(budget, "ratio");
  return ratio ? fmt::format("{:.0f} %", *ratio * 100) : "-";
}

Colour colour_of(const Json& budget) {
  double ratio = number(budget, "ratio").value_or(0);
  if (ratio >= 1) return Colour::red;
  return ratio >= 0.8 ? Colour::yellow : Colour::none;
}

std::string window_of(const Json& budget) {
  const Json* window = member(budget, "window");
  if (window == nullptr) return "-";
  std::string all = text(*window, "type");
  for (std::string_view name : {"period", "duration", "timezone", "idle_timeout", "max_age"}) {
    std::string part = text(*window, name);
    if (!part.empty()) all += ' ' + part;
  }
  return all;
}

// A column of dashes tells nothing.
bool any_forecast(const std::vector<Json>& accounts) {
  return std::ranges::any_of(
      accounts, [](const Json& account) { return !text(account, "exhausted_at").empty(); });
}

std::vector<Cell> figures(const Json& budget, bool forecast) {
  std::vector<Cell> cells{{or_dash(text(budget, "key")), Colour::none},
                          {amount(budget, "limit"), Colour::none},
                          {amount(budget, "spent"), colour_of(budget)},
                          {amount(budget, "reserved"), Colour::none},
                          {amount(budget, "remaining"), Colour::none},
                          {per_cent(budget), colour_of(budget)},
                          {std::to_string(whole(budget, "open_calls").value_or(0)), Colour::none},
                          {minute(budget, "resets_at"), Colour::none}};
  if (forecast) cells.push_back({minute(budget, "exhausted_at"), Colour::none});
  return cells;
}

std::vector<Column> columns_of_figures(bool forecast) {
  std::vector<Column> columns{{"KEY"},        {"LIMIT", true}, {"SPENT", true}, {"HELD", true},
                              {"LEFT", true}, {"USED", true},  {"OPEN", true},  {"RESETS (UTC)"}};
  if (forecast) columns.push_back({"SPENT UP BY (UTC)"});
  return columns;
}

std::optional<std::vector<Json>> accounts_in(const Json& page) {
  const Json* data = member(page, "data");
  if (data == nullptr || !data->is_array()) return std::nullopt;
  return std::vector<Json>(data->get_array().begin(), data->get_array().end());
}

std::string more_of(const Json& page) {
  std::string next = text(page, "next");
  return next.empty() ? "" : fmt::format("There are more: --cursor {}\n", shell_word(next));
}

Exit show_list(const Json& page, const Process& process) {
  std::optional<std::vector<Json>> accounts = accounts_in(page);
  if (!accounts) return not_understood(process);
  if (accounts->empty()) return show(process, "There are no such accounts of budgets.\n");
  bool forecast = any_forecast(*accounts);
  std::vector<Column> columns = columns_of_figures(forecast);
  columns.insert(columns.begin(), {"BUDGET"});
  Table table(std::move(columns));
  for (const Json& account : *accounts) {
    std::vector<Cell> cells = figures(account, forecast);
    cells.insert(cells.begin(), {text(account, "name"), Colour::none});
    table.add(std::move(cells));
  }
  return show(process, table.text(Style::of(process)) + more_of(page));
}

// What was added to limits, and until when; "" when nothing is.
std::string added_of(const Json& adjustments, const Style& style) {
  std::optional<std::vector<Json>> added = accounts_in(adjustments);
  if (!added || added->empty()) return "";
  Table table({{"KEY"}, {"ADDED", true}, {"UNTIL (UTC)"}, {"WHO"}, {"REASON"}});
  for (const Json& adjustment : *added) {
    table.add({{or_dash(text(adjustment, "key")), Colour::none},
               {amount(adjustment, "amount"), Colour::none},
               {minute(adjustment, "expires_at"), Colour::none},
               {text(adjustment, "who"), Colour::none},
               {text(adjustment, "reason"), Colour::none}});
  }
  return '\n' + table.text(style);
}

Exit show_one(std::string_view name, const Json& page, const Json& adjustments,
              const Process& process) {
  std::optional<std::vector<Json>> accounts = accounts_in(page);
  if (!accounts) return not_understood(process);
  if (accounts->empty()) {
    return show(process, fmt::format("Nothing has been charged to the budget {} yet.\n", name));
  }
  const Json& first = accounts->front();
  std::string out =
      fmt::format("budget   {}\ncounts   {}, {}\nreserve  {}\nowner    {}\ncontact  {}\n\n",
                  text(first, "name"), unit_of(first), window_of(first), text(first, "reserve"),
                  or_dash(text(first, "owner")), or_dash(text(first, "contact")));
  bool forecast = any_forecast(*accounts);
  Table table(columns_of_figures(forecast));
  for (const Json& account : *accounts) table.add(figures(account, forecast));
  Style style = Style::of(process);
  return show(process, out + table.text(style) + more_of(page) + added_of(adjustments, style));
}

std::string adjust_body(const Invocation& invocation) {
  std::string body;
  JsonWriter json(body);
  json.open_object();
  for (std::string_view name : {"key", "add", "set", "reset", "reason", "expires"}) {
    if (invocation.has(name)) json.member(name, invocation.value(name));
  }
  json.close_object();
  return body;
}

}  // namespace

Exit run_budget_list(const Invocation& invocation, const Process& process) {
  std::expected<std::string, Exit> body =
      ask_remote(invocation, process, Method::get, list_target(invocation));
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> page = parse_json(*body);
  return page ? show_list(*page, process) : not_understood(process);
}

Exit run_budget_show(const Invocation& invocation, const Process& process) {
  const std::string& name = invocation.arguments().front();
  std::string target = "/admin/budgets?limit=1000&name=" + percent_encoded(name);
  std::expected<std::string, Exit> body = ask_remote(invocation, process, Method::get, target);
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  target =
      fmt::format("/admin/budgets/{}/adjustments?limit=1000&in_force=true", percent_encoded(name));
  std::expected<std::string, Exit> added = ask_remote(invocation, process, Method::get, target);
  if (!added) return added.error();
  std::optional<Json> page = parse_json(*body);
  std::optional<Json> adjustments = parse_json(*added);
  if (!page || !adjustments) return not_understood(process);
  return show_one(name, *page, *adjustments, process);
}

Exit run_budget_adjust(const Invocation& invocation, const Process& process) {
  int ways = invocation.has("add") + invocation.has("set") + invocation.has("reset");
  if (ways != 1) return complain(process, Exit::usage, "say one of --add, --set and --reset");
  if (!invocation.has("reason")) {
    return complain(process, Exit::usage, "say why with --reason TEXT; it is kept in the ledger");
  }
  std::string target =
      fmt::format("/admin/budgets/{}/adjust", percent_encoded(invocation.arguments().front()));
  std::expected<std::string, Exit> body =
      ask_remote(invocation, process, Method::post, target, adjust_body(invocation));
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> account = parse_json(*body);
  if (!account || text(*account, "name").empty()) return not_understood(process);
  std::string key = text(*account, "key");
  return show(process, fmt::format("The budget {}{}{}{} has a limit of {}: {} spent, {} held, {} "
                                   "left.\n",
                                   text(*account, "name"), key.empty() ? "" : " (", key,
                                   key.empty() ? "" : ")", amount(*account, "limit"),
                                   amount(*account, "spent"), amount(*account, "reserved"),
                                   amount(*account, "remaining")));
}

}  // namespace recloser::cli
