#include "cli/exposure.h"

#include "cli/test_process.h"
#include "config/load.h"
#include "ledger/sqlite_db.h"
#include "ledger/sqlite_store.h"
#include "price/catalogue.h"

#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view head =
    "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\nproviders: {sim: {dialect: simulated}}\n";

class ExposureTest : public CliTest {
 protected:
  // "scope: $ a minute by whom; $ in a window by whom, .."
  std::vector<std::string> told(std::string_view text, std::string_view documents = "") {
    environment_.files["b.yaml"] = documents;
    std::string all(head);
    if (!documents.empty()) all += "policies: [b.yaml]\n";
    config::Checked checked = config::check_text(all + std::string(text), "r.yaml", environment_);
    EXPECT_TRUE(checked.config) << checked.report("r.yaml");
    std::vector<std::string> lines;
    for (const Exposure& exposure :
         exposures(*checked.config, *price::Catalogue::shipped(), clock_.wall()).value()) {
      std::string line = exposure.scope + ":";
      if (exposure.per_minute) {
        line += fmt::format(" {} {};", text_of(exposure.per_minute->usd), exposure.per_minute->by);
      }
      for (const Bite& bite : exposure.until) {
        line += fmt::format(" {}/{} {}", text_of(bite.usd), bite.over, bite.by);
      }
      lines.push_back(line);
    }
    return lines;
  }
  static std::string document(std::string_view name, std::string_view spec) {
    return fmt::format(
        "---\napiVersion: recloser.dev/v1alpha1\nkind: Budget\nmetadata: {{name: {}}}\n"
        "spec: {{{}}}\n",
        name, spec);
  }
};

TEST_F(ExposureTest, WithoutALimitNothingIsBounded) {
  EXPECT_THAT(told("keys: [{id: ci, secret: 01234567890123456789}]\n"),
              ElementsAre("all calls:", "key ci:"));
}

TEST_F(ExposureTest, TheLeastOfEachWindowAndTheLeastOfAMinute) {
  EXPECT_THAT(
      told("keys:\n"
           "  - id: ci\n    secret: 01234567890123456789\n    tpm: 1000\n"
           "    budget: [{usd: 5, per: day}, {tokens: 100000, per: day}, {usd: 60, per: month}]\n"),
      // sim-smart is the dearest: 10 USD for a million tokens of output.
      ElementsAre("all calls:",
                  "key ci: 0.010000000 key/ci/tpm; 1.000000000/day key/ci/tokens/day "
                  "60.000000000/month key/ci/usd/month"));
}

TEST_F(ExposureTest, AKeyPaysTheDearestModelThatItMayAskFor) {
  EXPECT_THAT(
      told("models: {house: {targets: [{provider: sim, model: sim-smart}]}}\nkeys:\n"
           "  - {id: a, secret: 01234567890123456789, models: [sim-fast], tpm: 1000000}\n"
           "  - {id: b, secret: 11234567890123456789, models: [house], tpm: 1000000}\n"),
      ElementsAre("all calls:", "key a: 0.600000000 key/a/tpm;", "key b: 10.000000000 key/b/tpm;"));
}

TEST_F(ExposureTest, AScopeThatCallersNameBoundsNoKeyAndStandsForItself) {
  std::string documents =
      document("all", "unit: usd, limit: 100, window: {type: total}") +
      document("session",
               "unit: usd, limit: 2, key: [session], window: {type: session, "
               "maxAge: 1h}") +
      document("team",
               "unit: usd, limit: 50, key: [org, team], window: {type: calendar, period: "
               "month, timezone: UTC}") +
      document("counts", "unit: usd, limit: 1, reserve: none, window: {type: total}");
  EXPECT_THAT(told("keys: [{id: ci, secret: 01234567890123456789, org: acme, team: search}]\n"
                   "rateLimits: [{name: s, key: [session], tpm: 100}]\n",
                   documents),
              ElementsAre("all calls: 100.000000000 all; 100.000000000/total all",
                          "key ci: 50.000000000 team; 50.000000000/month team "
                          "100.000000000/total all",
                          "each session: 0.001000000 rate/s/tpm; 2.000000000/session session",
                          "each org, team: 50.000000000 team; 50.000000000/month team"));
}

constexpr std::string_view holders =
    "apiVersion: recloser.dev/v1alpha1\nkind: Org\nmetadata: {name: acme}\n"
    "spec: {budget: {usd: 5000, per: month}}\n"
    "---\napiVersion: recloser.dev/v1alpha1\nkind: Team\nmetadata: {name: search}\n"
    "spec: {org: acme, models: [sim-fast], budget: {usd: 500, per: month}, tpm: 1000000,\n"
    "       userDefaults: {budget: {usd: 5, per: day}}}\n"
    "---\napiVersion: recloser.dev/v1alpha1\nkind: User\nmetadata: {name: ada}\n"
    "spec: {org: acme, team: search, budget: {usd: 50, per: day}}\n";

