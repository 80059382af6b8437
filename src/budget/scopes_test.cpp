#include "budget/scopes.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::budget {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view no_labels[1] = {};

CallFacts someone() {
  return {.org = "acme",
          .team = "search",
          .user = "ada",
          .agent = "bot",
          .key = "ci",
          .session = "s-1",
          .trace = {},
          .model = "gpt-4o",
          .provider = "openai",
          .target = "openai/gpt-4o",
          .call = "01JD",
          .labels = std::span(no_labels, 0)};
}

class ScopesTest : public testing::Test {
 protected:
  void configure(std::string name, std::vector<Budget::Part> key,
                 std::vector<Budget::Filter> only = {}) {
    Budget budget;
    budget.name = std::move(name);
    budget.key = std::move(key);
    budget.only = std::move(only);
    documents_.push_back(std::make_unique<Live>(std::make_shared<const Budget>(budget)));
    budgets_.push_back(documents_.back().get());
  }

  // "name: key" of each that applies.
  std::vector<std::string> found(const CallFacts& facts) {
    find_scopes(budgets_, facts, scopes_, texts_);
    std::vector<std::string> all;
    for (const Ask::Scope& scope : scopes_) {
      EXPECT_EQ(scope.key.hash, account_key(*scope.budget, scope.key.text).hash);
      all.push_back(scope.budget->document().name + ": " + std::string(scope.key.text));
    }
    return all;
  }

  std::vector<std::unique_ptr<Live>> documents_;
  std::vector<Live*> budgets_;
  std::vector<Ask::Scope> scopes_;
  std::string texts_;
};

TEST_F(ScopesTest, EveryPartHasItsOwnValue) {
  configure("all", {});
  for (KeyPart part :
       {KeyPart::org, KeyPart::team, KeyPart::user, KeyPart::agent, KeyPart::key, KeyPart::session,
        KeyPart::model, KeyPart::provider, KeyPart::target, KeyPart::call}) {
    configure("each", {{part, ""}});
  }
  configure("two", {{KeyPart::org, ""}, {KeyPart::team, ""}});
  EXPECT_THAT(found(someone()), ElementsAre("all: ", "each: org=acme", "each: team=search",
                                            "each: user=ada", "each: agent=bot", "each: key=ci",
                                            "each: session=s-1", "each: model=gpt-4o",
                                            "each: provider=openai", "each: target=openai/gpt-4o",
                                            "each: call=01JD", "two: org=acme,team=search"));
}

TEST_F(ScopesTest, WhoHasNoNameSharesOneAccountAndIsNobodyOfThatName) {
  configure("team", {{KeyPart::team, ""}});
  CallFacts facts = someone();
  facts.team = "";
  EXPECT_THAT(found(facts), ElementsAre("team: team=-"));
  facts.team = "-";
  EXPECT_THAT(found(facts), ElementsAre("team: team=%2D"));
  facts.team = "--";
  EXPECT_THAT(found(facts), ElementsAre("team: team=--"));
}

TEST_F(ScopesTest, WithoutATraceOrTheLabelACallIsNotInTheBudget) {
  configure("trace", {{KeyPart::trace, ""}});
  configure("beta", {{KeyPart::label, "beta"}, {KeyPart::user, ""}});
  CallFacts facts = someone();
  EXPECT_THAT(found(facts), IsEmpty());
  facts.trace = "4bf9";
  constexpr std::string_view labels[] = {"alpha", "beta"};
  facts.labels = labels;
  EXPECT_THAT(found(facts), ElementsAre("trace: trace=4bf9", "beta: label:beta,user=ada"));
  facts.labels = std::span(labels, 1);
  EXPECT_THAT(found(facts), ElementsAre("trace: trace=4bf9"));
}

TEST_F(ScopesTest, AFilterLetsOnlyItsCallsIn) {
  configure("key ci", {}, {{KeyPart::key, "ci"}});
  configure("key cd", {}, {{KeyPart::key, "cd"}});
  configure("gpt-4o of beta", {{KeyPart::user, ""}},
            {{KeyPart::model, "gpt-4o"}, {KeyPart::label, "beta"}});
  CallFacts facts = someone();
  EXPECT_THAT(found(facts), ElementsAre("key ci: "));
  constexpr std::string_view labels[] = {"beta"};
  facts.labels = labels;
  EXPECT_THAT(found(facts), ElementsAre("key ci: ", "gpt-4o of beta: user=ada"));
  facts.model = "gpt-4o-mini";
  facts.key = "c";
  EXPECT_THAT(found(facts), IsEmpty());
}

TEST_F(ScopesTest, TheIndexFindsTheSame) {
  configure("key ci", {}, {{KeyPart::key, "ci"}});
  configure("teams", {{KeyPart::team, ""}});
  configure("key ci, gpt-4o", {{KeyPart::user, ""}},
            {{KeyPart::model, "gpt-4o"}, {KeyPart::key, "ci"}});
  configure("gpt-4o", {}, {{KeyPart::model, "gpt-4o"}});
  for (int i = 0; i < 100; ++i) configure("k", {}, {{KeyPart::key, "k" + std::to_string(i)}});
  ScopeIndex index(budgets_);
  KeyMemory memory;  // of the call before, which had other keys at the same places
  auto found_by_index = [&](const CallFacts& facts) {
    index.find(facts, scopes_, texts_, memory);
    std::vector<std::string> all;
    for (const Ask::Scope& scope : scopes_) {
      EXPECT_EQ(scope.key.hash, account_key(*scope.budget, scope.key.text).hash);
      all.push_back(scope.budget->document().name + ": " + std::string(scope.key.text));
    }
    return all;
  };
  for (std::string_view key : {"ci", "k7", "", "other"}) {
    for (std::string_view model : {"gpt-4o", "gpt-5"}) {
      CallFacts facts = someone();
      facts.key = key;
      facts.model = model;
      EXPECT_THAT(found_by_index(facts), testing::UnorderedElementsAreArray(found(facts)));
      facts.user = "bob";
      EXPECT_THAT(found_by_index(facts), testing::UnorderedElementsAreArray(found(facts)));
    }
  }
  EXPECT_THAT(
      found_by_index(someone()),
      ElementsAre("teams: team=search", "gpt-4o: ", "key ci: ", "key ci, gpt-4o: user=ada"));
}

