// The public keys of an issuer of tokens, read from its JWKS document (RFC 7517).
#pragma once

#include "auth/jwt/public_key.h"
#include "auth/secret.h"
#include "core/result.h"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace recloser::auth::jwt {

// Immutable.
class KeySet {
 public:
  static constexpr std::size_t document_bytes_max = 256u << 10;
  static constexpr std::size_t keys_max = 100;

  // Keys that sign nothing we know, or are too short or too long, are left out: sets hold such for
  // other purposes.
  static Result<std::shared_ptr<const KeySet>> parse(std::string_view document);

  enum class Found : unsigned char { good, bad_signature, wrong_key, no_key };
  // Without `kid` there must be one key that fits, and no more: else nobody could tell which.
  Found verify(std::string_view kid, Algorithm algorithm, std::string_view text,
               std::string_view signature) const;

  std::size_t size() const { return keys_.size(); }
  std::size_t left_out() const { return left_out_; }
  const KeyHash& document_hash() const { return document_hash_; }

 private:
  std::vector<PublicKey> keys_;
  std::size_t left_out_ = 0;
  KeyHash document_hash_;
};

}  // namespace recloser::auth::jwt
