// Principal: who calls, and what is known of them before their request is read.
#pragma once

#include "auth/model_patterns.h"

#include <string>
#include <string_view>
#include <vector>

namespace recloser::auth {

// What a credential says about its holder. Empty names are left open; a client may fill user, agent
// and labels (session/attribution.h).
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
  rotated,    // it was replaced by a new secret of its key
  unplaced,   // it names a team or a user that several orgs have, and no org
  not_local,  // mode open: a page of a browser asks, or somebody who calls us by another name
};
std::string_view name_of(Rejection rejection);

}  // namespace recloser::auth
