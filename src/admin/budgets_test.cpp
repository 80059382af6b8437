// Budgets over the admin port: pages of accounts, and adjustments that are stored before they hold.
#include "admin/budgets.h"

#include "admin/test_api.h"
#include "budget/permit.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::admin {
namespace {

using budget::Budget;
using budget::KeyPart;
using testing::HasSubstr;

constexpr budget::Amount dollar = 1'000'000'000;

class BudgetsTest : public BothStoresTest {
 protected:
  BudgetsTest() { configure(budgets_); }

  static void configure(budget::Table& table) {
    Budget all;
    all.name = "all";
    all.limit = 10 * dollar;
    all.owner = "ada";
    Budget team;
    team.name = "team-day";
    team.limit = 2 * dollar;
    team.key = {{.what = KeyPart::org, .label = {}}, {.what = KeyPart::team, .label = {}}};
    team.window = {.type = budget::WindowType::calendar,
                   .period = budget::Period::day,
                   .zone = *budget::find_zone("UTC")};
    team.contact = "#search";
    Budget tokens;
    tokens.name = "tokens";
    tokens.unit = budget::Unit::tokens;
    tokens.limit = 5000;
    tokens.window = {.type = budget::WindowType::rolling, .duration = 1h};
    Budget rate;
    rate.name = "rate/x/rpm";
    rate.unit = budget::Unit::requests;
    rate.limit = 60;
    rate.window = {.type = budget::WindowType::rate, .duration = 60s, .drain = 60};
    std::vector<std::shared_ptr<const Budget>> documents;
    for (const Budget& each : {all, team, tokens, rate}) {
      documents.push_back(std::make_shared<const Budget>(each));
    }
    table.configure(std::move(documents));
  }

  static constexpr std::string_view search = "org=acme,team=search";

  budget::Standing standing(std::string_view name, std::string_view key, budget::Table& table) {
    budget::Live& live = *table.find(name);
    return table.standing(live, account_key(live, key));
  }
  budget::Standing standing(std::string_view name, std::string_view key = "") {
    return standing(name, key, budgets_);
  }
  void spend(std::string_view name, std::string_view key, budget::Amount amount) {
    budget::Live& live = *budgets_.find(name);
    budget::AccountKey account = account_key(live, key);
    budgets_.move_charged(live, account, amount, budgets_.standing(live, account).begun);
  }
  Heard adjust(std::string_view name, std::string_view body) {
    return post(fmt::format("/admin/budgets/{}/adjust", name), std::string(body));
  }
  std::vector<ledger::Adjustment> recorded() { return *ledger_->store().adjustments(); }

