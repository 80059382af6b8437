// Tokens: what makes one good, and each way in which one is not.
#include "auth/jwt/verify.h"

#include "auth/hmac.h"
#include "auth/jwt/base64url.h"
#include "auth/testing/test_signer.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::auth::jwt {
namespace {

constexpr std::int64_t now_s = 1'790'000'000;
constexpr WallTime now{now_s * 1'000'000'000};

const TestSigner& rsa() {
  static const TestSigner signer(Algorithm::rs256, "rsa-1");
  return signer;
}
const TestSigner& curve() {
  static const TestSigner signer(Algorithm::es256, "ec-1");
  return signer;
}
const TestSigner& edwards() {
  static const TestSigner signer(Algorithm::eddsa, "ed-1");
  return signer;
}

config::TokenIssuer an_issuer() {
  config::TokenIssuer issuer;
  issuer.issuer = "https://idp.test";
  issuer.audience.names = {"llm"};
  issuer.map.org = {{"org"}};
  issuer.map.team = {{"team"}};
  return issuer;
}

// The claims of a good token; `more` is appended, and of two members of one name the last holds.
std::string claims(std::string_view more = {}) {
  return fmt::format(R"({{"iss":"https://idp.test","aud":"llm","sub":"u-1","exp":{},"org":"acme",)"
                     R"("team":"search"{}{}}})",
                     now_s + 600, more.empty() ? "" : ",", more);
}

std::shared_ptr<const KeySet> set_of(std::initializer_list<std::string_view> jwks) {
  Result<std::shared_ptr<const KeySet>> set = KeySet::parse(key_set(jwks));
  EXPECT_TRUE(set) << set.error().message();
  return *set;
}

class Verify : public testing::Test {
 protected:
  Verify() { keys_.of = {set_of({rsa().jwk(), curve().jwk(), edwards().jwk()})}; }

  std::expected<Verified, Unverified> judge(std::string_view token, WallTime at = now) {
    return verify(token, issuers_, keys_, at);
  }
  // "" of a good token, else why it is not.
  std::string why(std::string_view token, WallTime at = now) {
    auto verified = judge(token, at);
    return verified ? "" : std::string(name_of(verified.error().why));
  }
  std::string why_claims(std::string_view more) { return why(curve().token(claims(more))); }
  std::string why_header(std::string_view header) {
    return why(curve().token_with(header, claims()));
  }

  std::vector<config::TokenIssuer> issuers_{an_issuer()};
  KnownKeys keys_;
};

TEST_F(Verify, AGoodTokenNamesItsPrincipal) {
  auto verified = judge(rsa().token(claims()));
  ASSERT_TRUE(verified) << name_of(verified.error().why);
  const Principal& who = verified->principal;
  EXPECT_EQ(who.org + "/" + who.team + "/" + who.user + "/" + who.agent, "acme/search/u-1/");
  EXPECT_TRUE(who.key_id.starts_with("jwt:") && who.key_id.size() == 20) << who.key_id;
  EXPECT_TRUE(who.models.allow_all());
  EXPECT_EQ(verified->until, now + 600s + 60s);
}

TEST_F(Verify, EveryAlgorithmSigns) {
  using enum config::TokenAlgorithm;
  for (Algorithm each : {rs256, rs384, rs512, ps256, ps384, ps512, es256, es384, es512, eddsa}) {
    SCOPED_TRACE(name_of(each));
    TestSigner signer(each, "k");
    keys_.of = {set_of({signer.jwk()})};
    issuers_[0].algorithms = {each};
    std::string token = signer.token(claims());
    EXPECT_EQ(why(token), "");
    std::size_t dot = token.rfind('.');
    std::string other = token;
    other[dot + 5] = other[dot + 5] == 'A' ? 'B' : 'A';
    EXPECT_EQ(why(other), "bad_token_signature");
    EXPECT_EQ(why(token.substr(0, dot + 1)), "bad_token_signature");
    EXPECT_EQ(why(token + "AAAA"), "bad_token_signature");
    issuers_[0].algorithms = {each == rs256 ? es256 : rs256};
    EXPECT_EQ(why(token), "bad_token_algorithm");
  }
}

TEST_F(Verify, ClaimsThatWereChangedAreNotSigned) {
  std::string token = rsa().token(claims());
  std::string other = rsa().token(claims(R"("team":"root")"));
  std::size_t first = token.find('.');
  std::size_t last = token.rfind('.');
  std::string forged = other.substr(0, other.rfind('.')) + token.substr(last);
  EXPECT_EQ(why(forged), "bad_token_signature");
  std::string header = base64url(R"({"kid":"rsa-1","alg":"RS256"})");
  EXPECT_EQ(why(header + token.substr(first)), "bad_token_signature");
}

TEST_F(Verify, NoSignatureAndSharedSecretsAreNoAlgorithms) {
  std::string unsigned_part = base64url(R"({"alg":"none"})") + "." + base64url(claims());
  EXPECT_EQ(why(unsigned_part + "."), "bad_token_algorithm");
  EXPECT_EQ(why_header(R"({"alg":"None","kid":"ec-1"})"), "bad_token_algorithm");
  EXPECT_EQ(why_header(R"({"kid":"ec-1"})"), "bad_token_algorithm");
  EXPECT_EQ(why_header(R"({"alg":["ES256"],"kid":"ec-1"})"), "bad_token_algorithm");
  // The public key as the secret of an HMAC: whoever can read the key set could sign.
  std::string text = base64url(R"({"alg":"HS256","kid":"rsa-1"})") + "." + base64url(claims());
  std::string hex = hmac_sha256_hex(rsa().jwk(), text);
  std::string mac;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    mac += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  EXPECT_EQ(why(text + "." + base64url(mac)), "bad_token_algorithm");
}

TEST_F(Verify, TheKeyDecidesWhatTheAlgorithmMayBe) {
  EXPECT_EQ(why_header(R"({"alg":"RS256","kid":"ec-1"})"), "bad_token_algorithm");
  EXPECT_EQ(why_header(R"({"alg":"ES256","kid":"rsa-1"})"), "bad_token_algorithm");
  // The owner says that its key is for PS256 alone.
  issuers_[0].algorithms = {Algorithm::rs256, Algorithm::ps256};
  keys_.of = {set_of({rsa().jwk(R"(,"alg":"PS256")")})};
  EXPECT_EQ(why(rsa().token(claims())), "bad_token_algorithm");
  keys_.of = {set_of({rsa().jwk(R"(,"alg":"RS256")")})};
  EXPECT_EQ(why(rsa().token(claims())), "");
}

TEST_F(Verify, KeysOfThePastAndOfOthersAreUnknown) {
  TestSigner stranger(Algorithm::es256, "ec-2");
  auto verified = judge(stranger.token(claims()));
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().why, Rejection::token_key_unknown);
  EXPECT_EQ(verified.error().wants_keys_of, 0u);
  // The same name, another key.
  TestSigner impostor(Algorithm::es256, "ec-1");
  verified = judge(impostor.token(claims()));
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().why, Rejection::token_signature);
  EXPECT_FALSE(verified.error().wants_keys_of);
  keys_.of = {nullptr};
  verified = judge(curve().token(claims()));
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().why, Rejection::token_keys_missing);
  EXPECT_EQ(verified.error().wants_keys_of, 0u);
}

