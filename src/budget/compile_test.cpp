#include "budget/compile.h"

#include "budget/table.h"
#include "config/budget_kind.h"
#include "config/testing/text.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::budget {
namespace {

using testing::ElementsAre;

// The budgets of a configuration whose one file of documents has this text.
std::vector<std::shared_ptr<const Budget>> compiled(std::string_view gateway,
                                                    std::string_view documents = "") {
  config::FakeEnvironment environment;
  environment.files["b.yaml"] = documents;
  std::string text = config::with_provider(gateway) + "policies: [b.yaml]\n";
  config::Checked checked = config::check_text(text, "recloser.yaml", environment);
  EXPECT_TRUE(checked.config) << checked.report("recloser.yaml");
  if (!checked.config) return {};
  auto budgets = compile(*checked.config);
  EXPECT_TRUE(budgets) << budgets.error().message();
  return budgets ? std::move(*budgets) : std::vector<std::shared_ptr<const Budget>>{};
}

std::string document(std::string_view spec) {
  return "apiVersion: recloser.dev/v1alpha1\nkind: Budget\nmetadata: {name: b}\nspec: {" +
         std::string(spec) + "}\n";
}

Budget one(std::string_view spec) {
  std::vector<std::shared_ptr<const Budget>> all = compiled("", document(spec));
  return all.size() == 1 ? *all.front() : Budget{};
}

// What a configuration may say is measured as it is kept.
TEST(Compile, TheLongestKeyIsAsLongAsTheLedgerKeeps) {
  std::string labels;
  for (char letter : {'a', 'b'}) labels += ", label:" + std::string(64, letter);
  Budget budget = one("unit: usd, limit: 1, window: {type: total}, key: [org" + labels +
                      ", label:" + std::string(34, 'c') + "]");
  EXPECT_EQ(budget.kind().size(), config::budget_kind_bytes_max);
}

TEST(Compile, ADocument) {
  Budget budget = one(
      "unit: usd, limit: 2.50, key: [team, org, label:beta], window: {type: calendar, period: week,"
      " timezone: Europe/Berlin}, reserve: elastic, slice: {tokens: 100}, onUnpriced: alert, "
      "thresholds: [0.5, 1], degradeAt: 0.8, owner: o, contact: c, onExhausted: {at: sentence, "
      "graceTokens: 7, finishReason: content_filter, note: spent}");
  EXPECT_EQ(budget.name, "b");
  EXPECT_EQ(budget.unit, Unit::usd);
  EXPECT_EQ(budget.limit, 2'500'000'000);
  EXPECT_THAT(budget.key,
              ElementsAre(Budget::Part{KeyPart::org, ""}, Budget::Part{KeyPart::team, ""},
                          Budget::Part{KeyPart::label, "beta"}))
      << "in our order, so that another order is not another budget";
  EXPECT_TRUE(budget.only.empty());
  EXPECT_EQ(budget.window.type, WindowType::calendar);
  EXPECT_EQ(budget.window.period, Period::week);
  EXPECT_EQ(budget.window.zone, *find_zone("Europe/Berlin"));
  EXPECT_EQ(budget.reserve, Reserve::elastic);
  EXPECT_EQ(budget.slice_tokens, 100u);
  EXPECT_FALSE(budget.deny_unpriced);
  EXPECT_THAT(budget.thresholds_per_million, ElementsAre(500'000u, 1'000'000u));
  EXPECT_EQ(budget.degrade_at_per_million, 800'000u);
  EXPECT_EQ(budget.cut, (Cut{.at_sentence = true,
                             .grace_tokens = 7,
                             .finish = Finish::content_filter,
                             .note = "spent"}));
  EXPECT_EQ(budget.owner + budget.contact, "oc");
}

TEST(Compile, WhatIsLeftOut) {
  Budget budget = one("unit: requests, limit: 2, window: {type: total}");
  EXPECT_EQ(budget.window, Window{.type = WindowType::total});
  EXPECT_EQ(budget.reserve, Reserve::clamp);
  EXPECT_EQ(budget.slice_tokens, 0u);
  EXPECT_EQ(budget.clamp_floor_tokens, 256u);
  EXPECT_TRUE(budget.deny_unpriced);
  EXPECT_EQ(budget.degrade_at_per_million, 0u);
  EXPECT_EQ(budget.cut, Cut{});
  EXPECT_EQ(one("unit: usd, limit: 1, window: {type: total}, onExhausted: {note: none}").cut.note,
            "");
}

TEST(Compile, EveryUnitKeyWindowAndMode) {
  for (Unit unit : {Unit::usd, Unit::tokens, Unit::input_tokens, Unit::output_tokens,
                    Unit::requests, Unit::tool_calls, Unit::seconds}) {
    std::string spec = "unit: " + std::string(name_of(unit)) + ", limit: 3, window: {type: total}";
    EXPECT_EQ(one(spec).unit, unit);
    EXPECT_EQ(one(spec).limit, *parse_amount(unit, "3"));
  }
  for (KeyPart part :
       {KeyPart::org, KeyPart::team, KeyPart::user, KeyPart::agent, KeyPart::key, KeyPart::session,
        KeyPart::trace, KeyPart::model, KeyPart::provider, KeyPart::target}) {
    EXPECT_THAT(
        one("unit: usd, limit: 3, window: {type: total}, key: [" + std::string(name_of(part)) + "]")
            .key,
        ElementsAre(Budget::Part{part, ""}));
  }
  for (Reserve reserve : {Reserve::clamp, Reserve::upper_bound, Reserve::elastic, Reserve::none}) {
    EXPECT_EQ(
        one("unit: usd, limit: 3, window: {type: total}, reserve: " + std::string(name_of(reserve)))
            .reserve,
        reserve);
  }
  EXPECT_EQ(one("unit: usd, limit: 1, window: {type: rolling, duration: 2h}").window,
            (Window{.type = WindowType::rolling, .duration = 2h}));
  EXPECT_EQ(one("unit: usd, limit: 1, window: {type: session, idleTimeout: 5m, maxAge: 1h}").window,
            (Window{.type = WindowType::session, .idle_timeout = 5min, .max_age = 1h}));
}

TEST(Compile, WhatKeysHave) {
  auto all = compiled(
      "keys: [{id: ci, secret: 01234567890123456789, rpm: 60, tpm: 1000, concurrency: 4, budget: "
      "[{usd: 5, per: day}, {tokens: 9, per: total, reserve: elastic}]}]\n");
  ASSERT_EQ(all.size(), 5u);
  std::vector<std::string> names;
  for (const auto& budget : all) {
    names.push_back(budget->name);
    EXPECT_TRUE(budget->key.empty());
    EXPECT_THAT(budget->only, ElementsAre(Budget::Filter{KeyPart::key, "ci"}));
  }
  EXPECT_THAT(names, ElementsAre("key/ci/usd/day", "key/ci/tokens/total", "key/ci/rpm",
                                 "key/ci/tpm", "key/ci/concurrency"));
  EXPECT_EQ(all[0]->limit, 5'000'000'000);
  EXPECT_EQ(all[0]->window.period, Period::day);
  EXPECT_EQ(all[0]->window.zone, *find_zone("UTC"));
  EXPECT_TRUE(all[0]->deny_unpriced);
  EXPECT_EQ(all[1]->reserve, Reserve::elastic);
  EXPECT_EQ(all[1]->window.type, WindowType::total);
  Window minute{.type = WindowType::rate, .duration = 1min, .drain = 60};
  EXPECT_EQ(all[2]->unit, Unit::requests);
  EXPECT_EQ(all[2]->window, minute);
  EXPECT_EQ(all[2]->limit, 60);
  EXPECT_EQ(all[2]->reserve, Reserve::upper_bound);
  EXPECT_EQ(all[3]->unit, Unit::tokens);
  EXPECT_EQ(all[3]->window.drain, 1000);
  EXPECT_EQ(all[4]->unit, Unit::calls);
  EXPECT_EQ(all[4]->limit, 4);
  EXPECT_EQ(all[4]->window.type, WindowType::total);
}

TEST(Compile, RateLimits) {
  auto all = compiled(
      "rateLimits:\n"
      "  - {name: t, key: [team], rpm: 60, concurrency: 3}\n"
      "  - {name: m, key: [], only: {model: gpt-4o, label: beta}, tpm: 7}\n");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]->name, "rate/t/rpm");
  EXPECT_THAT(all[0]->key, ElementsAre(Budget::Part{KeyPart::team, ""}));
  EXPECT_EQ(all[1]->name, "rate/t/concurrency");
  EXPECT_EQ(all[2]->name, "rate/m/tpm");
  EXPECT_THAT(all[2]->only, ElementsAre(Budget::Filter{KeyPart::model, "gpt-4o"},
                                        Budget::Filter{KeyPart::label, "beta"}));
}

}  // namespace
}  // namespace recloser::budget
