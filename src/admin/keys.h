// Virtual keys as the admin API makes, shows and revokes them.
#pragma once

#include "auth/key_ring.h"
#include "auth/secret.h"
#include "core/published.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/store.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::admin {

// A stored key for the key ring, and a record for the store.
auth::KeyRecord key_record(const ledger::KeyRow& row);
ledger::KeyRow key_row(const auth::KeyRecord& record);

// The body of POST /admin/keys, fully checked: unknown fields, wrong kinds, names beyond their
// limits. What was not given is empty; the id and the secret are made by whoever creates it.
Result<auth::KeyRecord> read_new_key(std::string_view body, WallTime now);

// "key-4f7k2m9q1z": for a key without an id of its own.
Result<std::string> make_key_id(auth::Entropy& entropy);

// The object of one key. `secret` only in the answer to its creation.
std::string key_json(const auth::KeyRecord& key, bool declared, WallTime now,
                     std::string_view secret = {});

// The keys of the store and of the configuration file, where a declared key stands before a stored
// one of the same id. All of it waits for the store: never on a worker.
class Keys {
 public:
  Keys(ledger::Store& store, std::span<const auth::KeyRecord> declared, std::string config_file,
       Published<auth::KeyRing>& ring)
      : store_(store), declared_(declared), config_file_(std::move(config_file)), ring_(ring) {}

  Result<std::string> list_json(WallTime now) const;
  Result<std::string> find_json(std::string_view id, WallTime now) const;

  // In the store first, then in the ring: when either returns, every worker knows.
  Result<void> create(const auth::KeyRecord& key) const;
  Result<std::string> revoke(std::string_view id, WallTime now) const;

 private:
  const auth::KeyRecord* find_declared(std::string_view id) const;
  Result<void> publish() const;
  Error no_such_key(std::string_view id, std::span<const ledger::KeyRow> stored) const;

  ledger::Store& store_;
  std::span<const auth::KeyRecord> declared_;
  std::string config_file_;
  Published<auth::KeyRing>& ring_;
};

}  // namespace recloser::admin
