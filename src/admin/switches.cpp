#include "admin/switches.h"

#include "admin/json_object.h"
#include "admin/ratings.h"
#include "admin/request.h"
#include "admin/targets.h"
#include "core/json_writer.h"
#include "core/limits.h"
#include "core/names.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

constexpr std::array<std::string_view, 3> fields{"on", "reason", "who"};
constexpr std::string_view who_default = "admin";
constexpr std::size_t name_bytes_max = 200;

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

std::string switch_json(const ledger::Switch& setting) {
  std::string out;
  JsonWriter json(out);
  json.open_object().member("name", setting.name).member("on", setting.on);
  json.member("since", rfc3339(setting.since)).member("reason", setting.reason);
  json.member("who", setting.who).key("stops");
  // What a name stops by itself, so that one that was mistyped is seen to stop nothing.
  std::string stops = relay::stopped_by_switch(setting.name);
  if (stops.empty()) stops = stopped_by_drain(setting.name);
  stops.empty() ? json.null() : json.value(stops);
  json.close_object();
  return out;
}

Result<void> read_field(const JsonMember& member, ledger::Switch& setting,
                        std::optional<bool>& on) {
  if (std::ranges::find(fields, member.name) == fields.end()) {
    return malformed(fmt::format("a switch has no field '{}'{}; there are {}", shown(member.name),
                                 did_you_mean(member.name, fields), listed(fields)));
  }
  if (member.name == "on") {
    if (member.kind != JsonMember::Kind::boolean) {
      return malformed(fmt::format("on must be true or false; you sent {}", name_of(member.kind)));
    }
    on = member.truth;
    return {};
  }
  if (member.kind != JsonMember::Kind::text) {
    return malformed(
        fmt::format("{} must be a string; you sent {}", member.name, name_of(member.kind)));
  }
  (member.name == "reason" ? setting.reason : setting.who) = member.text;
  return {};
}

}  // namespace

Result<void> SwitchBoard::restore() {
  Result<std::vector<ledger::Switch>> all = store_.switches();
  if (!all) return fail(all.error());
  for (const ledger::Switch& setting : *all) switches_.set(setting.name, setting.on);
  return {};
}

Result<std::string> SwitchBoard::list_json() {
  Result<std::vector<ledger::Switch>> all = store_.switches();
  if (!all) return fail(all.error());
  std::string out = R"({"data":[)";
  for (const ledger::Switch& setting : *all) {
    if (!out.ends_with('[')) out += ',';
    out += switch_json(setting);
  }
  return out + R"(],"next":null})";
}

Result<std::string> SwitchBoard::one_json(std::string_view name) {
  Result<std::vector<ledger::Switch>> all = store_.switches();
  if (!all) return fail(all.error());
  auto found = std::ranges::find(*all, name, &ledger::Switch::name);
  if (found != all->end()) return switch_json(*found);
  std::vector<std::string_view> names;
  for (const ledger::Switch& setting : *all) names.push_back(setting.name);
  return fail(
      Side::client, Kind::not_found,
      fmt::format("nobody has thrown a switch '{}' yet{}", shown(name), did_you_mean(name, names)));
}

Result<std::string> SwitchBoard::put(const ledger::Switch& setting) {
  {
    std::lock_guard lock(mutex_);
    Result<void> stored = store_.put_switch(setting);
    if (!stored) return fail(stored.error());
    switches_.set(setting.name, setting.on);
    thrown_();
  }
  return switch_json(setting);
}

Result<ledger::Switch> read_switch(std::string_view name, std::string_view body, WallTime now) {
  ledger::Switch setting{
      .name = std::string(name), .since = now, .reason = {}, .who = std::string(who_default)};
  Result<void> fits = check_name(Side::client, "the name", name, name_bytes_max);
  if (!fits) return fail(fits.error());
  Result<std::vector<JsonMember>> members = read_json_object(body);
  if (!members) return fail(members.error());
  std::optional<bool> on;
  for (const JsonMember& member : *members) {
    Result<void> read = read_field(member, setting, on);
    if (!read) return fail(read.error());
  }
  if (!on) return malformed("say whether it is on: true or false");
  setting.on = *on;
  fits = check_reason(setting.reason, "the switch is thrown");
  if (!fits) return fail(fits.error());
  fits = check_name(Side::client, "who", setting.who, limits::principal_name_bytes_max);
  if (!fits) return fail(fits.error());
  return setting;
}

}  // namespace recloser::admin
