// Virtual keys as the admin API makes, shows, changes, rotates and revokes them.
#pragma once

#include "admin/key_requests.h"
#include "admin/roster.h"
#include "auth/key_ring.h"
#include "auth/secret.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/store.h"

#include <span>
#include <string>
#include <string_view>

namespace recloser::admin {

ledger::KeyRow key_row(const NewKey& key);

// "key-4f7k2m9q1z": for a key without an id of its own.
Result<std::string> make_key_id(auth::Entropy& entropy);

// The object of one key. `secret` only in the answer to its creation or rotation.
std::string key_json(const auth::KeyRecord& key, const config::Key& limits, bool declared,
                     WallTime now, std::string_view secret = {});

// The keys of the store and of the configuration file, where a declared key stands before a stored
// one of the same id. All of it waits for the store: never on a worker. When a change returns,
// every worker knows.
class Keys {
 public:
  Keys(Roster& roster, std::string config_file)
      : roster_(roster), config_file_(std::move(config_file)) {}

  Result<std::string> list_json(WallTime now) const;
  Result<std::string> find_json(std::string_view id, WallTime now) const;

  Result<void> create(const NewKey& key) const;
  Result<std::string> change(std::string_view id, const KeyChange& change, WallTime now) const;
  // The secret it had stays good for `grace`; one that it had before that does not.
  Result<std::string> rotate(std::string_view id, std::string_view secret, Duration grace,
                             WallTime now) const;
  Result<std::string> revoke(std::string_view id, WallTime now) const;

 private:
  const auth::KeyRecord* find_declared(std::string_view id) const;
  Result<void> check_belonging(const auth::KeyRecord& key) const;
  // What is declared in the file is changed there.
  Result<void> must_be_stored(std::string_view id, std::string_view instead) const;
  Result<ledger::KeyRow*> find_stored(std::string_view id, Roster::Stored& stored) const;
  Result<ledger::KeyRow*> find_unrevoked(std::string_view id, Roster::Stored& stored) const;
  Error no_such_key(std::string_view id, std::span<const ledger::KeyRow> stored) const;

  Roster& roster_;
  std::string config_file_;
};

}  // namespace recloser::admin
