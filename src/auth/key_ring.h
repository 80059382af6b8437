// The virtual keys of one moment as an immutable table: from a secret to the principal behind it.
#pragma once

#include "auth/model_patterns.h"
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
  WallTime created_at;
  std::optional<WallTime> expires_at;
  std::optional<WallTime> revoked_at;
  bool disabled = false;
};

// Names within their limits, at most limits::labels_max labels. The message says which field.
Result<void> check_record(const KeyRecord& record);

// Who calls: what a key says about its holder. Lives as long as the KeyRing it came from.
struct Principal {
  std::string key_id;
  std::string org;
  std::string team;
  std::string user;
  std::string agent;
  std::string plan;
  std::vector<std::string> labels;
  ModelPatterns models;
};

// Why nobody was admitted. Told apart in logs only: to the client they are one answer, so that
// nobody learns which secrets exist or existed.
enum class Rejection : unsigned char {
  missing,      // no credential was sent
  conflicting,  // several were sent, and they differ
  malformed,    // not a bearer credential, or longer than any secret
  unknown,
  expired,
  revoked,
  disabled,
  not_local,  // mode open: a page of a browser asks, or somebody who calls us by another name
};
std::string_view name_of(Rejection rejection);

// Either a principal or the reason why not.
struct Admission {
  const Principal* principal = nullptr;
  Rejection rejection = Rejection::missing;  // meaningful without a principal only
  std::string_view key_id = {};  // for the log: of the key found, admitted or not; else empty

  bool admitted() const { return principal != nullptr; }
};

class KeyRing {
 public:
  KeyRing(KeyRing&&) = default;  // made by make(), moved into its shared pointer, then constant

  // Every record is checked. A declared key replaces a stored one of the same id; two keys with one
  // secret are refused, because a call could not be booked on either.
  static Result<std::shared_ptr<const KeyRing>> make(std::vector<KeyRecord> declared,
                                                     std::vector<KeyRecord> stored);

  // Nearly always one probe.
  Admission find(const KeyHash& hash, WallTime now) const;
  Admission find(std::string_view secret, WallTime now) const {
    return find(hash_secret(secret), now);
  }

  std::size_t size() const { return keys_.size(); }

 private:
  struct Key {
    KeyHash hash;
    Principal principal;
    WallTime expires_at{INT64_MAX};
    bool revoked = false;
    bool disabled = false;
  };

  KeyRing() = default;
  Result<void> add(KeyRecord record);
  // Where `hash` stands in slots_, or the free slot where it would.
  std::size_t slot_of(const KeyHash& hash) const;

  std::vector<Key> keys_;
  std::vector<std::uint32_t> slots_;  // open addressing: index into keys_ + 1, 0 = free
};

}  // namespace recloser::auth
