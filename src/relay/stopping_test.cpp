// Calls that end while they run because of what is not in their stream: time, limits that are
// lowered.
#include "relay/testing/test_gateway.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using budget::Budget;
using budget::Reserve;
using budget::Unit;

constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
constexpr std::string_view whole_head =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
constexpr std::string_view word =
    "data: {\"id\":\"c\",\"model\":\"sim-fast\",\"choices\":[{\"index\":0,\"delta\":"
    "{\"content\":\" word\"},\"finish_reason\":null}]}\n\n";

class StoppingTest : public testing::Test {
 protected:
  StoppingTest()
      : gateway_(testing::TempDir() + "recloser-stopping-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {
    gateway_.start();
    says(stream_head, word, 1h);
  }

  void limit(Unit unit, budget::Amount amount, Reserve reserve = Reserve::clamp) {
    Budget budget;
    budget.name = "b";
    budget.unit = unit;
    budget.limit = amount;
    budget.reserve = reserve;
    std::vector<std::shared_ptr<const Budget>> all{std::make_shared<const Budget>(budget)};
    lives_ = gateway_.budgets().configure(std::move(all));
  }

  // The provider says one thing every `pause`, and never ends.
  void says(std::string_view head, std::string_view piece, Duration pause) {
    gateway_.provider().script = [this, head, piece, pause](net::Exchange& exchange,
                                                            std::string) -> Task<void> {
      return say(exchange, worker(), head, piece, pause);
    };
  }
  static Task<void> say(net::Exchange& exchange, net::Worker& worker, std::string_view head,
                        std::string_view piece, Duration pause) {
    bool chunked = head == stream_head;
    exchange.begin(chunked ? net::AnswerFraming::chunked : net::AnswerFraming::length);
    for (std::string_view first = head; !exchange.client().peer_ended(); first = "") {
      std::array<std::string_view, 1> payload{piece};
      Result<void> sent = co_await exchange.send(first, payload, net::Last::no);
      if (!sent) co_return;
      co_await worker.sleep_until(worker.now() + pause);
    }
  }
  void says_nothing() {
    gateway_.provider().script = [this](net::Exchange&, std::string) -> Task<void> {
      return say_nothing(worker());
    };
  }
  static Task<void> say_nothing(net::Worker& worker) {
    co_await worker.sleep_until(worker.now() + 30s);
  }

  Seen ask(std::string_view more = R"(,"stream":true)") {
    Instant before = worker().now();
    Seen seen = gateway_.post("/v1/chat/completions",
                              fmt::format(R"({{"model":"sim-fast","messages":[{{"role":"user",)"
                                          R"("content":"say so"}}]{}}})",
                                          more));
    took_ = worker().now() - before;
    gateway_.settle();
    return seen;
  }
  // One that goes on by itself.
  Seen& begin() {
    seen_.push_back(std::make_unique<Seen>());
    std::string body =
        R"({"model":"sim-fast","stream":true,"messages":[{"role":"user","content":"so"}]})";
    std::string head = fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n"
        "content-length: {}\r\n\r\n",
        test_secret, body.size());
    worker().tasks().spawn("client", gateway_.fetch(std::move(head), std::move(body), *seen_.back(),
                                                    Instant::never()));
    return *seen_.back();
  }

  net::Worker& worker() { return gateway_.loop().worker(); }
  budget::Standing standing() {
    return gateway_.budgets().standing(*lives_[0], budget::account_key(*lives_[0], ""));
  }

  Duration took_{};
  std::vector<std::unique_ptr<Seen>> seen_;  // outlives the clients that write to it
  TestGateway gateway_;
  std::vector<budget::Live*> lives_;
};

TEST_F(StoppingTest, ASilentStreamIsCutWhenItsTimeIsUp) {
  limit(Unit::seconds, 5500);
  Seen seen = ask();
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(took_ / 10ms, 5500 / 10);
  EXPECT_NE(seen.body.find("[Recloser: stopped, the budget b of 5.5 s is spent. call"),
            std::string::npos)
      << seen.body;
  EXPECT_NE(seen.body.find("\"finish_reason\":\"length\""), std::string::npos);
  EXPECT_TRUE(seen.body.ends_with("data: [DONE]\n\n"));
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::cut);
  EXPECT_NE(call.decisions.find("\"rule\":\"budget/b\""), std::string::npos) << call.decisions;
  EXPECT_EQ(call.delivered_tokens, 1);
  EXPECT_TRUE(gateway_.provider().left_at.has_value());
  EXPECT_EQ(standing().charged / 10, 550);
  EXPECT_EQ(standing().reserved, 0);
}

