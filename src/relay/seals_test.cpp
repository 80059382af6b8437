// What one provider has sealed in a conversation is not sent to another one.
#include "relay/testing/failing_targets.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view sealed =
    R"({"model":"n","max_tokens":9,"messages":[{"role":"user","content":"a"},)"
    R"({"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},)"
    R"({"type":"text","text":"b"}]},{"role":"user","content":"c"}]})";
constexpr std::string_view open =
    R"({"model":"n","max_tokens":9,"messages":[{"role":"user","content":"a"},)"
    R"({"role":"assistant","content":[{"type":"text","text":"b"}]},)"
    R"({"role":"user","content":"c"}]})";
constexpr std::string_view answer =
    R"({"id":"w","type":"message","role":"assistant","model":"m","content":[{"type":"text",)"
    R"("text":"d"}],"stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":1}})";
constexpr std::string_view refusal =
    R"({"type":"error","error":{"type":"invalid_request_error","message":)"
    R"("messages.1.content.0: Invalid `signature` in `thinking` block"}})";

class SealsTest : public FailoverTest {
 protected:
  SealsTest() { first_ = json(answer); }
  void start(std::size_t targets) {
    with_targets(targets);
    gateway_.config().providers[0].retries = targets == 1 ? 1 : 0;
    for (Other& other : others_) *other.answer = json(answer);
    gateway_.start();
  }
  Seen ask(std::string_view body = sealed) {
    return gateway_.post("/v1/messages", std::string(body));
  }
  const std::string& sent(std::size_t n = 0) { return gateway_.provider().bodies.at(n); }
  const std::string& sent_to_second(std::size_t n = 0) { return others_[0].provider->bodies.at(n); }
  static std::string named(std::string_view body, std::string_view model) {
    std::string out(body);
    return out.replace(out.find("\"n\""), 3, fmt::format("\"{}\"", model));
  }
};

TEST_F(SealsTest, WhoIsAskedFirstGetsThemByteForByte) {
  start(2);
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(sent(), named(sealed, "one"));
}

TEST_F(SealsTest, AnotherProviderGetsTheConversationWithoutThem) {
  start(2);
  first_ = status(529);
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(sent(), named(sealed, "one"));
  EXPECT_EQ(sent_to_second(), named(open, "two"));
}

TEST_F(SealsTest, TheSameOneGetsThemAgain) {
  start(1);
  first_ = status(529, "retry-after: 1\r\n");
  EXPECT_EQ(ask().status, 529);
  ASSERT_EQ(asked(0), 2u);
  EXPECT_EQ(sent(1), named(sealed, "one"));
}

TEST_F(SealsTest, AnotherModelOfTheSameProviderDoesToo) {
  with_targets(1);
  config::Target other = model().targets[0];
  other.model = "other";
  other.order = 2;
  model().targets.push_back(other);
  gateway_.start();
  first_ = status(529);
  EXPECT_EQ(ask().status, 529);
  ASSERT_EQ(asked(0), 2u);
  EXPECT_EQ(sent(1), named(sealed, "other"));
}

TEST_F(SealsTest, WhoCannotReadThemIsAskedOnceMore) {
  start(2);
  gateway_.provider().script = [this](net::Exchange& exchange, std::string body) -> Task<void> {
    bool has_seals = body.contains("thinking");
    return write(exchange, gateway_.loop().worker(),
                 has_seals ? status(400, "", refusal) : json(answer));
  };
  EXPECT_EQ(ask().status, 200);
  ASSERT_EQ(asked(0), 2u);
  EXPECT_EQ(sent(1), named(open, "one"));
  EXPECT_EQ(asked(1), 0u);
  EXPECT_THAT(attempts(), ElementsAre("p/one seals_refused provider_failed", "p/one - completed"));
  using route::AttemptEnd;
  EXPECT_EQ(standing("p/one").ends[static_cast<std::size_t>(AttemptEnd::rejected)], 1u);
  EXPECT_EQ(standing("p/one").running, 0u);
}

TEST_F(SealsTest, AndIsRightTheSecondTime) {
  start(2);
  first_ = status(400, "", refusal);
  Seen seen = ask();
  EXPECT_EQ(seen.status, 400);
  EXPECT_EQ(seen.body, refusal);
  EXPECT_EQ(asked(0), 2u);
  EXPECT_EQ(asked(1), 0u);
}

TEST_F(SealsTest, FromThenOnNobodyGetsThem) {
  start(2);
  gateway_.provider().script = [this](net::Exchange& exchange, std::string body) -> Task<void> {
    bool has_seals = body.contains("thinking");
    return write(exchange, gateway_.loop().worker(),
                 has_seals ? status(400, "", refusal) : status(529));
  };
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(asked(0), 2u);
  EXPECT_EQ(sent_to_second(), named(open, "two"));
}

TEST_F(SealsTest, AnErrorWithoutAnyIsTheClients) {
  start(2);
  first_ = status(400, "", refusal);
  EXPECT_EQ(ask(open).status, 400);
  EXPECT_EQ(asked(0), 1u);
  first_ = status(400, "", R"({"error":{"message":"max_tokens is too large"}})");
  EXPECT_EQ(ask().status, 400);
  EXPECT_EQ(asked(0), 2u);
}

TEST_F(SealsTest, OnlyAsManyAttemptsAsTheModelSays) {
  with_targets(2, 1);
  gateway_.start();
  first_ = status(400, "", refusal);
  EXPECT_EQ(ask().body, refusal);
  EXPECT_EQ(asked(0), 1u);
}

TEST_F(SealsTest, WhatAnotherProviderRefusesAllTheSameIsTold) {
  start(2);
  first_ = status(529);
  *others_[0].answer = status(400, "", refusal);
  EXPECT_EQ(ask().status, 400);
  EXPECT_EQ(asked(0), 1u);
  EXPECT_EQ(asked(1), 1u);
}

}  // namespace
}  // namespace recloser::relay
