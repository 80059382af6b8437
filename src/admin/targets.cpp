#include "admin/targets.h"

#include "admin/json_object.h"
#include "admin/ratings.h"
#include "admin/request.h"
#include "core/json_writer.h"
#include "core/limits.h"
#include "core/names.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

using route::TargetHealth;

constexpr std::string_view drain_prefix = "drain/";
constexpr std::array<std::string_view, 4> fields{"drained", "now", "reason", "who"};
constexpr std::string_view who_default = "admin";
constexpr std::size_t name_bytes_max = 200;

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

std::string switch_of(std::string_view target) { return fmt::format("{}{}", drain_prefix, target); }

std::string_view target_of(std::string_view switch_name) {
  if (!switch_name.starts_with(drain_prefix)) return {};
  switch_name.remove_prefix(drain_prefix.size());
  std::size_t slash = switch_name.find('/');
  bool both = slash != switch_name.npos && slash != 0 && slash + 1 != switch_name.size();
  return both ? switch_name : std::string_view();
}

void text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void time_or_null(JsonWriter& json, std::string_view name, std::optional<Instant> at,
                  const Moment& moment) {
  json.key(name);
  at ? json.value(rfc3339(moment.of(*at))) : json.null();
}

// Microseconds are as exact as anybody needs.
void ms_or_null(JsonWriter& json, std::string_view name, std::optional<Duration> duration) {
  json.key(name);
  duration ? json.value(std::round(static_cast<double>(duration->count()) / 1e3) / 1e3)
           : json.null();
}

std::optional<Instant> only_if(bool known, Instant at) {
  return known ? std::optional(at) : std::nullopt;
}

// A state, and since when: nothing where it was never another.
void add_state(JsonWriter& json, route::State state, Instant since, Instant until, bool ever,
               const Moment& moment) {
  json.member("state", route::name_of(state));
  time_or_null(json, "since", only_if(ever, since), moment);
  time_or_null(json, "until", only_if(state == route::State::tripped, until), moment);
}

void add_key(JsonWriter& json, const route::KeyState::Standing& key, const Moment& moment) {
  bool ever = key.since != Instant{};
  json.key("key").open_object();
  add_state(json, key.state, key.since, key.until, ever, moment);
  bool trouble = key.trouble != route::KeyTrouble::none;
  text_or_null(json, "trouble", trouble ? route::name_of(key.trouble) : "");
  json.close_object();
}

void add_probe(JsonWriter& json, const TargetHealth::Standing& standing, const Moment& moment) {
  json.key("probe");
  if (!standing.probe) {
    json.null();
    return;
  }
  const route::ProbeReport& report = *standing.probe;
  json.open_object().member("passed", report.last.passed);
  json.member("at", rfc3339(moment.of(report.last.at))).key("status");
  report.last.status != 0 ? json.value(report.last.status) : json.null();
  json.member("in_a_row", report.in_a_row).close_object();
}

void add_gauges(JsonWriter& json, const TargetHealth::Standing& standing, const Moment& moment) {
  json.key("gauges").open_array();
  for (std::size_t i = 0; i < route::quota_unit_count; ++i) {
    const route::Gauge& gauge = standing.gauges[i];
    if (!gauge.known) continue;
    json.open_object().member("unit", route::name_of(static_cast<route::QuotaUnit>(i)));
    json.member("limit", gauge.limit).member("remaining", gauge.remaining);
    json.member("read_at", rfc3339(moment.of(gauge.read)));
    json.member("full_at", rfc3339(moment.of(gauge.full))).close_object();
  }
  json.close_array();
}

void add_calls(JsonWriter& json, const TargetHealth::Standing& standing) {
  json.member("calls", standing.lately.calls).member("failed", standing.lately.marked);
  json.member("window_s", route::Breaker::window / 1s);
  json.member("running", standing.running).key("limit");
  bool limited = standing.limit != route::ConcurrencyLimit::none;
  limited ? json.value(standing.limit) : json.null();
  json.member("waiting", standing.waiting).member("turned_away", standing.turned_away);
  bool known = standing.ewma_ttft > Duration{0};
  ms_or_null(json, "ttft_ms", known ? std::optional(standing.ewma_ttft) : std::nullopt);
  ms_or_null(json, "ttft_p50_ms", standing.p50_ttft);
  ms_or_null(json, "ttft_p95_ms", standing.p95_ttft);
  json.key("ends").open_object();
  for (std::uint8_t i = 0; i < route::attempt_end_count; ++i) {
    if (standing.ends[i] == 0) continue;
    json.member(route::name_of(static_cast<route::AttemptEnd>(i)), standing.ends[i]);
  }
  json.close_object();
}

void add_drain(JsonWriter& json, const TargetHealth::Standing& standing,
               std::span<const ledger::Switch> switches) {
  json.member("drained", standing.drained).key("drain");
  auto drain = std::ranges::find(switches, switch_of(standing.name), &ledger::Switch::name);
  if (!standing.drained || drain == switches.end()) {
    json.null();
    return;
  }
  json.open_object().member("since", rfc3339(drain->since));
  text_or_null(json, "reason", drain->reason);
  json.member("who", drain->who).close_object();
}

