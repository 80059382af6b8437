// A late stream is asked for at a second target, and one of the two answers.
#include "core/ids.h"
#include "relay/testing/hedged_targets.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(HedgingTest, ALateStreamIsAnsweredByASecondTarget) {
  start();
  answer_after(4s, 30ms);
  Seen seen = ask_stream();
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.body, all_events());
  EXPECT_THAT(seen.head, HasSubstr("x-recloser-target: q/sim-fast\n"));
  EXPECT_LT(now() - begun_, 500ms);
  EXPECT_THAT(attempts(), ElementsAre("p/sim-fast outrun cut", "q/sim-fast - completed"));
  ASSERT_TRUE(gateway_.provider().left_at.has_value()) << "it is not left to write on";
  EXPECT_LT(*gateway_.provider().left_at - begun_, 500ms);
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::completed);
  EXPECT_EQ(call.provider, "q");
  EXPECT_EQ(call.output_tokens, 1);
  EXPECT_EQ(call.delivered_tokens, 1);
  EXPECT_GT(call.input_tokens, 7) << "the first one may bill what it read";
  EXPECT_EQ(call.tokens_source, ledger::TokensSource::estimated);
  EXPECT_EQ(call.cost_nano_usd, call.input_tokens.value_or(0) * 150 + 600);
  EXPECT_EQ(ended("p/sim-fast", route::AttemptEnd::cancelled), 1u) << "it has not failed";
  nothing_is_held();
}

TEST_F(HedgingTest, TheFirstOneMayStillBeTheFirst) {
  start();
  answer_after(300ms, 4s);
  Seen seen = ask_stream();
  EXPECT_EQ(seen.body, all_events());
  EXPECT_THAT(seen.head, HasSubstr("x-recloser-target: p/sim-fast\n"));
  EXPECT_EQ(asked(1), 1u);
  EXPECT_THAT(attempts(), ElementsAre("q/sim-fast outrun cut", "p/sim-fast - completed"));
  EXPECT_EQ(gateway_.books().back().provider, "p");
  EXPECT_EQ(gateway_.books().back().output_tokens, 1);
  nothing_is_held();
}

// An answer that is no stream comes with its head, and is told later: what others read meanwhile is
// no part of it.
TEST_F(HedgingTest, WhatCameWithAHeadIsNobodyElses) {
  start();
  constexpr std::size_t others = 6;
  std::string error = R"({"error":{"message":"too long","type":"invalid_request_error"}})";
  for (std::size_t its_own = 0; its_own < others; ++its_own) {
    for (const Answer& own : {json(whole), status(400, "", error)}) {
      std::size_t before = asked(0);
      gateway_.provider().script = [&, before](net::Exchange& exchange, std::string) -> Task<void> {
        bool is_own = asked(0) == before + 1 + its_own;
        Answer answer = is_own ? own : stream(all_events());
        answer.before = 20ms;
        return write(exchange, gateway_.loop().worker(), answer);
      };
      std::array<Seen, others> seen;
      for (Seen& each : seen) begin_stream(each);
      after(1s);
      std::string body = own.bytes.substr(own.bytes.find("\r\n\r\n") + 4);
      for (const Seen& each : seen) EXPECT_THAT(each.body, AnyOf(all_events(), body));
    }
  }
}

TEST_F(HedgingTest, AHeadIsNoContent) {
  start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return begin_and_wait(exchange, gateway_.loop().worker(), events_head() + std::string(role));
  };
  Seen seen = ask_stream();
  EXPECT_EQ(seen.body, all_events());
  EXPECT_THAT(attempts(), ElementsAre("p/sim-fast outrun cut", "q/sim-fast - completed"));
  nothing_is_held();
}

