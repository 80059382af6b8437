// Requests for more over the admin port: asked, answered once, and over when their time is.
#include "admin/approvals.h"

#include "admin/test_api.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::admin {
namespace {

using budget::Budget;
using budget::KeyPart;
using testing::HasSubstr;

constexpr budget::Amount dollar = 1'000'000'000;

class ApprovalsTest : public BothStoresTest {
 protected:
  ApprovalsTest() { configure(budgets_); }

  // What keep_top_ups() does every second.
  void pass(Duration time) {
    clients_.clear();  // no connection is kept so long
    loop_.clock().advance(time);
    adjustments_->lapse(loop_.clock().wall());
  }

  static void configure(budget::Table& table, budget::Unit unit_of_all = budget::Unit::usd) {
    Budget all;
    all.name = "all";
    all.unit = unit_of_all;
    all.limit = 10 * dollar;
    Budget team;
    team.name = "team-day";
    team.limit = 2 * dollar;
    team.key = {{.what = KeyPart::team, .label = {}}};
    team.window = {.type = budget::WindowType::calendar,
                   .period = budget::Period::day,
                   .zone = *budget::find_zone("UTC")};
    team.owner = "ada";
    team.contact = "#finops";
    Budget rate;
    rate.name = "rate";
    rate.unit = budget::Unit::requests;
    rate.limit = 60;
    rate.window = {.type = budget::WindowType::rate, .duration = 60s, .drain = 60};
    std::vector<std::shared_ptr<const Budget>> documents;
    for (const Budget& each : {all, team, rate}) {
      documents.push_back(std::make_shared<const Budget>(each));
    }
    table.configure(std::move(documents));
  }

  Heard ask_more(std::string_view body, std::string_view budget = "team-day") {
    return post(fmt::format("/admin/budgets/{}/request", budget), std::string(body));
  }
  Heard answer(std::string_view body, std::string_view id = "1") {
    return post(fmt::format("/admin/approvals/{}", id), std::string(body));
  }
  budget::Amount limit(std::string_view name, std::string_view key, budget::Table& table) {
    budget::Live& live = *table.find(name);
    return table.standing(live, account_key(live, key)).limit;
  }
  budget::Amount limit() { return limit("team-day", "team=search", budgets_); }
  std::string state(std::string_view id = "1") {
    return std::string(get(fmt::format("/admin/approvals/{}", id)).json().at("state").as_string());
  }

