// A target fails, and another one answers: what the client sees, what the books say, what is held.
#include "relay/testing/failing_targets.h"

#include <array>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Task<void> comment_for_ever(net::Exchange& exchange, net::Worker& worker) {
  exchange.begin(net::AnswerFraming::length);
  std::array<std::string_view, 1> payload{
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"};
  for (bool taken = true; taken;) {
    Result<void> sent = co_await exchange.send("", payload, net::Last::no);
    taken = sent.has_value();
    payload = {": at work\n\n"};
    co_await worker.sleep_until(worker.now() + 1s);
  }
}

Task<void> pause_in_the_middle(net::Exchange& exchange, net::Worker& worker, std::string begun,
                               std::string_view rest) {
  exchange.begin(net::AnswerFraming::length);
  std::array<std::string_view, 1> payload{begun};
  Result<void> sent = co_await exchange.send("", payload, net::Last::no);
  co_await worker.sleep_until(worker.now() + 10s);
  payload = {rest};
  sent = co_await exchange.send("", payload, net::Last::no);
  exchange.break_off();
}

class ProvidersFault : public FailoverTest, public testing::WithParamInterface<int> {};

TEST_P(ProvidersFault, IsAnsweredByAnother) {
  with_targets(2);
  gateway_.start();
  first_ = status(GetParam());
  Seen seen = ask_stream();
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.body, all_events());
  EXPECT_THAT(seen.head, HasSubstr("x-recloser-target: q/two\n"));
  EXPECT_THAT(others_[0].provider->bodies.back(), HasSubstr(R"("model":"two")"));
  EXPECT_EQ(attempts().size(), 2u);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::completed);
  EXPECT_EQ(gateway_.books().back().provider, "q");
}

INSTANTIATE_TEST_SUITE_P(Failover, ProvidersFault,
                         testing::Values(401, 402, 403, 408, 409, 429, 500, 502, 503, 504, 529));

TEST_F(FailoverTest, WhatIsTheClientsFaultStaysWhereItIs) {
  with_targets(2);
  gateway_.start();
  for (int code : {400, 404, 413, 422}) {
    first_ = status(code, "", R"({"error":{"message":"yours","type":"invalid_request_error"}})");
    Seen seen = ask_whole();
    EXPECT_EQ(seen.status, code);
    EXPECT_THAT(seen.body, HasSubstr("yours"));
    EXPECT_EQ(attempts().size(), 1u) << code;
  }
  EXPECT_EQ(asked(1), 0u);
}

// Nor does anybody go around a provider's policy: what it refuses for its content is the answer.
TEST_F(FailoverTest, WhatAContentPolicyRefusesIsNotCarriedElsewhere) {
  with_targets(2);
  gateway_.config().providers[0].retries = 2;
  gateway_.start();
  constexpr std::string_view no = R"({"error":{"message":"no","code":"content_filter"}})";
  first_ = status(400, "", no);
  for (std::size_t i = 1; i <= 60; ++i) {
    Seen seen = ask_whole();
    EXPECT_EQ(seen.status, 400);
    EXPECT_EQ(seen.body, no);
    EXPECT_EQ(asked(0), i);
  }
  EXPECT_THAT(attempts(), ElementsAre("p/one content_policy provider_failed"));
  first_ = status(403, "", R"({"error":{"message":"your input was flagged","code":403}})");
  EXPECT_EQ(ask_whole().status, 403);
  first_ = stream(std::string(role) + "data: " + std::string(no) + "\n\n");
  EXPECT_THAT(ask_stream().body, HasSubstr("content_filter"));
  EXPECT_EQ(asked(1), 0u);
  EXPECT_EQ(standing("p/one").state, route::State::passing);
}

TEST_F(FailoverTest, AClientSeesOneBeginning) {
  with_targets(2);
  gateway_.start();
  for (const std::string& begun :
       {std::string(role) + std::string(error_in_band), std::string(error_in_band),
        std::string(role), std::string(), std::string("data: {no json\n\n")}) {
    first_ = stream(begun);
    after(11s);  // so that no budget of retries is used up
    Seen seen = ask_stream();
    EXPECT_EQ(seen.body, all_events()) << begun;
    EXPECT_THAT(seen.head, HasSubstr("x-recloser-target: q/two\n")) << begun;
    EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::completed);
  }
}

