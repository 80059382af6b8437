// budget request, approvals list, approvals approve, approvals deny.
#include "cli/admin_client.h"
#include "cli/budget_words.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"

#include <initializer_list>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using net::http1::Method;

void add_given(JsonWriter& json, const Invocation& invocation,
               std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    if (invocation.has(name)) json.member(name, invocation.value(name));
  }
}

// "team-day (team=search)".
std::string account_of(const Json& request) {
  std::string key = text(request, "key");
  return key.empty() ? text(request, "budget")
                     : fmt::format("{} ({})", text(request, "budget"), key);
}

Exit answer(const Invocation& invocation, const Process& process, std::string_view decision) {
  std::string body;
  JsonWriter json(body);
  json.open_object().member("decision", decision);
  bool approves = decision == "approve";
  approves ? add_given(json, invocation, {"add", "for", "reason", "who"})
           : add_given(json, invocation, {"reason", "who"});
  json.close_object();
  std::string target = "/admin/approvals/" + percent_encoded(invocation.arguments().front());
  std::expected<std::string, Exit> told =
      ask_remote(invocation, process, Method::post, target, body);
  if (!told) return told.error();
  if (invocation.has("json")) return show(process, *told);
  std::optional<Json> request = parse_json(*told);
  if (!request || text(*request, "id").empty()) return not_understood(process);
  if (!approves) {
    return show(process, fmt::format("Request {} is denied: the limit of {} stays as it is.\n",
                                     text(*request, "id"), account_of(*request)));
  }
  return show(process, fmt::format("Request {} is approved: the limit of {} is {} higher until {} "
                                   "UTC.\n",
                                   text(*request, "id"), account_of(*request),
                                   amount(*request, "added"), minute(*request, "until")));
}

}  // namespace

Exit run_budget_request(const Invocation& invocation, const Process& process) {
  if (!invocation.has("add")) return complain(process, Exit::usage, "say how much more: --add N");
  if (!invocation.has("reason")) {
    return complain(process, Exit::usage, "say what it is for with --reason TEXT; owners read it");
  }
  std::string body;
  JsonWriter json(body);
  json.open_object();
  add_given(json, invocation, {"key", "add", "for", "wait", "reason", "who"});
  json.close_object();
  std::string target =
      fmt::format("/admin/budgets/{}/request", percent_encoded(invocation.arguments().front()));
  std::expected<std::string, Exit> told =
      ask_remote(invocation, process, Method::post, target, body);
  if (!told) return told.error();
  if (invocation.has("json")) return show(process, *told);
  std::optional<Json> request = parse_json(*told);
  if (!request || text(*request, "id").empty()) return not_understood(process);
  std::string id = text(*request, "id");
  std::string contact = text(*request, "contact");
  if (contact.empty()) contact = text(*request, "owner");
  return show(
      process,
      fmt::format("Request {} waits until {} UTC for an answer{}{}: recloser approvals "
                  "approve {}\n",
                  id, minute(*request, "answer_by"), contact.empty() ? "" : " of ", contact, id));
}

Exit run_approvals_list(const Invocation& invocation, const Process& process) {
  std::string target =
      fmt::format("/admin/approvals?state={}", invocation.has("all") ? "all" : "waiting");
  for (std::string_view name : {"limit", "cursor"}) {
    if (!invocation.has(name)) continue;
    target += fmt::format("&{}={}", name, percent_encoded(invocation.value(name)));
  }
  std::expected<std::string, Exit> body = ask_remote(invocation, process, Method::get, target);
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> page = parse_json(*body);
  const Json* data = page ? member(*page, "data") : nullptr;
  if (data == nullptr || !data->is_array()) return not_understood(process);
  if (data->get_array().empty()) return show(process, "Nothing waits for an answer.\n");
  Table table({{"ID", true},
               {"STATE"},
               {"BUDGET"},
               {"MORE", true},
               {"FOR"},
               {"WHO"},
               {"ANSWER BY (UTC)"},
               {"REASON"}});
  for (const Json& request : data->get_array()) {
    std::string state = text(request, "state");
    table.add({{text(request, "id"), Colour::none},
               {state, state == "waiting" ? Colour::yellow : Colour::none},
               {account_of(request), Colour::none},
               {amount(request, "add"), Colour::none},
               {text(request, "for"), Colour::none},
               {text(request, "who"), Colour::none},
               {minute(request, "answer_by"), Colour::none},
               {text(request, "reason"), Colour::none}});
  }
  std::string next = text(*page, "next");
  std::string more = next.empty() ? "" : fmt::format("There are more: --cursor {}\n", next);
  return show(process, table.text(Style::of(process)) + more);
}

Exit run_approvals_approve(const Invocation& invocation, const Process& process) {
  return answer(invocation, process, "approve");
}

Exit run_approvals_deny(const Invocation& invocation, const Process& process) {
  return answer(invocation, process, "deny");
}

}  // namespace recloser::cli