// A key has the limits of its user, its team and its org, whether it names them or they are told;
// and each of those has its own.
TEST_F(ExposureTest, OrgsTeamsAndUsersBoundTheirKeys) {
  EXPECT_THAT(
      told("keys:\n"
           "  - {id: of-ada, secret: 01234567890123456789, user: ada}\n"
           "  - {id: of-bob, secret: 11234567890123456789, org: acme, team: search, user: bob}\n"
           "  - {id: of-team, secret: 21234567890123456789, team: search}\n"
           "  - {id: other, secret: 31234567890123456789, org: beta, team: search2}\n",
           holders),
      ElementsAre("all calls:",
                  "key of-ada: 0.600000000 team/acme/search/tpm; 50.000000000/day "
                  "user/acme/ada/usd/day 500.000000000/month team/acme/search/usd/month",
                  "key of-bob: 0.600000000 team/acme/search/tpm; 5.000000000/day "
                  "users/team/acme/search/usd/day 500.000000000/month "
                  "team/acme/search/usd/month",
                  "key of-team: 0.600000000 team/acme/search/tpm; 500.000000000/month "
                  "team/acme/search/usd/month",
                  "key other:",
                  "org acme: 5000.000000000 org/acme/usd/month; 5000.000000000/month "
                  "org/acme/usd/month",
                  "team acme/search: 0.600000000 team/acme/search/tpm; 500.000000000/month "
                  "team/acme/search/usd/month",
                  "each user of team acme/search: 0.600000000 team/acme/search/tpm; "
                  "5.000000000/day users/team/acme/search/usd/day 500.000000000/month "
                  "team/acme/search/usd/month",
                  "user acme/ada: 50.000000000 user/acme/ada/usd/day; 50.000000000/day "
                  "user/acme/ada/usd/day 5000.000000000/month org/acme/usd/month"));
}

// What was made at run time counts as what is declared; a revoked key does not, and a document
// stands before what is stored under its name.
TEST_F(ExposureTest, WhatIsStoredCountsToo) {
  ledger::test::TempDirectory directory;
  environment_.files["b.yaml"] = holders;
  environment_.files["recloser.yaml"] =
      std::string(head) + "policies: [b.yaml]\nstate: {directory: " + directory.path() + "}\n";
  EXPECT_THAT(run({"budget", "exposure"}).out, testing::Not(HasSubstr("key ")));
  EXPECT_FALSE(std::filesystem::exists(directory / "recloser.db")) << "asking makes none";
  {
    auto store = std::move(*ledger::open_sqlite_store(directory / "recloser.db", {}, clock_));
    auto key = [&](std::string id, std::string limits) {
      ledger::KeyRow row;
      row.id = id;
      row.secret_hash[0] = static_cast<std::uint8_t>(id.size());
      row.team = "ads";
      row.limits = std::move(limits);
      ASSERT_TRUE(store->put_key(row));
    };
    key("stored", R"({"budget":[{"usd":"7","per":"day"}]})");
    key("revoked", R"({"budget":[{"usd":"8","per":"day"}]})");
    ASSERT_TRUE(store->revoke_key("revoked", clock_.wall()));
    auto team = [&](std::string org, std::string name, std::string spec) {
      ledger::HolderRow row{
          .kind = "team", .org = std::move(org), .name = std::move(name), .spec = std::move(spec)};
      ASSERT_TRUE(store->put_holder(row));
    };
    team("acme", "ads", R"({"org":"acme","budget":[{"usd":"300","per":"month"}]})");
    team("acme", "search", R"({"org":"acme","budget":[{"usd":"1","per":"hour"}]})");
  }
  Ran table = run({"budget", "exposure"});
  EXPECT_EQ(table.exit, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("key stored"));
  EXPECT_THAT(table.out, HasSubstr("$7.00 in a day (key/stored/usd/day), $300.00 in a month "
                                   "(team/acme/ads/usd/month)"))
      << "its team, and by that its org, is known";
  EXPECT_THAT(table.out, testing::Not(HasSubstr("revoked")));
  EXPECT_THAT(table.out, HasSubstr("team acme/ads"));
  EXPECT_THAT(table.out, testing::Not(HasSubstr("in a hour")));
  {
    auto old = std::move(*ledger::Database::open(directory / "recloser.db"));
    ASSERT_TRUE(old->execute("PRAGMA user_version = 1"));
  }
  Ran older = run({"budget", "exposure"});
  EXPECT_EQ(older.exit, 3);
  EXPECT_THAT(older.err, HasSubstr("is of an older version of Recloser; start the gateway once"));
}

TEST_F(ExposureTest, ATableAndJson) {
  environment_.files["recloser.yaml"] =
      std::string(head) +
      "keys: [{id: ci, secret: '${CI_KEY}', budget: {usd: 5, per: day, reserve: elastic}}]\n";
  Ran table = run({"budget", "exposure"});
  EXPECT_EQ(table.exit, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("all calls"));
  EXPECT_THAT(table.out, HasSubstr("no limit"));
  EXPECT_THAT(table.out, HasSubstr("$5.00 in a day (key/ci/usd/day)"));
  Ran json = run({"budget", "exposure", "--json"});
  EXPECT_THAT(json.out, HasSubstr(R"({"scope":"key ci","per_minute":{"usd":"5.000000000","by":)"
                                  R"("key/ci/usd/day","window":"day"},"until":[)"));
  environment_.files["recloser.yaml"] = "kind: Gateway\n";
  EXPECT_EQ(run({"budget", "exposure"}).exit, 2);
}

}  // namespace
}  // namespace recloser::cli
