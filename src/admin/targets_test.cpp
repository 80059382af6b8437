// Targets over the admin API: how it goes there, and what is drained, also after a restart.
#include "admin/test_api.h"

#include <gmock/gmock.h>

namespace recloser::admin {
namespace {

using route::AttemptEnd;
using testing::HasSubstr;

struct NoBell final : route::LineBell {
  void ring(std::uint64_t) override {}
};

class TargetsTest : public BothStoresTest {
 protected:
  // One call after the other, each by another principal.
  void call(route::TargetHealth& target, AttemptEnd end, int times = 1,
            std::optional<Duration> retry_after = std::nullopt) {
    for (int i = 0; i < times; ++i) {
      auto slot = target.admit({.principal = ++principal_}, now());
      ASSERT_TRUE(slot);
      if (end == AttemptEnd::answered) slot->first_token(120ms, 100, now());
      slot->end(end, retry_after, now());
    }
  }
  Instant now() { return loop_.clock().now(); }
  bool takes_calls(std::string_view name) {
    return health_.find(name)->would_admit({}, now()).passes();
  }

  route::TargetHealth& mini_ = health_.of("openai", "gpt-4o-mini");
  route::TargetHealth& llama_ = health_.of("local", "meta/llama 3");
  std::uint64_t principal_ = 0;
};

TEST_P(TargetsTest, OneThatNobodyHasCalled) {
  Heard one = get("/admin/targets/openai%2Fgpt-4o-mini");
  EXPECT_EQ(one.status, 200) << one.body;
  EXPECT_EQ(one.body,
            R"({"target":"openai/gpt-4o-mini","state":"passing","since":null,"until":null,)"
            R"("why":null,"trips_in_a_row":0,"trips":0,"held_by":null,"held_until":null,)"
            R"("drained":false,"drain":null,"calls":0,"failed":0,"window_s":30,"running":0,)"
            R"("limit":null,"waiting":0,"turned_away":0,"ttft_ms":null,"ttft_p50_ms":null,)"
            R"("ttft_p95_ms":null,"ends":{},)"
            R"("principals_failing":0,"key":{"state":"passing","since":null,"until":null,)"
            R"("trouble":null},"probe":null,"cooling_until":null,"gauges":[]})"
            "\n");
  EXPECT_EQ(get("/admin/targets/openai/gpt-4o-mini").body, one.body);
  EXPECT_EQ(get("/admin/targets/local/meta/llama%203").status, 200);
  Heard list = get("/admin/targets");
  EXPECT_EQ(list.json().at("data").as_array().size(), 2);
  EXPECT_THAT(list.body, HasSubstr(R"({"data":[{"target":"local/meta/llama 3",)"));
  EXPECT_THAT(list.body, HasSubstr(R"(}],"next":null})"));
}

TEST_P(TargetsTest, OneThatHasTrippedSaysWhyAndUntilWhen) {
  loop_.clock().advance(10s);
  call(mini_, AttemptEnd::answered, 3);
  call(mini_, AttemptEnd::timed_out, 5);
  std::string one = get("/admin/targets/openai/gpt-4o-mini").body;
  boost::json::value json = boost::json::parse(one);
  EXPECT_THAT(one,
              HasSubstr(R"("state":"tripped","since":"2026-09-21T14:13:30.000Z","until":"2026)"));
  EXPECT_THAT(one,
              HasSubstr(R"("why":"timed_out","trips_in_a_row":1,"trips":1,"held_by":"tripped",)"));
  EXPECT_EQ(json.at("until"), json.at("held_until"));
  EXPECT_GT(json.at("until").as_string(), "2026-09-21T14:13:31.0");
  EXPECT_THAT(one, HasSubstr(R"("ends":{"answered":3,"timed_out":5})"));
  EXPECT_GT(json.at("ttft_ms").to_number<double>(), 1'000) << "what fails is not quick";
  loop_.clock().advance(10s);
  std::string later = get("/admin/targets/openai/gpt-4o-mini").body;
  EXPECT_THAT(later,
              HasSubstr(R"("state":"probing","since":"2026-09-21T14:13:30.000Z","until":null)"));
  EXPECT_THAT(later, HasSubstr(R"("held_by":null)"));
}

TEST_P(TargetsTest, WhatElseKeepsCallsAway) {
  llama_.configure({.limits = {.concurrency = 2}});
  auto first = llama_.admit({}, now());
  auto second = llama_.admit({}, now());
  std::string full = get("/admin/targets/local/meta/llama%203").body;
  EXPECT_THAT(full, HasSubstr(R"("held_by":"full","held_until":null)"));
  EXPECT_THAT(full, HasSubstr(R"("running":2,"limit":2,"waiting":0,"turned_away":0)"));
  NoBell bell;
  {
    auto turn = llama_.line_up({}, {.bell = &bell}, now() + 1min, now());
    auto too_late = llama_.line_up({}, {.bell = &bell}, now() - 1ns, now());
    full = get("/admin/targets/local/meta/llama%203").body;
    EXPECT_THAT(full, HasSubstr(R"("limit":2,"waiting":1,"turned_away":1)"));
  }
  route::QuotaReading reading;
  reading.field("x-ratelimit-limit-requests", "500", loop_.clock().wall());
  reading.field("x-ratelimit-remaining-requests", "499", loop_.clock().wall());
  reading.field("x-ratelimit-reset-requests", "2s", loop_.clock().wall());
  first->headers(reading, now());
  EXPECT_THAT(get("/admin/targets/local/meta/llama%203").body,
              HasSubstr(R"("gauges":[{"unit":"requests","limit":500,"remaining":499,)"
                        R"("read_at":"2026-09-21T14:13:20.000Z",)"
                        R"("full_at":"2026-09-21T14:13:22.000Z"}])"));
  call(mini_, AttemptEnd::rate_limited, 1, 7s);
  std::string cooling = get("/admin/targets/openai/gpt-4o-mini").body;
  EXPECT_THAT(cooling, HasSubstr(R"("cooling_until":"2026-09-21T14:13:27.000Z")"));
  EXPECT_THAT(cooling, HasSubstr(R"("held_by":"cooling","held_until":"2026-09-21T14:13:27.000Z")"));
  loop_.clock().advance(8s);
  call(mini_, AttemptEnd::unauthorized);
  std::string key = get("/admin/targets/openai/gpt-4o-mini").body;
  EXPECT_THAT(key, HasSubstr(R"("held_by":"key_tripped","held_until":"2026-09-21T14:13:58.000Z")"));
  EXPECT_THAT(key, HasSubstr(R"("key":{"state":"tripped","since":"2026-09-21T14:13:28.000Z",)"
                             R"("until":"2026-09-21T14:13:58.000Z","trouble":"unauthorized"})"));
  EXPECT_THAT(key, HasSubstr(R"("cooling_until":null)"));
}

TEST_P(TargetsTest, OneIsDrainedAndTakesCallsAgain) {
  Heard put = this->put("/admin/targets/openai/gpt-4o-mini",
                        R"({"drained": true, "now": false, "reason": "it moves", "who": "ada"})");
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_THAT(put.body, HasSubstr(R"("held_by":"drained","held_until":null,"drained":true,)"
                                  R"("drain":{"since":"2026-09-21T14:13:20.000Z",)"
                                  R"("reason":"it moves","who":"ada"})"));
  EXPECT_FALSE(takes_calls("openai/gpt-4o-mini"));
  EXPECT_TRUE(takes_calls("local/meta/llama 3"));
  EXPECT_EQ(get("/admin/targets/openai%2Fgpt-4o-mini").body, put.body);
  EXPECT_THAT(get("/admin/switches").body,
              HasSubstr(R"("stops":"new calls to the target openai/gpt-4o-mini")"));
  put = this->put("/admin/targets/openai/gpt-4o-mini", R"({"drained": false})");
  EXPECT_THAT(put.body,
              HasSubstr(R"("held_by":null,"held_until":null,"drained":false,"drain":null)"));
  EXPECT_TRUE(takes_calls("openai/gpt-4o-mini"));
  put = this->put("/admin/targets/local/meta/llama%203", R"({"drained": true})");
  EXPECT_THAT(put.body, HasSubstr(R"("reason":null,"who":"admin"})"));
}

TEST_P(TargetsTest, ASwitchOfThatNameIsTheSame) {
  put("/admin/switches/drain%2Fopenai%2Fgpt-4o-mini", R"({"on": true, "reason": "x"})");
  EXPECT_FALSE(takes_calls("openai/gpt-4o-mini"));
  put("/admin/switches/drain%2Fopenai%2Fgpt-4o-mini", R"({"on": false, "reason": "x"})");
  EXPECT_TRUE(takes_calls("openai/gpt-4o-mini"));
  for (const char* name : {"drain%2Fopenai", "drain%2F%2Fx", "drain%2Fopenai%2F", "drain"}) {
    put(fmt::format("/admin/switches/{}", name), R"({"on": true, "reason": "x"})");
  }
  EXPECT_EQ(health_.list(now()).size(), 2) << "none of these is the name of a target";
}

TEST_P(TargetsTest, WhatIsDrainedIsSoAfterARestart) {
  put("/admin/targets/openai/gpt-4o-mini", R"({"drained": true})");
  put("/admin/targets/local/meta/llama%203", R"({"drained": true})");
  put("/admin/targets/local/meta/llama%203", R"({"drained": false})");
  relay::Switches switches;
  SwitchBoard board(ledger_->store(), switches);
  ASSERT_TRUE(board.restore());
  route::Health health(1, nullptr);
  TargetBoard(health, board, switches, {}).follow();
  ASSERT_NE(health.find("openai/gpt-4o-mini"), nullptr);
  EXPECT_EQ(health.find("openai/gpt-4o-mini")->would_admit({}, {}).why,
            route::Admission::Why::drained);
  EXPECT_EQ(health.find("local/meta/llama 3"), nullptr);
}

TEST_P(TargetsTest, WhatRunsLeavesAtOnceIfThatIsAskedFor) {
  std::string_view path = "/admin/targets/openai/gpt-4o-mini";
  EXPECT_THAT(put(path, R"({"drained": true})").body, Not(HasSubstr("switched")));
  EXPECT_TRUE(targets_left_.empty());
  Heard now = put(path, R"({"drained": true, "now": true})");
  EXPECT_THAT(now.body, testing::EndsWith(",\"switched\":2,\"staying\":1}\n"));
  EXPECT_EQ(now.json().at("drained"), true);
  EXPECT_EQ(targets_left_, std::vector<std::string>{"openai/gpt-4o-mini"});
  EXPECT_THAT(put(path, R"({"drained": false, "now": true})").body, Not(HasSubstr("switched")));
  EXPECT_EQ(targets_left_.size(), 1u);
}

TEST_P(TargetsTest, WhatIsWrongChangesNothing) {
  for (const char* body :
       {"", "{}", R"({"drained": "yes"})", R"({"reason": "x"})", R"({"drained": true, "now": 1})",
        R"({"drained": true, "dranied": true})", R"({"drained": true, "reason": "a\nb"})",
        R"({"drained": true, "who": ""})", R"({"drained": true, "drained": true})"}) {
    EXPECT_EQ(put("/admin/targets/openai/gpt-4o-mini", body).status, 400) << body;
  }
  Heard none = put("/admin/targets/openai/gpt-4o-min", R"({"drained": true})");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(none.message(), HasSubstr("did you mean openai/gpt-4o-mini?"));
  EXPECT_EQ(get("/admin/targets/nothing").status, 404);
  EXPECT_EQ(get("/admin/targets/").status, 404);
  EXPECT_EQ(get("/admin/targets/openai%00").status, 404);
  EXPECT_EQ(post("/admin/targets/openai/gpt-4o-mini", R"({"drained": true})").status, 405);
  EXPECT_EQ(put("/admin/targets", R"({"drained": true})").status, 405);
  EXPECT_EQ(switches_thrown_, 0);
  EXPECT_TRUE(takes_calls("openai/gpt-4o-mini"));
}

TEST_P(TargetsTest, AHealthCheckIsToldWithItsAge) {
  EXPECT_THAT(get("/metrics").body, Not(HasSubstr("recloser_target_probes_total")));
  config::ProviderProbe rule{.path = {}, .unhealthy = 2};
  health_.probed("openai", {.at = now(), .status = 200, .passed = true}, rule, now());
  EXPECT_THAT(get("/admin/targets/openai/gpt-4o-mini").body,
              HasSubstr(R"("probe":{"passed":true,"at":"2026-09-21T14:13:20.000Z","status":200,)"
                        R"("in_a_row":1})"));
  health_.probed("openai", {.at = now()}, rule, now());
  health_.probed("openai", {.at = now()}, rule, now());
  std::string one = get("/admin/targets/openai/gpt-4o-mini").body;
  EXPECT_THAT(one,
              HasSubstr(R"("held_by":"probe_failed","held_until":"2026-09-21T14:14:25.000Z")"));
  EXPECT_THAT(one, HasSubstr(R"("why":"probe_failed")"));
  EXPECT_THAT(one, HasSubstr(R"("status":null,"in_a_row":2})"));
  EXPECT_THAT(get("/admin/targets/local/meta/llama%203").body, HasSubstr(R"("probe":null)"));
  std::string page = get("/metrics").body;
  for (const char* line : {
           "recloser_target_probes_total{target=\"openai/gpt-4o-mini\",outcome=\"passed\"} 1\n",
           "recloser_target_probes_total{target=\"openai/gpt-4o-mini\",outcome=\"failed\"} 2\n",
       }) {
    EXPECT_THAT(page, HasSubstr(line));
  }
  EXPECT_THAT(page, Not(HasSubstr("recloser_target_probes_total{target=\"local")));
}

TEST_P(TargetsTest, MetricsCountThem) {
  call(mini_, AttemptEnd::answered, 2);
  call(mini_, AttemptEnd::server_error, 5);
  std::string page = get("/metrics").body;
  for (const char* line : {
           "recloser_target_state{target=\"openai/gpt-4o-mini\"} 2\n",
           "recloser_target_state{target=\"local/meta/llama 3\"} 0\n",
           "recloser_target_trips_total{target=\"openai/gpt-4o-mini\"} 1\n",
           "recloser_target_trips_total{target=\"local/meta/llama 3\"} 0\n",
           "recloser_target_waiting{target=\"openai/gpt-4o-mini\"} 0\n",
           "recloser_target_turned_away_total{target=\"openai/gpt-4o-mini\"} 0\n",
           "recloser_attempts_total{target=\"openai/gpt-4o-mini\",end=\"answered\"} 2\n",
           "recloser_attempts_total{target=\"openai/gpt-4o-mini\",end=\"server_error\"} 5\n",
       }) {
    EXPECT_THAT(page, HasSubstr(line));
  }
  loop_.clock().advance(1min);
  EXPECT_THAT(get("/metrics").body,
              HasSubstr("recloser_target_state{target=\"openai/gpt-4o-mini\"} 1\n"));
  for (int i = 0; i < 300; ++i) health_.of("many", fmt::format("m{:03}", i));
  page = get("/metrics").body;
  EXPECT_THAT(page, HasSubstr("recloser_target_state{target=\"many/m198\"} 0\n"));
  EXPECT_THAT(page, testing::Not(HasSubstr("many/m199")));
}

INSTANTIATE_TEST_SUITE_P(Stores, TargetsTest, testing::Values("memory", "sqlite"));

}  // namespace
}  // namespace recloser::admin
