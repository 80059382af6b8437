#include "auth/jwt/public_key.h"

#include "auth/jwt/base64url.h"

#include <array>
#include <memory>
#include <utility>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

namespace recloser::auth::jwt {
namespace {

using Kind = PublicKey::Kind;

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* owned) const {
    free(owned);
  }
};
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

// OpenSSL notes failures in a queue of the thread, where its TLS would take them for its own.
struct QuietErrors {
  ~QuietErrors() { ERR_clear_error(); }
};

struct Curve {
  std::string_view crv;
  Kind kind;
  const char* group;
  std::size_t bytes;  // of a coordinate
};
constexpr std::array<Curve, 3> curves{{{"P-256", Kind::p256, "prime256v1", 32},
                                       {"P-384", Kind::p384, "secp384r1", 48},
                                       {"P-521", Kind::p521, "secp521r1", 66}}};

std::size_t coordinate_bytes(Kind kind) {
  for (const Curve& curve : curves) {
    if (curve.kind == kind) return curve.bytes;
  }
  return 0;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
Number number_of(std::string_view bytes) {
  return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

// Null when OpenSSL does not take it.
KeyPtr key_from(const char* type, OSSL_PARAM_BLD* builder) {
  Params params(OSSL_PARAM_BLD_to_param(builder));
  KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  bool good = params && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
              EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) == 1;
  KeyPtr key(made);
  if (!good) return nullptr;
  return key;
}

// The exponent is small and odd with every honest key; a large one makes us work for it.
bool is_usable_exponent(const BIGNUM* exponent) {
  return BN_is_odd(exponent) && BN_num_bits(exponent) >= 2 && BN_num_bits(exponent) <= 64;
}

KeyPtr rsa_key(const JwkMembers& jwk) {
  constexpr std::size_t modulus_bytes_max = PublicKey::rsa_bits_max / 8 + 1;
  std::optional<std::string> modulus = decode_base64url(jwk.n);
  std::optional<std::string> exponent = decode_base64url(jwk.e);
  if (!modulus || !exponent || modulus->size() > modulus_bytes_max || exponent->size() > 9) {
    return nullptr;
  }
  Number n = number_of(*modulus);
  Number e = number_of(*exponent);
  ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || !BN_is_odd(n.get()) || !is_usable_exponent(e.get())) return nullptr;
  int bits = BN_num_bits(n.get());
  if (bits < PublicKey::rsa_bits_min || bits > PublicKey::rsa_bits_max) return nullptr;
  bool pushed = OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
                OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1;
  return pushed ? key_from("RSA", builder.get()) : nullptr;
}

KeyPtr curve_key(const JwkMembers& jwk, const Curve& curve) {
  std::optional<std::string> x = decode_base64url(jwk.x);
  std::optional<std::string> y = decode_base64url(jwk.y);
  if (!x || !y || x->size() != curve.bytes || y->size() != curve.bytes) return nullptr;
  std::string point = '\x04' + *x + *y;  // uncompressed
  ParamBuilder builder(OSSL_PARAM_BLD_new());
  bool pushed = builder &&
                OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                                curve.group, 0) == 1 &&
                OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                                 point.data(), point.size()) == 1;
  KeyPtr key = pushed ? key_from("EC", builder.get()) : nullptr;
  if (!key) return nullptr;
  KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  bool on_curve = context && EVP_PKEY_public_check(context.get()) == 1;
  if (!on_curve) return nullptr;
  return key;
}

KeyPtr edwards_key(const JwkMembers& jwk) {
  std::optional<std::string> x = decode_base64url(jwk.x);
  if (!x || x->size() != 32) return nullptr;
  return KeyPtr(
      EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, bytes_of(*x), x->size()));
}

constexpr std::array all_algorithms{
    Algorithm::rs256, Algorithm::rs384, Algorithm::rs512, Algorithm::ps256, Algorithm::ps384,
    Algorithm::ps512, Algorithm::es256, Algorithm::es384, Algorithm::es512, Algorithm::eddsa};