  static constexpr std::string_view five =
      R"({"key":"team=search","add":"5","for":"2h","reason":"the launch","who":"grace"})";
};
INSTANTIATE_TEST_SUITE_P(Stores, ApprovalsTest, testing::Values("memory", "sqlite"));

TEST_P(ApprovalsTest, WhatIsAskedForWaitsAndIsTold) {
  Heard asked = ask_more(five);
  EXPECT_EQ(asked.status, 201);
  EXPECT_EQ(asked.body,
            R"({"id":"1","kind":"budget","state":"waiting","asked_at":"2026-09-21T14:13:20.000Z",)"
            R"("answer_by":"2026-09-22T14:13:20.000Z","budget":"team-day","key":"team=search",)"
            R"("unit":"usd","add":"5.00","for":"2h","reason":"the launch","who":"grace",)"
            R"("answered_at":null,"answered_by":null,"answer_reason":null,"added":null,)"
            R"("until":null,"adjustment":null,"owner":"ada","contact":"#finops"})"
            "\n");
  EXPECT_EQ(get("/admin/approvals/1").body, asked.body);
  EXPECT_EQ(limit(), 2 * dollar) << "nobody has approved it";
  boost::json::value alert = get("/admin/alerts").json().at("data").at(0);
  EXPECT_EQ(alert.at("type").as_string(), "dev.recloser.approval");
  EXPECT_EQ(alert.at("severity").as_string(), "warning");
  EXPECT_EQ(alert.at("data"), asked.json());
}

TEST_P(ApprovalsTest, WhatIsApprovedIsAddedUntilItsTimeIsOver) {
  ASSERT_EQ(ask_more(five).status, 201);
  pass(1h);
  Heard heard = answer(R"({"decision":"approve","who":"ada","reason":"go"})");
  EXPECT_EQ(heard.status, 200) << heard.body;
  boost::json::value row = heard.json();
  EXPECT_EQ(row.at("state").as_string(), "approved");
  EXPECT_EQ(row.at("answered_by").as_string(), "ada");
  EXPECT_EQ(row.at("answer_reason").as_string(), "go");
  EXPECT_EQ(row.at("added").as_string(), "5.00");
  EXPECT_EQ(row.at("adjustment").as_string(), "1");
  EXPECT_EQ(limit(), 7 * dollar);
  EXPECT_EQ(get("/admin/alerts").json().at("data").at(0).at("data").at("state").as_string(),
            "approved");
  boost::json::value kept = get("/admin/budgets/team-day/adjustments?in_force=true").json();
  ASSERT_EQ(kept.at("data").as_array().size(), 1u);
  EXPECT_EQ(kept.at("data").at(0).at("expires_at"), row.at("until"));
  EXPECT_EQ(kept.at("data").at(0).at("reason").as_string(), "the launch");
  EXPECT_EQ(kept.at("data").at(0).at("who").as_string(), "ada");
  pass(2h - 2s);
  EXPECT_EQ(limit(), 7 * dollar);
  pass(4s);
  EXPECT_EQ(limit(), 2 * dollar);
  EXPECT_TRUE(get("/admin/budgets/team-day/adjustments?in_force=true")
                  .json()
                  .at("data")
                  .as_array()
                  .empty());
}

TEST_P(ApprovalsTest, LessMayBeGivenAndNeverMore) {
  ASSERT_EQ(ask_more(five).status, 201);
  for (auto [body, why] : {std::pair<const char*, const char*>{
                               R"({"decision":"approve","add":"5.01"})", "no more than that"},
                           {R"({"decision":"approve","add":"0"})", "more than nothing"},
                           {R"({"decision":"approve","add":"-1"})", "more than nothing"},
                           {R"({"decision":"approve","add":"x"})", "an amount of usd"},
                           {R"({"decision":"approve","add":""})", "add is empty"},
                           {R"({"decision":"approve","for":"121m"})", "no more can be given"},
                           {R"({"decision":"approve","for":"0s"})", "a duration from 1s"},
                           {R"({"decision":"deny","add":"1"})", "are of what is approved"},
                           {R"({"decision":"maybe"})", "decision must be approve or deny"},
                           {R"({"decision":true})", "decision must be a string"},
                           {R"({"decision":"approve","reason":" "})", "reason is empty"},
                           {R"({"decision":"approve","until":"1h"})", "has no field 'until'"},
                           {R"({})", "decision must be"}}) {
    Heard heard = answer(body);
    EXPECT_EQ(heard.status, 400) << body;
    EXPECT_THAT(heard.message(), HasSubstr(why)) << body;
  }
  EXPECT_EQ(state(), "waiting");
  EXPECT_EQ(limit(), 2 * dollar);
  Heard heard = answer(R"({"decision":"approve","add":"1.50","for":"30m"})");
  EXPECT_EQ(heard.json().at("added").as_string(), "1.50");
  EXPECT_EQ(limit(), 3 * dollar + dollar / 2);
  pass(31min);
  EXPECT_EQ(limit(), 2 * dollar);
}

TEST_P(ApprovalsTest, AnAnswerIsGivenOnce) {
  ASSERT_EQ(ask_more(five).status, 201);
  ASSERT_EQ(ask_more(five).status, 201);
  ASSERT_EQ(answer(R"({"decision":"deny","who":"ada"})").json().at("state").as_string(), "denied");
  Heard twice = answer(R"({"decision":"approve"})");
  EXPECT_EQ(twice.status, 409);
  EXPECT_THAT(twice.message(), HasSubstr("was denied by ada"));
  ASSERT_EQ(answer(R"({"decision":"approve"})", "2").status, 200);
  EXPECT_EQ(answer(R"({"decision":"approve"})", "2").status, 409);
  EXPECT_EQ(answer(R"({"decision":"deny"})", "2").status, 409);
  EXPECT_EQ(limit(), 7 * dollar) << "once";
  for (std::string_view id : {"3", "0", "-1", "x", "99999999999999999999"}) {
    EXPECT_EQ(answer(R"({"decision":"deny"})", id).status, 404) << id;
    Heard heard = answer(R"({"decision":"approve"})", id);
    EXPECT_EQ(heard.status, 404) << id;
    EXPECT_THAT(heard.message(), HasSubstr("there is no request"));
    EXPECT_EQ(get(fmt::format("/admin/approvals/{}", id)).status, 404) << id;
  }
}

TEST_P(ApprovalsTest, WhatNobodyAnswersIsOver) {
  ASSERT_EQ(ask_more(R"({"key":"team=search","add":"5","wait":"10m","reason":"x"})").status, 201);
  ASSERT_EQ(ask_more(five).status, 201);
  pass(10min);
  EXPECT_EQ(state("1"), "expired");
  EXPECT_EQ(answer(R"({"decision":"approve"})").status, 409);
  EXPECT_EQ(limit(), 2 * dollar);
  boost::json::value waiting = get("/admin/approvals?state=waiting").json();
  ASSERT_EQ(waiting.at("data").as_array().size(), 1u);
  EXPECT_EQ(waiting.at("data").at(0).at("id").as_string(), "2");
  boost::json::value first = get("/admin/approvals?limit=1").json();
  EXPECT_EQ(first.at("next").as_string(), "2");
  EXPECT_EQ(get("/admin/approvals?cursor=2").json().at("data").at(0).at("id").as_string(), "1");
}

TEST_P(ApprovalsTest, AfterARestartWhatWasGrantedHoldsForItsTime) {
  ASSERT_EQ(ask_more(five).status, 201);
  ASSERT_EQ(answer(R"({"decision":"approve"})").status, 200);
  for (auto [at, dollars] : {std::pair<Duration, int>{119min, 7}, {2h, 2}}) {
    budget::Table later{loop_.clock(), nullptr};
    configure(later);
    Adjustments restored(ledger_->store(), later);
    ASSERT_TRUE(restored.restore(loop_.clock().wall() + at));
    EXPECT_EQ(limit("team-day", "team=search", later), dollars * dollar);
  }
}

TEST_P(ApprovalsTest, ItIsAddedToEachWindowAndNotToWhatIsSpent) {
  std::string body = R"({"key":"team=search","add":"5","for":"48h","reason":"x"})";
  ASSERT_EQ(ask_more(body).status, 201);
  ASSERT_EQ(answer(R"({"decision":"approve"})").status, 200);
  pass(24h);
  EXPECT_EQ(limit(), 7 * dollar) << "the next day";
}

TEST_P(ApprovalsTest, ABudgetThatCountsOtherwiseSinceGrantsNothing) {
  ASSERT_EQ(ask_more(R"({"add":"5","reason":"x"})", "all").status, 201);
  configure(budgets_, budget::Unit::tokens);
  Heard heard = answer(R"({"decision":"approve"})");
  EXPECT_EQ(heard.status, 409);
  EXPECT_THAT(heard.message(), HasSubstr("counts otherwise"));
  budgets_.configure({});
  EXPECT_EQ(answer(R"({"decision":"approve"})").status, 404);
  EXPECT_EQ(get("/admin/approvals/1").json().at("add").as_string(), "5.00");
  EXPECT_EQ(answer(R"({"decision":"deny"})").status, 200);
}

TEST_P(ApprovalsTest, WhatCannotBeGivenIsNotAskedFor) {
  auto refusal = [this](std::string_view body, std::string_view budget = "team-day") {
    Heard heard = ask_more(body, budget);
    EXPECT_EQ(heard.status, 400) << body;
    return heard.message();
  };
  EXPECT_THAT(refusal(R"({"key":"team=a","add":"5"})"), HasSubstr("reason is empty"));
  EXPECT_THAT(refusal(R"({"key":"team=a","reason":"x"})"), HasSubstr("say how much more"));
  EXPECT_THAT(refusal(R"({"key":"team=a","add":"-5","reason":"x"})"),
              HasSubstr("more than nothing"));
  EXPECT_THAT(refusal(R"({"key":"team=a","add":"0","reason":"x"})"),
              HasSubstr("more than nothing"));
  EXPECT_THAT(refusal(R"({"key":"team=a","add":"NaN","reason":"x"})"), HasSubstr("of usd"));
  EXPECT_THAT(refusal(R"({"add":"5","reason":"x"})"), HasSubstr("key is missing"));
  EXPECT_THAT(refusal(R"({"key":"team=a","add":"5","reason":"x","for":"9000h"})"),
              HasSubstr("for must be a duration from 1s to 366d"));
  EXPECT_THAT(refusal(R"({"key":"team=a","add":"5","reason":"x","wait":"32d"})"),
              HasSubstr("wait must be a duration from 1s to 31d"));
  EXPECT_THAT(refusal(R"({"key":"team=a","add":"5","reason":"x","fro":"1h"})"),
              HasSubstr("did you mean for?"));
  EXPECT_THAT(refusal(R"({"add":"5","reason":"x"})", "rate"), HasSubstr("a limit of the moment"));
  EXPECT_EQ(ask_more(five, "none").status, 404);
  EXPECT_EQ(get("/admin/budgets/all/request").status, 405);
  EXPECT_EQ(post("/admin/approvals", "{}").status, 405);
  EXPECT_EQ(get("/admin/approvals?state=denied").status, 400);
  EXPECT_EQ(get("/admin/approvals?cursor=x").status, 400);
  EXPECT_TRUE(get("/admin/approvals").json().at("data").as_array().empty());
}

TEST_F(ApiTest, AnAnswerThatCannotBeRecordedGrantsNothing) {
  Budget all;
  all.name = "all";
  all.limit = 10 * dollar;
  budget::Live& live = *budgets_.configure({std::make_shared<const Budget>(all)}).front();
  ASSERT_EQ(post("/admin/budgets/all/request", R"({"add":"5","reason":"x"})").status, 201);
  store_->fail_writes_with(Error(Side::operator_, Kind::full, "the disk is full"));
  EXPECT_EQ(post("/admin/approvals/1", R"({"decision":"approve"})").status, 503);
  EXPECT_EQ(post("/admin/approvals/1", R"({"decision":"deny"})").status, 503);
  EXPECT_EQ(post("/admin/budgets/all/request", R"({"add":"5","reason":"x"})").status, 503);
  store_->fail_writes_with(std::nullopt);
  EXPECT_EQ(budgets_.standing(live, account_key(live, "")).limit, 10 * dollar);
  EXPECT_EQ(get("/admin/approvals/1").json().at("state").as_string(), "waiting");
}

TEST_P(ApprovalsTest, WhatRunsLooksAgainWhenATopUpEnds) {
  int looks = 0;
  Adjustments adjustments(ledger_->store(), budgets_, [&looks] { ++looks; });
  WallTime now = loop_.clock().wall();
  AdjustmentAsked asked{
      .amount = "5", .key = "team=search", .reason = "x", .who = "ada", .expires = now + 1h};
  ASSERT_TRUE(adjustments.make(*budgets_.find("team-day"), asked, now));
  EXPECT_EQ(looks, 1);
  adjustments.lapse(now + 59min);
  EXPECT_EQ(looks, 1);
  adjustments.lapse(now + 1h);
  EXPECT_EQ(looks, 2) << "or a stream would run on over a limit that fell";
  EXPECT_EQ(limit(), 2 * dollar);
}

TEST_P(ApprovalsTest, WhatOwnersChangedIsListed) {
  auto adjust = [this](std::string_view body) {
    return post("/admin/budgets/all/adjust", std::string(body)).status;
  };
  ASSERT_EQ(adjust(R"({"add":"1","reason":"for good"})"), 201);
  ASSERT_EQ(adjust(R"({"set":"4","reason":"the bill","who":"ada"})"), 201);
  ASSERT_EQ(adjust(R"({"add":"2","reason":"x","expires":"1h"})"), 201);
  Heard page = get("/admin/budgets/all/adjustments?limit=2");
  EXPECT_EQ(
      page.body,
      R"({"data":[{"id":"3","at":"2026-09-21T14:13:20.000Z","key":null,"unit":"usd",)"
      R"("kind":"add","amount":"2.00","expires_at":"2026-09-21T15:13:20.000Z",)"
      R"("in_force":true,"reason":"x","who":"admin"},)"
      R"({"id":"2","at":"2026-09-21T14:13:20.000Z","key":null,"unit":"usd","kind":"set",)"
      R"("amount":"4.00","expires_at":null,"in_force":null,"reason":"the bill","who":"ada"}],)"
      R"("next":"2"})"
      "\n");
  boost::json::value rest = get("/admin/budgets/all/adjustments?cursor=2").json();
  EXPECT_EQ(rest.at("data").as_array().size(), 1u);
  EXPECT_TRUE(rest.at("next").is_null());
  pass(1h);
  boost::json::value now = get("/admin/budgets/all/adjustments?in_force=true").json();
  ASSERT_EQ(now.at("data").as_array().size(), 1u);
  EXPECT_EQ(now.at("data").at(0).at("id").as_string(), "1");
  EXPECT_EQ(get("/admin/budgets/team-day/adjustments").body, "{\"data\":[],\"next\":null}\n");
  EXPECT_EQ(get("/admin/budgets/none/adjustments").status, 404);
  EXPECT_EQ(get("/admin/budgets/all/adjustments?in_force=yes").status, 400);
}

}  // namespace
}  // namespace recloser::admin
