#include "ledger/sqlite_keys.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

// Lists are kept as one writes them on the command line: "gpt-4o*,claude-*".
std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ","));
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    std::size_t comma = text.find(',');
    names.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return names;
}

bool can_be_joined(const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [](const std::string& name) {
    return !name.empty() && name.find(',') == std::string::npos;
  });
}

std::optional<std::int64_t> ns_of(std::optional<WallTime> at) {
  return at ? std::optional(at->ns) : std::nullopt;
}

std::optional<WallTime> time_of(std::optional<std::int64_t> ns) {
  return ns ? std::optional(WallTime{*ns}) : std::nullopt;
}

KeyRow key_row(const Statement& row) {
  KeyRow key;
  key.id = row.text(0);
  std::string_view hash = row.bytes(1);
  std::memcpy(key.secret_hash.data(), hash.data(), std::min(hash.size(), key.secret_hash.size()));
  key.org = row.text(2);
  key.team = row.text(3);
  key.user = row.text(4);
  key.agent = row.text(5);
  key.models = split(row.text(6));
  key.labels = split(row.text(7));
  key.plan = row.text(8);
  key.created_at = {row.number(9)};
  key.expires_at = time_of(row.number_or_null(10));
  key.revoked_at = time_of(row.number_or_null(11));
  key.disabled = row.number(12) != 0;
  key.limits = row.text(13);
  std::string_view old_hash = row.bytes(14);
  if (old_hash.size() == key.old_secret_hash.size()) {
    std::memcpy(key.old_secret_hash.data(), old_hash.data(), old_hash.size());
  }
  key.old_until = time_of(row.number_or_null(15));
  return key;
}

// Of what a key can have: at those places and behind them.
void bind_changeable(Statement& statement, int first, const KeyRow& key, std::string_view models,
                     std::string_view labels) {
  statement.bind_blob(first, key.secret_hash.data(), key.secret_hash.size());
  statement.bind_text_or_null(first + 1, models);
  statement.bind_text_or_null(first + 2, labels);
  statement.bind_or_null(first + 3, ns_of(key.expires_at));
  statement.bind(first + 4, std::int64_t{key.disabled});
  statement.bind_text_or_null(first + 5, key.limits);
  if (key.old_until) {
    statement.bind_blob(first + 6, key.old_secret_hash.data(), key.old_secret_hash.size());
  }
  statement.bind_or_null(first + 7, ns_of(key.old_until));
}

Error no_such_key(std::string_view id) {
  return Error(Side::client, Kind::not_found,
               fmt::format("there is no stored key '{}'; `recloser key list` shows them", id));
}

Result<void> check(const KeyRow& key) {
  if (!key.id.empty() && can_be_joined(key.models) && can_be_joined(key.labels)) return {};
  return fail(Side::client, Kind::malformed,
              "a key needs an id, and its models and labels must be names without commas");
}

}  // namespace

Result<void> insert_key(Database& database, const KeyRow& key) {
  if (Result<void> sane = check(key); !sane) return sane;
  Result<Statement> insert = database.prepare(
      "INSERT INTO keys (id, org, team, user, agent, plan, created_at_ns, revoked_at_ns, "
      "secret_hash, models, labels, expires_at_ns, disabled, limits, old_secret_hash, "
      "old_until_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return fail(insert.error());
  std::string models = joined(key.models);
  std::string labels = joined(key.labels);
  insert->bind(1, key.id);
  insert->bind_text_or_null(2, key.org);
  insert->bind_text_or_null(3, key.team);
  insert->bind_text_or_null(4, key.user);
  insert->bind_text_or_null(5, key.agent);
  insert->bind_text_or_null(6, key.plan);
  insert->bind(7, key.created_at.ns);
  insert->bind_or_null(8, ns_of(key.revoked_at));
  bind_changeable(*insert, 9, key, models, labels);
  Result<void> done = insert->run();
  if (!done && done.error().kind() == Kind::conflict) {
    return fail(Side::client, Kind::conflict,
                fmt::format("there is a key '{}' already, or one with the same secret; choose "
                            "another id",
                            key.id));
  }
  return done;
}

Result<void> update_key(Database& database, const KeyRow& key) {
  if (Result<void> sane = check(key); !sane) return sane;
  Result<Statement> update = database.prepare(
      "UPDATE keys SET secret_hash = ?, models = ?, labels = ?, expires_at_ns = ?, disabled = ?, "
      "limits = ?, old_secret_hash = ?, old_until_ns = ? WHERE id = ?");
  if (!update) return fail(update.error());
  std::string models = joined(key.models);
  std::string labels = joined(key.labels);
  bind_changeable(*update, 1, key, models, labels);
  update->bind(9, key.id);
  Result<void> done = update->run();
  if (!done && done.error().kind() == Kind::conflict) {
    return fail(Side::client, Kind::conflict, "another key has this secret");
  }
  if (!done || database.changes() > 0) return done;
  return fail(no_such_key(key.id));
}

Result<std::vector<KeyRow>> read_keys(Database& database) {
  Result<Statement> query = database.prepare(
      "SELECT id, secret_hash, org, team, user, agent, models, labels, plan, created_at_ns, "
      "expires_at_ns, revoked_at_ns, disabled, limits, old_secret_hash, old_until_ns FROM keys "
      "ORDER BY id");
  if (!query) return fail(query.error());
  std::vector<KeyRow> keys;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return keys;
    keys.push_back(key_row(*query));
  }
}

Result<void> mark_key_revoked(Database& database, std::string_view id, WallTime at) {
  Result<Statement> update =
      database.prepare("UPDATE keys SET revoked_at_ns = coalesce(revoked_at_ns, ?) WHERE id = ?");
  if (!update) return fail(update.error());
  update->bind(1, at.ns);
  update->bind(2, id);
  Result<void> done = update->run();
  if (!done) return done;
  if (database.changes() > 0) return {};
  return fail(no_such_key(id));
}

}  // namespace recloser::ledger
