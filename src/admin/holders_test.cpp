// Keys and whom they belong to over the admin port: what is changed holds when the answer is there,
// for budgets and keys at once, and after a restart.
#include "admin/holders.h"

#include "admin/test_api.h"
#include "budget/permit.h"
#include "budget/scopes.h"

#include <gmock/gmock.h>

namespace recloser::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class HoldersApi : public BothStoresTest {
 protected:
  std::string make_key(std::string_view body) {
    Heard made = post("/admin/keys", std::string(body));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.status == 201 ? std::string(made.json().at("secret").as_string()) : "";
  }
  auth::Admission find(std::string_view secret) {
    ring_ = roster_->keys().current();
    return ring_->find(secret, loop_.clock().wall());
  }
  std::vector<std::string> limits() {
    std::vector<std::string> names;
    for (const budget::Live* live : *budgets_.in_force().current()) {
      names.push_back(fmt::format("{}={}", live->document().name, live->document().limit));
    }
    return names;
  }
  // As a gateway that starts again.
  void reopen() {
    stop();
    open_roster();
  }
  std::shared_ptr<const auth::KeyRing> ring_;
};

TEST_P(HoldersApi, AKeysLimitsAreInForceWhenItIsMadeAndChanged) {
  std::string secret = make_key(
      R"({"id":"ci","budget":{"usd":5,"per":"day","reserve":"elastic"},"rpm":60,"tpm":"9"})");
  EXPECT_THAT(limits(), ElementsAre("key/ci/usd/day=5000000000", "key/ci/rpm=60", "key/ci/tpm=9"));
  Heard shown = get("/admin/keys/ci");
  EXPECT_THAT(shown.body, HasSubstr(R"("budget":[{"usd":"5","per":"day","reserve":"elastic"}],)"
                                    R"("rpm":60,"tpm":9,"concurrency":null)"));
  Heard changed = patch("/admin/keys/ci", R"({"rpm":30,"tpm":null,"models":["m"]})");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_THAT(limits(), ElementsAre("key/ci/usd/day=5000000000", "key/ci/rpm=30"))
      << "what it does not name stays";
  EXPECT_FALSE(find(secret).principal->models.allow("other"));
  EXPECT_EQ(get("/admin/keys/ci").body, changed.body);
  del("/admin/keys/ci");
  EXPECT_THAT(limits(), IsEmpty());
}

TEST_P(HoldersApi, DisablingCanBeTakenBackAndRevokingCannot) {
  std::string secret = make_key(R"({"id":"ci"})");
  EXPECT_EQ(patch("/admin/keys/ci", R"({"disabled":true})").json().at("state").as_string(),
            "disabled");
  EXPECT_EQ(find(secret).rejection, auth::Rejection::disabled);
  patch("/admin/keys/ci", R"({"disabled":false})");
  EXPECT_TRUE(find(secret).admitted());
  del("/admin/keys/ci");
  Heard heard = patch("/admin/keys/ci", R"({"disabled":false})");
  EXPECT_EQ(heard.status, 409);
  EXPECT_EQ(heard.message(), "the key 'ci' is revoked, which is for ever; make another");
  EXPECT_EQ(post("/admin/keys/ci/rotate", "").status, 409);
  EXPECT_FALSE(find(secret).admitted());
}

TEST_P(HoldersApi, ARotatedKeyIsOneKeyWithTwoSecretsUntilTheGraceEnds) {
  std::string first = make_key(R"({"id":"ci","rpm":60})");
  Heard rotated = post("/admin/keys/ci/rotate", R"({"grace":"1h"})");
  ASSERT_EQ(rotated.status, 201) << rotated.body;
  std::string second(rotated.json().at("secret").as_string());
  EXPECT_NE(first, second);
  EXPECT_EQ(find(first).principal, find(second).principal);
  EXPECT_EQ(find(second).principal->key_id, "ci");
  EXPECT_THAT(limits(), ElementsAre("key/ci/rpm=60"));
  EXPECT_EQ(get("/admin/keys").body.find(second), std::string::npos) << "shown once";
  EXPECT_EQ(loop_.log_text().find(second), std::string::npos);
  EXPECT_FALSE(get("/admin/keys/ci").json().at("old_secret_until").is_null());
  loop_.run_for(1h);
  EXPECT_EQ(find(first).rejection, auth::Rejection::rotated);
  EXPECT_TRUE(find(second).admitted());
  EXPECT_TRUE(get("/admin/keys/ci").json().at("old_secret_until").is_null());

  std::string third(
      post("/admin/keys/ci/rotate", R"({"grace":"0"})").json().at("secret").as_string());
  EXPECT_FALSE(find(second).admitted()) << "no grace";
  EXPECT_TRUE(find(third).admitted());
  for (const char* body :
       {R"({"grace":"-1h"})", R"({"grace":"91d"})", R"({"grace":5})", R"({"grce":"1h"})", "[]"}) {
    EXPECT_EQ(post("/admin/keys/ci/rotate", body).status, 400) << body;
  }
  EXPECT_TRUE(find(third).admitted()) << "what was refused changed nothing";
}