TEST_F(FailoverTest, AWholeAnswerThatIsNoneIsAnsweredByAnother) {
  with_targets(2);
  gateway_.start();
  *others_[0].answer = json(whole);
  for (const Answer& answer :
       {json(R"({"id":"w","choices":[{"ind)"), json(R"({"error":{"message":"x","code":502}})"),
        Answer{.bytes = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
                        "99\r\n\r\n{\"id\":"},
        Answer{.bytes = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n"
                        "<html>"},
        Answer{}}) {
    first_ = answer;
    after(11s);
    Seen seen = ask_whole();
    EXPECT_EQ(seen.status, 200) << answer.bytes;
    EXPECT_EQ(seen.body, whole) << answer.bytes;
    EXPECT_EQ(attempts().size(), 2u) << answer.bytes;
  }
}

TEST_F(FailoverTest, NobodyListens) {
  with_targets(2);
  gateway_.provider().stop();
  gateway_.start();
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_THAT(attempts(), ElementsAre("p/one unreachable provider_failed", "q/two - completed"));
}

TEST_F(FailoverTest, AfterTheFirstContentTheClientIsTold) {
  with_targets(2);
  gateway_.start();
  first_ = stream(std::string(role) + std::string(piece));
  Seen seen = ask_stream();
  EXPECT_THAT(seen.body, StartsWith(std::string(role) + std::string(piece)));
  EXPECT_THAT(seen.body, HasSubstr("\"provider_unavailable\""));
  EXPECT_THAT(seen.body, Not(HasSubstr("[DONE]")));
  EXPECT_EQ(asked(1), 0u);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::provider_failed);
}

TEST_F(FailoverTest, SilenceBeforeTheFirstPieceEndsAtItsLimit) {
  with_targets(2);
  gateway_.config().providers[0].timeouts.first_token = 2s;
  gateway_.start();
  first_ = {.bytes = events_head() + std::string(role), .before = 500ms, .stays_open = 1h};
  Instant before = gateway_.loop().worker().now();
  Seen seen = ask_stream();
  EXPECT_EQ(seen.body, all_events());
  EXPECT_GE(gateway_.loop().worker().now() - before, 2s);
  EXPECT_LT(gateway_.loop().worker().now() - before, 3s);
  EXPECT_THAT(attempts(), ElementsAre("p/one timeout provider_failed", "q/two - completed"));
}

// The last one that could answer is waited for, however slow it is.
TEST_F(FailoverTest, TheLastOneMayBeSlow) {
  with_targets(1);
  gateway_.config().providers[0].timeouts.first_token = 2s;
  gateway_.start();
  first_ = {.bytes = events_head() + all_events(), .before = 10s};
  EXPECT_EQ(ask_stream().body, all_events());
}

// A proxy in between shall not take a call for dead because its model thinks.
TEST_F(FailoverTest, WhoWaitsLongHearsComments) {
  with_targets(2);
  gateway_.start();
  first_ = {.bytes = events_head() + std::string(role), .stays_open = 1h};
  Seen seen = ask_stream();
  EXPECT_THAT(seen.body, StartsWith(std::string(role) + ": keep-alive\n\n"));
  EXPECT_THAT(seen.body, HasSubstr("\"provider_timeout\""));
  EXPECT_EQ(asked(1), 0u) << "the head is out";
}

TEST_F(FailoverTest, NoMoreAttemptsThanAllowedAndTheLastAnswerIsTheClients) {
  with_targets(4);
  gateway_.start();
  first_ = status(500);
  for (Other& other : others_)
    *other.answer = status(503, "retry-after: 7\r\n", R"({"error":"b"})");
  Seen seen = ask_whole();
  EXPECT_EQ(seen.status, 503);
  EXPECT_EQ(seen.body, R"({"error":"b"})");
  EXPECT_THAT(seen.head, HasSubstr("retry-after: 7\n"));
  EXPECT_THAT(attempts(),
              ElementsAre("p/one server_error provider_failed", "q/two overloaded provider_failed",
                          "r/three overloaded provider_failed"));
  EXPECT_EQ(asked(3), 0u);
}

TEST_F(FailoverTest, AsManyAttemptsAsTheModelSays) {
  with_targets(3, 2);
  gateway_.start();
  first_ = status(500);
  *others_[0].answer = status(500, "", R"({"error":"second"})");
  EXPECT_EQ(ask_whole().body, R"({"error":"second"})");
  EXPECT_EQ(asked(2), 0u);
}

TEST_F(FailoverTest, TheOnlyTargetIsAskedAgainAfterAWhile) {
  with_targets(1);
  gateway_.config().providers[0].retries = 2;
  gateway_.start();
  first_ = status(503, "", R"({"error":"busy"})");
  Seen seen = ask_whole();
  EXPECT_EQ(seen.status, 503);
  EXPECT_EQ(seen.body, R"({"error":"busy"})");
  EXPECT_EQ(asked(0), 3u);
  first_ = status(400);
  EXPECT_EQ(ask_whole().status, 400);
  EXPECT_EQ(asked(0), 4u);
}

