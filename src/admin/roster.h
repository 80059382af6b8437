// Roster: who may call, and what they may take: what the configuration declares and what is stored,
// brought in force together.
#pragma once

#include "auth/key_ring.h"
#include "budget/table.h"
#include "config/config.h"
#include "core/published.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/store.h"

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::admin {

// A stored key for the key ring, and for the configuration's language.
auth::KeyRecord key_record(const ledger::KeyRow& row);
Result<config::Key> key_of(const ledger::KeyRow& row);
Result<config::Holder> holder_of(const ledger::HolderRow& row);

// Any thread may call anything. All of it waits for the store: never on a worker.
class Roster {
 public:
  // What else is to be done when other budgets are in force.
  struct Hooks {
    // The table learns what the store remembers of budgets, before a call meets them.
    std::move_only_function<Result<void>(std::span<budget::Live* const>)> restore =
        [](std::span<budget::Live* const>) -> Result<void> { return {}; };
    // Once they are in force; calls that run are to look again.
    std::move_only_function<Result<void>()> changed = []() -> Result<void> { return {}; };
  };
  Roster(std::shared_ptr<const config::Config> config, std::vector<auth::KeyRecord> declared,
         ledger::Store& store, budget::Table& table, Hooks hooks)
      : config_(std::move(config)),
        declared_(std::move(declared)),
        store_(store),
        table_(table),
        hooks_(std::move(hooks)) {}

  struct Stored {
    std::vector<ledger::KeyRow> keys;
    std::vector<ledger::HolderRow> holders;
  };
  Result<Stored> stored() const;

  // What the store says now comes in force; at the start, and again whenever it was changed.
  Result<void> load();
  // Of the keys in force; once loaded.
  Published<auth::KeyRing>& keys() { return *ring_; }

  // `wanted` changes a copy of what is stored; only if that could be in force, `write` puts it into
  // the store. When this returns, every worker knows.
  using Change = std::function<Result<void>(Stored&)>;
  using Write = std::function<Result<void>(ledger::Store&)>;
  Result<void> change(const Change& wanted, const Write& write);

  const config::Config& config() const { return *config_; }
  const std::vector<auth::KeyRecord>& declared() const { return declared_; }
  const config::Key* find_declared_key(std::string_view id) const;
  const config::Holder* find_declared(const config::Holder& like) const;

 private:
  struct Force {
    std::shared_ptr<const auth::KeyRing> ring;
    std::vector<std::shared_ptr<const budget::Budget>> budgets;
  };
  Result<Force> force_of(const Stored& stored) const;
  Result<void> put_in_force(Force force);

  std::shared_ptr<const config::Config> config_;
  std::vector<auth::KeyRecord> declared_;
  ledger::Store& store_;
  budget::Table& table_;
  Hooks hooks_;
  std::mutex mutex_;  // one change after the other: each looks at what it changes
  std::unique_ptr<Published<auth::KeyRing>> ring_;
};

}  // namespace recloser::admin
