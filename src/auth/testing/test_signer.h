// TestSigner: a key pair of an identity provider, the tokens it signs, and the key set that shows
// its public half.
#pragma once

#include "config/identity.h"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace recloser::auth {

std::string base64url(std::string_view bytes);

class TestSigner {
 public:
  // Of a size that the algorithm asks for; RSA keys are of `rsa_bits`. Making one takes up to a
  // second under a sanitizer, so tests share them.
  TestSigner(config::TokenAlgorithm algorithm, std::string kid, int rsa_bits = 2048);

  const std::string& kid() const { return kid_; }
  // As a member of a key set; `more` is appended to the object: R"(,"use":"sig")".
  std::string jwk(std::string_view more = {}) const;
  // {"alg":..,"kid":..,"typ":"JWT"} and these claims, signed.
  std::string token(std::string_view claims) const;
  // Any header, signed in the same way whatever it says.
  std::string token_with(std::string_view header, std::string_view claims) const;

 private:
  std::string number(const char* name) const;  // of the key, as its set has it
  std::string sign(std::string_view text) const;

  config::TokenAlgorithm algorithm_;
  std::string kid_;
  std::shared_ptr<evp_pkey_st> key_;
};

std::string key_set(std::initializer_list<std::string_view> jwks);

}  // namespace recloser::auth