// Who waits long hears comments; from the first of them on the target stays.
TEST_F(HedgingTest, WhoWaitsLongHearsComments) {
  gateway_.config().keep_alive.every = 1s;
  start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return begin_and_wait(exchange, gateway_.loop().worker(), events_head() + std::string(role),
                          std::string(piece) + std::string(rest));
  };
  *others_[0].answer = status(500);
  Seen seen = ask_stream();
  EXPECT_EQ(asked(1), 1u);
  EXPECT_THAT(seen.body, StartsWith(std::string(role) + ": keep-alive\n\n"));
  EXPECT_THAT(seen.body, EndsWith(std::string(piece) + std::string(rest)));
  EXPECT_THAT(attempts(),
              ElementsAre("q/sim-fast server_error provider_failed", "p/sim-fast - completed"));
  nothing_is_held();
}

TEST_F(HedgingTest, WhoFailsMeanwhileHasFailed) {
  start();
  answer_after(300ms, 1s);
  first_.bytes.clear();
  Seen seen = ask_stream();
  EXPECT_EQ(seen.body, all_events());
  EXPECT_THAT(attempts(),
              ElementsAre("p/sim-fast closed provider_failed", "q/sim-fast - completed"));
  EXPECT_EQ(ended("p/sim-fast", route::AttemptEnd::broken), 1u);
  first_ = status(500);
  first_.before = 300ms;
  after(1s);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_THAT(attempts(),
              ElementsAre("p/sim-fast server_error provider_failed", "q/sim-fast - completed"));
  nothing_is_held();
}

TEST_F(HedgingTest, TheSecondOneMayFail) {
  start();
  for (const Answer& answer : {status(500), status(429), stream(error_in_band), stream(""),
                               stream("data: {no\n\n"), Answer{}}) {
    answer_after(1s, 0ms);
    *others_[0].answer = answer;
    std::size_t before = asked(1);
    Seen seen = ask_stream();
    EXPECT_EQ(seen.body, all_events()) << answer.bytes;
    EXPECT_THAT(seen.head, HasSubstr("x-recloser-target: p/sim-fast\n"));
    EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::completed);
    if (asked(1) > before) {
      EXPECT_EQ(attempts().size(), 2u);
    }
    nothing_is_held();
    after(61s);
    for (int i = 0; i < 60; ++i) begin_warm();
  }
  EXPECT_GE(asked(1), 3u);
}

TEST_F(HedgingTest, WhenBothFailAThirdOneAnswers) {
  start(3);
  answer_after(300ms, 400ms);
  first_.bytes.clear();
  others_[0].answer->bytes.clear();
  Seen seen = ask_stream();
  EXPECT_EQ(seen.body, all_events());
  EXPECT_THAT(attempts(),
              ElementsAre("p/sim-fast closed provider_failed", "q/sim-fast closed provider_failed",
                          "r/sim-fast - completed"));
  nothing_is_held();
}

TEST_F(HedgingTest, WhenAllFailTheClientIsTold) {
  start();
  answer_after(300ms, 400ms);
  first_ = status(503);
  first_.before = 300ms;
  *others_[0].answer = status(500, "", R"({"error":{"message":"the last one"}})");
  others_[0].answer->before = 1s;
  Seen seen = ask_stream();
  EXPECT_EQ(seen.status, 500);
  EXPECT_THAT(seen.body, HasSubstr("the last one"));
  EXPECT_EQ(attempts().size(), 2u);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::provider_failed);
  nothing_is_held();
}

// What one of them says of its limits is not said of the other.
TEST_F(HedgingTest, EachIsLeftAloneForAsLongAsItSaysItself) {
  start();
  first_ = status(429, "retry-after: 30\r\n");
  first_.before = 300ms;
  *others_[0].answer = status(429);
  others_[0].answer->before = 1s;
  EXPECT_EQ(ask_stream().status, 429);
  ASSERT_EQ(attempts().size(), 2u);
  EXPECT_GT(standing("p/sim-fast").cooling_until, now() + 25s);
  EXPECT_LT(standing("q/sim-fast").cooling_until, now() + 5s);
  nothing_is_held();
}

