// Whose tokens are taken: what arrives of it, and what is complained of, each with its place.
#include "config/testing/text.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::config {
namespace {

// After the two obligatory lines and a provider: line 4.
Checked check(std::string_view jwt) {
  FakeEnvironment environment;
  return check_text(with_provider("auth: {jwt: " + std::string(jwt) + "}\n"),
                    "/etc/recloser/recloser.yaml", environment);
}
std::string report(std::string_view jwt) {
  std::string text = check(jwt).report("f");
  std::size_t cut = text.find(": auth.jwt");
  return cut == text.npos ? text : text.substr(cut + 2, text.find('\n', cut) - cut - 2);
}

TEST(Identity, EveryFieldArrives) {
  Checked checked = check(
      "{issuer: 'https://idp.test', audience: llm, jwksUrl: 'https://idp.test/keys?a=b', ca: "
      "ca.pem, "
      "algorithms: [ES256, EdDSA, ES256], clockSkew: 5s, refresh: 1h, "
      "map: {org: claims.org, team: 'claims[\"https://a.test/team\"]', user: claims.a.b-c, "
      "agent: claims.azp, labels: claims.groups, models: claims.models}, "
      "fallback: {org: acme, team: t, agent: a}}");
  ASSERT_TRUE(checked.config) << checked.report("f");
  ASSERT_EQ(checked.config->auth.jwt.size(), 1u);
  const TokenIssuer& issuer = checked.config->auth.jwt[0];
  EXPECT_EQ(issuer.issuer, "https://idp.test");
  EXPECT_EQ(issuer.audience.names, std::vector<std::string>{"llm"});
  EXPECT_EQ(issuer.keys_url->base.host_field() + issuer.keys_url->target(), "idp.test/keys?a=b");
  EXPECT_EQ(issuer.ca_path, "/etc/recloser/ca.pem");
  EXPECT_EQ(issuer.algorithms,
            (std::vector<TokenAlgorithm>{TokenAlgorithm::es256, TokenAlgorithm::eddsa}));
  EXPECT_EQ(issuer.clock_skew, 5s);
  EXPECT_EQ(issuer.refresh, 1h);
  EXPECT_EQ(issuer.map.org.names, std::vector<std::string>{"org"});
  EXPECT_EQ(issuer.map.team.names, std::vector<std::string>{"https://a.test/team"});
  EXPECT_EQ(issuer.map.user.names, (std::vector<std::string>{"a", "b-c"}));
  EXPECT_EQ(issuer.map.agent.str() + issuer.map.labels.str() + issuer.map.models.str(),
            "claims.azpclaims.groupsclaims.models");
  EXPECT_EQ(issuer.fallback.org + issuer.fallback.team + issuer.fallback.agent, "acmeta");
}

TEST(Identity, SeveralIssuersAreAList) {
  Checked checked = check(
      "[{issuer: 'https://a.test', audience: [x, y], map: {org: claims.org}}, "
      "{issuer: b, audience: llm, jwksUrl: 'http://127.0.0.1:1/k', fallback: {org: acme}}]");
  ASSERT_TRUE(checked.config) << checked.report("f");
  ASSERT_EQ(checked.config->auth.jwt.size(), 2u);
  const TokenIssuer& first = checked.config->auth.jwt[0];
  EXPECT_EQ(first.audience.names, (std::vector<std::string>{"x", "y"}));
  EXPECT_FALSE(first.keys_url);
  EXPECT_EQ(first.algorithms.size(), 3u);
  EXPECT_EQ(first.clock_skew, 60s);
  EXPECT_EQ(first.map.user.names, std::vector<std::string>{"sub"});
  EXPECT_EQ(first.map.team.str(), "");
}

TEST(Identity, WhatIsMissingIsNamed) {
  EXPECT_EQ(report("{audience: llm, fallback: {org: a}}"),
            "auth.jwt.issuer is required here; write issuer: https://idp.example");
  EXPECT_EQ(report("{issuer: 'https://a.test', fallback: {org: a}}"),
            "auth.jwt.audience is required here; write audience: llm");
  EXPECT_EQ(report("{issuer: 'https://a.test', audience: llm}"),
            "auth.jwt says nothing of the org; write map: {org: claims.NAME}, or fallback: {org: "
            "NAME}");
  EXPECT_EQ(report("{issuer: idp, audience: llm, fallback: {org: a}}"),
            "auth.jwt.issuer is no https URL that its keys could be asked of; write jwksUrl too");
  EXPECT_EQ(report("{issuer: 'http://idp.test', audience: llm, fallback: {org: a}}"),
            "auth.jwt.issuer is no https URL that its keys could be asked of; write jwksUrl too");
}

std::string report_with(std::string_view more) {
  return report("{issuer: 'https://a.test', audience: llm, fallback: {org: a}, " +
                std::string(more) + "}");
}

TEST(Identity, WhatIsWrongIsTold) {
  EXPECT_EQ(report_with("jwksUrl: 'http://idp.test/k'"),
            "auth.jwt.jwksUrl must be https, because keys that come over http may be anybody's");
  EXPECT_EQ(report_with("jwksUrl: 'https://169.254.169.254/k'"),
            "auth.jwt.jwksUrl cannot be a link-local, cloud metadata, unspecified or multicast "
            "address");
  EXPECT_EQ(report_with("jwksUrl: 'https://a.test/k#f'"),
            "auth.jwt.jwksUrl must not have a fragment ('#')");
  EXPECT_EQ(report_with("jwksUrl: 'https://a.test/k?a#f'"),
            "auth.jwt.jwksUrl must be at most 2048 bytes of printable ASCII, without a fragment");
  std::string algorithms =
      "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 or EdDSA; you wrote ";
  EXPECT_EQ(report_with("algorithms: [none]"),
            "auth.jwt.algorithms[0] must be " + algorithms + "none");
  EXPECT_EQ(report_with("algorithms: [RS256, HS256]")
                .find("auth.jwt.algorithms[1] must be " + algorithms + "HS256"),
            0u);
  EXPECT_EQ(report_with("algorithms: []"),
            "auth.jwt.algorithms must hold 1..10 entries; you wrote 0");
  EXPECT_EQ(report_with("clockSkew: 1h"), "auth.jwt.clockSkew must be 0s..10m; you wrote 1h");
  EXPECT_EQ(report_with("refresh: 1s"), "auth.jwt.refresh must be 1m..1d; you wrote 1s");
  constexpr std::string_view claim =
      "auth.jwt.map.team must name a claim, as claims.team or "
      "claims[\"https://acme.example/team\"]";
  for (std::string_view path : {"team", "claims", "claims.", "claims..a", "'claims[\"a\"'",
                                "'claims.a b'", "claimsx", "'claims[\"\"]'"}) {
    EXPECT_EQ(report_with("map: {team: " + std::string(path) + "}"), claim) << path;
  }
  EXPECT_EQ(report_with("map: {team: claims.a.b.c.d.e.f.g.h.i}"),
            "auth.jwt.map.team must be at most 8 names deep");
  EXPECT_EQ(report_with("secret: x").find("auth.jwt.secret is not a field; "), 0u);
}

TEST(Identity, TwoOfOneIssuerAreRefused) {
  constexpr std::string_view one = "{issuer: 'https://a.test', audience: x, fallback: {org: a}}";
  EXPECT_EQ(report("[" + std::string(one) + ", " + std::string(one) + "]"),
            "auth.jwt[1].issuer must differ from auth.jwt[0].issuer");
}

TEST(Identity, TokensMeanNothingWhereEverybodyMayCall) {
  FakeEnvironment environment;
  std::string text = report_of(
      with_provider("auth: {mode: open, jwt: {issuer: 'https://a.test', audience: x, fallback: "
                    "{org: a}}}\n"),
      environment);
  EXPECT_NE(text.find("auth.jwt has no meaning in mode open, where everybody may call; write mode: "
                      "keys"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace recloser::config
