// Answers that go to their client whole: until their last byte another target may answer.
#include "relay/testing/failing_targets.h"

#include <array>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AssembledFailoverTest : public FailoverTest {
 protected:
  // Clients ask for whole answers, providers for streams.
  void start(std::size_t targets) {
    with_targets(targets);
    model().stream_upstream = config::StreamUpstream::always;
    for (std::size_t i = 0; i < targets; ++i) {
      gateway_.config().providers[i].dialect = config::Dialect::simulated;
      gateway_.config().providers[i].timeouts.idle = 2s;
      model().targets[i].model = i == 0 ? "sim-fast" : "sim-smart";
    }
    gateway_.start();
  }
  // All events, the last ones 3 s after the first.
  static Task<void> write_slowly(net::Exchange& exchange, net::Worker& worker) {
    exchange.begin(net::AnswerFraming::length);
    std::string events = events_head() + std::string(role) + std::string(piece);
    std::array<std::string_view, 1> payload{events};
    Result<void> sent = co_await exchange.send("", payload, net::Last::no);
    co_await worker.sleep_until(worker.now() + 3s);
    payload = {rest};
    sent = co_await exchange.send("", payload, net::Last::no);
    exchange.break_off();
  }
  std::string begun() const { return std::string(role) + std::string(piece); }
};

TEST_F(AssembledFailoverTest, WhatFailsAfterContentIsAnsweredByAnother) {
  start(2);
  for (const Answer& answer : {stream(begun()), stream(begun() + std::string(error_in_band)),
                               stream(begun() + "data: {no json\n\n" + std::string(rest)),
                               Answer{.bytes = stream(begun()).bytes, .stays_open = 1h}}) {
    first_ = answer;
    after(11s);
    Seen seen = ask_whole();
    EXPECT_EQ(seen.status, 200) << answer.bytes;
    EXPECT_THAT(seen.body, HasSubstr(R"("content":"so")")) << answer.bytes;
    EXPECT_THAT(seen.head, HasSubstr("x-recloser-target: q/sim-smart\n")) << answer.bytes;
    ledger::StoredCall call = gateway_.books().back();
    EXPECT_EQ(attempts().size(), 2u) << answer.bytes;
    EXPECT_EQ(call.outcome, ledger::Outcome::completed);
    EXPECT_EQ(call.output_tokens, 2) << "what the first one wrote is billed as well";
    EXPECT_EQ(call.delivered_tokens, 1);
    EXPECT_EQ(call.overshoot_tokens, 1);
    EXPECT_EQ(call.cost_nano_usd,
              (call.input_tokens.value_or(0) - 7) * 150 + 600 + 7 * 2'500 + 10'000)
        << "each at its own price";
  }
  EXPECT_EQ(gateway_.books().size(), 4u);
}

// A limit of the time to the first piece is none of the time after it.
TEST_F(AssembledFailoverTest, AnAnswerThatHasBegunMayTakeItsTime) {
  with_targets(2);
  model().stream_upstream = config::StreamUpstream::always;
  gateway_.config().providers[0].dialect = config::Dialect::simulated;
  gateway_.config().providers[0].timeouts.first_token = 1s;
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return write_slowly(exchange, gateway_.loop().worker());
  };
  Seen seen = ask_whole();
  EXPECT_EQ(seen.status, 200);
  EXPECT_THAT(attempts(), ElementsAre("p/one - completed"));
}

TEST_F(AssembledFailoverTest, WithNobodyElseItIsAnError) {
  start(1);
  first_ = stream(begun());
  Seen seen = ask_whole();
  EXPECT_EQ(seen.status, 503);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::provider_failed);
  first_ = stream(begun() + std::string(error_in_band));
  EXPECT_EQ(ask_whole().status, 529);
}

class WholeFailoverTest : public FailoverTest {};

// A status that says all is well does not make an answer of an error.
TEST_F(WholeFailoverTest, AnErrorUnderAGoodStatusGetsItsOwn) {
  with_targets(1);
  gateway_.start();
  struct {
    std::string_view error;
    int status;
  } cases[] = {{R"({"message":"x","code":502})", 502},
               {R"({"message":"x","type":"overloaded_error"})", 529},
               {R"({"message":"x","type":"rate_limit_error"})", 429},
               {R"({"message":"x","type":"invalid_request_error"})", 400},
               {R"("x")", 500}};
  for (const auto& each : cases) {
    std::string body = fmt::format(R"({{"error":{}}})", each.error);
    first_ = json(body);
    after(11s);
    Seen seen = ask_whole();
    EXPECT_EQ(seen.status, each.status) << each.error;
    EXPECT_EQ(seen.body, body) << "the provider's own words";
    EXPECT_THAT(seen.head, HasSubstr("x-recloser-call: ")) << each.error;
    ledger::StoredCall call = gateway_.books().back();
    EXPECT_EQ(call.status, each.status);
    EXPECT_EQ(call.outcome, ledger::Outcome::provider_failed);
    EXPECT_THAT(call.attempts, HasSubstr(R"("status":200)")) << "as it came";
    EXPECT_THAT(attempts(), ElementsAre("p/one error_in_answer provider_failed"));
  }
}

TEST_F(WholeFailoverTest, WhatIsOutAlreadyStaysAsItIs) {
  with_targets(1);
  gateway_.start();
  std::string body = fmt::format(R"({{"error":{{"message":"{}"}}}})", std::string(300'000, 'x'));
  first_ = json(body);
  Seen seen = ask_whole();
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.body, body);
  EXPECT_EQ(gateway_.books().back().status, 200);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::provider_failed);
}

// What is wrong with the request is so everywhere.
TEST_F(WholeFailoverTest, AnErrorOfTheClientUnderAGoodStatusGoesNowhereElse) {
  with_targets(2);
  gateway_.start();
  first_ = json(R"({"error":{"message":"yours","type":"invalid_request_error"}})");
  EXPECT_EQ(ask_whole().status, 400);
  EXPECT_EQ(asked(1), 0u);
  EXPECT_EQ(standing("p/one").lately.marked, 0u);
}

TEST_F(WholeFailoverTest, AResponseThatHasFailedSaysSoItself) {
  with_targets(1);
  gateway_.start();
  std::string body = R"({"id":"resp_1","object":"response","status":"failed",)"
                     R"("error":{"code":"server_error","message":"x"},"output":[]})";
  first_ = json(body);
  Seen seen = gateway_.post("/v1/responses", R"({"model":"n","input":"say so"})");
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.body, body);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::provider_failed);
}

}  // namespace
}  // namespace recloser::relay