TEST_F(FailoverTest, AnAnswerBetweenTwoTriesIsTheAnswer) {
  with_targets(1);
  gateway_.config().providers[0].retries = 1;
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return write(exchange, gateway_.loop().worker(),
                 asked(0) == 1 ? stream(role) : stream(all_events()));
  };
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_THAT(attempts(), ElementsAre("p/one closed provider_failed", "p/one - completed"));
}

// When a Retry-After is short, it is waited for here.
TEST_F(FailoverTest, TheOnlyTargetIsAskedAgainWhenItSaysSo) {
  with_targets(1);
  gateway_.config().providers[0].retries = 1;
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return write(exchange, gateway_.loop().worker(),
                 asked(0) == 1 ? status(429, "retry-after: 3\r\n") : json(whole));
  };
  Instant before = gateway_.loop().worker().now();
  EXPECT_EQ(ask_whole().body, whole);
  EXPECT_GE(gateway_.loop().worker().now() - before, 3s);
  EXPECT_THAT(attempts(), ElementsAre("p/one rate_limited provider_failed", "p/one - completed"));
}

TEST_F(FailoverTest, AllEndsWithTheDeadline) {
  with_targets(3);
  model().deadline = 5s;
  gateway_.start();
  first_ = {.before = 1h};
  for (Other& other : others_) *other.answer = {.before = 1h};
  Instant before = gateway_.loop().worker().now();
  EXPECT_EQ(ask_whole().status, 504);
  EXPECT_LT(gateway_.loop().worker().now() - before, 6s);
  EXPECT_EQ(attempts().size(), 1u);
}

// Signs of life are no answer: the deadline holds all the same.
TEST_F(FailoverTest, TheDeadlineIsOfTheFirstPiece) {
  with_targets(2);
  model().deadline = 5s;
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return comment_for_ever(exchange, gateway_.loop().worker());
  };
  Instant before = gateway_.loop().worker().now();
  Seen seen = ask_stream();
  EXPECT_EQ(seen.status, 504);
  EXPECT_THAT(seen.body, HasSubstr("sent no piece of its answer in time"));
  EXPECT_LT(gateway_.loop().worker().now() - before, 6s);
  EXPECT_THAT(attempts(), ElementsAre("p/one timeout provider_failed"));
}

// Also where its client hears comments, and nobody else can be asked.
TEST_F(FailoverTest, WhoeverHearsCommentsMeanwhile) {
  with_targets(2);
  model().deadline = 20s;
  gateway_.start();
  first_ = {.bytes = events_head() + std::string(role), .stays_open = 1h};
  Instant before = gateway_.loop().worker().now();
  Seen seen = ask_stream();
  EXPECT_THAT(seen.body, StartsWith(std::string(role) + ": keep-alive\n\n"));
  EXPECT_THAT(seen.body, HasSubstr("\"provider_timeout\""));
  EXPECT_LT(gateway_.loop().worker().now() - before, 21s);
  EXPECT_EQ(asked(1), 0u);
}

TEST_F(FailoverTest, AnAnswerThatHasBegunIsNotHurried) {
  with_targets(1);
  model().deadline = 5s;
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return pause_in_the_middle(exchange, gateway_.loop().worker(),
                               events_head() + std::string(role) + std::string(piece), rest);
  };
  EXPECT_EQ(ask_stream().body, all_events());
}

// What was sent and came to nothing may be billed: it stays in the row, beside what answered.
TEST_F(FailoverTest, BothAttemptsAreInTheBooks) {
  with_targets(2);
  model().targets[0].model = "sim-fast";
  model().targets[1].model = "sim-smart";
  gateway_.start();
  first_ = {};  // closed without an answer
  EXPECT_EQ(ask_stream().body, all_events());
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.output_tokens, 1);
  EXPECT_GT(call.input_tokens, 7);
  std::int64_t lost = call.input_tokens.value_or(0) - 7;
  EXPECT_EQ(call.tokens_source, ledger::TokensSource::estimated);
  EXPECT_EQ(call.cost_nano_usd, lost * 150 + 7 * 2'500 + 10'000) << "each at its own price";
}

