// Claims: which of them makes which part of a principal.
#include "auth/jwt/claims.h"

#include "auth/jwt/json.h"

#include <string>

#include <boost/json/object.hpp>
#include <gmock/gmock.h>

namespace recloser::auth::jwt {
namespace {

using testing::ElementsAre;
using Named = std::expected<Principal, Rejection>;

config::ClaimPath path(std::string_view text) { return *config::ClaimPath::parse(text); }

class ClaimsTest : public testing::Test {
 protected:
  Named named(std::string_view claims) { return principal_of(*parse_object(claims), issuer_); }
  std::string why(std::string_view claims) {
    Named principal = named(claims);
    return principal ? "" : std::string(name_of(principal.error()));
  }
  config::TokenIssuer issuer_;
};

TEST_F(ClaimsTest, EveryMappedOneArrives) {
  issuer_.map = {.org = path("claims.org.name"),
                 .team = path("claims[\"https://acme.test/team\"]"),
                 .user = path("claims.email"),
                 .agent = path("claims.azp"),
                 .labels = path("claims.groups"),
                 .models = path("claims.models")};
  Named principal =
      named(R"({"sub":"1","org":{"name":"acme"},"https://acme.test/team":"search",)"
            R"("email":"ada@acme.test","azp":42,"groups":["a","b"],"models":"gpt-*"})");
  ASSERT_TRUE(principal) << name_of(principal.error());
  const Principal& who = *principal;
  EXPECT_EQ(who.org, "acme");
  EXPECT_EQ(who.team, "search");
  EXPECT_EQ(who.user, "ada@acme.test");
  EXPECT_EQ(who.agent, "42");
  EXPECT_THAT(who.labels, ElementsAre("a", "b"));
  EXPECT_EQ(who.models.human(), "gpt-*");
}

TEST_F(ClaimsTest, OneThatIsMappedAndMissingIsARefusal) {
  constexpr std::string_view bare = R"({"sub":"1"})";
  EXPECT_EQ(why(bare), "");
  auto refused = [&](config::ClaimPath config::ClaimMap::* mapped, std::string_view because) {
    issuer_.map = {};
    issuer_.map.*mapped = path("claims.missing");
    EXPECT_EQ(why(bare), because);
    issuer_.map.*mapped = path("claims.sub.missing");  // below what has nothing below
    EXPECT_EQ(why(bare), because);
  };
  refused(&config::ClaimMap::org, "bad_token_org");
  refused(&config::ClaimMap::team, "bad_token_team");
  refused(&config::ClaimMap::user, "bad_token_user");
  refused(&config::ClaimMap::agent, "bad_token_agent");
  refused(&config::ClaimMap::labels, "bad_token_labels");
  refused(&config::ClaimMap::models, "bad_token_models");
}

TEST_F(ClaimsTest, AFallbackStandsForWhatIsAbsent) {
  issuer_.map.org = path("claims.org");
  issuer_.fallback = {.org = "acme", .team = "others", .agent = "cli"};
  for (std::string_view claims :
       {R"({"sub":"1"})", R"({"sub":"1","org":null})", R"({"sub":"1","org":""})"}) {
    Named principal = named(claims);
    ASSERT_TRUE(principal) << claims;
    EXPECT_EQ(principal->org + principal->team + principal->agent, "acmeotherscli");
  }
  EXPECT_EQ(why(R"({"sub":"1","org":["acme"]})"), "bad_token_org") << "which is no absence";
  EXPECT_EQ(why(R"({"sub":"1","org":{}})"), "bad_token_org");
  EXPECT_EQ(named(R"({"sub":"1","org":"b"})")->org, "b");
}

// An empty list of models allows all of them to a key; to a token it allows none.
TEST_F(ClaimsTest, AnEmptyListOfModelsIsNoLeaveForAll) {
  issuer_.map.models = path("claims.models");
  EXPECT_EQ(why(R"({"sub":"1","models":[]})"), "bad_token_models");
  EXPECT_EQ(why(R"({"sub":"1","models":""})"), "bad_token_models");
  EXPECT_EQ(why(R"({"sub":"1","models":["a",{}]})"), "bad_token_models");
  EXPECT_EQ(why(R"({"sub":"1","models":["a"]})"), "");
}

TEST_F(ClaimsTest, WhatIsNoNameIsRefused) {
  issuer_.map.team = path("claims.team");
  std::string long_name(65, 'x');
  for (const std::string& name :
       {long_name, std::string("a,b"), std::string("a\\nb"), std::string(" a"),
        std::string("\\u00e4"), std::string("a\\u0000")}) {
    EXPECT_EQ(why(R"({"sub":"1","team":")" + name + "\"}"), "bad_token_names") << name;
  }
  EXPECT_EQ(why(R"({"sub":"1","team":true})"), "bad_token_team");
  EXPECT_EQ(why(R"({"sub":"1","team":1.5})"), "bad_token_team");
}

// What the ledger, budgets and switches know a caller by.
TEST_F(ClaimsTest, ASubjectHasOneKeyIdWhateverItHolds) {
  std::string first = named(R"({"sub":"1"})")->key_id;
  EXPECT_EQ(named(R"({"sub":"1","team":"x"})")->key_id, first);
  EXPECT_NE(named(R"({"sub":"2"})")->key_id, first);
  issuer_.map.user = path("claims.name");
  EXPECT_EQ(why(R"({"name":"a"})"), "bad_token_subject");
  EXPECT_EQ(why(R"({"sub":"","name":"a"})"), "bad_token_subject");
  EXPECT_EQ(why(R"({"sub":7,"name":"a"})"), "bad_token_subject");
  EXPECT_EQ(
      why(R"({"sub":"system:serviceaccount:\u00e4,)" + std::string(100, 's') + R"(","name":"a"})"),
      "");
  EXPECT_EQ(why(R"({"sub":")" + std::string(2000, 's') + R"(","name":"a"})"), "bad_token_subject");
}

}  // namespace
}  // namespace recloser::auth::jwt