  // The charge that the store has of the account, over all windows.
  std::int64_t stored_charge(const Budget& document) {
    ledger::BalanceQuery query;
    query.of = {.name = document.name,
                .unit = std::string(budget::name_of(document.unit)),
                .kind = document.kind()};
    std::int64_t sum = 0;
    for (const ledger::Balance& balance : ledger_->store().balances(query)->balances) {
      sum += balance.charged;
    }
    return sum;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, BudgetsTest, testing::Values("memory", "sqlite"));

TEST_P(BudgetsTest, AccountsAreListedAndBudgetsThatHaveNone) {
  spend("team-day", search, dollar / 2);
  Heard heard = get("/admin/budgets");
  EXPECT_EQ(
      heard.body,
      R"({"data":[{"name":"all","key":null,"unit":"usd","limit":"10.00","spent":"0.00",)"
      R"("reserved":"0.00","remaining":"10.00","ratio":0,"open_calls":0,"resets_at":null,)"
      R"("exhausted_at":null,)"
      R"("window":{"type":"total"},"reserve":"clamp","owner":"ada","contact":null},)"
      R"({"name":"rate/x/rpm","key":null,"unit":"requests","limit":"60","spent":"0",)"
      R"("reserved":"0","remaining":"60","ratio":0,"open_calls":0,"resets_at":null,)"
      R"("exhausted_at":null,)"
      R"("window":{"type":"rate","duration":"1m"},"reserve":"clamp","owner":null,)"
      R"("contact":null},)"
      R"({"name":"team-day","key":"org=acme,team=search","unit":"usd","limit":"2.00",)"
      R"("spent":"0.50","reserved":"0.00","remaining":"1.50","ratio":0.25,"open_calls":0,)"
      R"("resets_at":"2026-09-22T00:00:00.000Z","exhausted_at":null,)"
      R"("window":{"type":"calendar","period":"day",)"
      R"("timezone":"UTC"},"reserve":"clamp","owner":null,"contact":"#search"},)"
      R"({"name":"tokens","key":null,"unit":"tokens","limit":"5000","spent":"0","reserved":"0",)"
      R"("remaining":"5000","ratio":0,"open_calls":0,"resets_at":null,)"
      R"("exhausted_at":null,)"
      R"("window":{"type":"rolling","duration":"1h"},"reserve":"clamp","owner":null,)"
      R"("contact":null}],"next":null})"
      "\n");
}

TEST_P(BudgetsTest, WhatRunsIsHeld) {
  budget::Live& live = *budgets_.find("all");
  std::array<budget::Ask::Scope, 1> scopes{
      {{.budget = &live, .key = account_key(live, ""), .demand = {.base = 3 * dollar}}}};
  auto permit = budgets_.reserve({.scopes = scopes, .output_tokens_max = 100});
  ASSERT_TRUE(permit);
  boost::json::value row = get("/admin/budgets?name=all").json().at("data").at(0);
  EXPECT_EQ(row.at("reserved").as_string(), "3.00");
  EXPECT_EQ(row.at("remaining").as_string(), "7.00");
  EXPECT_EQ(row.at("open_calls").as_int64(), 1);
}

TEST_P(BudgetsTest, TheForecastGoesOnAsTheWindowBegan) {
  auto forecast = [&](std::string_view name) {
    boost::json::value row = get(fmt::format("/admin/budgets?name={}", name)).json();
    return row.at("data").at(0).at("exhausted_at");
  };
  WallTime now = loop_.clock().wall();
  WallTime day = WallTime{now.ns / 86'400'000'000'000 * 86'400'000'000'000};
  spend("team-day", search, dollar / 2);
  EXPECT_TRUE(forecast("team-day").is_null()) << "the day ends before";
  spend("team-day", search, dollar);
  EXPECT_EQ(forecast("team-day").as_string(), rfc3339(now + (now - day) / 3));
  spend("all", "", 2 * dollar);  // of 10; its window begins
  EXPECT_TRUE(forecast("all").is_null()) << "no time has passed to tell a pace from";
  spend("tokens", "", 4000);
  loop_.clock().advance(10s);
  EXPECT_EQ(forecast("all").as_string(), rfc3339(loop_.clock().wall() + 40s));
  EXPECT_TRUE(forecast("tokens").is_null()) << "what is spent leaves a rolling window";
  spend("all", "", 8 * dollar);
  EXPECT_EQ(forecast("all").as_string(), rfc3339(loop_.clock().wall()));
}

TEST_P(BudgetsTest, PagesAndFilters) {
  std::vector<std::string> keys;
  for (int i = 0; i < 5; ++i) keys.push_back(fmt::format("org=acme,team=t{}", i));
  for (const std::string& key : keys) spend("team-day", key, dollar);
  std::vector<std::string> seen;
  std::string cursor;
  for (int pages = 0; pages < 4; ++pages) {
    boost::json::value page = get("/admin/budgets?name=team-day&limit=2" + cursor).json();
    for (const auto& row : page.at("data").as_array()) {
      seen.emplace_back(row.at("key").as_string());
    }
    if (page.at("next").is_null()) break;
    cursor = "&cursor=" + std::string(page.at("next").as_string());
  }
  EXPECT_EQ(seen, keys);
  boost::json::value one = get("/admin/budgets?name=team-day&key=team%3Dt3,org%3Dacme").json();
  ASSERT_EQ(one.at("data").as_array().size(), 1u) << "in any order";
  EXPECT_EQ(one.at("data").at(0).at("key").as_string(), keys[3]);
  EXPECT_EQ(get("/admin/budgets?key=org%3Dacme,team%3Dt3").json().at("data").as_array().size(), 1u);
  Heard unknown = get("/admin/budgets?name=team-dya");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.message(), "there is no budget 'team-dya'; did you mean team-day?");
  EXPECT_EQ(get("/admin/budgets?limit=0").status, 400);
  EXPECT_EQ(get("/admin/budgets?nmae=x").status, 400);
}

TEST_P(BudgetsTest, ALimitIsRaisedForOneAccountAndRecorded) {
  Heard heard = adjust("team-day", R"({"key":"team=search,org=acme","add":"1.50",)"
                                   R"("reason":"the launch","who":"ada"})");
  ASSERT_EQ(heard.status, 201) << heard.body;
  EXPECT_EQ(heard.json().at("limit").as_string(), "3.50");
  EXPECT_EQ(standing("team-day", search).limit, 3 * dollar + dollar / 2);
  EXPECT_EQ(standing("team-day", "org=acme,team=ads").limit, 2 * dollar);
  ASSERT_EQ(recorded().size(), 1u);
  ledger::Adjustment one = recorded().front();
  EXPECT_EQ(one.budget.name, "team-day");
  EXPECT_EQ(one.budget.kind, "calendar org,team");
  EXPECT_EQ(one.key, search);
  EXPECT_EQ(one.amount, dollar + dollar / 2);
  EXPECT_EQ(one.reason, "the launch");
  EXPECT_EQ(one.who, "ada");
  EXPECT_EQ(one.charged_change, 0);
  EXPECT_EQ(adjust("all", R"({"add":-4,"reason":"less"})").json().at("limit").as_string(), "6.00");
}

TEST_P(BudgetsTest, WhatIsSpentIsSetHereAndInTheStore) {
  spend("team-day", search, dollar);
  Heard set =
      adjust("team-day", R"({"key":"org=acme,team=search","set":0.25,"reason":"a refund"})");
  ASSERT_EQ(set.status, 201) << set.body;
  EXPECT_EQ(set.json().at("spent").as_string(), "0.25");
  EXPECT_EQ(standing("team-day", search).charged, dollar / 4);
  EXPECT_EQ(recorded().back().charged_change, dollar / 4 - dollar) << "what runs still adds to it";
  EXPECT_EQ(recorded().back().counts_until, standing("team-day", search).resets);
  EXPECT_EQ(stored_charge(budgets_.find("team-day")->document()), dollar / 4 - dollar);
  Heard reset = adjust("team-day", R"({"key":"org=acme,team=search","reset":"0","reason":"anew"})");
  EXPECT_EQ(reset.json().at("spent").as_string(), "0.00");
  EXPECT_EQ(recorded().back().kind, ledger::AdjustmentKind::reset);
  EXPECT_EQ(stored_charge(budgets_.find("team-day")->document()), -dollar);
}

TEST_P(BudgetsTest, WhatIsRefusedIsNotRecorded) {
  auto refusal = [this](std::string_view name, std::string_view body) {
    Heard heard = adjust(name, body);
    EXPECT_EQ(heard.status, 400) << body;
    return heard.message();
  };
  EXPECT_THAT(refusal("all", R"({"add":"1"})"), HasSubstr("reason is empty"));
  EXPECT_THAT(refusal("all", R"({"add":"1","reason":"  "})"), HasSubstr("reason is empty"));
  EXPECT_THAT(refusal("all", R"({"add":"1","reason":"a\nb"})"), HasSubstr("control"));
  EXPECT_THAT(refusal("all", R"({"reason":"x"})"), HasSubstr("say what to do"));
  EXPECT_THAT(refusal("all", R"({"add":"1","set":"2","reason":"x"})"), HasSubstr("at a time"));
  EXPECT_THAT(refusal("all", R"({"add":"","reason":"x"})"), HasSubstr("add is empty"));
  EXPECT_THAT(refusal("all", R"({"add":"NaN","reason":"x"})"), HasSubstr("an amount of usd"));
  EXPECT_THAT(refusal("all", R"({"add":[1],"reason":"x"})"), HasSubstr("you sent"));
  EXPECT_THAT(refusal("all", R"({"set":"-1","reason":"x"})"), HasSubstr("-1"));
  EXPECT_THAT(refusal("all", R"({"add":"-11","reason":"x"})"), HasSubstr("would be -$1.00"));
  EXPECT_THAT(refusal("all", R"({"add":"2305843005","reason":"x"})"), HasSubstr("it must be 0 to"));
  EXPECT_THAT(refusal("all", R"({"add":"1","resaon":"x"})"), HasSubstr("did you mean reason?"));
  EXPECT_THAT(refusal("all", R"({"add":"1","reason":"x","key":"org=a"})"),
              HasSubstr("is none, because it has one account"));
  EXPECT_THAT(refusal("team-day", R"({"add":"1","reason":"x"})"), HasSubstr("key is missing"));
  EXPECT_THAT(refusal("team-day", R"({"add":"1","reason":"x","key":"org=a"})"),
              HasSubstr("key has no team"));
  EXPECT_THAT(refusal("all", R"({"add":"1","reason":"x","expires":"2020-01-01"})"),
              HasSubstr("which is over"));
  EXPECT_THAT(refusal("all", R"({"set":"1","reason":"x","expires":"1h"})"),
              HasSubstr("expires is for what is added"));
  EXPECT_THAT(refusal("tokens", R"({"reset":"0","reason":"x"})"), HasSubstr("rolling window"));
  EXPECT_THAT(refusal("rate%2Fx%2Frpm", R"({"add":"1","reason":"x"})"),
              HasSubstr("a limit of the moment"));
  std::string long_key = "org=a,team=" + std::string(ledger::budget_key_bytes_max, 'x');
  EXPECT_THAT(
      refusal("team-day", fmt::format(R"({{"add":"1","reason":"x","key":"{}"}})", long_key)),
      HasSubstr("are kept"));
  EXPECT_EQ(adjust("none", R"({"add":"1","reason":"x"})").status, 404);
  EXPECT_EQ(get("/admin/budgets/all/adjust").status, 405);
  EXPECT_TRUE(recorded().empty());
  EXPECT_EQ(standing("all").limit, 10 * dollar);
}

TEST_P(BudgetsTest, AnAdditionLapsesWhenItExpires) {
  loop_.worker().tasks().spawn("top-ups", keep_top_ups(loop_.worker(), *adjustments_));
  ASSERT_EQ(adjust("all", R"({"add":"5","reason":"x","expires":"2m"})").status, 201);
  ASSERT_EQ(adjust("all", R"({"add":"1","reason":"for good"})").status, 201);
  loop_.run_for(2min - 2s);
  EXPECT_EQ(standing("all").limit, 16 * dollar);
  loop_.run_for(4s);
  EXPECT_EQ(standing("all").limit, 11 * dollar);
  loop_.run_for(1min);
  EXPECT_EQ(standing("all").limit, 11 * dollar) << "once";
}

TEST_P(BudgetsTest, AfterARestartAdditionsHoldThatHaveNotExpired) {
  ASSERT_EQ(adjust("all", R"({"add":"5","reason":"x","expires":"2h"})").status, 201);
  ASSERT_EQ(adjust("all", R"({"add":"1","reason":"x"})").status, 201);
  ASSERT_EQ(adjust("all", R"({"set":"4","reason":"x"})").status, 201);
  for (auto [at, limit] : {std::pair<Duration, int>{1h, 16}, {2h, 11}}) {
    budget::Table later{loop_.clock(), nullptr};
    configure(later);
    Adjustments restored(ledger_->store(), later);
    ASSERT_TRUE(restored.restore(loop_.clock().wall() + at));
    EXPECT_EQ(standing("all", "", later).limit, limit * dollar);
    EXPECT_EQ(standing("all", "", later).charged, 0) << "balances bring that";
    ASSERT_TRUE(restored.restore(loop_.clock().wall() + at));
    EXPECT_EQ(standing("all", "", later).limit, limit * dollar) << "never twice";
    restored.lapse(loop_.clock().wall() + 3h);
    EXPECT_EQ(standing("all", "", later).limit, 11 * dollar);
  }
}

TEST_P(BudgetsTest, AnotherBudgetOfThatNameHasNoneOfIt) {
  ASSERT_EQ(adjust("all", R"({"add":"5","reason":"x"})").status, 201);
  budget::Table later{loop_.clock(), nullptr};
  Budget other;
  other.name = "all";
  other.unit = budget::Unit::tokens;
  other.limit = 100;
  later.configure({std::make_shared<const Budget>(other)});
  Adjustments restored(ledger_->store(), later);
  ASSERT_TRUE(restored.restore(loop_.clock().wall()));
  EXPECT_EQ(standing("all", "", later).limit, 100);
}

TEST_F(ApiTest, AnAdjustmentThatCannotBeRecordedDoesNotHold) {
  Budget all;
  all.name = "all";
  all.limit = 10 * dollar;
  budget::Live& live = *budgets_.configure({std::make_shared<const Budget>(all)}).front();
  store_->fail_writes_with(Error(Side::operator_, Kind::full, "the disk is full"));
  EXPECT_EQ(post("/admin/budgets/all/adjust", R"({"add":"5","reason":"x"})").status, 503);
  EXPECT_EQ(post("/admin/budgets/all/adjust", R"({"set":"5","reason":"x"})").status, 503);
  store_->fail_writes_with(std::nullopt);
  EXPECT_EQ(budgets_.standing(live, account_key(live, "")).limit, 10 * dollar);
  EXPECT_EQ(budgets_.standing(live, account_key(live, "")).charged, 0);
}

TEST_P(BudgetsTest, MetricsAddAccountsUp) {
  spend("team-day", search, dollar / 2);
  spend("team-day", "org=acme,team=ads", dollar / 4);
  std::string page = get("/metrics").body;
  EXPECT_THAT(page, HasSubstr("# TYPE recloser_budget_limit_usd gauge\n"
                              "recloser_budget_limit_usd{budget=\"all\"} 10.00\n"
                              "recloser_budget_limit_usd{budget=\"team-day\"} 4.00\n"));
  EXPECT_THAT(page, HasSubstr("recloser_budget_spent_usd{budget=\"team-day\"} 0.75\n"));
  EXPECT_THAT(page, HasSubstr("recloser_budget_reserved_usd{budget=\"all\"} 0.00\n"));
  EXPECT_EQ(page.find("search"), page.npos) << "no account is a label";
  EXPECT_EQ(page.find("budget=\"tokens\""), page.npos) << "no money";
}

TEST_F(ApiTest, MetricsOfVeryManyBudgetsAreBounded) {
  std::vector<std::shared_ptr<const Budget>> documents;
  for (int i = 0; i < 203; ++i) {
    Budget each;
    each.name = fmt::format("b{:03}", i);
    each.limit = dollar;
    documents.push_back(std::make_shared<const Budget>(each));
  }
  budgets_.configure(std::move(documents));
  std::string page = get("/metrics").body;
  EXPECT_THAT(page, HasSubstr("recloser_budget_limit_usd{budget=\"b199\"} 1.00\n"));
  EXPECT_THAT(page, HasSubstr("recloser_budget_limit_usd{budget=\"other\"} 3.00\n"));
  EXPECT_EQ(page.find("b200"), page.npos);
}

}  // namespace
}  // namespace recloser::admin
