// Models that their servers have still to load are waited for.
#include "relay/testing/failing_targets.h"

#include <array>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LoadingTest : public FailoverTest {
 protected:
  static Answer still_loading() {
    return status(503, "x-request-id: 0123456789abcdef0123456789abcdef\r\n",
                  R"({"error":{"message":"Loading model","type":"unavailable_error"}})");
  }
  // From now on the first target loads for so long, and then answers.
  void loads_for(Duration duration) {
    Instant until = gateway_.loop().worker().now() + duration;
    gateway_.provider().script = [this, until](net::Exchange& exchange, std::string) -> Task<void> {
      net::Worker& worker = gateway_.loop().worker();
      asked_at_.push_back(worker.now());
      return write(exchange, worker, worker.now() < until ? still_loading() : json(whole));
    };
  }
  Instant now() { return gateway_.loop().worker().now(); }

  std::vector<Instant> asked_at_;
};

TEST_F(LoadingTest, TheOnlyTargetIsWaitedFor) {
  with_targets(1);
  gateway_.start();
  Instant begun = now();
  loads_for(60s);
  Seen seen = ask_whole();
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.body, whole);
  std::vector<int> seconds;
  for (Instant at : asked_at_) seconds.push_back(static_cast<int>((at - begun + 100ms) / 1s));
  EXPECT_THAT(seconds, ElementsAre(0, 1, 3, 7, 12, 17, 22, 27, 32, 37, 42, 47, 52, 57, 62));
  EXPECT_THAT(attempts(), ElementsAre("p/one loading provider_failed", "p/one - completed"))
      << "the first and the last";
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.input_tokens, 7);
  EXPECT_EQ(call.output_tokens, 1);
  EXPECT_EQ(standing("p/one").lately.marked, 0u) << "it is no failure";
  EXPECT_EQ(standing("p/one").running, 0u);
}

// What came before it is another attempt.
TEST_F(LoadingTest, AnErrorBeforeItStaysInTheRow) {
  with_targets(1);
  gateway_.config().providers[0].retries = 1;
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    asked_at_.push_back(now());
    Answer answer = asked_at_.size() == 1 ? status(529, "retry-after: 1\r\n") : json(whole);
    if (asked_at_.size() == 2) answer = still_loading();
    return write(exchange, gateway_.loop().worker(), answer);
  };
  EXPECT_EQ(ask_whole().body, whole);
  EXPECT_THAT(attempts(), ElementsAre("p/one overloaded provider_failed",
                                      "p/one loading provider_failed", "p/one - completed"));
}

TEST_F(LoadingTest, AHundredQuestionsLeaveRoomInTheRow) {
  with_targets(1);
  gateway_.start();
  loads_for(9min);
  EXPECT_EQ(ask_whole().status, 200);
  EXPECT_GT(asked_at_.size(), 100u);
  EXPECT_THAT(attempts(), ElementsAre("p/one loading provider_failed", "p/one - completed"));
  EXPECT_THAT(gateway_.books().back().attempts, HasSubstr("0123456789abcdef0123456789abcdef"));
}

// A name without a model of its own: there is but one place.
TEST_F(LoadingTest, SoIsAModelThatNobodyConfigured) {
  gateway_.start();
  loads_for(2s);
  Seen seen = gateway_.post("/v1/chat/completions",
                            R"({"model":"p/one","messages":[{"role":"user","content":"say so"}]})");
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(asked_at_.size(), 3u);
}

TEST_F(LoadingTest, AnotherTargetIsAskedAtOnce) {
  with_targets(2);
  gateway_.start();
  *others_[0].answer = json(whole);
  loads_for(60s);
  Instant begun = now();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask_whole().body, whole);
  EXPECT_LT(now() - begun, 500ms);
  EXPECT_EQ(asked(0), 1u) << "the others know";
  EXPECT_THAT(attempts(), ElementsAre("q/two - completed"));
  EXPECT_THAT(gateway_.books().front().attempts, HasSubstr("loading"));
  EXPECT_THAT(gateway_.books().back().route, HasSubstr(R"("why_not":"loading")"));
}

TEST_F(LoadingTest, AllThatWaitShareWhatOneHears) {
  with_targets(1);
  gateway_.start();
  loads_for(6s);
  Instant begun = now();
  std::array<Seen, 8> seen;
  for (Seen& each : seen) begin_whole(each);
  after(9s);
  for (const Seen& each : seen) EXPECT_EQ(each.body, whole);
  std::size_t questions = 0;
  for (Instant at : asked_at_) questions += at > begun + 500ms && at < begun + 6s ? 1 : 0;
  EXPECT_EQ(questions, 2u) << "after 1 and after 3 s, whoever asks";
  EXPECT_EQ(asked_at_.size(), 8u + questions + 8u) << "all at once, two questions, all";
}