// The provider had read the prompt.
TEST_F(FailoverTest, AnAnswerThatBreaksOffAtItsBeginMayBeBilled) {
  with_targets(2);
  gateway_.start();
  std::string chunked = events_head();
  chunked.insert(chunked.size() - 2, "transfer-encoding: chunked\r\n");
  std::string no_body = json(whole).bytes;
  no_body.resize(no_body.find("\r\n\r\n") + 4);
  for (const Answer& answer :
       {Answer{.bytes = chunked}, Answer{.bytes = events_head()}, Answer{.bytes = no_body}}) {
    first_ = answer;
    EXPECT_EQ(ask_stream().body, all_events());
    EXPECT_GT(gateway_.books().back().input_tokens, 7) << answer.bytes;
    EXPECT_THAT(attempts(), ElementsAre("p/one closed provider_failed", "q/two - completed"));
  }
}

// What there was to choose from stands in the row.
TEST_F(FailoverTest, TheRowExplainsTheRoute) {
  with_targets(3);
  model().targets[1].lacks.add(config::Ability::streaming);
  gateway_.start();
  ask_stream();
  EXPECT_EQ(gateway_.books().back().route,
            R"({"balance":"weights","sticky":true,"targets":[)"
            R"({"target":"p/one","state":"passing","ttft_ms":0,"why_not":null},)"
            R"({"target":"r/three","state":"passing","ttft_ms":0,"why_not":null},)"
            R"({"target":"q/two","state":"passing","ttft_ms":0,"why_not":"streaming"}]})");
}

TEST_F(FailoverTest, ATargetThatFailsTripsAndIsLeftAlone) {
  with_targets(2);
  gateway_.start();
  first_ = status(500);
  for (int i = 0; i < 5; ++i) {
    if (i > 0) after(4s);
    EXPECT_EQ(ask_stream().status, 200);
  }
  EXPECT_EQ(standing("p/one").state, route::State::tripped);
  EXPECT_EQ(standing("p/one").why, "server_error");
  std::size_t before = asked(0);
  EXPECT_EQ(ask_stream().status, 200);
  EXPECT_EQ(attempts().size(), 1u);
  EXPECT_EQ(asked(0), before);
  EXPECT_THAT(gateway_.books().back().route,
              HasSubstr(R"({"target":"p/one","state":"tripped","ttft_ms":)"));
  // It works again: three good probes, and it has its calls back.
  first_ = stream(all_events());
  after(6s);
  for (int i = 0; i < 3; ++i) ask_stream();
  EXPECT_EQ(standing("p/one").state, route::State::passing);
  ask_stream();
  EXPECT_THAT(attempts(), ElementsAre("p/one - completed"));
}

TEST_F(FailoverTest, WhenAllAreTrippedOneIsAskedAllTheSame) {
  with_targets(1);
  gateway_.start();
  first_ = status(500, "", R"({"error":"mine"})");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(ask_whole().body, R"({"error":"mine"})");
  EXPECT_EQ(standing("p/one").state, route::State::tripped);
  EXPECT_EQ(asked(0), 8u);
  first_ = json(whole);
  EXPECT_EQ(ask_whole().body, whole);
}

TEST_F(FailoverTest, WhoIsBusyIsWaitedForAndWhoFailsIsLeftAlone) {
  with_targets(2);
  gateway_.start();
  first_ = status(500);
  for (int i = 0; i < 5; ++i) {
    if (i > 0) after(4s);
    EXPECT_EQ(ask_stream().status, 200);
  }
  ASSERT_EQ(standing("p/one").state, route::State::tripped);
  *others_[0].answer = status(429, "retry-after: 30\r\n");
  EXPECT_EQ(ask_stream().status, 429);
  std::size_t before = asked(0);
  Seen seen = ask_stream();
  EXPECT_EQ(seen.status, 429);
  EXPECT_THAT(seen.head, HasSubstr("retry-after: "));
  EXPECT_THAT(seen.body, HasSubstr("q/two has asked to be left alone for a while"));
  EXPECT_EQ(asked(0), before);
}

TEST_F(FailoverTest, ErrorsOfClientsNeverTrip) {
  with_targets(1);
  gateway_.start();
  first_ = status(400);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ask_whole().status, 400);
  EXPECT_EQ(standing("p/one").state, route::State::passing);
  EXPECT_EQ(asked(0), 100u);
}

// Nobody is sent where only a refusal waits, and who must wait hears for how long.
TEST_F(FailoverTest, ARateLimitKeepsCallsAwayForAsLongAsItSays) {
  with_targets(1);
  gateway_.start();
  first_ = status(429, "retry-after: 20\r\n");
  EXPECT_EQ(ask_whole().status, 429);
  EXPECT_EQ(standing("p/one").state, route::State::passing);
  Seen seen = ask_whole();
  EXPECT_EQ(seen.status, 429);
  EXPECT_THAT(seen.head, HasSubstr("retry-after: 20\n"));
  EXPECT_THAT(seen.head, HasSubstr("x-should-retry: true\n"));
  EXPECT_THAT(seen.body, HasSubstr("p/one has asked to be left alone for a while"));
  EXPECT_EQ(asked(0), 1u);
  first_ = json(whole);
  after(21s);
  EXPECT_EQ(ask_whole().body, whole);
}

