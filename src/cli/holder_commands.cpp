// org, team, user: set, list, remove.
#include "cli/admin_client.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/limits_of.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using net::http1::Method;

// "/admin/teams/search?org=acme"
std::string path_of(const Invocation& invocation, std::string_view kind) {
  std::string path =
      fmt::format("/admin/{}s/{}", kind, percent_encoded(invocation.arguments().front()));
  if (invocation.has("org")) path += "?org=" + percent_encoded(invocation.value("org"));
  return path;
}

std::string body_of(const Invocation& invocation) {
  std::string body;
  JsonWriter json(body);
  json.open_object();
  if (invocation.has("team")) json.member("team", invocation.value("team"));
  append_terms(json, invocation);
  if (invocation.has("disable")) json.member("disabled", true);
  if (invocation.has("enable")) json.member("disabled", false);
  std::string users;
  JsonWriter of_users(users);
  of_users.open_object();
  append_terms(of_users, invocation, "user-");
  of_users.close_object();
  if (users != "{}") json.key("userDefaults").raw(users);
  json.close_object();
  return body;
}

Exit set(const Invocation& invocation, const Process& process, std::string_view kind) {
  if (invocation.has("disable") && invocation.has("enable")) {
    return complain(process, Exit::usage, "say one of --disable and --enable");
  }
  std::expected<std::string, Exit> body = ask_remote(
      invocation, process, Method::patch, path_of(invocation, kind), body_of(invocation));
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> holder = parse_json(*body);
  if (!holder || text(*holder, "name").empty()) return not_understood(process);
  std::string users = "-";
  if (const Json* defaults = member(*holder, "userDefaults")) users = limits_of(*defaults);
  std::string limits = limits_of(*holder);
  return show(process, fmt::format("The {} {} is {}. Limits: {}; of each user: {}.\n", kind,
                                   text(*holder, "name"), text(*holder, "state"),
                                   limits == "-" ? "none" : limits, users == "-" ? "none" : users));
}

Exit list(const Invocation& invocation, const Process& process, std::string_view kind) {
  std::expected<std::string, Exit> body =
      ask_remote(invocation, process, Method::get, fmt::format("/admin/{}s", kind));
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> page = parse_json(*body);
  const Json* data = page ? member(*page, "data") : nullptr;
  if (data == nullptr || !data->is_array()) return not_understood(process);
  if (data->get_array().empty()) {
    return show(process,
                fmt::format("Nothing is said of any {0}; `recloser {0} set` does.\n", kind));
  }
  Table table(
      {{"NAME"}, {"ORG"}, {"STATE"}, {"LIMITS"}, {"EACH USER"}, {"MODELS"}, {"EXPIRES"}, {"FROM"}});
  for (const Json& holder : data->get_array()) {
    const Json* defaults = member(holder, "userDefaults");
    std::string models = joined(holder, "models");
    std::string expires = short_time(text(holder, "expires"));
    bool active = text(holder, "state") == "active";
    table.add({{text(holder, "name"), Colour::none},
               {or_dash(text(holder, "org")), Colour::none},
               {text(holder, "state"), active ? Colour::green : Colour::red},
               {limits_of(holder), Colour::none},
               {defaults == nullptr ? std::string("-") : limits_of(*defaults), Colour::none},
               {models.empty() ? std::string("all") : models, Colour::none},
               {expires.empty() ? std::string("never") : expires, Colour::none},
               {truth(holder, "declared") ? std::string("document") : std::string("stored"),
                Colour::dim}});
  }
  return show(process, table.text(Style::of(process)));
}

Exit remove(const Invocation& invocation, const Process& process, std::string_view kind) {
  std::expected<std::string, Exit> body =
      ask_remote(invocation, process, Method::delete_, path_of(invocation, kind));
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  return show(process, fmt::format("What was set of the {} {} is taken away.\n", kind,
                                   invocation.arguments().front()));
}

}  // namespace

Exit run_org_set(const Invocation& invocation, const Process& process) {
  return set(invocation, process, "org");
}
Exit run_org_list(const Invocation& invocation, const Process& process) {
  return list(invocation, process, "org");
}
Exit run_org_remove(const Invocation& invocation, const Process& process) {
  return remove(invocation, process, "org");
}
Exit run_team_set(const Invocation& invocation, const Process& process) {
  return set(invocation, process, "team");
}
Exit run_team_list(const Invocation& invocation, const Process& process) {
  return list(invocation, process, "team");
}
Exit run_team_remove(const Invocation& invocation, const Process& process) {
  return remove(invocation, process, "team");
}
Exit run_user_set(const Invocation& invocation, const Process& process) {
  return set(invocation, process, "user");
}
Exit run_user_list(const Invocation& invocation, const Process& process) {
  return list(invocation, process, "user");
}
Exit run_user_remove(const Invocation& invocation, const Process& process) {
  return remove(invocation, process, "user");
}

}  // namespace recloser::cli
