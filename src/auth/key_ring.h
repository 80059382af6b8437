// The virtual keys of one moment as an immutable table: from a secret to the principal behind it.
#pragma once

#include "auth/holders.h"
#include "auth/principal.h"
#include "auth/secret.h"
#include "core/time.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::auth {

// One virtual key as it is stored or declared. Empty org, team, user, agent and labels are left
// open; a client may fill user, agent and labels (session/attribution.h).
struct KeyRecord {
  std::string id;
  KeyHash hash;
  std::string org;
  std::string team;
  std::string user;
  std::string agent;
  std::vector<std::string> models;  // globs; empty = all
  std::vector<std::string> labels;
  std::string plan;
  config::Priority priority = config::Priority::normal;
  WallTime created_at;
  std::optional<WallTime> expires_at;
  std::optional<WallTime> revoked_at;
  bool disabled = false;
  // The secret that it had before, which is good until then: the grace of a rotation.
  std::optional<KeyHash> old_hash = {};
  WallTime old_until{};
};

// Names within their limits, at most limits::labels_max labels. The message says which field.
Result<void> check_record(const KeyRecord& record);

// Either a principal or the reason why not.
struct Admission {
  const Principal* principal = nullptr;
  Rejection rejection = Rejection::missing;  // meaningful without a principal only
  std::string_view key_id = {};  // for the log: of the key found, admitted or not; else empty
  std::string_view by = {};      // "org", "team", "user": whose stop it is; "": the key's own
  std::shared_ptr<const void> keeper = {};  // of the principal, where something must keep it

  bool admitted() const { return principal != nullptr; }
};

class KeyRing {
 public:
  KeyRing(KeyRing&&) = default;  // made by make(), moved into its shared pointer, then constant

  // Every record is checked. A declared key replaces a stored one of the same id; two keys with one
  // secret are refused, because a call could not be booked on either. What their holders say holds
  // for all keys.
  static Result<std::shared_ptr<const KeyRing>> make(std::vector<KeyRecord> declared,
                                                     std::vector<KeyRecord> stored,
                                                     Holders holders = {});

  // Nearly always one probe.
  Admission find(const KeyHash& hash, WallTime now) const;
  Admission find(std::string_view secret, WallTime now) const {
    return find(hash_secret(secret), now);
  }

  std::size_t size() const { return keys_.size(); }
  // For those who come with a credential of another kind.
  const Holders& holders() const { return holders_; }

 private:
  struct Key {
    Principal principal;
    Place place;
    WallTime expires_at{INT64_MAX};
    bool revoked = false;
    bool disabled = false;
  };
  // A key has two while it is rotated.
  struct Secret {
    KeyHash hash;
    std::uint32_t key = 0;  // into keys_
    WallTime until{INT64_MAX};
  };

  KeyRing() = default;
  Result<void> add(KeyRecord record);
  Result<void> add_secret(const Secret& secret);
  // Where `hash` stands in slots_, or the free slot where it would.
  std::size_t slot_of(const KeyHash& hash) const;

  Holders holders_;
  std::vector<Key> keys_;
  std::vector<Secret> secrets_;
  std::vector<std::uint32_t> slots_;  // open addressing: index into secrets_ + 1, 0 = free
};

}  // namespace recloser::auth
