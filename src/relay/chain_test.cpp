// Gateways behind gateways: no circle, one attempt where one is enough, and whose call it is.
#include "relay/testing/test_gateway.h"

#include <algorithm>
#include <string>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view body = R"({"model":"same","messages":[]})";
constexpr std::string_view answer_text = R"({"id":"w","choices":[],"usage":{"prompt_tokens":7}})";

class ChainTest : public testing::Test {
 protected:
  ChainTest()
      : gateway_(testing::TempDir() + "recloser-chain-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {
    gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
      return answer(exchange, status_, fields_, text_);
    };
    gateway_.config().instance = "outer";
    gateway_.config().providers[0].retries = 2;
  }
  static Task<void> answer(net::Exchange& exchange, int status, std::string fields,
                           std::string text) {
    co_await exchange.answer(status, "content-type: application/json\r\n" + fields, text);
  }
  void provider_says(int status, std::string fields, std::string text) {
    status_ = status;
    fields_ = "x-recloser-call: 01INNER\r\n" + std::move(fields);
    text_ = std::move(text);
  }
  Seen ask(std::string fields = {}) {
    return gateway_.post("/v1/chat/completions", std::string(body), std::move(fields));
  }
  std::size_t asked() { return gateway_.provider().heads.size(); }
  // Lines of the last head that the provider got.
  std::size_t told(std::string_view line) {
    const std::string& head = gateway_.provider().heads.back();
    std::string whole = "\r\n" + std::string(line) + "\r\n";
    std::size_t count = 0;
    for (std::size_t at = 0; (at = head.find(whole, at)) != std::string::npos; ++at) ++count;
    return count;
  }
  std::string sent() { return gateway_.provider().heads.back(); }
  route::TargetHealth::Standing standing() {
    return gateway_.health().find("p/same")->standing(gateway_.loop().worker().now());
  }

  TestGateway gateway_;
  int status_ = 200;
  std::string fields_;
  std::string text_{answer_text};
};

TEST_F(ChainTest, EachGatewayAddsItselfToThoseBefore) {
  gateway_.start();
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(told("via: 1.1 recloser-outer"), 1u) << sent();
  EXPECT_EQ(ask("via: 1.1 first, 1.0 recloser-second\r\nVia: HTTP/2 third\r\n").status, 200);
  EXPECT_EQ(told("via: 1.1 first, 1.0 recloser-second"), 1u) << sent();
  EXPECT_EQ(told("Via: HTTP/2 third"), 1u) << sent();
  EXPECT_EQ(told("via: 1.1 recloser-outer"), 1u) << sent();
  EXPECT_LT(sent().find("HTTP/2 third"), sent().find("recloser-outer"));
}

TEST_F(ChainTest, ACallThatComesBackIsRefusedAndCostsNothing) {
  gateway_.start();
  Seen seen = ask("via: 1.1 recloser-outer, 1.1 recloser-inner\r\n");
  EXPECT_EQ(seen.status, 508);
  EXPECT_THAT(seen.body, HasSubstr(R"("type":"forwarding_loop")"));
  EXPECT_THAT(seen.head, HasSubstr("x-should-retry: false\n"));
  EXPECT_THAT(seen.head, HasSubstr("x-recloser-decision: forwarding_loop\n"));
  EXPECT_EQ(asked(), 0u);
  ledger::StoredCall row = gateway_.books().at(0);
  EXPECT_EQ(row.outcome, ledger::Outcome::refused);
  EXPECT_EQ(row.status, 508);
  EXPECT_EQ(row.attempts, "[]");
  std::string chain;
  for (std::size_t i = 0; i <= gateways_per_call_max; ++i) {
    chain += fmt::format("via: 1.1 recloser-{}\r\n", i);
  }
  EXPECT_EQ(ask(chain).status, 508);
  EXPECT_EQ(asked(), 0u);
}

// Its body is not read: what is refused for its head costs the same whatever it carries.
TEST_F(ChainTest, ACircleIsSeenBeforeTheBody) {
  gateway_.start();
  Seen seen = gateway_.request(fmt::format("POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\n"
                                           "authorization: Bearer {}\r\nvia: 1.1 recloser-outer\r\n"
                                           "content-length: 30\r\n\r\n",
                                           test_secret),
                               "");
  EXPECT_EQ(seen.status, 508) << seen.error;
}

// A circle of two: the one that is asked twice refuses, and the one between passes that on.
TEST_F(ChainTest, ADecisionBehindIsTheAnswerAndNoFailure) {
  gateway_.config().providers[0].chained = true;
  gateway_.start();
  constexpr std::string_view no = R"({"error":{"code":"budget_exhausted","message":"spent"}})";
  provider_says(429,
                "x-should-retry: false\r\nx-recloser-decision: budget/acme\r\n"
                "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 50s\r\n",
                std::string(no));
  for (std::size_t i = 1; i <= 30; ++i) {
    Seen seen = ask();
    EXPECT_EQ(seen.status, 429);
    EXPECT_EQ(seen.body, no);
    EXPECT_THAT(seen.head, HasSubstr("x-should-retry: false\n"));
    EXPECT_THAT(seen.head, Not(HasSubstr("01INNER")));
    EXPECT_EQ(asked(), i);
  }
  EXPECT_EQ(standing().state, route::State::passing);
  ledger::StoredCall row = gateway_.books().at(0);
  EXPECT_THAT(row.attempts, HasSubstr(R"("error_class":"refused_behind")"));
  EXPECT_THAT(row.attempts, HasSubstr(R"("provider_request_id":"01INNER")"));
  // What it refuses for one team says nothing of the others.
  provider_says(200, "", std::string(answer_text));
  EXPECT_EQ(ask().status, 200);
}

