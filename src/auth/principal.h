// Principal: who calls, and what is known of them before their request is read.
#pragma once

#include "auth/model_patterns.h"
#include "config/priority.h"

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
  config::Priority priority = config::Priority::normal;
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
  // Of tokens (auth/jwt/).
  token_malformed,     // its form, its length, or a header that asks for more than is understood
  token_algorithm,     // not one that is allowed, or not one of the key it names
  token_issuer,        // none that the configuration knows
  token_key_unknown,   // it names a key that its issuer does not have, or has not shown yet
  token_keys_missing,  // no keys of its issuer could be fetched yet
  token_signature,
  token_times,  // no end, or times that are none
  token_expired,
  token_not_yet,
  token_audience,
  token_subject,  // this and the following: the claim is missing, or cannot be what it should be
  token_org,
  token_team,
  token_user,
  token_agent,
  token_labels,
  token_models,
  token_names,  // a name that is too long, or holds what no name may
};
std::string_view name_of(Rejection rejection);

}  // namespace recloser::auth
