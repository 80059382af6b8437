// Orgs, teams, users and keys as documents: what arrives, and what is complained of, with its
// place.
#include "config/testing/text.h"

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::config {
namespace {

std::string document(std::string_view kind, std::string_view name, std::string_view spec) {
  return fmt::format(
      "apiVersion: recloser.dev/v1alpha1\nkind: {}\nmetadata: {{name: {}}}\nspec: {}\n", kind, name,
      spec);
}

Checked check(std::string_view documents, std::string_view more = {}) {
  FakeEnvironment environment;
  environment.files["d.yaml"] = documents;
  return check_text(with_provider(fmt::format("policies: [d.yaml]\n{}", more)), "recloser.yaml",
                    environment);
}
std::string report(std::string_view documents, std::string_view more = {}) {
  return check(documents, more).report("recloser.yaml");
}

TEST(HolderDocuments, EveryFieldArrives) {
  Checked checked = check(
      document("Team", "search",
               "{org: acme, models: [\"gpt-*\"], labels: [a], expires: 2027-01-01, disabled: true,"
               " budget: [{usd: 5, per: day}, {tokens: 9, per: total, reserve: elastic}], rpm: 6,"
               " tpm: 7, concurrency: 8, userDefaults: {models: [m], budget: {usd: 1, per: day},"
               " rpm: 1, tpm: 2, concurrency: 3}}") +
      "---\n" + document("Org", "acme corp", "{rpm: 600}") + "---\n" +
      document("User", "ada", "{org: acme, team: search}") + "---\n" +
      document("Key", "ci",
               "{secret: 01234567890123456789, org: acme, team: search, user: ada, agent: x,"
               " budget: {usd: 5, per: day}, disabled: true}"));
  ASSERT_TRUE(checked.config) << checked.report("f");
  const Holder& team = checked.config->holders.at(0);
  EXPECT_EQ(team.kind, HolderKind::team);
  EXPECT_EQ(team.name + "/" + team.org, "search/acme");
  EXPECT_EQ(team.models, std::vector<std::string>{"gpt-*"});
  EXPECT_EQ(team.labels, std::vector<std::string>{"a"});
  EXPECT_EQ(rfc3339(team.expires.value()), "2027-01-01T00:00:00.000Z");
  EXPECT_TRUE(team.disabled);
  EXPECT_EQ(team.budgets.at(0).usd.value().count, 5'000'000'000);
  EXPECT_EQ(team.budgets.at(1).tokens.value().count, 9);
  EXPECT_EQ(team.rpm, 6u);
  EXPECT_EQ(team.tpm, 7u);
  EXPECT_EQ(team.concurrency, 8u);
  EXPECT_EQ(team.user_defaults.models, std::vector<std::string>{"m"});
  EXPECT_EQ(team.user_defaults.budgets.at(0).usd.value().count, 1'000'000'000);
  EXPECT_EQ(team.user_defaults.rpm, 1u);
  EXPECT_EQ(team.user_defaults.tpm, 2u);
  EXPECT_EQ(team.user_defaults.concurrency, 3u);
  EXPECT_EQ(checked.config->holders.at(1).name, "acme corp");
  EXPECT_EQ(checked.config->holders.at(2).team, "search");
  const Key& key = checked.config->keys.at(0);
  EXPECT_EQ(key.id + "/" + key.org + "/" + key.team + "/" + key.user + "/" + key.agent,
            "ci/acme/search/ada/x");
  EXPECT_EQ(key.budgets.at(0).usd.value().count, 5'000'000'000);
  EXPECT_TRUE(key.disabled);
  EXPECT_NE(documents_summary(*checked.config).find("kind: Team"), std::string::npos);
}

struct Complaint {
  std::string_view kind;
  std::string_view spec;
  std::string_view told;
};

TEST(HolderDocuments, Complaints) {
  for (const Complaint& wrong : {
           Complaint{"Team", "{rmp: 1}", "d.yaml:4:8: spec.rmp is not a field; did you mean rpm?"},
           Complaint{"Team", "{rpm: -1}", "d.yaml:4:13: spec.rpm must be 1..1000000000"},
           Complaint{"Team", "{budget: {usd: -5, per: day}}", "d.yaml:4:22: spec.budget.usd"},
           Complaint{"Team", "{budget: {usd: .nan, per: day}}", "d.yaml:4:22: spec.budget.usd"},
           Complaint{"Team", "{budget: {per: day}}",
                     "d.yaml:4:16: spec.budget must have one of usd, tokens and requests"},
           Complaint{"Team", "{userDefaults: {budget: {tokens: 1.5, per: day}}}",
                     "d.yaml:4:40: spec.userDefaults.budget.tokens"},
           Complaint{"Team", "{team: x}", "d.yaml:4:14: spec.team has no meaning of a Team"},
           Complaint{"Org", "{org: x}", "d.yaml:4:13: spec.org has no meaning of an Org"},
           Complaint{"User", "{userDefaults: {rpm: 1}}",
                     "d.yaml:4:22: spec.userDefaults has no meaning of a User"},
           Complaint{"User", "{plan: gold}",
                     "d.yaml:4:14: spec.plan is not supported in this version"},
           Complaint{"Team", "{expires: soon}", "d.yaml:4:17: spec.expires must be a day or time"},
           Complaint{"Team", "{disabled: maybe}", "d.yaml:4:18: spec.disabled must be true or"},
           Complaint{"Key", "{org: a}", "d.yaml:4:7: spec.secret is required here"},
           Complaint{"Key", "{secret: short}", "d.yaml:4:16: spec.secret"},
           Complaint{"Key", "{id: a, secret: 01234567890123456789}",
                     "d.yaml:4:8: spec.id is not a field"},
       }) {
    std::string told = report(document(wrong.kind, "x", wrong.spec));
    EXPECT_NE(told.find(wrong.told), std::string::npos) << wrong.spec << "\n" << told;
  }
}

TEST(HolderDocuments, TwoOfOneName) {
  std::string a = document("Team", "t", "{org: acme}") + "---\n";
  EXPECT_EQ(report(a + document("Team", "t", "{org: acme}")),
            "d.yaml:8:18: metadata.name is t, which the Team in d.yaml:3 already has\n");
  EXPECT_EQ(report(a + document("Team", "t", "{org: beta}")), "") << "another team";
  EXPECT_EQ(report(a + document("User", "t", "{org: acme}")), "");
  EXPECT_EQ(report(a + document("Team", "t", "{}")),
            "d.yaml:8:18: metadata.name is t, as that of another Team is, and only one of them "
            "says its org; write org in both\n");
  EXPECT_EQ(report(document("Key", "ci", "{secret: 01234567890123456789}"),
                   "keys: [{id: ci, secret: 11234567890123456789}]\n"),
            "d.yaml:3:18: metadata.name is ci, which the key in `keys` of the configuration "
            "already has\n");
  EXPECT_EQ(report(document("Key", "cj", "{secret: 01234567890123456789}"),
                   "keys: [{id: ci, secret: 01234567890123456789}]\n"),
            "d.yaml:4:16: spec.secret must differ from that of the key ci\n");
}

TEST(HolderDocuments, AKeyOfATeamThatIsOfAnotherOrg) {
  std::string team = document("Team", "search", "{org: acme}");
  EXPECT_EQ(
      report(team, "keys: [{id: a, secret: 01234567890123456789, org: beta, team: search}]\n"),
      "recloser.yaml:5:63: keys[0].team is search, which is a team of acme, not of beta; "
      "write another team or org, or a Team document with org: beta\n");
  EXPECT_EQ(report(team, "keys: [{id: a, secret: 01234567890123456789, team: search}]\n"), "");
  EXPECT_EQ(report(team + "---\n" + document("User", "ada", "{org: beta, team: search}")),
            "d.yaml:9:25: spec.team is search, which is a team of acme, not of beta; write another "
            "team or org, or a Team document with org: beta\n");
  std::string both = team + "---\n" + document("Team", "search", "{org: beta}") + "---\n";
  EXPECT_EQ(report(both + document("Key", "k", "{secret: 01234567890123456789, team: search}")),
            "d.yaml:14:44: spec.team is search, and there are several of that name: of acme, beta; "
            "write org too\n");
}

}  // namespace
}  // namespace recloser::config
