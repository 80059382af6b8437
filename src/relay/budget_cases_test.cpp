// The cases of acceptance that a budget is judged by: no route around it, the level that had too
// little is named, a warning while the stream runs, and nothing held after any end of a call.
#include "relay/routes.h"
#include "relay/testing/test_gateway.h"

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using budget::Budget;
using budget::Reserve;
using budget::Unit;
using codec::Operation;
using ::testing::HasSubstr;
using ::testing::Not;

Budget budget_of(std::string name, Unit unit, budget::Amount limit, Reserve reserve) {
  Budget budget;
  budget.name = std::move(name);
  budget.unit = unit;
  budget.limit = limit;
  budget.reserve = reserve;
  return budget;
}

class BudgetCasesTest : public testing::Test {
 protected:
  BudgetCasesTest()
      : gateway_(testing::TempDir() + "recloser-budget-cases-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {
    gateway_.provider().script = [](net::Exchange& exchange, std::string) -> Task<void> {
      return answer_whole(exchange);
    };
  }

  static Task<void> answer_whole(net::Exchange& exchange) {
    static const std::string body =
        R"({"id":"a","model":"sim-fast","usage":{"prompt_tokens":7,"completion_tokens":3}})";
    co_await exchange.answer(200, "content-type: application/json\r\n", body);
  }

  void limit(const std::vector<Budget>& budgets) {
    std::vector<std::shared_ptr<const Budget>> all;
    for (const Budget& each : budgets) all.push_back(std::make_shared<const Budget>(each));
    lives_ = gateway_.budgets().configure(std::move(all));
  }
  budget::Standing standing(std::size_t index, std::string_view key = "") {
    return gateway_.budgets().standing(*lives_[index], budget::account_key(*lives_[index], key));
  }
  std::size_t asked() { return gateway_.provider().bodies.size(); }

  Seen post(const RouteEntry& route) {
    return gateway_.post(std::string(route.path),
                         fmt::format(R"({{"model":"sim-fast","max_tokens":300,{}}})",
                                     asks_something(route.operation)),
                         fmt::format("x-recloser-session: {}\r\n", route.path));
  }
  static std::string_view asks_something(Operation operation) {
    switch (operation) {
      case Operation::chat:
      case Operation::messages:
      case Operation::count_tokens:
        return R"("messages":[{"role":"user","content":"x"}])";
      case Operation::completions:
        return R"("prompt":"x")";
      default:
        return R"("input":"x")";
    }
  }

  std::deque<Seen> seen_;  // a client may read on when its call is over
  int written_ = 0;        // events of the provider's, by now; it goes on when the test is over
  TestGateway gateway_;
  std::vector<budget::Live*> lives_;
};

// A new operation does not compile before somebody has said what an empty budget does to it.
bool costs_money(Operation operation) {
  switch (operation) {
    case Operation::chat:
    case Operation::completions:
    case Operation::responses:
    case Operation::responses_compact:
    case Operation::embeddings:
    case Operation::moderations:
    case Operation::messages:
      return true;
    case Operation::responses_input_tokens:
    case Operation::count_tokens:
    case Operation::models:
      return false;  // nobody bills a count, and the list is our own
  }
  std::unreachable();
}

// Acceptance 5: whatever is added to the table of routes, it goes through the budget.
TEST_F(BudgetCasesTest, NoRouteLeadsAroundAnEmptyBudget) {
  gateway_.start();
  limit({budget_of("money", Unit::usd, 5'000'000, Reserve::clamp)});
  gateway_.budgets().set_charged(*lives_[0], budget::account_key(*lives_[0], ""), 5'000'000);
  int refused = 0;
  for (const RouteEntry& route : route_table()) {
    if (route.kind != RouteKind::call) continue;
    SCOPED_TRACE(route.path);
    std::size_t before = asked();
    Seen seen = post(route);
    if (!costs_money(route.operation)) {
      EXPECT_EQ(seen.status, 200) << seen.body;
      continue;
    }
    ++refused;
    EXPECT_EQ(seen.status, 429) << seen.body;
    EXPECT_THAT(seen.body, HasSubstr("the budget money of $0.005 has $0.00 left"));
    EXPECT_THAT(seen.head, HasSubstr("x-recloser-decision: budget/money"));
    EXPECT_EQ(asked(), before);
  }
  EXPECT_GE(refused, 12);
  EXPECT_EQ(standing(0).charged, 5'000'000);
  EXPECT_EQ(standing(0).reserved, 0);
}

