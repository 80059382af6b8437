#include "admin/key_requests.h"

#include "admin/json_object.h"
#include "admin/request.h"
#include "config/load.h"
#include "core/limits.h"
#include "core/names.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

constexpr std::array<std::string_view, 12> fields{"id",     "org",    "team",   "user",
                                                  "agent",  "models", "labels", "expires",
                                                  "budget", "rpm",    "tpm",    "concurrency"};
constexpr std::array<std::string_view, 8> changeable{"models", "labels", "expires", "disabled",
                                                     "budget", "rpm",    "tpm",     "concurrency"};
constexpr std::array<std::string_view, 4> limit_fields{"budget", "rpm", "tpm", "concurrency"};
constexpr std::array<std::string_view, 5> of_whom{"id", "org", "team", "user", "agent"};
// The language knows them; this version cannot hold anybody to them.
constexpr std::array<std::string_view, 4> not_built{"plan", "roles", "groups", "residency"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

Result<void> unknown_field(std::string_view name, std::span<const std::string_view> known) {
  if (is_one_of(name, not_built)) {
    return fail(Side::client, Kind::unsupported,
                fmt::format("{} of a key is not supported in this version", shown(name)));
  }
  return malformed(fmt::format("a key has no field '{}'{}; there are {}", shown(name),
                               did_you_mean(name, known), listed(known)));
}

Result<void> wrong_kind(const JsonMember& member, std::string_view wanted) {
  return malformed(
      fmt::format("{} must be {}; you sent {}", member.name, wanted, name_of(member.kind)));
}

Result<void> read_text(const JsonMember& member, std::string& into) {
  if (member.kind != JsonMember::Kind::text) return wrong_kind(member, "a string");
  Result<void> fits =
      check_name(Side::client, member.name, member.text, limits::principal_name_bytes_max);
  if (!fits) return malformed(fits.error().message());
  into = member.text;
  return {};
}

// The rule of `keys[].id` in the configuration. Keys that an earlier version made under other ids
// go on, and can be revoked.
Result<void> read_id(const JsonMember& member, std::string& into) {
  Result<void> read = read_text(member, into);
  if (!read || is_plain_name(into)) return read;
  return malformed(fmt::format("id must be {}, at most {} of them; you sent '{}'", plain_name_rule,
                               limits::principal_name_bytes_max, shown(into)));
}

Result<void> read_texts(const JsonMember& member, std::vector<std::string>& into) {
  if (member.kind != JsonMember::Kind::texts) return wrong_kind(member, "a list of strings");
  into = member.texts;
  return {};
}

// Kept to the millisecond, as it is shown: what is read back is what was made.
Result<void> read_expires(const JsonMember& member, WallTime now, std::optional<WallTime>& into) {
  constexpr std::string_view wanted = "a time such as 2027-01-01T00:00:00Z or a day";
  if (member.kind != JsonMember::Kind::text) return wrong_kind(member, wanted);
  Result<WallTime> at = parse_rfc3339(member.text);
  if (!at) {
    return malformed(fmt::format("expires must be {}; you sent '{}'", wanted, shown(member.text)));
  }
  if (*at <= now) {
    return malformed(
        fmt::format("expires is {}, which is over: such a key would never be good", rfc3339(*at)));
  }
  constexpr std::int64_t ns_per_ms = 1'000'000;
  into = WallTime{at->ns / ns_per_ms * ns_per_ms};
  return {};
}

Result<void> read_field(const JsonMember& member, WallTime now, auth::KeyRecord& key) {
  std::string_view name = member.name;
  if (!is_one_of(name, fields)) return unknown_field(name, fields);
  if (member.kind == JsonMember::Kind::null) return {};  // left open, said aloud
  if (is_one_of(name, limit_fields)) return {};          // read with each other
  if (name == "id") return read_id(member, key.id);
  if (name == "org") return read_text(member, key.org);
  if (name == "team") return read_text(member, key.team);
  if (name == "user") return read_text(member, key.user);
  if (name == "agent") return read_text(member, key.agent);
  if (name == "models") return read_texts(member, key.models);
  if (name == "labels") return read_texts(member, key.labels);
  return read_expires(member, now, key.expires_at);
}

Result<void> read_truth(const JsonMember& member, std::optional<bool>& into) {
  if (member.kind != JsonMember::Kind::boolean) return wrong_kind(member, "true or false");
  into = member.truth;
  return {};
}

Result<void> read_change(const JsonMember& member, WallTime now, KeyChange& change) {
  std::string_view name = member.name;
  if (is_one_of(name, of_whom)) {
    return malformed(
        fmt::format("{} of a key stays what it is: its calls are in the books under "
                    "it. Make another key, and revoke this one",
                    name));
  }
  if (!is_one_of(name, changeable)) return unknown_field(name, changeable);
  if (is_one_of(name, limit_fields)) return {};
  bool none = member.kind == JsonMember::Kind::null;
  if (name == "disabled") return read_truth(member, change.disabled);
  if (name == "expires") {
    change.expires = std::optional<WallTime>();
    return none ? Result<void>() : read_expires(member, now, *change.expires);
  }
  std::optional<std::vector<std::string>>& names = name == "models" ? change.models : change.labels;
  names.emplace();
  return none ? Result<void>() : read_texts(member, *names);
}

// Those of the body, nulls included.
Result<config::Node> limits_in(std::string_view body) {
  Result<config::Node> node = read_json_node(body);
  if (!node) return node;
  config::Node limits;
  limits.kind = config::Node::Kind::map;
  for (std::size_t i = 0; i < node->keys.size(); ++i) {
    if (!is_one_of(node->keys[i].text, limit_fields)) continue;
    limits.keys.push_back(std::move(node->keys[i]));
    limits.items.push_back(std::move(node->items[i]));
  }
  return limits;
}

}  // namespace