TEST_F(ScopesTest, OneThatIsExceptedIsNotCounted) {
  configure("all but", {{KeyPart::user, ""}}, {{KeyPart::team, "search"}});
  CallFacts facts = someone();
  EXPECT_THAT(found(facts), ElementsAre("all but: user=ada"));
  Budget but = budgets_.back()->document();
  but.except = Budget::FilterSet({{KeyPart::user, "bob"}, {KeyPart::user, "ada"}});
  Live live(std::make_shared<const Budget>(but));
  budgets_ = {&live};
  EXPECT_THAT(found(facts), IsEmpty());
  facts.user = "eve";
  EXPECT_THAT(found(facts), ElementsAre("all but: user=eve"));
  facts.team = "ops";
  EXPECT_THAT(found(facts), IsEmpty());
}

TEST_F(ScopesTest, TwoListsNeverGiveOneText) {
  configure("b", {{KeyPart::org, ""}, {KeyPart::team, ""}});
  CallFacts one = someone();
  one.org = "a,team=b";
  one.team = "c";
  CallFacts other = someone();
  other.org = "a";
  other.team = "b,team=c";
  EXPECT_THAT(found(one), ElementsAre("b: org=a%2Cteam%3Db,team=c"));
  EXPECT_THAT(found(other), ElementsAre("b: org=a,team=b%2Cteam%3Dc"));
  other.org = "a%2C";
  other.team = "b\n\x7f";
  EXPECT_THAT(found(other), ElementsAre("b: org=a%252C,team=b%0A%7F"));
}

TEST_F(ScopesTest, TextsAreWrittenOnceAndNeverMove) {
  std::string long_name(2000, ',');
  for (int i = 0; i < 20; ++i) configure("b", {{KeyPart::org, ""}, {KeyPart::user, ""}});
  CallFacts facts = someone();
  facts.org = long_name;
  for (const std::string& text : found(facts)) {
    EXPECT_EQ(text.size(), std::string_view("b: org=,user=ada").size() + 6000);
  }
  for (const Ask::Scope& scope : scopes_) {
    EXPECT_GE(scope.key.text.data(), texts_.data());
    EXPECT_LE(scope.key.text.data() + scope.key.text.size(), texts_.data() + texts_.size());
  }
}

TEST_F(ScopesTest, BuffersAreUsedAgain) {
  configure("b", {{KeyPart::org, ""}});
  (void)found(someone());
  const char* texts = texts_.data();
  const Ask::Scope* scopes = scopes_.data();
  EXPECT_THAT(found(someone()), ElementsAre("b: org=acme"));
  EXPECT_EQ(texts_.data(), texts);
  EXPECT_EQ(scopes_.data(), scopes);
}

TEST(ReadKey, PartsInAnyOrderAsTheyAreKept) {
  Budget budget;
  budget.name = "b";
  budget.key = {{KeyPart::org, {}}, {KeyPart::team, {}}, {KeyPart::label, "a,b"}};
  EXPECT_EQ(*read_key(budget, "label:a%2Cb,team=x y,org=-"), "org=-,team=x y,label:a%2Cb");
  EXPECT_EQ(*read_key(budget, "org=%2D,team=%41,label:a%2cb"), "org=%2D,team=A,label:a%2Cb");
  CallFacts facts = someone();
  facts.org = {};
  facts.team = "a=b,%";
  std::string text;
  append_key(text, budget, facts);
  EXPECT_EQ(*read_key(budget, text), text) << "what is shown can be sent back";
}

TEST(ReadKey, WhatIsNoKeyIsToldWhatOneLooksLike) {
  Budget budget;
  budget.name = "b";
  budget.key = {{KeyPart::org, {}}, {KeyPart::team, {}}};
  auto refusal = [&](std::string_view text) {
    Result<std::string> key = read_key(budget, text);
    return key ? *key : std::string(key.error().message());
  };
  EXPECT_EQ(refusal("org=a"), "key has no team; a key of the budget b looks like org=..,team=..");
  EXPECT_THAT(refusal(""), testing::StartsWith("key is missing;"));
  EXPECT_THAT(refusal("org=a,team=b,user=c"), testing::StartsWith("key has 'user=c';"));
  EXPECT_THAT(refusal("org=a,org=a,team=b"), testing::StartsWith("key has 'org=a' again;"));
  for (std::string_view wrong : {"org=a,team=", "org=a,team", "org=a,team=%2", "org=a,team=%zz",
                                 "org=a,,team=b", "orgs=a,team=b", "org:a,team=b"}) {
    EXPECT_THAT(refusal(wrong), testing::StartsWith("key has ")) << wrong;
  }
  budget.key.clear();
  EXPECT_EQ(refusal("org=a"),
            "key has 'org=a'; a key of the budget b is none, because it has one account");
  EXPECT_EQ(refusal(""), "");
}

}  // namespace
}  // namespace recloser::budget
