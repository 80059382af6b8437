// Key sets: which keys are taken, and which are not.
#include "auth/jwt/key_set.h"

#include "auth/jwt/discovery.h"
#include "auth/testing/test_signer.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::auth::jwt {
namespace {

std::size_t keys_in(std::string_view document) {
  Result<std::shared_ptr<const KeySet>> set = KeySet::parse(document);
  EXPECT_TRUE(set) << set.error().message();
  return set ? (*set)->size() : 999;
}
std::size_t keys_of(const std::string& jwk) { return keys_in(key_set({jwk})); }

const TestSigner& curve() {
  static const TestSigner signer(Algorithm::es256, "ec-1");
  return signer;
}

TEST(KeySet, OnlyKeysThatSignAreTaken) {
  EXPECT_EQ(keys_of(curve().jwk()), 1u);
  EXPECT_EQ(keys_of(curve().jwk(R"(,"use":"sig","alg":"ES256","key_ops":["verify"])")), 1u);
  for (std::string_view more :
       {R"(,"use":"enc")", R"(,"use":7)", R"(,"key_ops":["encrypt"])", R"(,"key_ops":"verify")",
        R"(,"alg":"RS256")", R"(,"alg":"HS256")", R"(,"alg":"none")", R"(,"alg":7)",
        R"(,"kty":"oct","k":"AAAA")", R"(,"kty":"OKP")", R"(,"kty":"RSA")", R"(,"crv":"P-384")",
        R"(,"crv":"secp256k1")"}) {
    EXPECT_EQ(keys_of(curve().jwk(more)), 0u) << more;
  }
  std::string long_name(key_id_bytes_max + 1, 'k');
  EXPECT_EQ(keys_of(curve().jwk(R"(,"kid":")" + long_name + "\"")), 0u);
}

TEST(KeySet, APointOffItsCurveIsNoKey) {
  std::string zeros(43, 'A');
  EXPECT_EQ(keys_of(curve().jwk(R"(,"y":")" + zeros + "\"")), 0u);
  EXPECT_EQ(keys_of(curve().jwk(R"(,"x":"AAAA")")), 0u);
  EXPECT_EQ(keys_of(curve().jwk(R"(,"x":"A=")")), 0u);
  EXPECT_EQ(keys_of(curve().jwk(R"(,"x":7)")), 0u);
}

TEST(KeySet, RsaKeysHaveTheirBounds) {
  EXPECT_EQ(keys_of(TestSigner(Algorithm::rs256, "k", 2048).jwk()), 1u);
  EXPECT_EQ(keys_of(TestSigner(Algorithm::rs256, "k", 1024).jwk()), 0u);
  EXPECT_EQ(keys_of(TestSigner(Algorithm::rs256, "k", 2040).jwk()), 0u);
  auto with = [](const std::string& modulus, const std::string& exponent) {
    return fmt::format(R"({{"kty":"RSA","n":"{}","e":"{}"}})", base64url(modulus),
                       base64url(exponent));
  };
  auto odd = [](std::size_t bytes) { return std::string(bytes, '\xff'); };
  EXPECT_EQ(keys_of(with(odd(1024), "\x03")), 1u);
  EXPECT_EQ(keys_of(with(odd(1025), "\x03")), 0u) << "8200 bits";
  EXPECT_EQ(keys_of(with(odd(5000), "\x03")), 0u);
  EXPECT_EQ(keys_of(with(odd(256), "\x02")), 0u) << "even";
  EXPECT_EQ(keys_of(with(odd(256), "\x01")), 0u) << "signs nothing";
  EXPECT_EQ(keys_of(with(odd(256), "")), 0u);
  EXPECT_EQ(keys_of(with(odd(256), odd(9))), 0u) << "would cost us";
  EXPECT_EQ(keys_of(with("", "\x03")), 0u);
}

TEST(KeySet, DocumentsHaveTheirBounds) {
  auto message = [](std::string_view document) {
    Result<std::shared_ptr<const KeySet>> set = KeySet::parse(document);
    return set ? std::string() : set.error().message();
  };
  for (std::string_view document : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[})", "<html>"}) {
    EXPECT_EQ(message(document), "its answer is no key set") << document;
  }
  EXPECT_EQ(message(std::string(KeySet::document_bytes_max + 1, ' ')),
            "its key set is larger than 262144 bytes");
  std::string many;
  for (std::size_t i = 0; i <= KeySet::keys_max; ++i) many += i > 0 ? ",{}" : "{}";
  EXPECT_EQ(message(R"({"keys":[)" + many + "]}"), "its key set holds more than 100 keys");
  Result<std::shared_ptr<const KeySet>> set = KeySet::parse(R"({"keys":[{},7,null,"x"]})");
  ASSERT_TRUE(set);
  EXPECT_EQ((*set)->size(), 0u);
  EXPECT_EQ((*set)->left_out(), 4u);
}

TEST(Discovery, SaysWhereTheKeysAre) {
  EXPECT_EQ(discovery_url("https://idp.test/realms/a/")->str(),
            "https://idp.test/realms/a/.well-known/openid-configuration");
  EXPECT_EQ(discovery_url("https://idp.test")->target(), "/.well-known/openid-configuration");
  EXPECT_FALSE(discovery_url("idp.test"));
  auto keys = [](std::string_view more) {
    Result<config::KeysUrl> url = keys_url_in(
        fmt::format(R"({{"issuer":"https://idp.test","jwks_uri":"https://k.test/k?a=1"{}}})", more),
        "https://idp.test");
    return url ? url->str() : "!" + url.error().message();
  };
  EXPECT_EQ(keys(""), "https://k.test/k?a=1");
  EXPECT_EQ(keys(R"(,"issuer":"https://idp.test/")"), "!its configuration is of another issuer");
  for (std::string_view url : {"http://k.test/k", "https://169.254.169.254/k", "", "file:///k",
                               "https://k.test/k#f", "https://k.test/k?a b"}) {
    EXPECT_TRUE(keys(fmt::format(R"(,"jwks_uri":"{}")", url)).starts_with("!its jwks_uri: "))
        << url;
  }
  EXPECT_EQ(keys(R"(,"jwks_uri":"http://127.0.0.1:1/k")"), "http://127.0.0.1:1/k");
}

}  // namespace
}  // namespace recloser::auth::jwt
