// switch on, switch off, switch list.
#include "cli/admin_client.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using net::http1::Method;

bool is_on(const Json& setting) {
  const Json* on = member(setting, "on");
  return on != nullptr && on->is_bool() && on->get_bool();
}

Exit throw_switch(const Invocation& invocation, const Process& process, bool on) {
  if (!invocation.has("reason")) {
    return complain(process, Exit::usage, "say why with --reason TEXT; it is kept");
  }
  std::string body;
  JsonWriter json(body);
  json.open_object().member("on", on).member("reason", invocation.value("reason"));
  if (invocation.has("who")) json.member("who", invocation.value("who"));
  json.close_object();
  std::string target = "/admin/switches/" + percent_encoded(invocation.arguments().front());
  std::expected<std::string, Exit> answer =
      ask_remote(invocation, process, Method::put, target, body);
  if (!answer) return answer.error();
  if (invocation.has("json")) return show(process, *answer);
  std::optional<Json> setting = parse_json(*answer);
  if (!setting || text(*setting, "name").empty()) return not_understood(process);
  std::string stops = text(*setting, "stops");
  std::string what = stops.empty() ? "it stops nothing by itself" : "it stops " + stops;
  if (!on && !stops.empty()) what = "what it stopped passes again: " + stops;
  return show(process, fmt::format("The switch {} is {}: {}.\n", text(*setting, "name"),
                                   on ? "on" : "off", what));
}

}  // namespace

Exit run_switch_on(const Invocation& invocation, const Process& process) {
  return throw_switch(invocation, process, true);
}

Exit run_switch_off(const Invocation& invocation, const Process& process) {
  return throw_switch(invocation, process, false);
}

Exit run_switch_list(const Invocation& invocation, const Process& process) {
  std::expected<std::string, Exit> body =
      ask_remote(invocation, process, Method::get, "/admin/switches");
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> page = parse_json(*body);
  const Json* data = page ? member(*page, "data") : nullptr;
  if (data == nullptr || !data->is_array()) return not_understood(process);
  if (data->get_array().empty()) return show(process, "No switch was ever thrown.\n");
  Table table({{"SWITCH"}, {"IS"}, {"SINCE (UTC)"}, {"WHO"}, {"STOPS"}, {"REASON"}});
  for (const Json& setting : data->get_array()) {
    bool on = is_on(setting);
    std::string since = text(setting, "since");
    std::string minute = since.substr(0, 10) + ' ' + (since.size() < 16 ? "" : since.substr(11, 5));
    table.add({{text(setting, "name"), Colour::none},
               {on ? "on" : "off", on ? Colour::red : Colour::none},
               {std::move(minute), Colour::none},
               {text(setting, "who"), Colour::none},
               {or_dash(text(setting, "stops")), Colour::none},
               {text(setting, "reason"), Colour::none}});
  }
  return show(process, table.text(Style::of(process)));
}

}  // namespace recloser::cli
