#include "auth/testing/test_signer.h"

#include "core/check.h"

#include <vector>

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

namespace recloser::auth {
namespace {

using config::TokenAlgorithm;

struct Way {
  const char* digest;  // null: none
  const char* curve;   // null: RSA, or Edwards
  const char* crv;     // as in a key set
  int coordinate;      // bytes
};

Way way_of(TokenAlgorithm algorithm) {
  switch (algorithm) {
    case TokenAlgorithm::rs256:
    case TokenAlgorithm::ps256:
      return {"SHA256", nullptr, nullptr, 0};
    case TokenAlgorithm::rs384:
    case TokenAlgorithm::ps384:
      return {"SHA384", nullptr, nullptr, 0};
    case TokenAlgorithm::rs512:
    case TokenAlgorithm::ps512:
      return {"SHA512", nullptr, nullptr, 0};
    case TokenAlgorithm::es256:
      return {"SHA256", "P-256", "P-256", 32};
    case TokenAlgorithm::es384:
      return {"SHA384", "P-384", "P-384", 48};
    case TokenAlgorithm::es512:
      return {"SHA512", "P-521", "P-521", 66};
    case TokenAlgorithm::eddsa:
      return {nullptr, nullptr, "Ed25519", 0};
  }
  std::unreachable();
}

bool is_pss(TokenAlgorithm algorithm) {
  return algorithm == TokenAlgorithm::ps256 || algorithm == TokenAlgorithm::ps384 ||
         algorithm == TokenAlgorithm::ps512;
}

std::string padded(const BIGNUM* number, int bytes) {
  std::string out(static_cast<std::size_t>(bytes), '\0');
  CHECK(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), bytes) == bytes);
  return out;
}

// A signature of a curve as a token has it: two numbers.
std::string as_numbers(const std::string& der, int coordinate) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  CHECK(parts != nullptr);
  std::string out =
      padded(ECDSA_SIG_get0_r(parts), coordinate) + padded(ECDSA_SIG_get0_s(parts), coordinate);
  ECDSA_SIG_free(parts);
  return out;
}

}  // namespace

std::string base64url(std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (char c : bytes) {
    bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xffff;
    for (count += 8; count >= 6; count -= 6) out += alphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) out += alphabet[bits << (6 - count) & 63];
  return out;
}

TestSigner::TestSigner(TokenAlgorithm algorithm, std::string kid, int rsa_bits)
    : algorithm_(algorithm), kid_(std::move(kid)) {
  Way way = way_of(algorithm);
  EVP_PKEY* key = nullptr;
  if (algorithm == TokenAlgorithm::eddsa) {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  } else if (way.curve != nullptr) {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", way.curve);
  } else {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits));
  }
  CHECK(key != nullptr);
  key_ = {key, EVP_PKEY_free};
}

std::string TestSigner::number(const char* name) const {
  BIGNUM* number = nullptr;
  CHECK(EVP_PKEY_get_bn_param(key_.get(), name, &number) == 1);
  int coordinate = way_of(algorithm_).coordinate;
  std::string bytes = padded(number, coordinate > 0 ? coordinate : BN_num_bytes(number));
  BN_free(number);
  return base64url(bytes);
}

std::string TestSigner::jwk(std::string_view more) const {
  Way way = way_of(algorithm_);
  std::string members;
  if (algorithm_ == TokenAlgorithm::eddsa) {
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    CHECK(EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(raw.data()),
                                      &size) == 1);
    members = fmt::format(R"("kty":"OKP","crv":"Ed25519","x":"{}")", base64url(raw));
  } else if (way.curve != nullptr) {
    members = fmt::format(R"("kty":"EC","crv":"{}","x":"{}","y":"{}")", way.crv,
                          number(OSSL_PKEY_PARAM_EC_PUB_X), number(OSSL_PKEY_PARAM_EC_PUB_Y));
  } else {
    members = fmt::format(R"("kty":"RSA","n":"{}","e":"{}")", number(OSSL_PKEY_PARAM_RSA_N),
                          number(OSSL_PKEY_PARAM_RSA_E));
  }
  std::string kid = kid_.empty() ? "" : fmt::format(R"(,"kid":"{}")", kid_);
  return fmt::format("{{{}{}{}}}", members, kid, more);
}

std::string TestSigner::sign(std::string_view text) const {
  Way way = way_of(algorithm_);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* settings = nullptr;
  CHECK(EVP_DigestSignInit_ex(context, &settings, way.digest, nullptr, nullptr, key_.get(),
                              nullptr) == 1);
  if (is_pss(algorithm_)) {
    CHECK(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  CHECK(EVP_DigestSign(context, nullptr, &size, bytes, text.size()) == 1);
  std::string signature(size, '\0');
  CHECK(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                       text.size()) == 1);
  signature.resize(size);
  EVP_MD_CTX_free(context);
  return way.coordinate > 0 ? as_numbers(signature, way.coordinate) : signature;
}

std::string TestSigner::token(std::string_view claims) const {
  std::string kid = kid_.empty() ? "" : fmt::format(R"("kid":"{}",)", kid_);
  return token_with(
      fmt::format(R"({{"alg":"{}",{}"typ":"JWT"}})", config::name_of(algorithm_), kid), claims);
}

std::string TestSigner::token_with(std::string_view header, std::string_view claims) const {
  std::string text = base64url(header) + "." + base64url(claims);
  return text + "." + base64url(sign(text));
}

std::string key_set(std::initializer_list<std::string_view> jwks) {
  return fmt::format(R"({{"keys":[{}]}})", fmt::join(std::vector<std::string_view>(jwks), ","));
}

}  // namespace recloser::auth