TEST_F(Verify, TwoKeysOfOneNameAreBothTried) {
  TestSigner other(Algorithm::es256, "ec-1");
  keys_.of = {set_of({other.jwk(), curve().jwk()})};
  EXPECT_EQ(why(curve().token(claims())), "");
  EXPECT_EQ(why(other.token(claims())), "");
}

TEST_F(Verify, WithoutANameThereMustBeOneKeyThatFits) {
  EXPECT_EQ(why_header(R"({"alg":"ES256"})"), "");  // one of three is of a curve
  TestSigner other(Algorithm::es256, "ec-2");
  keys_.of = {set_of({curve().jwk(), other.jwk()})};
  EXPECT_EQ(why_header(R"({"alg":"ES256"})"), "bad_token_key_unknown");
  EXPECT_EQ(why_header(R"({"alg":"ES256","kid":""})"), "bad_token_malformed");
  EXPECT_EQ(why_header(R"({"alg":"ES256","kid":7})"), "bad_token_malformed");
  std::string long_name(key_id_bytes_max + 1, 'k');
  EXPECT_EQ(why_header(R"({"alg":"ES256","kid":")" + long_name + "\"}"), "bad_token_malformed");
}

TEST_F(Verify, HeadersThatAskForMoreAreRefused) {
  EXPECT_EQ(why_header(R"({"alg":"ES256","kid":"ec-1","crit":["b64"],"b64":false})"),
            "bad_token_malformed");
  EXPECT_EQ(why_header(R"({"alg":"ES256","kid":"ec-1","crit":[]})"), "bad_token_malformed");
  EXPECT_EQ(why_header(R"({"alg":"ES256","kid":"ec-1","zip":"DEF"})"), "bad_token_malformed");
  EXPECT_EQ(why_header(R"({"alg":"ES256","kid":"ec-1","typ":"logout+jwt"})"),
            "bad_token_malformed");
  EXPECT_EQ(why_header(R"({"alg":"ES256","kid":"ec-1","typ":1})"), "bad_token_malformed");
  for (std::string_view type : {"jwt", "at+jwt", "application/at+JWT", "application/jwt"}) {
    EXPECT_EQ(why_header(fmt::format(R"({{"alg":"ES256","kid":"ec-1","typ":"{}"}})", type)), "");
  }
}