TEST_P(HoldersApi, ATeamIsSetChangedAndRemoved) {
  std::string secret = make_key(R"({"id":"ci","org":"acme","team":"search"})");
  Heard put = this->put("/admin/teams/search?org=acme",
                        R"({"budget":[{"usd":"50","per":"month"}],"rpm":600,)"
                        R"("userDefaults":{"budget":{"usd":1,"per":"day"}}})");
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_THAT(limits(),
              ElementsAre("team/acme/search/usd/month=50000000000", "team/acme/search/rpm=600",
                          "users/team/acme/search/usd/day=1000000000"));
  EXPECT_EQ(get("/admin/teams/search").body, put.body) << "there is only one of that name";
  EXPECT_EQ(get("/admin/teams").body,
            R"({"data":[)" + put.body.substr(0, put.body.size() - 1) + "],\"next\":null}\n");
  Heard changed =
      patch("/admin/teams/search", R"({"rpm":null,"disabled":true,"userDefaults":{"rpm":5}})");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_THAT(limits(), ElementsAre("team/acme/search/usd/month=50000000000",
                                    "users/team/acme/search/usd/day=1000000000",
                                    "users/team/acme/search/rpm=5"));
  EXPECT_EQ(find(secret).by, "team");
  this->put("/admin/teams/search?org=acme", "{}");
  EXPECT_THAT(limits(), IsEmpty()) << "a PUT is all there is";
  EXPECT_TRUE(find(secret).admitted());
  EXPECT_EQ(del("/admin/teams/search").status, 200);
  EXPECT_EQ(get("/admin/teams/search").status, 404);
  EXPECT_EQ(del("/admin/teams/search").status, 404);
}

TEST_P(HoldersApi, WhatIsSpentSurvivesAChangeAndALowerLimitLeavesNothing) {
  put("/admin/orgs/acme", R"({"budget":{"requests":10,"per":"total"}})");
  budget::Live* live = budgets_.find("org/acme/requests/total");
  ASSERT_NE(live, nullptr);
  budgets_.set_charged(*live, budget::account_key(*live, ""), 7);
  std::uint64_t revision = budgets_.revision();
  int changes = roster_changes_;
  patch("/admin/orgs/acme", R"({"budget":{"requests":5,"per":"total"}})");
  EXPECT_EQ(budgets_.find("org/acme/requests/total"), live);
  budget::Standing standing = budgets_.standing(*live, budget::account_key(*live, ""));
  EXPECT_EQ(standing.charged, 7);
  EXPECT_EQ(standing.remaining(), -2);
  EXPECT_GT(budgets_.revision(), revision) << "what runs looks again";
  EXPECT_EQ(roster_changes_, changes + 1);
}

TEST_P(HoldersApi, AllIsAsItWasLeftAfterARestart) {
  std::string first = make_key(R"({"id":"ci","org":"acme","rpm":60})");
  std::string second(
      post("/admin/keys/ci/rotate", R"({"grace":"2h"})").json().at("secret").as_string());
  put("/admin/orgs/acme", R"({"budget":{"usd":"0.5","per":"day"},"labels":["a"]})");
  put("/admin/users/ada", R"({"org":"acme","team":"x","expires":"2030-01-01"})");
  std::vector<std::string> before = limits();
  std::string orgs = get("/admin/orgs").body;
  std::string users = get("/admin/users").body;
  reopen();
  EXPECT_EQ(limits(), before);
  EXPECT_EQ(roster_->keys().current()->find(first, loop_.clock().wall()).principal->labels,
            std::vector<std::string>{"a"});
  EXPECT_TRUE(admits(second));
  EXPECT_EQ(get("/admin/orgs").body, orgs);
  EXPECT_EQ(get("/admin/users").body, users);
}

TEST_P(HoldersApi, WhatIsDeclaredIsChangedThere) {
  config::Holder org;
  org.kind = config::HolderKind::org;
  org.name = "acme";
  org.rpm = 7;
  config_->holders.push_back(org);
  put("/admin/orgs/beta", R"({"rpm":8})");
  reopen();
  Heard heard = patch("/admin/orgs/acme", R"({"rpm":9})");
  EXPECT_EQ(heard.status, 409);
  EXPECT_EQ(heard.message(),
            "the org acme is declared by a document of recloser.yaml, so it is changed there: edit "
            "the document and restart Recloser");
  EXPECT_EQ(put("/admin/orgs/acme", R"({"rpm":9})").status, 409);
  EXPECT_EQ(del("/admin/orgs/acme").status, 409);
  EXPECT_THAT(limits(), ElementsAre("org/acme/rpm=7", "org/beta/rpm=8"));
  org.name = "beta";
  config_->holders.push_back(org);
  reopen();
  EXPECT_THAT(limits(), ElementsAre("org/acme/rpm=7", "org/beta/rpm=7"))
      << "a document stands before what is stored";
}

