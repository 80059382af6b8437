// key create, key list, key revoke.
#include "cli/admin_client.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"
#include "net/http1/list.h"

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using net::http1::Method;

std::string key_body(const Invocation& invocation) {
  std::string body;
  JsonWriter json(body);
  json.open_object();
  for (std::string_view name : {"id", "org", "team", "user", "agent", "expires"}) {
    if (invocation.has(name)) json.member(name, invocation.value(name));
  }
  for (std::string_view name : {"models", "labels"}) {
    if (!invocation.has(name)) continue;
    json.key(name).open_array();
    for (net::http1::ListItems items(invocation.value(name)); items.next();) {
      json.value(items.item());
    }
    json.close_array();
  }
  json.close_object();
  return body;
}

// "2027-01-01T00:00:00.000Z" as a day when it is the first moment of one, else to the minute.
std::string short_time(std::string_view rfc3339) {
  if (rfc3339.size() < 16) return std::string(rfc3339);
  std::string_view clock = rfc3339.substr(11);
  if (clock.starts_with("00:00:00.000")) return std::string(rfc3339.substr(0, 10));
  return fmt::format("{} {}", rfc3339.substr(0, 10), clock.substr(0, 5));
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
               {"CREATED"},
               {"EXPIRES"},
               {"FROM"}});
  for (const Json& key : data->get_array()) table.add(key_row(key));
  return show(process, table.text(Style::of(process)));
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
