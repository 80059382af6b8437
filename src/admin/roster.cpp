#include "admin/roster.h"

#include "admin/json_node.h"
#include "budget/compile.h"
#include "config/load.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

Result<config::HolderKind> kind_of(std::string_view name) {
  for (auto kind : {config::HolderKind::org, config::HolderKind::team, config::HolderKind::user}) {
    if (config::name_of(kind) == name) return kind;
  }
  return fail(Side::gateway, Kind::malformed, fmt::format("there is no holder '{}'", name));
}

}  // namespace

auth::KeyRecord key_record(const ledger::KeyRow& row) {
  auth::KeyRecord record{.id = row.id,
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
                         .disabled = row.disabled};
  if (!row.old_until) return record;
  record.old_hash = auth::KeyHash{.bytes = row.old_secret_hash};
  record.old_until = *row.old_until;
  return record;
}

Result<config::Key> key_of(const ledger::KeyRow& row) {
  config::Key key;
  if (!row.limits.empty()) {
    Result<config::Node> node = read_json_node(row.limits);
    if (!node) return fail(node.error().while_doing(fmt::format("limits of key {}", row.id)));
    Result<config::Key> limits = config::read_key_limits(without_nulls(std::move(*node)));
    if (!limits) return fail(limits.error().while_doing(fmt::format("limits of key {}", row.id)));
    key = std::move(*limits);
  }
  key.id = row.id;
  return key;
}

Result<config::Holder> holder_of(const ledger::HolderRow& row) {
  std::string what = fmt::format("stored {} {}", row.kind, row.name);
  Result<config::HolderKind> kind = kind_of(row.kind);
  if (!kind) return fail(kind.error());
  Result<config::Node> spec = read_json_node(row.spec);
  if (!spec) return fail(spec.error().while_doing(what));
  Result<config::Holder> holder =
      config::read_holder(without_nulls(std::move(*spec)), *kind, row.name);
  if (!holder) return fail(holder.error().while_doing(what));
  holder->org = row.org;
  return holder;
}

const config::Key* Roster::find_declared_key(std::string_view id) const {
  auto found = std::ranges::find(config_->keys, id, &config::Key::id);
  return found == config_->keys.end() ? nullptr : &*found;
}

const config::Holder* Roster::find_declared(const config::Holder& like) const {
  auto found = std::ranges::find_if(config_->holders, [&like](const config::Holder& holder) {
    return config::same_holder(holder, like);
  });
  return found == config_->holders.end() ? nullptr : &*found;
}

Result<Roster::Stored> Roster::stored() const {
  Result<std::vector<ledger::KeyRow>> keys = store_.keys();
  if (!keys) return fail(keys.error());
  Result<std::vector<ledger::HolderRow>> holders = store_.holders();
  if (!holders) return fail(holders.error());
  return Stored{.keys = std::move(*keys), .holders = std::move(*holders)};
}

// Declared ones stand before stored ones of the same name. What was revoked takes nothing.
Result<Roster::Force> Roster::force_of(const Stored& stored) const {
  std::vector<config::Holder> holders = config_->holders;
  for (const ledger::HolderRow& row : stored.holders) {
    Result<config::Holder> holder = holder_of(row);
    if (!holder) return fail(holder.error());
    if (find_declared(*holder) == nullptr) holders.push_back(std::move(*holder));
  }
  std::vector<config::Key> keys = config_->keys;
  std::vector<auth::KeyRecord> records;
  for (const ledger::KeyRow& row : stored.keys) {
    records.push_back(key_record(row));
    if (row.revoked_at || find_declared_key(row.id) != nullptr) continue;
    Result<config::Key> key = key_of(row);
    if (!key) return fail(key.error());
    keys.push_back(std::move(*key));
  }
  Force force;
  Result<std::vector<std::shared_ptr<const budget::Budget>>> budgets =
      budget::compile(*config_, holders, keys);
  if (!budgets) return fail(budgets.error());
  force.budgets = std::move(*budgets);
  Result<std::shared_ptr<const auth::KeyRing>> ring =
      auth::KeyRing::make(declared_, std::move(records), auth::Holders(std::move(holders)));
  if (!ring) return fail(ring.error());
  force.ring = std::move(*ring);
  return force;
}

// Limits first: nobody calls under a new key before what it may take is known.
Result<void> Roster::put_in_force(Force force) {
  budget::Table::Prepared prepared = table_.prepare(std::move(force.budgets));
  Result<void> restored = hooks_.restore(prepared.fresh);
  if (!restored) return restored;
  table_.publish(std::move(prepared));
  if (ring_ == nullptr) {
    ring_ = std::make_unique<Published<auth::KeyRing>>(std::move(force.ring));
  } else {
    ring_->publish(std::move(force.ring));
  }
  return hooks_.changed();
}

Result<void> Roster::load() {
  std::lock_guard lock(mutex_);
  Result<Stored> now = stored();
  if (!now) return fail(now.error());
  Result<Force> force = force_of(*now);
  if (!force) return fail(force.error());
  return put_in_force(std::move(*force));
}

Result<void> Roster::change(const Change& wanted, const Write& write) {
  std::lock_guard lock(mutex_);
  Result<Stored> next = stored();
  if (!next) return fail(next.error());
  Result<void> done = wanted(*next);
  if (!done) return done;
  Result<Force> force = force_of(*next);
  // Whatever it is that does not fit: with what stands in the store already it did.
  if (!force) return fail(Side::client, Kind::conflict, force.error().message());
  done = write(store_);
  if (!done) return done;
  return put_in_force(std::move(*force));
}

}  // namespace recloser::admin
