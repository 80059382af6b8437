// A call that goes to another target is a new call for what may be said against it: prices, budgets
// and what they leave of an answer's length.
#include "relay/testing/budgeted_gateway.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view refused_first = R"({"error":{"message":"down","type":"server_error"}})";
constexpr std::string_view answer_of_second =
    R"({"id":"a","choices":[{"index":0,"message":{"content":"so"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":7,"completion_tokens":3}})";
constexpr std::string_view asked_for = R"({"model":"n","max_tokens":1000,"messages":[)"
                                       R"({"role":"user","content":"say so"}]})";

class JudgedAgainTest : public ReservingTest {
 protected:
  // Model "n": p/sim-fast, which fails, and then `second` at another provider.
  void fails_over_to(std::string second) {
    config::Provider provider = gateway_.config().providers[0];
    provider.name = "q";
    provider.base_url = *config::BaseUrl::parse(fmt::format("http://127.0.0.1:{}", other_->port()));
    gateway_.config().providers.push_back(provider);
    config::Model model;
    model.name = "n";
    model.targets = {{.provider = "p", .model = "sim-fast", .order = 1},
                     {.provider = "q", .model = std::move(second), .order = 2}};
    gateway_.config().models.push_back(model);
    gateway_.start();
    other_->script = [](net::Exchange& exchange, std::string) -> Task<void> {
      return send(exchange, std::string(answer_of_second));
    };
    gateway_.provider().script = [](net::Exchange& exchange, std::string) -> Task<void> {
      return fail(exchange);
    };
  }
  ~JudgedAgainTest() override { other_->stop(); }

  static Task<void> fail(net::Exchange& exchange) {
    co_await exchange.answer(500, "content-type: application/json\r\n", refused_first);
  }
  Seen ask() { return gateway_.post("/v1/chat/completions", std::string(asked_for)); }
  void expect_nothing_held() {
    for (std::size_t i = 0; i < lives_.size(); ++i) {
      EXPECT_EQ(standing(i).reserved, 0);
      EXPECT_EQ(standing(i).open_calls, 0u);
    }
  }
  static budget::Budget usd(budget::Amount nano, budget::Reserve reserve) {
    return budget_of("money", budget::Unit::usd, nano, reserve);
  }

  std::unique_ptr<TestProvider> other_ = std::make_unique<TestProvider>(gateway_.loop());
};

// 1,000 tokens cost 600,000 nano-dollars here and 10,000,000 there.
TEST_F(JudgedAgainTest, WhatTheSecondOneWouldCostMustFitToo) {
  fails_over_to("sim-smart");
  limit({usd(2'000'000, budget::Reserve::upper_bound)});
  Seen seen = ask();
  EXPECT_EQ(seen.status, 500);  // the first one's word: that there is no other is less
  EXPECT_EQ(seen.body, refused_first);
  EXPECT_EQ(asked(), 1u);
  EXPECT_TRUE(other_->bodies.empty());
  expect_nothing_held();
}

TEST_F(JudgedAgainTest, WhereItFitsTheAnswerIsPaidAtThePriceOfWhoServed) {
  fails_over_to("sim-smart");
  limit({usd(20'000'000, budget::Reserve::upper_bound)});
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(standing(0).charged, 7 * 2'500 + 3 * 10'000);
  expect_nothing_held();
  EXPECT_EQ(gateway_.books().back().cost_nano_usd, 7 * 2'500 + 3 * 10'000);
}

TEST_F(JudgedAgainTest, TheLengthOfTheAnswerIsWhatTheSecondOnesPriceLeaves) {
  fails_over_to("sim-smart");
  limit({usd(5'000'000, budget::Reserve::clamp)});
  EXPECT_EQ(ask().status, 200);
  EXPECT_THAT(gateway_.provider().bodies.at(0), HasSubstr(R"("max_tokens":1000)"));
  EXPECT_THAT(other_->bodies.at(0), HasSubstr(R"("max_tokens":4)"));  // 49x of them
  expect_nothing_held();
}

TEST_F(JudgedAgainTest, ATargetWithoutAPriceIsNoWayAroundABudgetOfMoney) {
  fails_over_to("nobody-knows-its-price");
  limit({usd(1'000'000'000, budget::Reserve::upper_bound)});
  EXPECT_EQ(ask().status, 500);
  EXPECT_TRUE(other_->bodies.empty());
  expect_nothing_held();
}

TEST_F(JudgedAgainTest, EachProviderHasItsOwnBudget) {
  fails_over_to("sim-smart");
  budget::Budget each = budget_of("each", budget::Unit::requests, 1, budget::Reserve::clamp);
  each.key = {{budget::KeyPart::provider, ""}};
  limit({each});
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(other_->bodies.size(), 1u);
  // Now that of the second one is spent; what the first one answers is all there is.
  EXPECT_NE(ask().status, 200);
  EXPECT_EQ(other_->bodies.size(), 1u);
}

}  // namespace
}  // namespace recloser::relay
