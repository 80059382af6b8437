#include "admin/keys.h"

#include "admin/limits_json.h"
#include "admin/request.h"
#include "config/belonging.h"
#include "config/load.h"
#include "core/json_writer.h"
#include "core/names.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

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
  if (key.disabled) return "disabled";
  if (key.expires_at && *key.expires_at <= now) return "expired";
  return "active";
}

}  // namespace

ledger::KeyRow key_row(const NewKey& key) {
  return {.id = key.id,
          .secret_hash = key.hash.bytes,
          .org = key.org,
          .team = key.team,
          .user = key.user,
          .agent = key.agent,
          .models = key.models,
          .labels = key.labels,
          .plan = key.plan,
          .created_at = key.created_at,
          .expires_at = key.expires_at,
          .revoked_at = key.revoked_at,
          .limits = limits_json(key.limits)};
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

std::string key_json(const auth::KeyRecord& key, const config::Key& limits, bool declared,
                     WallTime now, std::string_view secret) {
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
  write_limits(json, limits);
  time_or_null(json, "expires", key.expires_at);
  json.member("state", state_of(key, now)).member("declared", declared);
  json.member("created_at", rfc3339(key.created_at));
  time_or_null(json, "revoked_at", key.revoked_at);
  bool in_grace = key.old_hash && key.old_until > now;
  time_or_null(json, "old_secret_until", in_grace ? std::optional(key.old_until) : std::nullopt);
  json.close_object();
  return out;
}

namespace {

Result<std::string> row_json(const ledger::KeyRow& row, WallTime now,
                             std::string_view secret = {}) {
  Result<config::Key> limits = key_of(row);
  if (!limits) return fail(limits.error());
  return key_json(key_record(row), *limits, false, now, secret);
}

Result<void> apply(const KeyChange& change, ledger::KeyRow& row) {
  if (change.models) row.models = *change.models;
  if (change.labels) row.labels = *change.labels;
  if (change.expires) row.expires_at = *change.expires;
  if (change.disabled) row.disabled = *change.disabled;
  auth::KeyRecord record = key_record(row);
  Result<void> fits = auth::check_record(record);
  if (!fits) return fail(Side::client, Kind::malformed, fits.error().message());
  config::Node base;
  base.kind = config::Node::Kind::map;
  if (!row.limits.empty()) {
    Result<config::Node> node = read_json_node(row.limits);
    if (!node) return fail(node.error());
    base = std::move(*node);
  }
  Result<config::Key> limits = config::read_key_limits(merged(std::move(base), change.limits));
  if (!limits) return fail(limits.error());
  row.limits = limits_json(*limits);
  return {};
}

}  // namespace

const auth::KeyRecord* Keys::find_declared(std::string_view id) const {
  auto found = std::ranges::find(roster_.declared(), id, &auth::KeyRecord::id);
  return found == roster_.declared().end() ? nullptr : &*found;
}

Result<std::string> Keys::list_json(WallTime now) const {
  Result<Roster::Stored> stored = roster_.stored();
  if (!stored) return fail(stored.error());
  std::string out = R"({"data":[)";
  std::string_view comma;
  for (const auth::KeyRecord& key : roster_.declared()) {
    const config::Key* limits = roster_.find_declared_key(key.id);
    out.append(comma).append(key_json(key, *limits, true, now));
    comma = ",";
  }
  for (const ledger::KeyRow& row : stored->keys) {
    if (find_declared(row.id) != nullptr) continue;
    Result<std::string> json = row_json(row, now);
    if (!json) return json;
    out.append(comma).append(*json);
    comma = ",";
  }
  return out + R"(],"next":null})";
}

Result<std::string> Keys::find_json(std::string_view id, WallTime now) const {
  if (const auth::KeyRecord* key = find_declared(id)) {
    return key_json(*key, *roster_.find_declared_key(id), true, now);
  }
  Result<Roster::Stored> stored = roster_.stored();
  if (!stored) return fail(stored.error());
  Result<ledger::KeyRow*> row = find_stored(id, *stored);
  if (!row) return fail(row.error());
  return row_json(**row, now);
}

// As the configuration refuses it of a key that it declares.
Result<void> Keys::check_belonging(const auth::KeyRecord& key) const {
  std::shared_ptr<const auth::KeyRing> ring = roster_.keys().current();
  const config::HolderIndex& index = ring->holders().index();
  for (config::HolderKind kind : {config::HolderKind::team, config::HolderKind::user}) {
    bool team = kind == config::HolderKind::team;
    const std::string& name = team ? key.team : key.user;
    config::HolderIndex::Found found = index.find(kind, key.org, name);
    std::string orgs = index.orgs_of(kind, name);
    if (found.unclear) {
      return fail(Side::client, Kind::malformed,
                  fmt::format("there are several {}s {}: of {}; say org too", config::name_of(kind),
                              shown(name), orgs));
    }
    if (team && found.of_another_org) {
      return fail(Side::client, Kind::malformed,
                  fmt::format("the team {} is of {}, not of {}; name another team or org, or make "
                              "the team in that org first",
                              shown(name), orgs, shown(key.org)));
    }
  }
  return {};
}

Result<void> Keys::create(const NewKey& key) const {
  if (find_declared(key.id) != nullptr) {
    return fail(Side::client, Kind::conflict,
                fmt::format("there is a key '{}' already, declared in {}; choose another id",
                            shown(key.id), config_file_));
  }
  Result<void> belongs = check_belonging(key);
  if (!belongs) return belongs;
  ledger::KeyRow row = key_row(key);
  return roster_.change(
      [&row](Roster::Stored& stored) -> Result<void> {
        if (std::ranges::find(stored.keys, row.id, &ledger::KeyRow::id) == stored.keys.end()) {
          stored.keys.push_back(row);
        }
        return {};
      },
      [&row](ledger::Store& store) { return store.put_key(row); });
}

Result<void> Keys::must_be_stored(std::string_view id, std::string_view instead) const {
  if (find_declared(id) == nullptr) return {};
  return fail(Side::client, Kind::conflict,
              fmt::format("the key '{}' is declared in {}, so {} and restart Recloser", shown(id),
                          config_file_, instead));
}

Result<ledger::KeyRow*> Keys::find_stored(std::string_view id, Roster::Stored& stored) const {
  auto found = std::ranges::find(stored.keys, id, &ledger::KeyRow::id);
  if (found == stored.keys.end()) return fail(no_such_key(id, stored.keys));
  return &*found;
}

Result<ledger::KeyRow*> Keys::find_unrevoked(std::string_view id, Roster::Stored& stored) const {
  Result<ledger::KeyRow*> row = find_stored(id, stored);
  if (!row || !(*row)->revoked_at) return row;
  return fail(Side::client, Kind::conflict,
              fmt::format("the key '{}' is revoked, which is for ever; make another", shown(id)));
}

Result<std::string> Keys::change(std::string_view id, const KeyChange& change, WallTime now) const {
  Result<void> stored = must_be_stored(id, "it is changed there: edit its document or `keys`");
  if (!stored) return fail(stored.error());
  ledger::KeyRow changed;
  Result<void> done = roster_.change(
      [&](Roster::Stored& all) -> Result<void> {
        Result<ledger::KeyRow*> row = find_unrevoked(id, all);
        if (!row) return fail(row.error());
        Result<void> applied = apply(change, **row);
        changed = **row;
        return applied;
      },
      [&changed](ledger::Store& store) { return store.change_key(changed); });
  if (!done) return fail(done.error());
  return row_json(changed, now);
}

Result<std::string> Keys::rotate(std::string_view id, std::string_view secret, Duration grace,
                                 WallTime now) const {
  Result<void> stored = must_be_stored(id, "its secret is changed there: give it another");
  if (!stored) return fail(stored.error());
  ledger::KeyRow changed;
  Result<void> done = roster_.change(
      [&](Roster::Stored& all) -> Result<void> {
        Result<ledger::KeyRow*> row = find_unrevoked(id, all);
        if (!row) return fail(row.error());
        (*row)->old_until = std::nullopt;
        if (grace > 0s) {
          (*row)->old_secret_hash = (*row)->secret_hash;
          (*row)->old_until = now + grace;
        }
        (*row)->secret_hash = auth::hash_secret(secret).bytes;
        changed = **row;
        return {};
      },
      [&changed](ledger::Store& store) { return store.change_key(changed); });
  if (!done) return fail(done.error());
  return row_json(changed, now, secret);
}

Result<std::string> Keys::revoke(std::string_view id, WallTime now) const {
  Result<void> stored = must_be_stored(id, "it is revoked there: take it out of `keys`");
  if (!stored) return fail(stored.error());
  Result<void> done = roster_.change(
      [&](Roster::Stored& all) -> Result<void> {
        Result<ledger::KeyRow*> row = find_stored(id, all);
        if (!row) return fail(row.error());
        if (!(*row)->revoked_at) (*row)->revoked_at = now;
        return {};
      },
      [&](ledger::Store& store) { return store.revoke_key(id, now); });
  if (!done) return fail(done.error());
  return find_json(id, now);
}

Error Keys::no_such_key(std::string_view id, std::span<const ledger::KeyRow> stored) const {
  std::vector<std::string_view> ids;
  for (const auth::KeyRecord& key : roster_.declared()) ids.push_back(key.id);
  for (const ledger::KeyRow& row : stored) ids.push_back(row.id);
  return Error(Side::client, Kind::not_found,
               fmt::format("there is no key '{}'{}", shown(id), did_you_mean(id, ids)));
}

}  // namespace recloser::admin