TEST_F(StoppingTest, AStreamThatFlowsIsCutWhenItsTimeIsUp) {
  limit(Unit::seconds, 2000);
  says(stream_head, word, 100ms);
  Seen seen = ask();
  EXPECT_EQ(took_ / 10ms, 200);
  EXPECT_NE(seen.body.find("[Recloser: stopped, the budget b of 2 s"), std::string::npos);
  EXPECT_EQ(gateway_.books().back().delivered_tokens, 20);
}

TEST_F(StoppingTest, RunningCallsEachUseTime) {
  limit(Unit::seconds, 6000);
  Seen& one = begin();
  Seen& two = begin();
  Instant begun = worker().now();
  worker().run_until(
      [&] { return one.body.ends_with("[DONE]\n\n") && two.body.ends_with("[DONE]\n\n"); });
  EXPECT_EQ((worker().now() - begun) / 100ms, 30) << "three seconds each";
  gateway_.settle();
  EXPECT_EQ(standing().charged / 10, 600);
  EXPECT_EQ(standing().reserved, 0);
}

TEST_F(StoppingTest, WhereNoTimeIsLeftNoCallBegins) {
  limit(Unit::seconds, 1000);
  ask();
  std::size_t asked = gateway_.provider().bodies.size();
  Seen seen = ask();
  EXPECT_EQ(seen.status, 429);
  EXPECT_NE(seen.head.find("x-should-retry: false"), std::string::npos) << seen.head;
  EXPECT_NE(seen.body.find("the budget b of 1 s has 0 s left: "), std::string::npos) << seen.body;
  EXPECT_EQ(gateway_.provider().bodies.size(), asked);
  EXPECT_EQ(standing().reserved, 0);
  EXPECT_EQ(standing().open_calls, 0u);
}

// Whose time is held by those that run is refused, and has made no request.
TEST_F(StoppingTest, ACallThatDoesNotBeginIsChargedToNoOtherBudget) {
  std::vector<std::shared_ptr<const Budget>> all;
  for (Unit unit : {Unit::seconds, Unit::requests}) {
    Budget budget;
    budget.name = budget::name_of(unit);
    budget.unit = unit;
    budget.limit = 1000;
    all.push_back(std::make_shared<const Budget>(budget));
  }
  lives_ = gateway_.budgets().configure(std::move(all));
  Seen& running = begin();
  worker().run_until([&] { return !running.body.empty(); });
  EXPECT_EQ(standing().remaining(), 0);
  std::swap(lives_[0], lives_[1]);
  EXPECT_EQ(standing().charged, 1);
  EXPECT_EQ(ask().status, 429);
  EXPECT_EQ(standing().charged, 1);
  EXPECT_EQ(standing().reserved, 0);
}

TEST_F(StoppingTest, ACallWhoseProviderHasNotAnsweredIsStopped) {
  limit(Unit::seconds, 3000);
  says_nothing();
  Seen seen = ask();
  EXPECT_EQ(took_ / 10ms, 300);
  EXPECT_EQ(seen.status, 429);
  EXPECT_NE(seen.head.find("x-should-retry: false"), std::string::npos) << seen.head;
  EXPECT_NE(seen.body.find("the budget b of 3 s is spent: the call was stopped"), std::string::npos)
      << seen.body;
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::cut);
  EXPECT_NE(call.decisions.find("\"action\":\"terminate\""), std::string::npos) << call.decisions;
  EXPECT_GT(call.input_tokens.value_or(0), 0) << "the provider has read it";
  EXPECT_EQ(standing().charged / 10, 300);
}

TEST_F(StoppingTest, AnAnswerThatIsNoStreamIsStopped) {
  limit(Unit::seconds, 3000);
  says(whole_head, "{", 1h);
  Seen seen = ask("");
  EXPECT_EQ(took_ / 10ms, 300);
  EXPECT_EQ(seen.status, 429);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::cut);
}

TEST_F(StoppingTest, ATimeThatOnlyCountsStopsNobody) {
  limit(Unit::seconds, 1000, Reserve::none);
  Seen& seen = begin();
  gateway_.loop().run_for(4s);
  EXPECT_EQ(seen.body, word);
}