TEST_F(ChainTest, ADecisionWithAForbiddenStatusTripsNoKey) {
  gateway_.start();
  provider_says(403, "x-should-retry: false\r\nx-recloser-decision: model_not_allowed\r\n", "{}");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().status, 403);
  EXPECT_EQ(asked(), 3u);
}

// Only whoever decided may say so: a provider's own "do not retry" is a failure like any other.
TEST_F(ChainTest, AFailureBehindIsAFailure) {
  gateway_.start();
  provider_says(500, "x-should-retry: false\r\n", "{}");
  for (int i = 0; i < 60; ++i) ask();
  EXPECT_NE(standing().state, route::State::passing);
}

// It has made its own attempts: asked again, they would be squared.
TEST_F(ChainTest, WhatAGatewayGaveUpIsNotTriedThereAgain) {
  gateway_.start();
  provider_says(503, "", R"({"error":{"code":"provider_unavailable"}})");
  EXPECT_EQ(ask().status, 503);
  EXPECT_EQ(asked(), 1u);
}

TEST_F(ChainTest, AGatewayThatAsksForAnotherTryGetsIt) {
  gateway_.start();
  provider_says(503, "x-should-retry: true\r\nretry-after: 1\r\n",
                R"({"error":{"code":"draining"}})");
  EXPECT_EQ(ask().status, 503);
  EXPECT_EQ(asked(), 3u);
}

TEST_F(ChainTest, AGatewayIsToldWhoseCallItIs) {
  gateway_.config().providers[0].chained = true;
  gateway_.start();
  EXPECT_EQ(ask("x-recloser-session: s-1\r\nx-recloser-trace: t-1\r\nx-recloser-user: ann\r\n"
                "x-recloser-agent: bot\r\nx-recloser-labels: night, batch\r\n"
                "x-recloser-key: rk-nobody-else-sees\r\nidempotency-key: again\r\n"
                "x-recloser-any: 1\r\n")
                .status,
            401);  // of x-recloser-key
  EXPECT_EQ(asked(), 0u);
  EXPECT_EQ(ask("x-recloser-session: s-1\r\nx-recloser-trace: t-1\r\nx-recloser-user: ann\r\n"
                "x-recloser-agent: bot\r\nx-recloser-labels: night, batch\r\n"
                "idempotency-key: again\r\nx-recloser-any: 1\r\n")
                .status,
            200);
  for (std::string_view line :
       {"x-recloser-session: s-1", "x-recloser-trace: t-1", "x-recloser-user: ann",
        "x-recloser-agent: bot", "x-recloser-labels: night,batch"}) {
    EXPECT_EQ(told(line), 1u) << line << "\n" << sent();
  }
  EXPECT_THAT(sent(), Not(HasSubstr("x-recloser-any")));
  EXPECT_THAT(sent(), Not(HasSubstr("x-recloser-key")));
  EXPECT_THAT(sent(), Not(HasSubstr(std::string(test_secret))));
  // Two clients of ours may use the same key: it goes on with a mark of whose it is.
  EXPECT_THAT(sent(), HasSubstr("-again\r\n"));
  EXPECT_EQ(told("idempotency-key: again"), 0u);
}

TEST_F(ChainTest, TwoClientsOfOneKeyAreTwoBehindToo) {
  gateway_.config().providers[0].chained = true;
  gateway_.start();
  auto key_of = [this](std::string user) {
    ask("idempotency-key: again\r\nx-recloser-user: " + user + "\r\n");
    std::string head = sent();
    std::size_t at = head.find("idempotency-key: ");
    return head.substr(at, head.find('\r', at) - at);
  };
  EXPECT_NE(key_of("ann"), key_of("bob"));
  EXPECT_EQ(asked(), 2u);
}

TEST_F(ChainTest, AProviderThatIsNoGatewayIsToldNothing) {
  gateway_.start();
  EXPECT_EQ(
      ask("x-recloser-session: s-1\r\nx-recloser-user: ann\r\nidempotency-key: again\r\n").status,
      200);
  EXPECT_THAT(sent(), Not(HasSubstr("x-recloser-")));
  EXPECT_THAT(sent(), Not(HasSubstr("idempotency-key")));
}

TEST_F(ChainTest, AKeyThatWouldBeTooLongIsKeptHere) {
  gateway_.config().providers[0].chained = true;
  gateway_.start();
  EXPECT_EQ(ask("idempotency-key: " + std::string(228, 'k') + "\r\n").status, 200);
  EXPECT_THAT(sent(), HasSubstr("kkk"));
  EXPECT_EQ(ask("idempotency-key: " + std::string(229, 'k') + "\r\n").status, 200);
  EXPECT_THAT(sent(), Not(HasSubstr("kkk")));
}

}  // namespace
}  // namespace recloser::relay