void append(std::string& out, const TargetHealth& target, std::span<const ledger::Switch> switches,
            const Moment& moment) {
  TargetHealth::Standing standing = target.standing(moment.now);
  // As a small call of somebody who has done no harm would find it.
  route::Admission admission = target.would_admit({}, moment.now);
  bool held = !admission.passes();
  bool ends = held && admission.until > moment.now && admission.until != Instant::never();
  bool ever = standing.trips != 0;
  JsonWriter json(out);
  json.open_object().member("target", standing.name);
  add_state(json, standing.state, standing.since, standing.until, ever, moment);
  text_or_null(json, "why", standing.why);
  json.member("trips_in_a_row", standing.trips_in_a_row).member("trips", standing.trips);
  text_or_null(json, "held_by", held ? route::name_of(admission.why) : "");
  time_or_null(json, "held_until", only_if(ends, admission.until), moment);
  add_drain(json, standing, switches);
  add_calls(json, standing);
  json.member("principals_failing", standing.own_breakers);
  add_key(json, standing.key, moment);
  add_probe(json, standing, moment);
  bool cooling = standing.cooling_until > moment.now;
  time_or_null(json, "cooling_until", only_if(cooling, standing.cooling_until), moment);
  add_gauges(json, standing, moment);
  json.close_object();
}

Error unknown_target(std::string_view name, const route::Health& health, Instant now) {
  std::vector<std::string_view> names;
  for (const TargetHealth::Standing& standing : health.list(now)) names.push_back(standing.name);
  return Error(
      Side::client, Kind::not_found,
      fmt::format("there is no target '{}'{}; a target is PROVIDER/MODEL, as /admin/targets "
                  "lists them",
                  shown(name), did_you_mean(name, names)));
}

Result<void> read_field(const JsonMember& member, Draining& draining,
                        std::optional<bool>& drained) {
  if (std::ranges::find(fields, member.name) == fields.end()) {
    return malformed(fmt::format("a target has no field '{}'{}; there are {}", shown(member.name),
                                 did_you_mean(member.name, fields), listed(fields)));
  }
  bool truth = member.name == "drained" || member.name == "now";
  JsonMember::Kind wanted = truth ? JsonMember::Kind::boolean : JsonMember::Kind::text;
  if (member.kind != wanted) {
    return malformed(fmt::format("{} must be {}; you sent {}", member.name,
                                 truth ? "true or false" : "a string", name_of(member.kind)));
  }
  if (member.name == "drained") drained = member.truth;
  if (member.name == "now") draining.now = member.truth;
  if (member.name == "reason") draining.reason = member.text;
  if (member.name == "who") draining.who = member.text;
  return {};
}

}  // namespace

void TargetBoard::follow() {
  std::shared_ptr<const relay::SwitchSet> switches = switches_.current().current();
  for (const std::string& name : switches->on()) {
    std::string_view target = target_of(name);
    if (target.empty()) continue;
    std::size_t slash = target.find('/');
    TargetHealth* known = health_.find(target);
    if (known == nullptr) known = &health_.of(target.substr(0, slash), target.substr(slash + 1));
    if (known->name() == target) known->drain(true);
  }
  for (const TargetHealth::Standing& standing : health_.list({})) {
    if (!standing.drained || switches->is_on(switch_of(standing.name))) continue;
    health_.drain(standing.name, false);
  }
}

Result<std::string> TargetBoard::list_json(const Moment& moment) {
  Result<std::vector<ledger::Switch>> switches = board_.all();
  if (!switches) return fail(switches.error());
  std::string out = R"({"data":[)";
  for (const TargetHealth::Standing& standing : health_.list(moment.now)) {
    if (!out.ends_with('[')) out += ',';
    append(out, *health_.find(standing.name), *switches, moment);
  }
  return out + R"(],"next":null})";
}

Result<std::string> TargetBoard::one_json(std::string_view name, const Moment& moment) {
  TargetHealth* target = health_.find(name);
  if (target == nullptr) return fail(unknown_target(name, health_, moment.now));
  return json_of(*target, moment);
}

Result<std::string> TargetBoard::put(const Draining& draining, const Moment& moment) {
  TargetHealth* target = health_.find(draining.target);
  if (target == nullptr) return fail(unknown_target(draining.target, health_, moment.now));
  Result<std::string> thrown = board_.put({.name = switch_of(draining.target),
                                           .on = draining.drained,
                                           .since = moment.wall,
                                           .reason = draining.reason,
                                           .who = draining.who});
  if (!thrown) return fail(thrown.error());
  relay::LeftTarget left;
  if (draining.drained && draining.now) left = leave_(draining.target);
  Result<std::string> json = json_of(*target, moment);
  if (json && draining.drained && draining.now) {
    json->pop_back();
    *json += fmt::format(",\"switched\":{},\"staying\":{}}}", left.switched, left.staying);
  }
  return json;
}

Result<std::string> TargetBoard::json_of(TargetHealth& target, const Moment& moment) {
  Result<std::vector<ledger::Switch>> switches = board_.all();
  if (!switches) return fail(switches.error());
  std::string out;
  append(out, target, *switches, moment);
  return out;
}

std::string stopped_by_drain(std::string_view switch_name) {
  std::string_view target = target_of(switch_name);
  return target.empty() ? "" : fmt::format("new calls to the target {}", shown(target));
}

Result<Draining> read_draining(std::string_view target, std::string_view body) {
  Draining draining{.target = std::string(target), .reason = {}, .who = std::string(who_default)};
  Result<void> fits = check_name(Side::client, "the name", target, name_bytes_max);
  if (!fits) return fail(fits.error());
  Result<std::vector<JsonMember>> members = read_json_object(body);
  if (!members) return fail(members.error());
  std::optional<bool> drained;
  for (const JsonMember& member : *members) {
    Result<void> read = read_field(member, draining, drained);
    if (!read) return fail(read.error());
  }
  if (!drained) return malformed("say whether it is drained: true or false");
  draining.drained = *drained;
  if (!draining.reason.empty()) fits = check_reason(draining.reason, "the target is drained");
  if (!fits) return fail(fits.error());
  fits = check_name(Side::client, "who", draining.who, limits::principal_name_bytes_max);
  if (!fits) return fail(fits.error());
  return draining;
}

}  // namespace recloser::admin
