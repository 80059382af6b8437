// key create, list, set, disable, enable, rotate, revoke.
#include "cli/admin_client.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/limits_of.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using net::http1::Method;

std::string key_body(const Invocation& invocation) {
  std::string body;
  JsonWriter json(body);
  json.open_object();
  for (std::string_view name : {"id", "org", "team", "user", "agent"}) {
    if (invocation.has(name)) json.member(name, invocation.value(name));
  }
  append_terms(json, invocation);
  json.close_object();
  return body;
}

Colour colour_of_state(std::string_view state) {
  if (state == "active") return Colour::green;
  return state == "revoked" ? Colour::red : Colour::dim;
}

std::vector<Cell> key_row(const Json& key) {
  std::string state = text(key, "state");
  Colour colour = colour_of_state(state);
  std::string expires = text(key, "expires");
  return {
      {text(key, "id"), Colour::none},
      {state, colour},
      {or_dash(text(key, "org")), Colour::none},
      {or_dash(text(key, "team")), Colour::none},
      {or_dash(text(key, "user")), Colour::none},
      {or_dash(text(key, "agent")), Colour::none},
      {member(key, "models") == nullptr || joined(key, "models").empty() ? std::string("all")
                                                                         : joined(key, "models"),
       Colour::none},
      {limits_of(key), Colour::none},
      {short_time(text(key, "created_at")), Colour::none},
      {expires.empty() ? std::string("never") : short_time(expires), Colour::none},
      {truth(key, "declared") ? std::string("configuration") : std::string("stored"), Colour::dim}};
}

}  // namespace

Exit run_key_create(const Invocation& invocation, const Process& process) {
  std::expected<std::string, Exit> body =
      ask_remote(invocation, process, Method::post, "/admin/keys", key_body(invocation));
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> key = parse_json(*body);
  std::string secret = key ? text(*key, "secret") : std::string();
  if (secret.empty()) return not_understood(process);
  return show(process,
              fmt::format("The key {} is made. This is its secret, shown only this once:\n\n"
                          "    {}\n\n"
                          "Clients send it as their API key. `recloser key revoke {}` ends it.\n",
                          text(*key, "id"), Style::of(process).paint(Colour::bold, secret),
                          shell_word(text(*key, "id"))));
}

Exit run_key_list(const Invocation& invocation, const Process& process) {
  std::expected<std::string, Exit> body =
      ask_remote(invocation, process, Method::get, "/admin/keys");
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> page = parse_json(*body);
  const Json* data = page ? member(*page, "data") : nullptr;
  if (data == nullptr || !data->is_array()) return not_understood(process);
  if (data->get_array().empty()) {
    return show(process, "There are no keys; `recloser key create` makes one.\n");
  }
  Table table({{"ID"},
               {"STATE"},
               {"ORG"},
               {"TEAM"},
               {"USER"},
               {"AGENT"},
               {"MODELS"},
               {"LIMITS"},
               {"CREATED"},
               {"EXPIRES"},
               {"FROM"}});
  for (const Json& key : data->get_array()) table.add(key_row(key));
  return show(process, table.text(Style::of(process)));
}

namespace {

std::string path_of(const Invocation& invocation) {
  return "/admin/keys/" + percent_encoded(invocation.arguments().front());
}

// What came of a change, as `sentence` says it with the key's id; or the JSON.
Exit tell_change(const Invocation& invocation, const Process& process,
                 const std::expected<std::string, Exit>& body, std::string_view sentence) {
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> key = parse_json(*body);
  if (!key || text(*key, "id").empty()) return not_understood(process);
  std::string limits = limits_of(*key);
  return show(process, fmt::format(fmt::runtime(sentence), text(*key, "id"),
                                   limits == "-" ? std::string("no limit of its own") : limits));
}

}  // namespace

Exit run_key_set(const Invocation& invocation, const Process& process) {
  std::string body;
  JsonWriter json(body);
  json.open_object();
  append_terms(json, invocation);
  json.close_object();
  return tell_change(invocation, process,
                     ask_remote(invocation, process, Method::patch, path_of(invocation), body),
                     "The key {} is changed. It has now: {}.\n");
}

Exit run_key_disable(const Invocation& invocation, const Process& process) {
  return tell_change(
      invocation, process,
      ask_remote(invocation, process, Method::patch, path_of(invocation), R"({"disabled":true})"),
      "The key {0} is disabled: calls with it are refused, until `recloser key "
      "enable {0}`.\n");
}

Exit run_key_enable(const Invocation& invocation, const Process& process) {
  return tell_change(
      invocation, process,
      ask_remote(invocation, process, Method::patch, path_of(invocation), R"({"disabled":false})"),
      "The key {} is enabled.\n");
}

Exit run_key_rotate(const Invocation& invocation, const Process& process) {
  std::string asked;
  JsonWriter json(asked);
  json.open_object();
  if (invocation.has("grace")) json.member("grace", invocation.value("grace"));
  json.close_object();
  std::expected<std::string, Exit> body =
      ask_remote(invocation, process, Method::post, path_of(invocation) + "/rotate", asked);
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> key = parse_json(*body);
  std::string secret = key ? text(*key, "secret") : std::string();
  if (secret.empty()) return not_understood(process);
  std::string until = text(*key, "old_secret_until");
  return show(process,
              fmt::format("The key {} has a new secret, shown only this once:\n\n    {}\n\n{}\n",
                          text(*key, "id"), Style::of(process).paint(Colour::bold, secret),
                          until.empty() ? std::string("The old one is refused from now on.")
                                        : fmt::format("The old one is good until {} UTC.",
                                                      short_time(until))));
}

Exit run_key_revoke(const Invocation& invocation, const Process& process) {
  std::string target = "/admin/keys/" + percent_encoded(invocation.arguments().front());
  std::expected<std::string, Exit> body = ask_remote(invocation, process, Method::delete_, target);
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> key = parse_json(*body);
  if (!key || text(*key, "id").empty()) return not_understood(process);
  return show(process,
              fmt::format("The key {} is revoked: calls with it are refused.\n", text(*key, "id")));
}

}  // namespace recloser::cli