TEST_F(HedgingTest, AClientThatLeavesEndsBoth) {
  start();
  answer_after(4s, 4s);
  Seen seen;
  begin_stream(seen, now() + 1s);
  after(2s);
  EXPECT_EQ(asked(1), 1u);
  EXPECT_TRUE(gateway_.provider().left_at.has_value());
  EXPECT_TRUE(others_[0].provider->left_at.has_value());
  ASSERT_EQ(gateway_.books().size(), before_ + 1);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::client_gone);
  EXPECT_EQ(attempts().size(), 2u);
  EXPECT_EQ(gateway_.books().back().input_tokens, 14) << "both may bill what they read";
  nothing_is_held();
}

TEST_F(HedgingTest, ADrainEndsBoth) {
  start();
  answer_after(4s, 4s);
  Seen seen;
  begin_stream(seen);
  after(1s);
  gateway_.relay().end_calls();
  after(1s);
  EXPECT_EQ(seen.status, 503);
  EXPECT_THAT(seen.body, HasSubstr("shutting down"));
  nothing_is_held();
}

TEST_F(HedgingTest, BothAreHeldByTheBudgetAndBothAreCharged) {
  start();
  limit(1'000'000, budget::Reserve::clamp);
  answer_after(300ms, 4s);
  Seen seen;
  begin_stream(seen);
  after(20ms);
  budget::Amount one = account().reserved;
  EXPECT_GT(one, 0);
  after(200ms);
  ASSERT_EQ(asked(1), 1u);
  EXPECT_EQ(account().reserved, 2 * one);
  after(1s);
  EXPECT_EQ(seen.body, all_events());
  ledger::StoredCall call = gateway_.books().back();
  std::int64_t used = call.input_tokens.value_or(0) + call.output_tokens.value_or(0);
  EXPECT_GT(used, 7 + 1 + 4);
  EXPECT_EQ(account().charged, used);
  EXPECT_THAT(call.budgets, HasSubstr(fmt::format(R"("charged":{})", used)));
  nothing_is_held();
  answer_after(4s, 30ms);
  after(61s);
  for (int i = 0; i < 60; ++i) begin_warm();
  budget::Amount before = account().charged;
  answer_after(4s, 30ms);
  EXPECT_EQ(ask_stream().body, all_events());
  ASSERT_EQ(asked(1), 2u);
  call = gateway_.books().back();
  EXPECT_EQ(account().charged - before,
            call.input_tokens.value_or(0) + call.output_tokens.value_or(0));
  nothing_is_held();
}

TEST_F(HedgingTest, WhatTheBudgetDoesNotAllowIsNotHedged) {
  start();
  limit(1'000'000, budget::Reserve::clamp);
  answer_after(300ms, 0ms);
  Seen seen;
  begin_stream(seen);
  after(10ms);
  budget::Amount one = account().reserved;
  after(2s);
  std::size_t hedged = asked(1);
  ASSERT_EQ(hedged, 1u);
  limit(account().charged + one + one / 2);
  answer_after(300ms, 0ms);
  after(61s);
  for (int i = 0; i < 60; ++i) begin_warm();
  limit(account().charged + one + 10);
  answer_after(300ms, 0ms);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_EQ(asked(1), hedged);
  EXPECT_THAT(attempts(), ElementsAre("p/sim-fast - completed"));
  EXPECT_EQ(gateway_.books().back().provider, "p");
  nothing_is_held();
}

TEST_F(HedgingTest, TwoOfAHundredAndNoMore) {
  start();
  answer_after(4s, 30ms);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_EQ(asked(1), 2u);
}

TEST_F(HedgingTest, OnlyWhoSaysSoIsHedged) {
  start(2, false);
  answer_after(4s, 0ms);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_EQ(asked(1), 0u);
}

