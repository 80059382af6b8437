#include "auth/jwt/tokens.h"

#include "auth/jwt/verify.h"

#include <utility>

namespace recloser::auth::jwt {

Admission Tokens::admit(const KeyHash& hash, std::string_view token,
                        const std::shared_ptr<const KeyRing>& keys, WallTime now) {
  const std::shared_ptr<const KnownKeys>& issuer_keys = issuer_keys_.current();
  if (issuer_keys != memo_issuer_keys_ || keys != memo_keys_) {
    memo_.clear();
    memo_issuer_keys_ = issuer_keys;
    memo_keys_ = keys;
  }
  std::expected<std::shared_ptr<const Known>, Rejection> found = verified(hash, token, keys, now);
  if (!found) return {.rejection = found.error()};
  const Known& known = **found;
  Admission admission{.key_id = known.principal.key_id, .keeper = std::move(*found)};
  if (std::optional<Stop> stop = stop_of(known.place, now)) {
    admission.rejection = stop->rejection;
    admission.by = stop->by;
  } else {
    admission.principal = &known.principal;
  }
  return admission;
}

// Whose it is, from memory or anew.
std::expected<std::shared_ptr<const Known>, Rejection> Tokens::verified(
    const KeyHash& hash, std::string_view token, const std::shared_ptr<const KeyRing>& keys,
    WallTime now) {
  if (const std::shared_ptr<const Known>* known = memo_.find(hash, now)) return *known;
  std::expected<Verified, Unverified> verified =
      verify(token, issuers_.all(), *memo_issuer_keys_, now);
  if (!verified) {
    if (verified.error().wants_keys_of) issuers_.wish_for_keys(*verified.error().wants_keys_of);
    return std::unexpected(verified.error().why);
  }
  auto known = std::make_shared<Known>();
  known->principal = std::move(verified->principal);
  known->keys = keys;
  Result<Place> place = keys->holders().complete(known->principal);
  if (!place) return std::unexpected(Rejection::token_labels);  // with those of its holders
  known->place = *place;
  memo_.keep(hash, known, verified->until);
  return known;
}

}  // namespace recloser::auth::jwt
