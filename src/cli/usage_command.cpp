// usage: sums over the books as a table, JSON or CSV.
#include "cli/admin_client.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/run_commands.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr Duration sums_time_max = 10min;  // over very many calls
constexpr std::string_view by_default = "model";

constexpr std::array<std::string_view, 12> passed_on{"since", "until",    "org",   "team",
                                                     "user",  "key",      "agent", "session",
                                                     "model", "provider", "label", "outcome"};

std::string_view by_of(const Invocation& invocation) {
  return invocation.has("by") ? invocation.value("by") : by_default;
}

std::string target_of(const Invocation& invocation) {
  std::string target = "/admin/usage?by=" + percent_encoded(by_of(invocation));
  for (std::string_view name : passed_on) {
    if (!invocation.has(name)) continue;
    target += fmt::format("&{}={}", name, percent_encoded(invocation.value(name)));
  }
  if (invocation.has("rated")) target += "&rated=latest";
  if (invocation.has("csv")) target += "&format=csv";
  return target;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    std::string_view part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), part.size() + 1));
    parts.emplace_back(part);
  }
  return parts;
}

// Digits of any length, which JSON numbers of programs are not.
std::string count(const Json& row, std::string_view name) {
  std::optional<std::int64_t> number = whole(row, name);
  return number ? with_thousands(*number) : "-";
}

void add_figures(std::vector<Cell>& cells, const Json& row, Colour colour) {
  for (std::string_view name :
       {"calls", "refused", "input_tokens", "cached_input_tokens", "output_tokens"}) {
    cells.push_back({count(row, name), colour});
  }
  cells.push_back({human_usd(text(row, "cost_usd")), colour});
  cells.push_back({human_usd(text(row, "list_cost_usd")), colour});
  cells.push_back({count(row, "estimated_calls"), colour});
  cells.push_back({count(row, "unpriced_calls"), colour});
}

std::string upper(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

Exit show_table(const Invocation& invocation, const Json& sums, const Process& process) {
  const Json* data = member(sums, "data");
  const Json* total = member(sums, "total");
  if (data == nullptr || !data->is_array() || total == nullptr) return not_understood(process);
  if (data->get_array().empty()) return show(process, "There are no such calls.\n");
  std::vector<std::string> by = split(by_of(invocation));
  std::vector<std::string> titles;
  for (const std::string& name : by) titles.push_back(upper(name));
  std::vector<Column> columns;
  for (const std::string& title : titles) columns.push_back({title});
  for (std::string_view title : {"CALLS", "REFUSED", "INPUT", "CACHED", "OUTPUT", "COST",
                                 "AT LIST PRICE", "ESTIMATED", "UNPRICED"}) {
    columns.push_back({title, true});
  }
  Table table(std::move(columns));
  for (const Json& row : data->get_array()) {
    std::vector<Cell> cells;
    for (const std::string& name : by) cells.push_back({or_dash(text(row, name)), Colour::none});
    add_figures(cells, row, Colour::none);
    table.add(std::move(cells));
  }
  std::vector<Cell> last(by.size());
  if (!last.empty()) last.front() = {"total", Colour::bold};
  add_figures(last, *total, Colour::bold);
  if (!by.empty()) table.add(std::move(last));
  return show(process, table.text(Style::of(process)));
}

}  // namespace

Exit run_usage(const Invocation& invocation, const Process& process) {
  if (invocation.has("csv") && invocation.has("json")) {
    return complain(process, Exit::usage, "--csv and --json are two forms; choose one");
  }
  std::expected<std::string, Exit> body = ask_remote(invocation, process, net::http1::Method::get,
                                                     target_of(invocation), {}, sums_time_max);
  if (!body) return body.error();
  if (invocation.has("json") || invocation.has("csv")) return show(process, *body);
  std::optional<Json> sums = parse_json(*body);
  return sums ? show_table(invocation, *sums, process) : not_understood(process);
}

}  // namespace recloser::cli