TEST_F(BudgetCasesTest, AnEmptyBudgetOfRequestsRefusesEveryCall) {
  gateway_.start();
  limit({budget_of("calls", Unit::requests, 3, Reserve::upper_bound)});
  gateway_.budgets().set_charged(*lives_[0], budget::account_key(*lives_[0], ""), 3);
  for (const RouteEntry& route : route_table()) {
    if (route.kind == RouteKind::call) EXPECT_EQ(post(route).status, 429) << route.path;
  }
  EXPECT_EQ(asked(), 0u);
}

// Acceptance 6: 4.1 for 4-1.
TEST_F(BudgetCasesTest, AMistypedModelIsNotFree) {
  gateway_.config().providers[0].dialect = config::Dialect::anthropic;
  gateway_.start();
  limit({budget_of("money", Unit::usd, 5'000'000'000, Reserve::clamp)});
  Seen seen = gateway_.post("/v1/messages", R"({"model":"claude-0pus-4.1","max_tokens":300,)"
                                            R"("messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(seen.status, 403) << seen.body;
  EXPECT_THAT(seen.body, HasSubstr("claude-0pus-4.1"));
  EXPECT_EQ(asked(), 0u);
  EXPECT_EQ(standing(0).reserved, 0);
}

// Acceptance 12: key < team < org < trace.
TEST_F(BudgetCasesTest, TheLevelThatIsEmptyIsNamedAndNoOtherIsCharged) {
  gateway_.start();
  std::array<std::string_view, 4> names{"of-key", "of-team", "of-org", "of-trace"};
  std::array<budget::KeyPart, 4> parts{budget::KeyPart::key, budget::KeyPart::team,
                                       budget::KeyPart::org, budget::KeyPart::trace};
  std::array<std::string_view, 4> accounts{"key=test", "team=search", "org=acme", "trace=t-1"};
  for (std::size_t empty = 0; empty < names.size(); ++empty) {
    SCOPED_TRACE(names[empty]);
    std::vector<Budget> budgets;
    for (std::size_t i = 0; i < names.size(); ++i) {
      // Another name for each round, so that nothing is left of the last one.
      budgets.push_back(budget_of(fmt::format("{}-{}", names[i], empty), Unit::usd,
                                  i == empty ? 1'000 : 10'000'000, Reserve::upper_bound));
      budgets.back().key = {{parts[i], ""}};
      budgets.back().owner = fmt::format("owner {}", i);
    }
    limit(budgets);
    Seen seen = gateway_.post("/v1/chat/completions",
                              R"({"model":"sim-fast","max_tokens":300,"messages":[]})",
                              "x-recloser-trace: t-1\r\n");
    EXPECT_EQ(seen.status, 429);
    EXPECT_THAT(seen.body, HasSubstr(fmt::format("the budget {}-{}", names[empty], empty)));
    EXPECT_THAT(seen.body, HasSubstr(fmt::format("Ask owner {}", empty)));
    EXPECT_EQ(asked(), 0u);
    for (std::size_t i = 0; i < names.size(); ++i) {
      EXPECT_EQ(standing(i, accounts[i]).charged, 0) << names[i];
      EXPECT_EQ(standing(i, accounts[i]).reserved, 0) << names[i];
    }
  }
}

// Streams of one word in an event, as scripted.
struct Stream {
  int words = 100'000;
  bool ends = true;  // else it breaks off
  Duration pause = 5ms;
};

Task<void> write(net::Exchange& exchange, net::Worker& worker, Stream stream, int& written) {
  std::string event =
      "data: {\"id\":\"c\",\"model\":\"sim-fast\",\"choices\":[{\"index\":0,\"delta\":"
      "{\"content\":\" word\"},\"finish_reason\":null}]}\n\n";
  std::string_view head =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
  exchange.begin(net::AnswerFraming::chunked);
  std::array<std::string_view, 1> payload{event};
  for (int i = 0; i < stream.words; ++i) {
    std::string_view now = i == 0 ? head : std::string_view();
    Result<void> sent = co_await exchange.send(now, payload, net::Last::no);
    if (!sent) co_return;
    ++written;
    co_await worker.sleep_until(worker.now() + stream.pause);
  }
  if (!stream.ends) co_return;
  std::array<std::string_view, 1> end{"data: [DONE]\n\n"};
  Result<void> sent = co_await exchange.send("", end, net::Last::yes);
}

class Warnings final : public budget::Watcher {
 public:
  explicit Warnings(int& written) : written_(written) {}
  void crossed(const budget::Crossing& crossing) override {
    told.emplace_back(crossing.threshold_per_million, written_);
  }
  std::vector<std::pair<std::uint32_t, int>> told;  // and how many words were written then

 private:
  int& written_;
};

// Acceptance 11: the event comes while the stream runs, within a slice of the crossing; then the
// cut.
TEST_F(BudgetCasesTest, AStreamIsWarnedOfAndThenCut) {
  Warnings warnings(written_);
  gateway_.watch_budgets(warnings);
  gateway_.start();
  gateway_.provider().script = [&](net::Exchange& exchange, std::string) -> Task<void> {
    return write(exchange, gateway_.loop().worker(), {}, written_);
  };
  Budget words = budget_of("words", Unit::output_tokens, 1'000, Reserve::elastic);
  words.slice_tokens = 64;
  words.thresholds_per_million = {800'000, 1'000'000};
  limit({words});
  Seen seen =
      gateway_.post("/v1/chat/completions", R"({"model":"sim-fast","stream":true,"messages":[]})");
  gateway_.settle();
  ASSERT_EQ(warnings.told.size(), 2u);
  EXPECT_EQ(warnings.told[0].first, 800'000u);
  EXPECT_GE(warnings.told[0].second, 800);
  EXPECT_LE(warnings.told[0].second, 800 + 64 + 1);
  EXPECT_EQ(warnings.told[1].first, 1'000'000u);
  EXPECT_LE(written_, 1'002);
  EXPECT_THAT(seen.body, HasSubstr("[Recloser: stopped, the budget words"));
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::cut);
}

// What a running stream is thought to have is rather too much; a budget would keep that.
TEST_F(BudgetCasesTest, ACutStreamIsChargedWhatItsRowSays) {
  gateway_.start();
  gateway_.provider().script = [&](net::Exchange& exchange, std::string) -> Task<void> {
    return write(exchange, gateway_.loop().worker(), {}, written_);
  };
  Budget words = budget_of("words", Unit::output_tokens, 20, Reserve::elastic);
  words.slice_tokens = 16;
  limit({words});
  gateway_.post("/v1/chat/completions", R"({"model":"sim-fast","stream":true,"messages":[]})");
  gateway_.settle();
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.delivered_tokens, 20);
  EXPECT_GE(*call.output_tokens, 21);
  EXPECT_EQ(standing(0).charged, *call.output_tokens);
}

// The head of a whole answer is written when its call has settled: by then the window that the call
// was admitted in may be gone, and with it what it was counted in.
TEST_F(BudgetCasesTest, AWholeAnswerMayOutliveItsWindow) {
  gateway_.start();
  Budget money = budget_of("money", Unit::usd, 1'000'000'000, Reserve::clamp);
  money.window = {.type = budget::WindowType::session, .max_age = 10s};
  Budget words = budget_of("words", Unit::output_tokens, 100'000, Reserve::clamp);
  words.window = money.window;
  limit({money, words});
  gateway_.provider().script = [&](net::Exchange& exchange, std::string) -> Task<void> {
    gateway_.loop().clock().advance(20s);
    EXPECT_EQ(standing(0).charged, 0) << "the next window has begun";
    EXPECT_EQ(standing(1).charged, 0);
    return answer_whole(exchange);
  };
  Seen seen = post({.path = "/v1/chat/completions", .operation = Operation::chat});
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_THAT(seen.head, HasSubstr("x-recloser-budget: \"money\";limit=1.00;remaining=1.00\n"));
  EXPECT_EQ(standing(0).reserved, 0);
}

// One way in which a call can end.
struct End {
  std::string_view name;
  ledger::Outcome outcome;
  bool streams = false;
  Duration client_stays = Duration::max();
  bool calls_end = false;  // as at the end of a drain: last, since nothing begins after it
};

class EveryEndTest : public BudgetCasesTest {
 protected:
  // What the provider does: by the name of the end.
  Task<void> play(net::Exchange& exchange, std::string_view end) {
    EXPECT_EQ(standing(0).reserved, 1) << "the call is counted while it runs";
    EXPECT_GT(standing(1).reserved + standing(1).charged, 0);
    net::Worker& worker = gateway_.loop().worker();
    if (end == "refused by the provider") {
      static const std::string error = R"({"error":{"message":"no"}})";
      return answer(exchange, 500, error);
    }
    if (end == "silence" || end == "client leaves before the answer") {
      return stay_silent(worker, 2h);
    }
    if (end == "whole answer") return answer_whole(exchange);
    if (end == "provider closes at once") return stay_silent(worker, 0ms);
    if (end == "stream breaks off") return write(exchange, worker, {5, false}, written_);
    if (end == "stream stalls") return write(exchange, worker, {5, true, 2h}, written_);
    if (end == "stream ends") return write(exchange, worker, {5, true}, written_);
    return write(exchange, worker, {}, written_);
  }
  static Task<void> answer(net::Exchange& exchange, int status, const std::string& body) {
    co_await exchange.answer(status, "content-type: application/json\r\n", body);
  }
  static Task<void> stay_silent(net::Worker& worker, Duration duration) {
    co_await worker.sleep_until(worker.now() + duration);
  }

  void call(const End& end) {
    std::string body = fmt::format(
        R"({{"model":"sim-fast","messages":[{{"role":"user","content":"x"}}],"stream":{}}})",
        end.streams);
    std::string head = fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n"
        "content-length: {}\r\n\r\n",
        test_secret, body.size());
    net::TestLoop& loop = gateway_.loop();
    bool leaves = end.client_stays != Duration::max();
    Instant leave = leaves ? loop.worker().now() + end.client_stays : Instant::never();
    Seen& seen = seen_.emplace_back();
    if (!end.calls_end) {
      loop.run(gateway_.fetch(head, body, seen, leave));
    } else {
      loop.worker().tasks().spawn("client", gateway_.fetch(head, body, seen, leave));
      loop.run_for(100ms);
      EXPECT_EQ(gateway_.relay().end_calls(), 1u);
    }
    gateway_.settle();
  }
};

// Acceptance 31, and of 3 that no end leaves anything held: the gauge is back at 0 at once, and the
// row is there.
TEST_F(EveryEndTest, GivesBackTheSlotAndTheMoney) {
  gateway_.start();
  using enum ledger::Outcome;
  const std::array ends{
      End{"whole answer", completed},
      End{"stream ends", completed, true},
      End{"refused by the provider", provider_failed},
      End{"provider closes at once", provider_failed},
      End{"stream breaks off", provider_failed, true},
      End{"silence", provider_failed},
      End{"stream stalls", provider_failed, true},
      End{"client leaves before the answer", client_gone, false, 100ms},
      End{"client leaves in mid-stream", client_gone, true, 100ms},
      End{"cut", cut, true},
      End{"ended by a drain", gateway_failed, true, Duration::max(), true},
  };
  std::size_t rows = 0;
  for (const End& end : ends) {
    SCOPED_TRACE(end.name);
    // A budget of another name is another one: each end has its own, of which only a cut runs out.
    limit({budget_of("slots", Unit::calls, 4, Reserve::upper_bound),
           budget_of(fmt::format("words {}", end.name), Unit::output_tokens,
                     end.name == "cut" ? 50 : 1'000'000, Reserve::elastic),
           budget_of("money", Unit::usd, 1'000'000'000, Reserve::clamp)});
    gateway_.provider().script = [this, &end](net::Exchange& exchange, std::string) -> Task<void> {
      return play(exchange, end.name);
    };
    call(end);
    for (std::size_t i = 0; i < lives_.size(); ++i) {
      EXPECT_EQ(standing(i).reserved, 0) << i;
      EXPECT_EQ(standing(i).open_calls, 0u) << i;
    }
    std::vector<ledger::StoredCall> books = gateway_.books();
    ASSERT_EQ(books.size(), ++rows);
    EXPECT_EQ(name_of(books.back().outcome), name_of(end.outcome));
  }
}

// The cap holds to the last byte, and who is refused by another budget takes no slot of it.
TEST_F(EveryEndTest, FourRunAndTheFifthIsToldToComeBack) {
  gateway_.start();
  Budget none_left = budget_of("of-another-trace", Unit::usd, 1, Reserve::upper_bound);
  none_left.key = {{budget::KeyPart::trace, ""}};
  limit({budget_of("slots", Unit::calls, 4, Reserve::upper_bound), none_left});
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return write(exchange, gateway_.loop().worker(), {40, true}, written_);
  };
  std::string body = R"({"model":"sim-fast","stream":true,"messages":[]})";
  std::string head = fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n"
      "content-length: {}\r\n\r\n",
      test_secret, body.size());
  EXPECT_EQ(gateway_.post("/v1/chat/completions", body, "x-recloser-trace: t\r\n").status, 429);
  std::array<Seen, 4> running;
  net::TestLoop& loop = gateway_.loop();
  for (Seen& seen : running) {
    loop.worker().tasks().spawn("client", gateway_.fetch(head, body, seen, Instant::never()));
  }
  loop.run_for(50ms);
  EXPECT_EQ(standing(0).reserved, 4);
  Seen fifth = gateway_.post("/v1/chat/completions", body);
  EXPECT_EQ(fifth.status, 429);
  EXPECT_THAT(fifth.body, HasSubstr("rate_limited"));
  EXPECT_THAT(fifth.head, HasSubstr("x-should-retry: true"));
  loop.run_for(1s);
  gateway_.settle();
  for (const Seen& seen : running) EXPECT_THAT(seen.body, HasSubstr("data: [DONE]"));
  EXPECT_EQ(standing(0).reserved, 0);
  EXPECT_EQ(gateway_.post("/v1/chat/completions", body).status, 200);
}

}  // namespace
}  // namespace recloser::relay
