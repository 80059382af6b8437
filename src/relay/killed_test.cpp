// What a gateway leaves behind that is killed (kill -9) at any moment of a call: no reservation,
// everything that was used, and each of it once. The journal is a mapped file, so that a copy of it
// is what a killed process leaves.
#include "ledger/recovery.h"
#include "relay/testing/test_gateway.h"

#include <array>
#include <deque>
#include <filesystem>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using budget::Amount;
using budget::Budget;
using budget::Reserve;
using budget::Unit;

// sim-fast: 0.15 dollars for a million tokens in, 0.60 out.
constexpr Amount nano_input = 150;
constexpr Amount nano_output = 600;

// What the next start finds.
struct Left {
  std::vector<ledger::StoredCall> rows;
  std::map<std::string, Amount> charged;  // over all windows, by the budget's name
  std::map<WallTime, Amount> windows;     // of the money
};

class KilledTest : public testing::Test {
 protected:
  KilledTest()
      : directory_(testing::TempDir() + "recloser-killed-" + std::to_string(::getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name()),
        gateway_(directory_) {}

  void start(budget::Window window = {}) {
    std::vector<std::shared_ptr<const Budget>> all;
    for (auto [name, unit, reserve] : {std::tuple("money", Unit::usd, Reserve::elastic),
                                       std::tuple("tokens", Unit::tokens, Reserve::clamp),
                                       std::tuple("words", Unit::output_tokens, Reserve::elastic),
                                       std::tuple("calls", Unit::requests, Reserve::upper_bound)}) {
      Budget budget;
      budget.name = name;
      budget.unit = unit;
      budget.limit = 1'000'000'000;
      budget.reserve = reserve;
      budget.window = window;
      all.push_back(std::make_shared<const Budget>(std::move(budget)));
    }
    lives_ = gateway_.budgets().configure(std::move(all));
    gateway_.start();
  }

  // Kills, and starts again, twice: the second start finds all as the first one left it.
  Left kill_now() {
    std::string copy = directory_ + "/killed.journal";
    std::filesystem::copy_file(directory_ + "/calls.journal", copy,
                               std::filesystem::copy_options::overwrite_existing);
    ledger::MemoryStore store;
    store.put_books(gateway_.store().copy_of_books());
    for (int starts = 0; starts < 2; ++starts) {
      Result<ledger::Recovery> recovered = ledger::recover_journal(copy, store, "");
      EXPECT_TRUE(recovered) << recovered.error().message();
      EXPECT_EQ(recovered->fault, "");
    }
    Left left{.rows = std::move(store.calls({.limit = 1000})->calls), .charged = {}, .windows = {}};
    for (const budget::Live* live : lives_) {
      ledger::BalanceQuery query{.of = {.name = live->document().name,
                                        .unit = std::string(name_of(live->document().unit)),
                                        .kind = live->document().kind()}};
      for (const ledger::Balance& balance : store.balances(query)->balances) {
        left.charged[live->document().name] += balance.charged;
        if (live == lives_[0]) left.windows[balance.place.window_begun] += balance.charged;
      }
    }
    return left;
  }

  void provider_streams() {
    gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
      return stream(exchange);
    };
  }
  void provider_is_silent() {
    gateway_.provider().script = [this](net::Exchange&, std::string) -> Task<void> {
      return never_answer();
    };
  }
  Task<void> never_answer() {
    left_ = kill_now();
    net::Worker& worker = gateway_.loop().worker();
    co_await worker.sleep_until(worker.now() + 1s);
  }
  // Two hundred words, the usage, the end; killed after so many events.
  Task<void> stream(net::Exchange& exchange) {
    std::string_view head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    net::Worker& worker = gateway_.loop().worker();
    exchange.begin(net::AnswerFraming::chunked);
    for (int i = 0; i < words + 2; ++i) {
      std::string event =
          i < words    ? R"({"id":"c","model":"sim-fast","choices":[{"index":0,"delta":)"
                         R"({"content":" word"},"finish_reason":null}]})"
          : i == words ? R"({"id":"c","model":"sim-fast","choices":[{"index":0,"delta":{},)"
                         R"("finish_reason":"stop"}]})"
                       : R"({"id":"c","choices":[],"usage":{"prompt_tokens":7,)"
                         R"("completion_tokens":200}})";
      event = "data: " + event + "\n\n";
      std::array<std::string_view, 1> payload{event};
      std::string_view now = i == 0 ? head : std::string_view();
      Result<void> sent = co_await exchange.send(now, payload, net::Last::no);
      if (!sent) co_return;
      co_await worker.sleep_until(worker.now() + pause_);
      if (i + 1 != killed_after_) continue;
      left_ = kill_now();
      killed_after_ = 0;
    }
    std::array<std::string_view, 1> end{"data: [DONE]\n\n"};
    Result<void> sent = co_await exchange.send("", end, net::Last::yes);
  }
  Seen ask() { return gateway_.post("/v1/chat/completions", std::string(body)); }

  static constexpr int words = 200;
  static constexpr std::string_view body =
      R"({"model":"sim-fast","stream":true,"messages":[{"role":"user","content":"say so"}]})";

