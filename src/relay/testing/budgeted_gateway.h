// For tests: a gateway whose calls are under budgets, and a provider that answers at once.
#pragma once

#include "relay/testing/test_gateway.h"

#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::relay {

inline budget::Budget budget_of(std::string name, budget::Unit unit, budget::Amount limit,
                                budget::Reserve reserve) {
  budget::Budget budget;
  budget.name = std::move(name);
  budget.unit = unit;
  budget.limit = limit;
  budget.reserve = reserve;
  return budget;
}

class ReservingTest : public testing::Test {
 protected:
  explicit ReservingTest(config::Dialect dialect = config::Dialect::simulated)
      : gateway_(testing::TempDir() + "recloser-reserving-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {
    gateway_.config().providers[0].dialect = dialect;
    gateway_.start();
    answers(7, 3);
  }

  void limit(const std::vector<budget::Budget>& budgets) {
    std::vector<std::shared_ptr<const budget::Budget>> all;
    for (const budget::Budget& each : budgets)
      all.push_back(std::make_shared<const budget::Budget>(each));
    lives_ = gateway_.budgets().configure(std::move(all));
  }

  // The provider's answer from now on, and what it says it took.
  void answers(std::uint64_t input, std::uint64_t output) {
    std::string body = fmt::format(
        R"({{"id":"a","model":"sim-fast","choices":[{{"index":0,"message":{{"content":"so"}},)"
        R"("finish_reason":"stop"}}],"usage":{{"prompt_tokens":{},"completion_tokens":{}}}}})",
        input, output);
    gateway_.provider().script = [body](net::Exchange& exchange, std::string) -> Task<void> {
      return send(exchange, body);
    };
  }
  static Task<void> send(net::Exchange& exchange, std::string body) {
    co_await exchange.answer(200, "content-type: application/json\r\n", body);
  }

  Seen ask(std::string_view more = "", std::string_view fields = "") {
    return gateway_.post("/v1/chat/completions",
                         fmt::format(R"({{"model":"sim-fast","messages":[{{"role":"user",)"
                                     R"("content":"say so"}}]{}}})",
                                     more),
                         std::string(fields));
  }
  budget::Standing standing(std::size_t index, std::string_view key = "") {
    return gateway_.budgets().standing(*lives_[index], budget::account_key(*lives_[index], key));
  }
  std::size_t asked() const { return gateway_provider_->bodies.size(); }

  TestGateway gateway_;
  TestProvider* gateway_provider_ = &gateway_.provider();
  std::vector<budget::Live*> lives_;
};

}  // namespace recloser::relay
