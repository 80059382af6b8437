// What orgs, teams and users may take, as budgets: of whom each is, and whose stands in for whose.
#include "budget/compile.h"
#include "budget/permit.h"
#include "budget/scopes.h"
#include "budget/table.h"
#include "config/testing/text.h"
#include "core/time.h"

#include <array>
#include <atomic>
#include <expected>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::budget {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string document(std::string_view kind, std::string_view name, std::string_view spec) {
  return fmt::format(
      "---\napiVersion: recloser.dev/v1alpha1\nkind: {}\nmetadata: {{name: {}}}\nspec: {}\n", kind,
      name, spec);
}

class CompileHolders : public testing::Test {
 protected:
  void read(std::string_view documents) {
    config::FakeEnvironment environment;
    environment.files["d.yaml"] = documents;
    config::Checked checked = config::check_text(config::with_provider("policies: [d.yaml]\n"),
                                                 "recloser.yaml", environment);
    ASSERT_TRUE(checked.config) << checked.report("recloser.yaml");
    auto budgets = compile(*checked.config);
    ASSERT_TRUE(budgets) << budgets.error().message();
    live_ = table_.configure(std::move(*budgets));
  }

  // "name: key" of what applies to a call, found one by one and by the index.
  std::vector<std::string> of(std::string_view org, std::string_view team, std::string_view user) {
    CallFacts facts{.org = org, .team = team, .user = user, .key = "k", .labels = {}};
    find_scopes(live_, facts, scopes_, texts_);
    std::vector<std::string> all = told();
    KeyMemory memory;
    ScopeIndex(live_).find(facts, scopes_, texts_, memory);
    EXPECT_THAT(told(), testing::UnorderedElementsAreArray(all));
    return all;
  }
  std::vector<std::string> told() const {
    std::vector<std::string> all;
    for (const Ask::Scope& scope : scopes_) {
      all.push_back(fmt::format("{}: {}", scope.budget->document().name, scope.key.text));
    }
    return all;
  }

  SystemClock clock_;
  Table table_{clock_, nullptr};
  std::vector<Live*> live_;
  std::vector<Ask::Scope> scopes_;
  std::string texts_;
};

TEST_F(CompileHolders, EachHoldsForItsOwnAndAllHoldAtOnce) {
  read(document("Org", "acme", "{budget: {usd: 500, per: month}}") +
       document("Team", "search", "{org: acme, budget: {usd: 50, per: month}, rpm: 600}") +
       document("User", "ada",
                "{org: acme, budget: [{usd: 5, per: day}, {tokens: 9, per: total}],"
                " concurrency: 2}"));
  EXPECT_THAT(of("acme", "search", "ada"),
              ElementsAre("org/acme/usd/month: ", "team/acme/search/usd/month: ",
                          "team/acme/search/rpm: ", "user/acme/ada/usd/day: ",
                          "user/acme/ada/tokens/total: ", "user/acme/ada/concurrency: "));
  EXPECT_THAT(of("acme", "ops", "bob"), ElementsAre("org/acme/usd/month: "));
  EXPECT_THAT(of("beta", "search", "ada"), IsEmpty()) << "others of the same names";
}

TEST_F(CompileHolders, WithoutAnOrgItIsOfEveryOrg) {
  read(document("Team", "search", "{rpm: 6}") + document("User", "a/b", "{rpm: 7}"));
  EXPECT_THAT(of("acme", "search", "a/b"), ElementsAre("team/search/rpm: ", "user/a%2Fb/rpm: "));
  EXPECT_THAT(of("", "search", ""), ElementsAre("team/search/rpm: "));
}

TEST_F(CompileHolders, AUserStandsInForTheDefaultsFieldByField) {
  read(document("Org", "acme", "{userDefaults: {budget: {usd: 1, per: day}, rpm: 10}}") +
       document("Team", "search", "{org: acme, userDefaults: {rpm: 20, tpm: 30}}") +
       document("User", "ada", "{org: acme, budget: {usd: 5, per: day}}") +
       document("User", "eve", "{org: beta, rpm: 5}"));
  EXPECT_THAT(of("acme", "ops", "bob"), ElementsAre("users/org/acme/usd/day: org=acme,user=bob",
                                                    "users/org/acme/rpm: org=acme,user=bob"));
  EXPECT_THAT(of("acme", "search", "bob"),
              ElementsAre("users/org/acme/usd/day: org=acme,user=bob",
                          "users/team/acme/search/rpm: org=acme,team=search,user=bob",
                          "users/team/acme/search/tpm: org=acme,team=search,user=bob"))
      << "the team's stands in for the org's";
  EXPECT_THAT(of("acme", "search", "ada"),
              ElementsAre("users/team/acme/search/rpm: org=acme,team=search,user=ada",
                          "users/team/acme/search/tpm: org=acme,team=search,user=ada",
                          "user/acme/ada/usd/day: "));
  EXPECT_THAT(of("acme", "ops", "eve"), ElementsAre("users/org/acme/usd/day: org=acme,user=eve",
                                                    "users/org/acme/rpm: org=acme,user=eve"))
      << "eve of beta is another";
  EXPECT_THAT(of("acme", "ops", ""), ElementsAre("users/org/acme/usd/day: org=acme,user=-",
                                                 "users/org/acme/rpm: org=acme,user=-"))
      << "nobody escapes by leaving a name out";
}