// A key that comes with the token is anybody's.
TEST_F(Verify, KeysThatATokenBringsAlongAreNotLookedAt) {
  TestSigner stranger(Algorithm::es256, "ec-1");
  std::string header = fmt::format(
      R"({{"alg":"ES256","kid":"ec-1","jwk":{},"jku":"https://evil.test/keys"}})", stranger.jwk());
  EXPECT_EQ(why(stranger.token_with(header, claims())), "bad_token_signature");
}

TEST_F(Verify, TheIssuerIsTheSameToTheLetter) {
  for (std::string_view other : {"https://idp.test/", "https://IDP.test", "idp.test", ""}) {
    EXPECT_EQ(why_claims(fmt::format(R"("iss":"{}")", other)), "bad_token_issuer") << other;
  }
  EXPECT_EQ(why_claims(R"("iss":["https://idp.test"])"), "bad_token_issuer");
}

// The keys of one issuer sign nothing for another.
TEST_F(Verify, EachIssuerHasItsOwnKeys) {
  issuers_.push_back(an_issuer());
  issuers_[1].issuer = "https://other.test";
  keys_.of = {set_of({curve().jwk()}), set_of({rsa().jwk()})};
  EXPECT_EQ(why_claims(R"("iss":"https://other.test")"), "bad_token_key_unknown");
  EXPECT_EQ(why(rsa().token(claims(R"("iss":"https://other.test")"))), "");
  EXPECT_EQ(judge(curve().token(claims(R"("iss":"https://other.test")"))).error().wants_keys_of,
            1u);
  auto here = judge(curve().token(claims()));
  auto there = judge(rsa().token(claims(R"("iss":"https://other.test")")));
  ASSERT_TRUE(here && there);
  EXPECT_NE(here->principal.key_id, there->principal.key_id) << "one subject of two issuers";
}

TEST_F(Verify, TheAudienceIsOneOfOurs) {
  EXPECT_EQ(why_claims(R"("aud":["x","llm"])"), "");
  for (std::string_view other : {R"("x")", R"(["x"])", "[]", "null", R"("llm2")", R"([["llm"]])"}) {
    EXPECT_EQ(why_claims(fmt::format(R"("aud":{})", other)), "bad_token_audience") << other;
  }
  issuers_[0].audience.names = {"a", "b"};
  EXPECT_EQ(why_claims(R"("aud":"b")"), "");
  std::string without = claims();
  constexpr std::string_view audience = R"("aud":"llm",)";
  without.erase(without.find(audience), audience.size());
  EXPECT_EQ(why(curve().token(without)), "bad_token_audience") << "one for nobody is not for us";
}

TEST_F(Verify, TimesHoldWithTheSkewThatIsAllowed) {
  std::string token = curve().token(claims());
  EXPECT_EQ(why(token, now + 659s), "");
  EXPECT_EQ(why(token, now + 660s), "bad_token_expired");
  for (std::string_view name : {"nbf", "iat"}) {
    auto begins = [&](std::int64_t at) { return why_claims(fmt::format(R"("{}":{})", name, at)); };
    EXPECT_EQ(begins(now_s + 60), "") << name;
    EXPECT_EQ(begins(now_s + 61), "bad_token_not_yet") << name;
    EXPECT_EQ(why_claims(fmt::format(R"("{}":"now")", name)), "bad_token_times") << name;
  }
  issuers_[0].clock_skew = 0s;
  EXPECT_EQ(why(token, now + 600s), "bad_token_expired");
}

TEST_F(Verify, ATokenWithoutAnEndIsRefused) {
  for (std::string_view end : {"null", R"("1890000000")", "-1", "[]", "true", "{}"}) {
    EXPECT_EQ(why_claims(fmt::format(R"("exp":{})", end)), "bad_token_times") << end;
  }
  EXPECT_EQ(why_claims(fmt::format(R"("exp":{}.5)", now_s)), "");
  EXPECT_EQ(why_claims(R"("exp":0)"), "bad_token_expired");
  for (std::string_view far : {"1e300", "18446744073709551615", "9223372036854775807"}) {
    auto verified = judge(curve().token(claims(fmt::format(R"("exp":{})", far))));
    ASSERT_TRUE(verified) << far;
    EXPECT_GT(verified->until, now) << far;
  }
}

TEST_F(Verify, WhatIsNoTokenIsRefused) {
  std::string token = curve().token(claims());
  std::size_t first = token.find('.');
  for (const std::string& text :
       {std::string(".."), std::string("a.b.c"), token + ".", token + "=", token.substr(first),
        std::string("e30.e30."), std::string("W10.W10.AA"),
        token.substr(0, first) + "=" + token.substr(first),
        token.substr(0, first) + ".e30" + token.substr(token.rfind('.')).insert(1, "+")}) {
    EXPECT_FALSE(judge(text)) << text;
    EXPECT_NE(why(text), "bad_token_signature") << text;
  }
  EXPECT_EQ(why("e30.e30."), "bad_token_issuer");
  std::string pad(token_bytes_max, 'x');
  EXPECT_EQ(why_claims(fmt::format(R"("x":"{}")", pad)), "bad_token_malformed");
  std::string deep(200, '[');
  EXPECT_EQ(why(curve().token(R"({"x":)" + deep + std::string(200, ']') + "}")),
            "bad_token_malformed");
}

TEST(Base64url, IsStrict) {
  EXPECT_EQ(decode_base64url(""), "");
  EXPECT_EQ(decode_base64url("_-8"), "\xff\xef");
  EXPECT_EQ(decode_base64url(base64url("any carnal pleas")), "any carnal pleas");
  for (std::string_view bad : {"A", "AAAAA", "AA==", "A A", "+A", "/A", "AB", "AAB", "A\n", "A."}) {
    EXPECT_FALSE(decode_base64url(bad)) << bad;
  }
}

}  // namespace
}  // namespace recloser::auth::jwt