const char* digest_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs256:
    case Algorithm::ps256:
    case Algorithm::es256:
      return "SHA256";
    case Algorithm::rs384:
    case Algorithm::ps384:
    case Algorithm::es384:
      return "SHA384";
    case Algorithm::rs512:
    case Algorithm::ps512:
    case Algorithm::es512:
      return "SHA512";
    case Algorithm::eddsa:
      return nullptr;  // which hashes by itself
  }
  std::unreachable();
}

bool is_pss(Algorithm algorithm) {
  return algorithm == Algorithm::ps256 || algorithm == Algorithm::ps384 ||
         algorithm == Algorithm::ps512;
}

// A signature of a curve is two numbers behind each other; OpenSSL wants them as ASN.1. "" when it
// is not that.
std::string as_der(std::string_view signature, std::size_t coordinate) {
  if (signature.size() != 2 * coordinate) return {};
  EcdsaSignature parts(ECDSA_SIG_new());
  Number r = number_of(signature.substr(0, coordinate));
  Number s = number_of(signature.substr(coordinate));
  if (!parts || !r || !s) return {};
  ECDSA_SIG_set0(parts.get(), r.release(), s.release());
  int size = i2d_ECDSA_SIG(parts.get(), nullptr);
  if (size <= 0) return {};
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(parts.get(), &out);
  return der;
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

std::optional<Algorithm> algorithm_of(std::string_view alg) {
  for (Algorithm algorithm : all_algorithms) {
    if (config::name_of(algorithm) == alg) return algorithm;
  }
  return std::nullopt;
}

std::optional<PublicKey> make_public_key(const JwkMembers& jwk, std::string id,
                                         std::optional<Algorithm> only) {
  QuietErrors quiet;
  auto made = [&](Kind kind, KeyPtr key) -> std::optional<PublicKey> {
    if (!key) return std::nullopt;
    return PublicKey(std::move(id), kind, only, std::move(key));
  };
  if (jwk.kty == "RSA") return made(Kind::rsa, rsa_key(jwk));
  if (jwk.kty == "OKP" && jwk.crv == "Ed25519") return made(Kind::ed25519, edwards_key(jwk));
  if (jwk.kty != "EC") return std::nullopt;
  for (const Curve& curve : curves) {
    if (curve.crv == jwk.crv) return made(curve.kind, curve_key(jwk, curve));
  }
  return std::nullopt;
}

// The kind of the key decides what a token may say, never the other way round: a public key is no
// shared secret, whatever a token calls it.
bool PublicKey::fits(Algorithm algorithm) const {
  if (only_ && *only_ != algorithm) return false;
  switch (algorithm) {
    case Algorithm::rs256:
    case Algorithm::rs384:
    case Algorithm::rs512:
    case Algorithm::ps256:
    case Algorithm::ps384:
    case Algorithm::ps512:
      return kind_ == Kind::rsa;
    case Algorithm::es256:
      return kind_ == Kind::p256;
    case Algorithm::es384:
      return kind_ == Kind::p384;
    case Algorithm::es512:
      return kind_ == Kind::p521;
    case Algorithm::eddsa:
      return kind_ == Kind::ed25519;
  }
  std::unreachable();
}

bool PublicKey::verifies(Algorithm algorithm, std::string_view text,
                         std::string_view signature) const {
  QuietErrors quiet;
  std::string der;
  if (std::size_t coordinate = coordinate_bytes(kind_)) {
    der = as_der(signature, coordinate);
    if (der.empty()) return false;
    signature = der;
  }
  DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  bool ready = context && EVP_DigestVerifyInit_ex(context.get(), &settings, digest_of(algorithm),
                                                  nullptr, nullptr, key_.get(), nullptr) == 1;
  if (ready && is_pss(algorithm)) {
    ready = EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  return ready && EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                   bytes_of(text), text.size()) == 1;
}

}  // namespace recloser::auth::jwt