Result<NewKey> read_new_key(std::string_view body, WallTime now) {
  Result<std::vector<JsonMember>> members = read_json_object(body);
  if (!members) return fail(members.error());
  NewKey key;
  key.created_at = now;
  for (const JsonMember& member : *members) {
    Result<void> read = read_field(member, now, key);
    if (!read) return fail(read.error());
  }
  Result<config::Node> limits = limits_in(body);
  if (!limits) return fail(limits.error());
  Result<config::Key> may = config::read_key_limits(without_nulls(std::move(*limits)));
  if (!may) return fail(may.error());
  key.limits = std::move(*may);
  auth::KeyRecord named = key;
  if (named.id.empty()) named.id = "new";
  Result<void> fits = auth::check_record(named);
  if (!fits) return malformed(fits.error().message());
  return key;
}

Result<KeyChange> read_key_change(std::string_view body, WallTime now) {
  Result<std::vector<JsonMember>> members = read_json_object(body);
  if (!members) return fail(members.error());
  KeyChange change;
  for (const JsonMember& member : *members) {
    Result<void> read = read_change(member, now, change);
    if (!read) return fail(read.error());
  }
  if (members->empty()) return malformed(fmt::format("say what to change: {}", listed(changeable)));
  Result<config::Node> limits = limits_in(body);
  if (!limits) return fail(limits.error());
  change.limits = std::move(*limits);
  return change;
}

Result<Duration> read_grace(std::string_view body) {
  constexpr std::array<std::string_view, 1> known{"grace"};
  if (body.empty()) return grace_default;
  Result<std::vector<JsonMember>> members = read_json_object(body);
  if (!members) return fail(members.error());
  Duration grace = grace_default;
  for (const JsonMember& member : *members) {
    if (!is_one_of(member.name, known)) {
      return malformed(fmt::format("a rotation has no field '{}'{}; there is grace",
                                   shown(member.name), did_you_mean(member.name, known)));
    }
    if (member.kind == JsonMember::Kind::null) continue;
    Result<Duration> read = parse_duration(member.text == "0" ? "0s" : member.text);
    bool text = member.kind == JsonMember::Kind::text || member.text == "0";
    if (!text || !read || *read < 0s || *read > grace_max) {
      return malformed(
          fmt::format("grace must be a duration of at most {}, such as 24h, or 0 for "
                      "none",
                      human_duration(grace_max)));
    }
    grace = *read;
  }
  return grace;
}

}  // namespace recloser::admin