// LiteLLM's proxy hands on what the provider behind it says under a name of its own.
TEST_F(FailoverTest, WhatAProxyHandsOnOfARateLimitIsHeeded) {
  with_targets(1);
  gateway_.start();
  first_ = status(429, "llm_provider-retry-after: 20\r\n");
  EXPECT_EQ(ask_whole().status, 429);
  EXPECT_THAT(ask_whole().head, HasSubstr("\nretry-after: 20\n"));
  EXPECT_EQ(asked(0), 1u);
  after(21s);
  first_ = status(429, "retry-after: 3\r\nllm_provider-retry-after: 20\r\n");
  EXPECT_EQ(ask_whole().status, 429);
  EXPECT_THAT(ask_whole().head, HasSubstr("\nretry-after: 3\n")) << "what it says itself";
}

// A key that is refused is so for all models of its provider, and no other.
TEST_F(FailoverTest, ARefusedKeyTripsTheKeyAndNotTheModel) {
  with_targets(2);
  gateway_.start();
  first_ = status(401);
  EXPECT_EQ(ask_stream().status, 200);
  EXPECT_EQ(standing("p/one").state, route::State::passing);
  EXPECT_EQ(standing("p/one").key.trouble, route::KeyTrouble::unauthorized);
  EXPECT_EQ(ask_stream().status, 200);
  EXPECT_EQ(attempts().size(), 1u);
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"p/other"})");
  EXPECT_EQ(seen.status, 503);
  EXPECT_THAT(seen.body, HasSubstr("p/other does not take Recloser's key at present"));
}

TEST_F(FailoverTest, MoreCallsThanATargetMayHaveGoToOthers) {
  with_targets(2);
  gateway_.config().providers[0].limits.concurrency = 1;
  gateway_.start();
  first_ = {.before = 1h};
  Seen held;
  net::TestLoop& loop = gateway_.loop();
  std::string body = R"({"model":"n","messages":[{"role":"user","content":"say so"}]})";
  std::string request = "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer " +
                        std::string(test_secret) +
                        "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
  loop.worker().tasks().spawn("held",
                              gateway_.fetch(request, body, held, loop.worker().now() + 10s));
  loop.worker().run_until([&] { return asked(0) == 1; });
  EXPECT_EQ(standing("p/one").running, 1u);
  EXPECT_EQ(ask_stream().status, 200);
  EXPECT_THAT(attempts(), ElementsAre("q/two - completed"));
  after(11s);
  gateway_.settle();
  EXPECT_EQ(standing("p/one").running, 0u);
  EXPECT_EQ(standing("q/two").running, 0u);
}

TEST_F(FailoverTest, ATargetThatCannotDoWhatIsAskedIsLeftOut) {
  with_targets(2);
  model().targets[0].lacks.add(config::Ability::streaming);
  gateway_.start();
  first_ = json(whole);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_EQ(asked(0), 0u);
  EXPECT_EQ(ask_whole().body, whole);
}

TEST_F(FailoverTest, WhenNoneCanEachIsNamedWithItsReason) {
  with_targets(2);
  model().targets[0].lacks.add(config::Ability::streaming);
  model().regions = {"mars"};
  gateway_.config().providers[0].region = "mars";
  gateway_.start();
  Seen seen = ask_stream();
  EXPECT_EQ(seen.status, 400);
  EXPECT_THAT(seen.body, HasSubstr("no target of the model n can answer this call: p/one cannot "
                                   "stream, q/two is not in a region that the model may be served "
                                   "from"));
}

TEST_F(FailoverTest, AClientThatLeavesDuringAWaitIsGone) {
  with_targets(1);
  gateway_.config().providers[0].retries = 1;
  gateway_.start();
  first_ = status(503);
  Seen seen;
  net::TestLoop& loop = gateway_.loop();
  std::string body = R"({"model":"n","messages":[{"role":"user","content":"say so"}]})";
  std::string request = "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer " +
                        std::string(test_secret) +
                        "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
  loop.run(gateway_.fetch(request, body, seen, loop.worker().now() + 1ms));
  gateway_.settle();
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::client_gone);
  EXPECT_LE(asked(0), 2u);
}

}  // namespace
}  // namespace recloser::relay