TEST_P(HoldersApi, WhatIsWrongChangesNothing) {
  struct Wrong {
    const char* body;
    const char* told;
  };
  for (const Wrong& wrong : {
           Wrong{R"({"rmp":1})", "rmp is not a field; did you mean rpm?"},
           Wrong{R"({"rpm":-1})", "rpm must be 1..1000000000"},
           Wrong{R"({"rpm":1,"rpm":2})", "rpm is given twice"},
           Wrong{R"({"budget":{"usd":-5,"per":"day"}})", "budget.usd"},
           Wrong{R"({"budget":{"usd":"NaN","per":"day"}})", "budget.usd"},
           Wrong{R"({"budget":{"usd":1}})", "budget.per is required here"},
           Wrong{R"({"budget":[{"usd":1,"per":"day"},{"usd":2,"per":"day"}]})", "second budget"},
           Wrong{R"({"team":"x"})", "team has no meaning of a Team"},
           Wrong{R"({"plan":"gold"})", "plan is not supported in this version"},
           Wrong{R"({"org":"beta"})", "org is beta in the body and acme in the query"},
           Wrong{R"({"expires":"2020-01-01"})", "which is over"},
           Wrong{R"({"models":["${HOME}"]})", "HOME"},
           Wrong{"{", "not valid JSON"},
           Wrong{"[]", "must be a JSON object"},
       }) {
    Heard heard = put("/admin/teams/t?org=acme", wrong.body);
    EXPECT_EQ(heard.status, 400) << wrong.body << heard.body;
    EXPECT_THAT(heard.message(), HasSubstr(wrong.told)) << wrong.body;
  }
  EXPECT_EQ(put("/admin/teams/a%0Ab", "{}").status, 400);
  EXPECT_EQ(put("/admin/orgs/t?org=acme", "{}").status, 400) << "an org is in no org";
  EXPECT_EQ(post("/admin/teams/t", "{}").status, 405);
  EXPECT_EQ(get("/admin/teams").body, "{\"data\":[],\"next\":null}\n");
  EXPECT_THAT(limits(), IsEmpty());
}

TEST_P(HoldersApi, NamesThatCouldBeTakenForOneAnother) {
  ASSERT_EQ(put("/admin/teams/t?org=acme", "{}").status, 200);
  EXPECT_EQ(put("/admin/teams/t", "{}").status, 409) << "one with an org, one without";
  ASSERT_EQ(put("/admin/teams/t?org=beta", "{}").status, 200);
  Heard which = get("/admin/teams/t");
  EXPECT_EQ(which.status, 400);
  EXPECT_EQ(which.message(), "there are several teams t: of acme, beta; say org too");
  EXPECT_EQ(patch("/admin/teams/t", R"({"rpm":1})").status, 400);
  EXPECT_EQ(patch("/admin/teams/t", R"({"rpm":1,"org":"beta"})").status, 200);
  EXPECT_EQ(post("/admin/keys", R"({"team":"t"})").message(),
            "there are several teams t: of acme, beta; say org too");
  EXPECT_EQ(post("/admin/keys", R"({"team":"t","org":"gamma"})").message(),
            "the team t is of acme, beta, not of gamma; name another team or org, or make the team "
            "in that org first");
  EXPECT_EQ(post("/admin/keys", R"({"team":"t","org":"beta"})").status, 201);
}

TEST_P(HoldersApi, MoreLimitsThanACallCanHaveAreRefused) {
  std::string many = R"({"budget":[)";
  for (const char* per : {"hour", "day", "week", "month", "total"}) {
    for (const char* unit : {"usd", "tokens", "requests"}) {
      many += fmt::format(R"({{"{}":9,"per":"{}"}},)", unit, per);
    }
  }
  many.back() = ']';
  many += R"(,"rpm":9,"tpm":9})";
  ASSERT_EQ(put("/admin/orgs/a", many).status, 200);
  Heard heard = put("/admin/teams/t", many);
  EXPECT_EQ(heard.status, 409);
  EXPECT_THAT(heard.message(), HasSubstr("could apply to one call"));
  EXPECT_EQ(get("/admin/teams/t").status, 404) << "it is not in the store either";
}

TEST_P(HoldersApi, AKeysChangeIsChecked) {
  make_key(R"({"id":"ci"})");
  for (const char* body :
       {"{}", R"({"rmp":1})", R"({"disabled":"yes"})", R"({"disabled":null})",
        R"({"expires":"2020-01-01"})", R"({"models":"m"})", R"({"rpm":0})", R"({"labels":[""]})",
        R"({"budget":{"usd":1,"per":"year"}})", R"({"org":"x"})", R"({"id":"x"})", ""}) {
    EXPECT_EQ(patch("/admin/keys/ci", body).status, 400) << body;
  }
  EXPECT_THAT(patch("/admin/keys/ci", R"({"team":"x"})").message(),
              HasSubstr("team of a key stays what it is"));
  EXPECT_EQ(patch("/admin/keys/cj", R"({"rpm":1})").status, 404);
  EXPECT_THAT(limits(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Stores, HoldersApi, testing::Values("memory", "sqlite"));

}  // namespace
}  // namespace recloser::admin
