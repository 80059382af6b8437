// A public key that checks signatures, made from the members of a JWK (RFC 7517, 7518, 8037).
#pragma once

#include "config/identity.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace recloser::auth::jwt {

using Algorithm = config::TokenAlgorithm;

// Nothing for what is no signature by a key pair ("none", "HS256"), and for what nobody knows.
std::optional<Algorithm> algorithm_of(std::string_view alg);

inline constexpr std::size_t key_id_bytes_max = 256;

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using KeyPtr = std::unique_ptr<evp_pkey_st, FreeKey>;

class PublicKey {
 public:
  enum class Kind : unsigned char { rsa, p256, p384, p521, ed25519 };
  static constexpr int rsa_bits_min = 2048;  // a shorter one can be broken
  static constexpr int rsa_bits_max = 8192;  // a longer one costs us more than its owner

  // `only`: the one algorithm that its owner says it is for.
  PublicKey(std::string id, Kind kind, std::optional<Algorithm> only, KeyPtr key)
      : id_(std::move(id)), kind_(kind), only_(only), key_(std::move(key)) {}

  const std::string& id() const { return id_; }  // `kid`; may be ""
  bool fits(Algorithm algorithm) const;
  // Of an algorithm that fits. Any thread.
  bool verifies(Algorithm algorithm, std::string_view text, std::string_view signature) const;

 private:
  std::string id_;
  Kind kind_;
  std::optional<Algorithm> only_;
  KeyPtr key_;
};

struct JwkMembers {  // as they stand in the document; "" when they are not there
  std::string_view kty;
  std::string_view crv;
  std::string_view n;
  std::string_view e;
  std::string_view x;
  std::string_view y;
};

// Nothing when it is of another kind, no point of its curve, or not of a size we take. Private
// members are never looked at.
std::optional<PublicKey> make_public_key(const JwkMembers& jwk, std::string id,
                                         std::optional<Algorithm> only);

}  // namespace recloser::auth::jwt
