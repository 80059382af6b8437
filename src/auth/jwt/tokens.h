// Tokens taken for keys: what one worker knows of them.
#pragma once

#include "auth/jwt/issuers.h"
#include "auth/jwt/memo.h"
#include "auth/key_ring.h"
#include "core/published.h"
#include "core/time.h"

#include <expected>
#include <memory>
#include <string_view>

namespace recloser::auth::jwt {

// One per worker. What was verified is forgotten with the keys that did it, and with the orgs,
// teams and users as they were then.
class Tokens {
 public:
  explicit Tokens(Issuers& issuers)
      : issuers_(issuers),
        issuer_keys_(issuers.keys()),
        memo_issuer_keys_(issuer_keys_.current()) {}

  // `hash` is that of the whole token. What `keys` know of orgs, teams and users holds for tokens
  // too. The principal is kept alive by the admission.
  Admission admit(const KeyHash& hash, std::string_view token,
                  const std::shared_ptr<const KeyRing>& keys, WallTime now);

 private:
  std::expected<std::shared_ptr<const Known>, Rejection> verified(
      const KeyHash& hash, std::string_view token, const std::shared_ptr<const KeyRing>& keys,
      WallTime now);

  Issuers& issuers_;
  Published<KnownKeys>::Reader issuer_keys_;
  std::shared_ptr<const KnownKeys> memo_issuer_keys_;  // that verified what is in memo_
  std::shared_ptr<const KeyRing> memo_keys_;           // likewise, whose holders completed it
  Memo memo_;
};

}  // namespace recloser::auth::jwt