// Nobody knows how long a whole answer takes; and what a provider does for a call it does once.
TEST_F(HedgingTest, OnlyStreamsThatMayBeSentTwice) {
  start();
  answer_after(4s, 0ms);
  first_ = json(whole);
  first_.before = 4s;
  EXPECT_EQ(ask_whole().body, whole);
  EXPECT_EQ(asked(1), 0u);
  first_ = stream(all_events());
  first_.before = 4s;
  Seen seen = gateway_.post("/v1/chat/completions",
                            R"({"model":"n","stream":true,"web_search_options":{},"messages":)"
                            R"([{"role":"user","content":"say so"}]})");
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(asked(1), 0u);
}

// How long it may run is counted of one of them only.
TEST_F(HedgingTest, WhereTimeIsCountedThereIsNoSecond) {
  start();
  auto budget = std::make_shared<budget::Budget>();
  budget->name = "time";
  budget->unit = budget::Unit::seconds;
  budget->limit = 1'000'000;  // ms
  gateway_.budgets().configure({budget});
  answer_after(4s, 30ms);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_EQ(asked(1), 0u);
}

TEST_F(HedgingTest, WhatAnAnswerSaysOfLimitsIsHeeded) {
  start();
  answer_after(20ms, 20ms);
  first_.bytes.insert(first_.bytes.find("\r\n") + 2,
                      "x-ratelimit-limit-requests: 10\r\nx-ratelimit-remaining-requests: 0\r\n"
                      "x-ratelimit-reset-requests: 30s\r\n");
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_EQ(asked(1), 1u);
}

TEST_F(HedgingTest, ATrippedTargetIsNoHedge) {
  start();
  for (int i = 0; i < 5; ++i) {
    route::Asker asker{.principal = static_cast<route::PrincipalHash>(i), .needs = {}};
    auto slot = gateway_.health().of("q", "sim-fast").admit(asker, now());
    ASSERT_TRUE(slot.has_value());
    slot->end(route::AttemptEnd::server_error, std::nullopt, now());
  }
  ASSERT_EQ(standing("q/sim-fast").state, route::State::tripped);
  answer_after(500ms, 0ms);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_EQ(asked(1), 0u);
}

// An answer that two were asked for is gone on with like any other.
class InterruptedHedge : public HedgingTest {
 protected:
  void start_with(config::Interrupted interrupted) {
    interrupted_ = interrupted;
    start(3);
    answer_after(4s, 30ms);
    *others_[1].answer = stream(std::string(role) + as_text(" it is") + std::string(rest));
  }
  static std::string as_text(std::string_view text) {
    return fmt::format(
        "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
        text);
  }
  static Answer broken(Duration before) {
    return {.bytes = events_head() + std::string(role) + std::string(piece), .before = before};
  }
};

TEST_F(InterruptedHedge, TheOneThatWasAheadBreaksOff) {
  start_with(config::Interrupted::go_on);
  *others_[0].answer = broken(30ms);
  Seen seen = ask_stream();
  EXPECT_THAT(seen.body, HasSubstr("\"content\":\" it is\""));
  EXPECT_THAT(seen.body, EndsWith("data: [DONE]\n\n"));
  EXPECT_THAT(attempts(), ElementsAre("p/sim-fast outrun cut", "q/sim-fast closed provider_failed",
                                      "r/sim-fast - completed"));
  nothing_is_held();
}

TEST_F(InterruptedHedge, TheFirstOneDoes) {
  start_with(config::Interrupted::go_on);
  first_ = broken(400ms);
  *others_[0].answer = *others_[1].answer;
  others_[0].answer->before = 4s;
  Seen seen = ask_stream();
  EXPECT_THAT(seen.body, EndsWith("data: [DONE]\n\n"));
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::completed);
  EXPECT_EQ(asked(1), 2u) << "once in vain, and then for the rest";
  nothing_is_held();
}

TEST_F(InterruptedHedge, OneThatNeededNoSecondDoes) {
  start_with(config::Interrupted::go_on);
  first_ = broken(20ms);
  *others_[0].answer = stream(std::string(role) + as_text(" it is") + std::string(rest));
  Seen seen = ask_stream();
  EXPECT_THAT(seen.body, HasSubstr("\"content\":\" it is\""));
  EXPECT_THAT(attempts(),
              ElementsAre("p/sim-fast closed provider_failed", "q/sim-fast - completed"));
  nothing_is_held();
}

