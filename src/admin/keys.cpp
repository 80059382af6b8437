#include "admin/keys.h"

#include "admin/json_object.h"
#include "admin/request.h"
#include "core/json_writer.h"
#include "core/names.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

constexpr std::array<std::string_view, 8> fields{"id",    "org",    "team",   "user",
                                                 "agent", "models", "labels", "expires"};
// SEMANTICS section 7 knows them; this version cannot hold anybody to them.
constexpr std::array<std::string_view, 8> not_built{"plan",   "rpm", "tpm",     "concurrency",
                                                    "budget", "per", "budgets", "reserve"};

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

Result<void> unknown_field(std::string_view name) {
  if (std::ranges::find(not_built, name) != not_built.end() || name.starts_with("budget")) {
    return fail(Side::client, Kind::unsupported,
                fmt::format("{} of a key is not supported in this version", shown(name)));
  }
  return malformed(fmt::format("a key has no field '{}'{}; there are {}", shown(name),
                               did_you_mean(name, fields), listed(fields)));
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
  if (std::ranges::find(fields, name) == fields.end()) return unknown_field(name);
  if (member.kind == JsonMember::Kind::null) return {};  // left open, said aloud
  if (name == "id") return read_id(member, key.id);
  if (name == "org") return read_text(member, key.org);
  if (name == "team") return read_text(member, key.team);
  if (name == "user") return read_text(member, key.user);
  if (name == "agent") return read_text(member, key.agent);
  if (name == "models") return read_texts(member, key.models);
  if (name == "labels") return read_texts(member, key.labels);
  return read_expires(member, now, key.expires_at);
}

void text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void time_or_null(JsonWriter& json, std::string_view name, std::optional<WallTime> at) {
  json.key(name);
  at ? json.value(rfc3339(*at)) : json.null();
}

void list(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).open_array();
  for (const std::string& text : texts) json.value(text);
  json.close_array();
}

std::string_view state_of(const auth::KeyRecord& key, WallTime now) {
  if (key.revoked_at) return "revoked";
  if (key.expires_at && *key.expires_at <= now) return "expired";
  return "active";
}

}  // namespace

auth::KeyRecord key_record(const ledger::KeyRow& row) {
  return {.id = row.id,
          .hash = {.bytes = row.secret_hash},
          .org = row.org,
          .team = row.team,
          .user = row.user,
          .agent = row.agent,
          .models = row.models,
          .labels = row.labels,
          .plan = row.plan,
          .created_at = row.created_at,
          .expires_at = row.expires_at,
          .revoked_at = row.revoked_at,
          .disabled = false};
}

ledger::KeyRow key_row(const auth::KeyRecord& record) {
  return {.id = record.id,
          .secret_hash = record.hash.bytes,
          .org = record.org,
          .team = record.team,
          .user = record.user,
          .agent = record.agent,
          .models = record.models,
          .labels = record.labels,
          .plan = record.plan,
          .created_at = record.created_at,
          .expires_at = record.expires_at,
          .revoked_at = record.revoked_at};
}

Result<auth::KeyRecord> read_new_key(std::string_view body, WallTime now) {
  Result<std::vector<JsonMember>> members = read_json_object(body);
  if (!members) return fail(members.error());
  auth::KeyRecord key;
  key.created_at = now;
  for (const JsonMember& member : *members) {
    Result<void> read = read_field(member, now, key);
    if (!read) return fail(read.error());
  }
  auth::KeyRecord named = key;
  if (named.id.empty()) named.id = "new";
  Result<void> fits = auth::check_record(named);
  if (!fits) return malformed(fits.error().message());
  return key;
}

Result<std::string> make_key_id(auth::Entropy& entropy) {
  constexpr std::string_view digits =
      "0123456789abcdefghjkmnpqrstvwxyz";  // none looks like another
  std::array<std::uint8_t, 10> bytes{};
  Result<void> filled = entropy.fill(bytes);
  if (!filled) return fail(filled.error());
  std::string id = "key-";
  for (std::uint8_t byte : bytes) id += digits[byte % digits.size()];
  return id;
}