TEST_F(LoadingTest, TheDeadlineEndsTheWait) {
  with_targets(1);
  model().deadline = 10s;
  gateway_.start();
  loads_for(1h);
  Instant begun = now();
  Seen first;
  begin_whole(first);
  after(5s);
  Seen second;
  begin_whole(second);
  after(20s);
  EXPECT_EQ(first.status, 503);
  EXPECT_THAT(first.body, HasSubstr("Loading model")) << "its own words";
  EXPECT_EQ(second.status, 503);
  for (const ledger::StoredCall& call : gateway_.books()) {
    EXPECT_EQ(call.outcome, ledger::Outcome::provider_failed);
    EXPECT_LE(call.duration_ns, 10'100'000'000);
  }
  EXPECT_LT(asked_at_.back(), begun + 15s);
}

// Not even asked once: it is told what it waited for, and when to come again.
TEST_F(LoadingTest, WhoCannotWaitIsToldSo) {
  with_targets(1);
  model().deadline = 1ms;
  gateway_.start();
  loads_for(1h);
  Seen first = ask_whole();
  EXPECT_EQ(first.status, 503);
  EXPECT_THAT(first.body, HasSubstr("Loading model")) << "its own words";
  Seen seen = ask_whole();
  EXPECT_EQ(seen.status, 503);
  EXPECT_EQ(asked(0), 1u);
  EXPECT_THAT(seen.body, HasSubstr("p/one is still loading its model"));
  EXPECT_THAT(seen.head, HasSubstr("retry-after: 1\n"));
}

// Told in a stream it is an attempt like any other, of which a call has three.
TEST_F(LoadingTest, AStreamThatSaysSoAfterTwoErrorsIsTold) {
  with_targets(3);
  gateway_.start();
  first_ = status(500);
  *others_[0].answer = status(500);
  *others_[1].answer =
      stream("data: {\"error\":{\"message\":\"wait\",\"type\":\"ModelNotReadyException\"}}\n\n");
  EXPECT_THAT(ask_stream().body, HasSubstr("ModelNotReadyException"));
  EXPECT_EQ(attempts().size(), 3u);
  EXPECT_EQ(asked(2), 1u);
}

TEST_F(LoadingTest, AClientThatLeavesWhileItWaitsIsGone) {
  with_targets(1);
  gateway_.start();
  loads_for(1h);
  Seen first;
  begin_whole(first, now() + 20s);
  after(4s);  // the next question is after 7 s
  Seen second;
  begin_whole(second, now() + 1s);
  after(2s);
  ASSERT_EQ(gateway_.books().size(), 1u) << "noticed during the wait, before any attempt";
  EXPECT_EQ(gateway_.books()[0].outcome, ledger::Outcome::client_gone);
  EXPECT_THAT(gateway_.books()[0].attempts, testing::AnyOf("", "[]"));
  after(30s);
  std::size_t asked_by_then = asked_at_.size();
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::client_gone);
  after(30s);
  EXPECT_EQ(asked_at_.size(), asked_by_then);
}

// The gateway is stopped.
TEST_F(LoadingTest, ADrainEndsTheWait) {
  with_targets(1);
  gateway_.start();
  loads_for(1h);
  Seen seen;
  begin_whole(seen);
  after(4s);
  gateway_.relay().end_calls();
  after(1s);
  EXPECT_EQ(seen.status, 503);
  EXPECT_THAT(seen.body, HasSubstr("shutting down"));
}

// A server that loads is better than one that fails.
TEST_F(LoadingTest, WhoFailsIsNotAskedInstead) {
  with_targets(2);
  gateway_.start();
  first_ = status(500);
  for (int i = 0; i < 5; ++i) {
    if (i > 0) after(4s);
    EXPECT_EQ(ask_stream().status, 200);
  }
  ASSERT_EQ(standing("p/one").state, route::State::tripped);
  std::size_t before = asked(0);
  *others_[0].answer = still_loading();
  Seen seen;
  begin_whole(seen);
  after(200ms);
  *others_[0].answer = json(whole);
  after(2s);
  EXPECT_EQ(seen.body, whole);
  EXPECT_EQ(asked(0), before);
}

TEST_F(LoadingTest, ThreeAttemptsAndThenItLoads) {
  with_targets(3);
  gateway_.start();
  loads_for(60s);
  *others_[0].answer = still_loading();
  *others_[1].answer = still_loading();
  Seen seen;
  begin_whole(seen);
  after(2s);
  *others_[1].answer = json(whole);
  after(20s);
  EXPECT_EQ(seen.body, whole);
  EXPECT_THAT(attempts(), ElementsAre("p/one loading provider_failed",
                                      "q/two loading provider_failed", "r/three - completed"));
}

}  // namespace
}  // namespace recloser::relay