TEST_F(InterruptedHedge, WhereNobodyGoesOnItsClientIsTold) {
  start_with(config::Interrupted::go_on);
  *others_[0].answer = broken(30ms);
  *others_[1].answer = status(500);
  Seen seen = ask_stream();
  EXPECT_THAT(seen.body, StartsWith(std::string(role) + std::string(piece)));
  EXPECT_THAT(seen.body, HasSubstr("\"error\""));
  EXPECT_THAT(attempts(), ElementsAre("p/sim-fast outrun cut", "q/sim-fast closed provider_failed",
                                      "r/sim-fast server_error provider_failed"));
  nothing_is_held();
}

TEST_F(InterruptedHedge, OrItBeginsAnew) {
  start_with(config::Interrupted::restart);
  *others_[0].answer = broken(30ms);
  Seen seen = gateway_.post("/v1/chat/completions",
                            R"({"model":"n","stream":true,"stream_options":{"include_usage":true},)"
                            R"("messages":[{"role":"user","content":"say so"}]})",
                            "x-recloser-restart: allow\r\n");
  EXPECT_THAT(seen.body, HasSubstr("event: recloser.restart\n"));
  EXPECT_THAT(seen.body, EndsWith(std::string(rest)));
  nothing_is_held();
}

TEST_F(InterruptedHedge, ItsTargetIsDrainedNow) {
  start_with(config::Interrupted::go_on);
  *others_[0].answer = broken(30ms);
  others_[0].answer->stays_open = 1h;
  Seen seen;
  begin_stream(seen);
  after(1s);
  gateway_.health().drain("q/sim-fast", true);
  LeftTarget left = gateway_.relay().leave("q/sim-fast");
  EXPECT_EQ(left.switched, 1u);
  after(1s);
  EXPECT_THAT(seen.body, EndsWith("data: [DONE]\n\n"));
  EXPECT_THAT(attempts(), ElementsAre("p/sim-fast outrun cut", "q/sim-fast drained cut",
                                      "r/sim-fast - completed"));
  nothing_is_held();
}

// Whoever answers when, with what, and whether the client stays: one answer or one error, one row
// that is the sum of its attempts, and nothing is held.
TEST_F(HedgingTest, AnythingMayHappenAtAnyTime) {
  start();
  limit(100'000'000, budget::Reserve::clamp);
  Random random(7);
  std::vector<Answer> answers{stream(all_events()),
                              status(500),
                              stream(error_in_band),
                              stream(role),
                              stream(std::string(role) + std::string(piece)),
                              status(404),
                              Answer{},
                              json(whole)};
  std::size_t hedged = 0;
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    after(61s);
    for (int i = 0; i < 55; ++i) begin_warm();
    std::size_t before = asked(1);
    budget::Amount charged = account().charged;
    first_ = answers[random.below(answers.size())];
    *others_[0].answer = answers[random.below(answers.size())];
    first_.before = random.below(4) * 50ms + 60ms;
    others_[0].answer->before = random.below(4) * 50ms;
    Seen seen;
    bool leaves = random.below(4) == 0;
    begin_stream(seen, leaves ? now() + random.below(300) * 1ms : Instant::never());
    after(20s);
    hedged += asked(1) > before ? 1 : 0;
    ledger::StoredCall call = gateway_.books().back();
    if (!leaves) {
      EXPECT_THAT(seen.status, AnyOf(200, 404, 429, 500, 502, 503)) << seen.body;
      bool complete = seen.body == all_events() || seen.body == whole;
      EXPECT_EQ(call.outcome == ledger::Outcome::completed, complete) << seen.body;
    }
    EXPECT_EQ(account().charged - charged,
              call.input_tokens.value_or(0) + call.output_tokens.value_or(0));
    nothing_is_held();
  }
  EXPECT_GT(hedged, 20u);
}

}  // namespace
}  // namespace recloser::relay