std::string key_json(const auth::KeyRecord& key, bool declared, WallTime now,
                     std::string_view secret) {
  std::string out;
  JsonWriter json(out);
  json.open_object().member("id", key.id);
  if (!secret.empty()) json.member("secret", secret);
  text_or_null(json, "org", key.org);
  text_or_null(json, "team", key.team);
  text_or_null(json, "user", key.user);
  text_or_null(json, "agent", key.agent);
  list(json, "models", key.models);
  list(json, "labels", key.labels);
  time_or_null(json, "expires", key.expires_at);
  json.member("state", state_of(key, now)).member("declared", declared);
  json.member("created_at", rfc3339(key.created_at));
  time_or_null(json, "revoked_at", key.revoked_at);
  json.close_object();
  return out;
}

const auth::KeyRecord* Keys::find_declared(std::string_view id) const {
  auto found = std::ranges::find(declared_, id, &auth::KeyRecord::id);
  return found == declared_.end() ? nullptr : &*found;
}

Result<std::string> Keys::list_json(WallTime now) const {
  Result<std::vector<ledger::KeyRow>> stored = store_.keys();
  if (!stored) return fail(stored.error());
  std::string out = R"({"data":[)";
  std::string_view comma;
  for (const auth::KeyRecord& key : declared_) {
    out.append(comma).append(key_json(key, true, now));
    comma = ",";
  }
  for (const ledger::KeyRow& row : *stored) {
    if (find_declared(row.id) != nullptr) continue;
    out.append(comma).append(key_json(key_record(row), false, now));
    comma = ",";
  }
  return out + R"(],"next":null})";
}

Result<std::string> Keys::find_json(std::string_view id, WallTime now) const {
  if (const auth::KeyRecord* key = find_declared(id)) return key_json(*key, true, now);
  Result<std::vector<ledger::KeyRow>> stored = store_.keys();
  if (!stored) return fail(stored.error());
  auto found = std::ranges::find(*stored, id, &ledger::KeyRow::id);
  if (found == stored->end()) return fail(no_such_key(id, *stored));
  return key_json(key_record(*found), false, now);
}

Result<void> Keys::create(const auth::KeyRecord& key) const {
  if (find_declared(key.id) != nullptr) {
    return fail(Side::client, Kind::conflict,
                fmt::format("there is a key '{}' already, declared in {}; choose another id",
                            shown(key.id), config_file_));
  }
  Result<void> put = store_.put_key(key_row(key));
  if (!put) return put;
  return publish();
}

Result<std::string> Keys::revoke(std::string_view id, WallTime now) const {
  if (find_declared(id) != nullptr) {
    return fail(Side::client, Kind::conflict,
                fmt::format("the key '{0}' is declared in {1}, so it is revoked there: take it out "
                            "of `keys` and restart Recloser",
                            shown(id), config_file_));
  }
  Result<std::vector<ledger::KeyRow>> stored = store_.keys();
  if (!stored) return fail(stored.error());
  if (std::ranges::find(*stored, id, &ledger::KeyRow::id) == stored->end()) {
    return fail(no_such_key(id, *stored));
  }
  Result<void> revoked = store_.revoke_key(id, now);
  if (revoked) revoked = publish();
  if (!revoked) return fail(revoked.error());
  return find_json(id, now);
}

// What the store says now becomes what every worker knows.
Result<void> Keys::publish() const {
  Result<std::vector<ledger::KeyRow>> stored = store_.keys();
  if (!stored) return fail(stored.error());
  std::vector<auth::KeyRecord> records;
  records.reserve(stored->size());
  for (const ledger::KeyRow& row : *stored) records.push_back(key_record(row));
  Result<std::shared_ptr<const auth::KeyRing>> ring = auth::KeyRing::make(
      std::vector<auth::KeyRecord>(declared_.begin(), declared_.end()), std::move(records));
  if (!ring) return fail(ring.error());
  ring_.publish(std::move(*ring));
  return {};
}

Error Keys::no_such_key(std::string_view id, std::span<const ledger::KeyRow> stored) const {
  std::vector<std::string_view> ids;
  for (const auth::KeyRecord& key : declared_) ids.push_back(key.id);
  for (const ledger::KeyRow& row : stored) ids.push_back(row.id);
  return Error(Side::client, Kind::not_found,
               fmt::format("there is no key '{}'{}", shown(id), did_you_mean(id, ids)));
}

}  // namespace recloser::admin
