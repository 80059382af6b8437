#include "cli/stored_roster.h"

#include "admin/roster.h"
#include "ledger/stored_roster.h"

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace recloser::cli {
namespace {

Result<void> add_keys(std::span<const ledger::KeyRow> rows, config::Config& config) {
  std::size_t declared = config.keys.size();
  for (const ledger::KeyRow& row : rows) {
    auto all = std::span(config.keys).first(declared);
    bool known = std::ranges::find(all, row.id, &config::Key::id) != all.end();
    if (row.revoked_at || known) continue;
    Result<config::Key> key = admin::key_of(row);
    if (!key) return fail(key.error());
    key->org = row.org;
    key->team = row.team;
    key->user = row.user;
    key->agent = row.agent;
    key->models = row.models;
    config.keys.push_back(std::move(*key));
  }
  return {};
}

Result<void> add_holders(std::span<const ledger::HolderRow> rows, config::Config& config) {
  std::size_t declared = config.holders.size();
  for (const ledger::HolderRow& row : rows) {
    Result<config::Holder> holder = admin::holder_of(row);
    if (!holder) return fail(holder.error());
    auto all = std::span(config.holders).first(declared);
    bool known = std::ranges::any_of(
        all, [&](const config::Holder& other) { return config::same_holder(other, *holder); });
    if (!known) config.holders.push_back(std::move(*holder));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const config::Config>> with_stored(
    std::shared_ptr<const config::Config> config, const Process& process) {
  std::string path = config->state.database_path();
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown)) return config;
  Result<ledger::StoredRoster> stored = ledger::read_stored_roster(path, process.version);
  if (!stored) return fail(stored.error());
  auto with = std::make_shared<config::Config>(*config);
  Result<void> added = add_keys(stored->keys, *with);
  if (added) added = add_holders(stored->holders, *with);
  if (!added) return fail(added.error());
  return with;
}

}  // namespace recloser::cli
