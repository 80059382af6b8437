// Whether a token (a JWT, RFC 7519, signed as RFC 7515 says) is good, and whose it is.
#pragma once

#include "auth/jwt/issuers.h"
#include "auth/principal.h"
#include "core/time.h"

#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>
#include <vector>

namespace recloser::auth::jwt {

inline constexpr std::size_t token_bytes_max = 16u << 10;  // a head has 32 KiB for all its fields

// Three parts with dots between: everything that is not is no token, and judged as a key alone.
bool looks_like_token(std::string_view secret);

struct Verified {
  Principal principal;
  WallTime until;  // good before that
};
struct Unverified {
  Rejection why = Rejection::unknown;
  std::optional<std::size_t> wants_keys_of = {};  // an issuer whose keys may be out of date
};

// Nothing of what the token says is believed but by a key of the issuer that it names: no key, no
// address and no certificate that it brings along.
std::expected<Verified, Unverified> verify(std::string_view token,
                                           const std::vector<config::TokenIssuer>& issuers,
                                           const KnownKeys& keys, WallTime now);

}  // namespace recloser::auth::jwt