// A limit is state: who is silent under it hears of it too.
TEST_F(StoppingTest, ALimitThatIsLoweredCutsASilentStream) {
  limit(Unit::output_tokens, 1000, Reserve::elastic);
  Seen& seen = begin();
  worker().run_until([&] { return !seen.body.empty(); });
  gateway_.loop().run_for(100ms);
  gateway_.relay().look_again();
  gateway_.loop().run_for(100ms);
  EXPECT_EQ(seen.body, word) << "nothing has changed";
  limit(Unit::output_tokens, 1, Reserve::elastic);
  gateway_.budgets().set_charged(*lives_[0], budget::account_key(*lives_[0], ""), 1);
  gateway_.relay().look_again();
  Instant told = worker().now();
  worker().run_until([&] { return seen.body.ends_with("[DONE]\n\n"); });
  EXPECT_LT(worker().now() - told, 50ms);
  gateway_.settle();
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::cut);
}

// ---- switches

TEST_F(StoppingTest, ASwitchRefusesWhoIsUnderIt) {
  gateway_.switches().set("team/other", true);
  gateway_.switches().set("anything", true);
  says(stream_head, "data: [DONE]\n\n", 1ms);
  Seen& seen = begin();
  worker().run_until([&] { return !seen.body.empty(); });
  gateway_.switches().set("team/search", true);
  std::size_t asked = gateway_.provider().bodies.size();
  Seen refused = ask();
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.head.find("x-should-retry: false"), std::string::npos) << refused.head;
  EXPECT_NE(refused.head.find("x-recloser-decision: switch/team/search"), std::string::npos);
  EXPECT_NE(refused.body.find("policy_denied"), std::string::npos) << refused.body;
  EXPECT_NE(refused.body.find("the switch team/search is on, which refuses calls of the team"),
            std::string::npos)
      << refused.body;
  EXPECT_EQ(gateway_.provider().bodies.size(), asked);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::refused);
  gateway_.switches().set("team/search", false);
  Seen& again = begin();
  worker().run_until([&] { return !again.body.empty(); });
  EXPECT_EQ(again.status, 200);
}

// One of a budget has the end of its dialect, silent as it is.
TEST_F(StoppingTest, ASwitchCutsAStreamThatABudgetGuards) {
  limit(Unit::output_tokens, 1000, Reserve::elastic);
  Seen& seen = begin();
  worker().run_until([&] { return !seen.body.empty(); });
  gateway_.loop().run_for(100ms);
  gateway_.switches().set("model/sim-fast", true);
  gateway_.relay().look_again();
  Instant told = worker().now();
  worker().run_until([&] { return seen.body.ends_with("[DONE]\n\n"); });
  EXPECT_LT(worker().now() - told, 50ms);
  gateway_.settle();
  EXPECT_NE(seen.body.find("[Recloser: stopped by an operator, the switch model/sim-fast is on."),
            std::string::npos)
      << seen.body;
  EXPECT_NE(seen.body.find("\"finish_reason\":\"length\""), std::string::npos);
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::cut);
  EXPECT_NE(call.decisions.find("\"rule\":\"switch/model/sim-fast\""), std::string::npos)
      << call.decisions;
  EXPECT_TRUE(gateway_.provider().left_at.has_value());
  EXPECT_EQ(standing().reserved, 0);
}

TEST_F(StoppingTest, ASwitchCutsAStreamThatNobodyGuards) {
  for (Duration pause : {Duration(1h), Duration(5ms)}) {
    says(stream_head, word, pause);
    Seen& seen = begin();
    worker().run_until([&] { return !seen.body.empty(); });
    gateway_.loop().run_for(100ms);
    gateway_.switches().set("all", true);
    gateway_.relay().look_again();
    Instant told = worker().now();
    worker().run_until([&] { return seen.body.find("[DONE]") != seen.body.npos; });
    EXPECT_LT(worker().now() - told, 50ms);
    gateway_.settle();
    EXPECT_NE(seen.body.find("[Recloser: stopped by an operator, the switch all is on."),
              std::string::npos)
        << seen.body;
    EXPECT_NE(seen.body.find(R"("finish_reason":"length")"), std::string::npos);
    EXPECT_EQ(seen.body.find("error"), std::string::npos) << "agents would send it again";
    ledger::StoredCall call = gateway_.books().back();
    EXPECT_EQ(call.outcome, ledger::Outcome::cut);
    EXPECT_NE(call.decisions.find("\"rule\":\"switch/all\""), std::string::npos) << call.decisions;
    gateway_.switches().set("all", false);
  }
}

TEST_F(StoppingTest, ASwitchStopsACallThatWaits) {
  says_nothing();
  Seen& seen = begin();
  gateway_.loop().run_for(1s);
  gateway_.switches().set("provider/p", true);
  gateway_.relay().look_again();
  worker().run_until([&] { return seen.status != 0; });
  gateway_.settle();
  EXPECT_EQ(seen.status, 403);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::cut);
}

}  // namespace
}  // namespace recloser::relay