TEST_F(CompileHolders, WhatStaysAsItIsKeepsItsDocument) {
  std::string org = document("Org", "acme", "{rpm: 6, userDefaults: {rpm: 7}}") +
                    document("User", "ada", "{rpm: 8}");
  read(org);
  std::vector<Live*> before = live_;
  std::vector<const Budget*> documents;
  for (Live* live : live_) documents.push_back(&live->document());
  read(org + document("User", "bob", "{tpm: 9}"));
  ASSERT_EQ(live_.size(), before.size() + 1);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(live_[i], before[i]);
    EXPECT_EQ(&live_[i]->document(), documents[i]) << "it grows with each change otherwise";
  }
}

// Each of five users has 30 of the team's 100: whoever comes first gets them, and nobody more.
TEST_F(CompileHolders, UserAndTeamBothHoldUnderParallelCalls) {
  read(document("Team", "search",
                "{org: acme, budget: {requests: 100, per: total}, "
                "userDefaults: {budget: {requests: 30, per: total}}}"));
  constexpr std::array<std::string_view, 5> users{"a", "b", "c", "d", "e"};
  std::atomic<int> let_in = 0;
  auto call_until_refused = [&](std::string_view user) {
    std::vector<Ask::Scope> scopes;
    std::string texts;
    find_scopes(live_, {.org = "acme", .team = "search", .user = user, .labels = {}}, scopes,
                texts);
    for (Ask::Scope& scope : scopes) scope.demand.base = 1;
    for (;;) {
      std::expected<Permit, Exhausted> permit = table_.reserve({.scopes = scopes});
      if (!permit) return;
      ++let_in;
      permit->settle({.requests = 1}, true);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) threads.emplace_back(call_until_refused, users[std::size_t(i) % 5]);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(let_in, 100) << "all of the team's, and no more";
  Amount of_users = 0;
  for (const Standing& standing : table_.list()) {
    EXPECT_EQ(standing.reserved, 0);
    EXPECT_LE(standing.charged, standing.limit) << standing.key;
    if (standing.budget->document().key.empty()) {
      EXPECT_EQ(standing.charged, 100);
    } else {
      of_users += standing.charged;
    }
  }
  EXPECT_EQ(of_users, 100) << "a call that one refuses takes nothing of the other";
}

// Names as long as a principal may have, and then some that are written with three bytes for one.
TEST_F(CompileHolders, NamesAreAsLongAsTheLedgerKeepsThem) {
  std::string org(64, 'o');
  std::string team(64, 't');
  read(document("Org", org, "{}") +
       document("Team", team,
                fmt::format("{{org: {}, userDefaults: {{budget: [{{requests: 1, per: month}}]}}}}",
                            org)));
  std::vector<std::string> names = of(org, team, "u");
  ASSERT_EQ(names.size(), 1u);
  EXPECT_THAT(names[0], testing::StartsWith("users/team/" + org + "/" + team + "/requests/month"));
  config::Config config;
  config::Holder holder;
  holder.kind = config::HolderKind::team;
  holder.name = holder.org = std::string(64, '/');
  config::Allowance allowance;
  allowance.requests = config::Amount{.text = "1", .count = 1};
  allowance.per = config::Per::month;
  holder.budgets = {allowance};
  auto budgets = compile(config, std::array{holder}, {});
  ASSERT_FALSE(budgets);
  EXPECT_THAT(budgets.error().message(), testing::HasSubstr("and the ledger keeps 255"));
}

TEST_F(CompileHolders, MoreThanACallCanHave) {
  std::string many = "{budget: [";
  for (int i = 0; i < 5; ++i) {
    std::string_view per = std::array{"hour", "day", "week", "month", "total"}[std::size_t(i)];
    many += fmt::format("{{usd: 1, per: {0}}}, {{tokens: 1, per: {0}}}, {{requests: 1, per: {0}}}",
                        per);
    many += i < 4 ? ", " : "], rpm: 1}";
  }
  config::FakeEnvironment environment;
  environment.files["d.yaml"] =
      document("Org", "a", many) + document("Org", "b", many) + document("Team", "t", many);
  auto config = config::config_of(config::with_provider("policies: [d.yaml]\n"), environment);
  ASSERT_TRUE(config);
  EXPECT_TRUE(compile(*config)) << "two orgs are never of one call";
  environment.files["d.yaml"] += document("User", "u", "{rpm: 1}");
  config = config::config_of(config::with_provider("policies: [d.yaml]\n"), environment);
  ASSERT_TRUE(config);
  EXPECT_FALSE(compile(*config));
}

}  // namespace
}  // namespace recloser::budget