  int killed_after_ = 0;
  Duration pause_ = 5ms;
  Left left_;
  std::deque<Seen> seen_;
  std::string directory_;
  std::vector<budget::Live*> lives_;
  TestGateway gateway_;
};

TEST_F(KilledTest, BeforeAnythingCameTheInputIsPaidFor) {
  start();
  provider_is_silent();
  ask();
  ASSERT_EQ(left_.rows.size(), 1u);
  const ledger::StoredCall& row = left_.rows[0];
  EXPECT_EQ(row.outcome, ledger::Outcome::gateway_failed);
  EXPECT_EQ(row.tokens_source, ledger::TokensSource::estimated);
  ASSERT_GT(row.input_tokens.value_or(0), 0);
  EXPECT_EQ(row.cost_nano_usd, *row.input_tokens * nano_input);
  EXPECT_EQ(left_.charged["money"], row.cost_nano_usd);
  EXPECT_EQ(left_.charged["tokens"], *row.input_tokens);
  EXPECT_EQ(left_.charged["words"], 0);
  EXPECT_EQ(left_.charged["calls"], 1);
}

// At every slice, and between them.
TEST_F(KilledTest, InMidStreamEveryTokenIsPaidForThatCame) {
  for (int after : {1, 63, 64, 65, 127, 128, 129, 130, 199}) {
    SCOPED_TRACE(after);
    killed_after_ = after;
    if (lives_.empty()) start();
    std::size_t rows_before = gateway_.books().size();
    Amount before = gateway_.budgets().standing(*lives_[0], account_key(*lives_[0], "")).charged;
    provider_streams();
    ask();
    gateway_.settle();
    ASSERT_EQ(left_.rows.size(), rows_before + 1);
    const ledger::StoredCall& row = left_.rows[0];  // the newest
    EXPECT_EQ(row.outcome, ledger::Outcome::gateway_failed);
    EXPECT_GE(row.output_tokens.value_or(0), after);
    EXPECT_LE(row.output_tokens.value_or(0), after + 32) << "rather a few too many";
    Amount charged = left_.charged["money"] - before;
    EXPECT_EQ(charged, row.cost_nano_usd);
    EXPECT_GE(charged, row.input_tokens.value_or(0) * nano_input + after * nano_output);
    EXPECT_LE(charged, row.input_tokens.value_or(0) * nano_input + (after + 32) * nano_output);
  }
}

TEST_F(KilledTest, BetweenTheUsageAndTheEndTheUsageCounts) {
  start();
  killed_after_ = words + 2;
  provider_streams();
  ask();
  ASSERT_EQ(left_.rows.size(), 1u);
  EXPECT_EQ(left_.rows[0].outcome, ledger::Outcome::gateway_failed);
  EXPECT_EQ(left_.charged["money"], 7 * nano_input + words * nano_output);
  EXPECT_EQ(left_.charged["tokens"], 7 + words);
  EXPECT_EQ(left_.charged["words"], words);
  EXPECT_EQ(left_.charged["calls"], 1);
}

TEST_F(KilledTest, WhatIsSettledIsChargedOnce) {
  start();
  provider_streams();
  for (Amount calls = 1; calls <= 3; ++calls) {
    EXPECT_NE(ask().body.find("data: [DONE]"), std::string::npos);
    Left left = kill_now();  // some in the store, one perhaps in the journal alone
    ASSERT_EQ(left.rows.size(), static_cast<std::size_t>(calls));
    EXPECT_EQ(left.rows[0].outcome, ledger::Outcome::completed);
    EXPECT_EQ(left.charged["money"], calls * (7 * nano_input + words * nano_output));
    EXPECT_EQ(left.charged["calls"], calls);
  }
}

// A stream that began in the window before is charged there, and what begins now here.
TEST_F(KilledTest, WhileAWindowRollsEachWindowHasItsOwn) {
  start({.type = budget::WindowType::session, .idle_timeout = 10min, .max_age = 10min});
  pause_ = 10s;
  killed_after_ = 120;  // twenty minutes
  provider_streams();
  net::TestLoop& loop = gateway_.loop();
  std::string head = fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n"
      "content-length: {}\r\n\r\n",
      test_secret, body.size());
  auto begin = [&] {
    loop.worker().tasks().spawn(
        "client", gateway_.fetch(head, std::string(body), seen_.emplace_back(), Instant::never()));
  };
  begin();
  loop.run_for(15min);
  begin();
  loop.run_for(6min);
  ASSERT_EQ(left_.rows.size(), 2u);
  ASSERT_EQ(left_.windows.size(), 2u);
  Amount old_one = left_.windows.begin()->second;
  Amount new_one = left_.windows.rbegin()->second;
  EXPECT_GE(old_one, 120 * nano_output);
  EXPECT_LE(old_one, 170 * nano_output);
  EXPECT_GE(new_one, 29 * nano_output) << "fifteen minutes later, at one word in ten seconds";
  EXPECT_LE(new_one, 70 * nano_output);
}

}  // namespace
}  // namespace recloser::relay
