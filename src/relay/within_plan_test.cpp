// Logins of subscriptions: where they go, and that nothing is paid for beyond their plan.
#include "relay/testing/test_gateway.h"

#include <string>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view answer_body =
    R"({"id":"a","model":"sim-fast","choices":[{"index":0,"message":{"content":"so"},)"
    R"("finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}})";

class WithinPlanTest : public testing::Test {
 protected:
  WithinPlanTest()
      : gateway_(testing::TempDir() + "recloser-plan-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {
    config::Config& config = gateway_.config();
    config.auth.mode = config::AuthMode::open;
    config.providers[0].api_key.source = config::ApiKey::Source::client;
    config::Provider logins = config.providers[0];
    logins.name = "logins";
    logins.login_field = "chatgpt-account-id";
    logins.base_url.path = "/codex";
    config.providers.push_back(logins);
    gateway_.plans = &plans_;
    gateway_.start();
    says("");
  }

  // In the head of the provider's answers from now on.
  void says(std::string fields) {
    fields += "content-type: application/json\r\n";
    gateway_.provider().script = [fields](net::Exchange& exchange, std::string) -> Task<void> {
      return send(exchange, fields);
    };
  }
  static Task<void> send(net::Exchange& exchange, std::string fields) {
    co_await exchange.answer(200, fields, answer_body);
  }

  Seen ask(std::string_view fields = "") {
    std::string body = R"({"model":"sim-fast","messages":[{"role":"user","content":"say so"}]})";
    std::string head = fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer mine\r\n"
        "{}content-length: {}\r\n\r\n",
        fields, body.size());
    return gateway_.request(std::move(head), std::move(body));
  }
  std::size_t asked() { return gateway_.provider().bodies.size(); }

  PlanQuota plans_{true};
  TestGateway gateway_;
};

TEST_F(WithinPlanTest, ALoginGoesWhereItBelongsAndNothingElseDoes) {
  EXPECT_EQ(ask("chatgpt-account-id: some\r\n").status, 200);
  EXPECT_THAT(gateway_.provider().heads.back(), StartsWith("POST /codex/chat/completions "));
  EXPECT_THAT(gateway_.provider().heads.back(), HasSubstr("chatgpt-account-id: some\r\n"));
  EXPECT_EQ(ask().status, 200);
  EXPECT_THAT(gateway_.provider().heads.back(), StartsWith("POST /chat/completions "));
  EXPECT_EQ(gateway_.books()[0].provider, "logins");
  EXPECT_EQ(gateway_.books()[1].provider, "p");
}

TEST_F(WithinPlanTest, AfterThePlanIsUsedUpNoCallIsMade) {
  says(
      "anthropic-ratelimit-unified-status: allowed\r\n"
      "anthropic-ratelimit-unified-5h-utilization: 1.0\r\n"
      "anthropic-ratelimit-unified-5h-reset: 4000000000\r\n");
  EXPECT_EQ(ask().status, 200) << "it is within the plan";
  Seen refused = ask();
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.head, HasSubstr("x-should-retry: false\n"));
  EXPECT_THAT(refused.body, HasSubstr("the plan of the login at p is used up"));
  EXPECT_THAT(refused.body, HasSubstr("it begins anew at 2096-10-02T07:06:40"));
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(ask("chatgpt-account-id: some\r\n").status, 200) << "another login's plan";
  EXPECT_EQ(gateway_.books()[1].outcome, ledger::Outcome::refused);
  EXPECT_THAT(gateway_.books()[1].decisions, HasSubstr(R"("rule":"plan/p")"));
}

TEST_F(WithinPlanTest, ACallThatIsPaidBeyondThePlanEndsWithItsHead) {
  says(
      "anthropic-ratelimit-unified-status: rejected\r\n"
      "anthropic-ratelimit-unified-overage-status: allowed\r\n"
      "anthropic-ratelimit-unified-overage-in-use: true\r\n");
  Seen refused = ask();
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("--plan-only"));
  ledger::StoredCall row = gateway_.books().at(0);
  EXPECT_EQ(row.outcome, ledger::Outcome::cut);
  EXPECT_EQ(row.tokens_source, ledger::TokensSource::estimated);
  EXPECT_GT(row.input_tokens.value_or(0), 0) << "it may be billed";
  EXPECT_EQ(ask().status, 429);
  EXPECT_EQ(asked(), 1u);
}

}  // namespace
}  // namespace recloser::relay
