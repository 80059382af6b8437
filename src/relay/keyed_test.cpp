// Calls with an Idempotency-Key: one of a key is made, all of it are answered.
#include "relay/testing/test_gateway.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view other_secret = "rk-other-secret-0123456789";
constexpr std::string_view whole =
    R"({"id":"w","model":"m-large","choices":[{"index":0,"message":{"content":"so"},)"
    R"("finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}})";
constexpr std::string_view rest =
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":40}}\n\ndata: [DONE]\n\n";

std::string word(int number) {
  return fmt::format(
      "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" w{}\"}}}}]}}\n\n",
      number);
}
std::string all_words() {
  std::string all;
  for (int i = 0; i < 10; ++i) all += word(i);
  return all + std::string(rest);
}

class KeyedTest : public testing::Test {
 protected:
  KeyedTest()
      : gateway_(testing::TempDir() + "recloser-keyed-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {
    config::Key key;
    key.id = "other";
    key.secret = config::Secret(other_secret);
    key.org = "acme";
    key.team = "search";
    key.user = "somebody";
    gateway_.config().keys.push_back(key);
    answers(200, std::string(whole));
  }

  void answers(int status, std::string body, std::string fields = "") {
    gateway_.provider().script = [status, body, fields](net::Exchange& exchange,
                                                        std::string) -> Task<void> {
      return answer(exchange, status, "content-type: application/json\r\n" + fields, body);
    };
  }
  static Task<void> answer(net::Exchange& exchange, int status, std::string fields,
                           std::string body) {
    co_await exchange.answer(status, fields, body);
  }
  static Task<void> answer_late(net::Exchange& exchange, net::Worker& worker) {
    co_await worker.sleep_until(worker.now() + 5s);
    co_await exchange.answer(200, "content-type: application/json\r\n", whole);
  }

  // More than is held, so that some of it is out when it breaks.
  static Task<void> break_in_the_middle(net::Exchange& exchange, net::Worker& worker) {
    exchange.begin(net::AnswerFraming::length);
    std::string text(300u << 10, ' ');
    std::array<std::string_view, 1> payload{text};
    Result<void> sent = co_await exchange.send(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400000\r\n\r\n",
        payload, net::Last::no);
    co_await worker.sleep_until(worker.now() + 5s);
    exchange.break_off();
  }

  // Ten words, one a second, with or without their end.
  void streams(bool ends = true) {
    gateway_.provider().script = [this, ends](net::Exchange& exchange, std::string) -> Task<void> {
      return stream(exchange, worker(), ends);
    };
  }
  static Task<void> stream(net::Exchange& exchange, net::Worker& worker, bool ends) {
    exchange.begin(net::AnswerFraming::chunked);
    std::string head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_1\r\n"
        "x-ratelimit-limit-requests: 9\r\ntransfer-encoding: chunked\r\n\r\n";
    for (int i = 0; i < 10; ++i) {
      std::string text = word(i);
      std::array<std::string_view, 1> payload{text};
      Result<void> sent = co_await exchange.send(head, payload, net::Last::no);
      if (!sent) co_return;
      head.clear();
      co_await worker.sleep_until(worker.now() + 1s);
    }
    std::array<std::string_view, 1> payload{rest};
    if (!ends) co_return exchange.break_off();
    Result<void> sent = co_await exchange.send("", payload, net::Last::yes);
  }

  static Task<void> answer_with_fields(net::Exchange& exchange) {
    co_await exchange.answer(200,
                             "content-type: application/json\r\ndate: Mon, 23 Nov 2026\r\n"
                             "anthropic-ratelimit-requests-limit: 9\r\nx-kept: yes\r\n",
                             whole);
  }

  static std::string body_of(bool streams, std::string_view prompt = "say so") {
    return fmt::format(R"({{"model":"m",{}"messages":[{{"role":"user","content":"{}"}}]}})",
                       streams ? R"("stream":true,"stream_options":{"include_usage":true},)" : "",
                       prompt);
  }
  static std::string head_of(std::string_view key, const std::string& body,
                             std::string_view secret = test_secret,
                             std::string_view path = "/v1/chat/completions") {
    return fmt::format(
        "POST {} HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n{}content-length: {}\r\n\r\n",
        path, secret, key.empty() ? "" : fmt::format("idempotency-key: {}\r\n", key), body.size());
  }

  Seen ask(std::string_view key, std::string_view prompt = "say so",
           std::string_view secret = test_secret) {
    std::string body = body_of(false, prompt);
    return gateway_.request(head_of(key, body, secret), body);
  }
  // A client of its own, that leaves after a while.
  struct Client {
    Seen seen;
    bool done = false;
  };
  Client& begin(std::string_view key, bool streams, Duration stays = 1h) {
    Client& client = clients_.emplace_back();
    std::string body = body_of(streams);
    gateway_.loop().worker().tasks().spawn(
        "client", fetch(gateway_, head_of(key, body), body, client, worker().now() + stays));
    return client;
  }
  static Task<void> fetch(TestGateway& gateway, std::string head, std::string body, Client& client,
                          Instant leave_at) {
    co_await gateway.fetch(std::move(head), std::move(body), client.seen, leave_at);
    client.done = true;
  }
  void until_done() {
    worker().run_until([&] { return std::ranges::all_of(clients_, &Client::done); });
  }

  void limit_usd(budget::Reserve reserve) {
    budget::Budget budget;
    budget.name = "b";
    budget.unit = budget::Unit::output_tokens;
    budget.limit = 1000;
    budget.reserve = reserve;
    lives_ = gateway_.budgets().configure({std::make_shared<const budget::Budget>(budget)});
  }
  budget::Standing standing() {
    return gateway_.budgets().standing(*lives_[0], budget::account_key(*lives_[0], ""));
  }

  net::Worker& worker() { return gateway_.loop().worker(); }
  std::size_t asked() { return gateway_.provider().bodies.size(); }

  TestGateway gateway_;
  std::deque<Client> clients_;
  std::vector<budget::Live*> lives_;
};

TEST_F(KeyedTest, TheSameCallIsAnsweredWithoutBeingMade) {
  gateway_.start();
  limit_usd(budget::Reserve::clamp);
  Seen first = ask("k-1");
  Seen second = ask("k-1");
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(first.body, whole);
  EXPECT_THAT(first.head, Not(HasSubstr("idempotency-replayed")));
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, whole);
  EXPECT_THAT(second.head, HasSubstr("idempotency-replayed: true\n"));
  EXPECT_THAT(second.head, HasSubstr("content-type: application/json\n"));
  EXPECT_THAT(second.head, HasSubstr("x-recloser-target: p/m-large\n"));
  EXPECT_EQ(standing().charged, 3);
  EXPECT_EQ(standing().reserved, 0);

  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 2u);
  EXPECT_EQ(books[0].output_tokens, 3);
  EXPECT_EQ(books[1].outcome, ledger::Outcome::completed);
  EXPECT_EQ(books[1].status, 200);
  EXPECT_EQ(books[1].attempts, "[]");
  EXPECT_EQ(books[1].output_tokens, 0);
  EXPECT_EQ(books[1].cost_nano_usd, 0);
  CallId::Text original = books[0].id.text();
  CallId::Text own = books[1].id.text();
  EXPECT_THAT(books[1].decisions, HasSubstr(R"("rule":"idempotency")"));
  EXPECT_THAT(books[1].decisions, HasSubstr(std::string(original.data(), original.size())));
  EXPECT_THAT(second.head,
              HasSubstr("x-recloser-call: " + std::string(own.data(), own.size()) + "\n"));
  EXPECT_THAT(second.head, Not(HasSubstr(std::string(original.data(), original.size()))));
}

TEST_F(KeyedTest, WhoComesWhileItRunsGetsAllOfIt) {
  gateway_.start();
  streams();
  Client& first = begin("k", true);
  gateway_.loop().run_for(4500ms);
  Client& second = begin("k", true);
  gateway_.loop().run_for(100ms);
  EXPECT_FALSE(second.seen.body.empty()) << "what there was is told at once";
  EXPECT_FALSE(second.done);
  until_done();
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(first.seen.body, all_words());
  EXPECT_EQ(second.seen.body, all_words());
  EXPECT_THAT(second.seen.head, HasSubstr("content-type: text/event-stream\n"));
  EXPECT_THAT(second.seen.head, HasSubstr("x-request-id: req_1\n"));
  EXPECT_THAT(second.seen.head, Not(HasSubstr("ratelimit"))) << "that was of another moment";
  EXPECT_EQ(gateway_.books()[1].outcome, ledger::Outcome::completed);
}

TEST_F(KeyedTest, OneThatWaitsForAWholeAnswerGetsItToo) {
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return answer_late(exchange, worker());
  };
  Client& first = begin("k", false);
  gateway_.loop().run_for(1s);
  Client& second = begin("k", false);
  until_done();
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(first.seen.body, whole);
  EXPECT_EQ(second.seen.body, whole);
}

// What was of the connection, the moment or the call that was made is not told again.
TEST_F(KeyedTest, FieldsOfOneMomentAreNotToldAgain) {
  gateway_.start();
  gateway_.provider().script = [](net::Exchange& exchange, std::string) -> Task<void> {
    return answer_with_fields(exchange);
  };
  Seen first = ask("k");
  EXPECT_THAT(first.head, HasSubstr("x-recloser-session: "));
  Seen second = ask("k");
  EXPECT_EQ(second.body, whole);
  EXPECT_THAT(second.head, HasSubstr("x-kept: yes\n"));
  for (std::string_view left_out : {"date: Mon", "anthropic-ratelimit", "keep-alive"}) {
    EXPECT_THAT(second.head, Not(HasSubstr(std::string(left_out)))) << left_out;
  }
  for (std::string_view once : {"x-recloser-call: ", "x-recloser-session: ", "content-length: "}) {
    std::size_t at = second.head.find(once);
    ASSERT_NE(at, std::string::npos) << once;
    EXPECT_EQ(second.head.find(once, at + 1), std::string::npos) << once;
  }
}

TEST_F(KeyedTest, AKeyIsOfOneRequest) {
  gateway_.start();
  ask("k");
  Seen other = ask("k", "say something else");
  EXPECT_EQ(other.status, 409);
  EXPECT_THAT(other.body, HasSubstr("idempotency_conflict"));
  EXPECT_THAT(other.head, HasSubstr("x-should-retry: false\n"));
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::refused);
  std::string body = body_of(false);
  Seen elsewhere = gateway_.request(head_of("k", body, test_secret, "/v1/completions"), body);
  EXPECT_EQ(elsewhere.status, 409) << "the same body on another route";
  Seen asked_so =
      gateway_.request(head_of("k", body, test_secret, "/v1/chat/completions?beta=true"), body);
  EXPECT_EQ(asked_so.status, 409) << "and with another query";
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(ask("k").body, whole) << "its own is answered all the same";
}

TEST_F(KeyedTest, AKeyIsOfOnePrincipal) {
  gateway_.start();
  ask("k");
  Seen other = ask("k", "say so", other_secret);
  EXPECT_EQ(other.status, 200);
  EXPECT_THAT(other.head, Not(HasSubstr("idempotency-replayed")));
  EXPECT_EQ(ask("k", "another", other_secret).status, 409);
  EXPECT_EQ(asked(), 2u);
}

TEST_F(KeyedTest, WithoutAKeyNothingIsKept) {
  gateway_.start();
  ask("");
  ask("");
  EXPECT_EQ(asked(), 2u);
  EXPECT_EQ(gateway_.answers().size(), 0u);
}

TEST_F(KeyedTest, ACallOutlivesItsClient) {
  gateway_.start();
  limit_usd(budget::Reserve::elastic);
  streams();
  Client& first = begin("k", true, 3500ms);
  until_done();
  EXPECT_THAT(first.seen.body, HasSubstr("w2"));
  EXPECT_THAT(first.seen.body, Not(HasSubstr("w9")));
  gateway_.settle();
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::completed);
  EXPECT_EQ(books[0].output_tokens, 40);
  EXPECT_GT(books[0].delivered_tokens.value_or(-1), 0);
  EXPECT_LT(books[0].delivered_tokens.value_or(-1), 40) << "its client was gone";
  EXPECT_EQ(standing().charged, 40);
  Client& again = begin("k", true);
  until_done();
  EXPECT_EQ(again.seen.body, all_words());
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(standing().charged, 40);
}

TEST_F(KeyedTest, OneWhoseClientLeavesBeforeTheFirstByteGoesOnToo) {
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return answer_late(exchange, worker());
  };
  begin("k", false, 1s);
  until_done();
  Client& joins = begin("k", false);
  until_done();
  EXPECT_EQ(joins.seen.body, whole);
  EXPECT_EQ(ask("k").body, whole);
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(gateway_.books()[0].outcome, ledger::Outcome::completed);
  EXPECT_EQ(gateway_.books()[0].delivered_tokens.value_or(0), 0);
}

TEST_F(KeyedTest, OneThatWaitsMayLeave) {
  gateway_.start();
  streams();
  Client& first = begin("k", true);
  gateway_.loop().run_for(1s);
  begin("k", true, 2s);
  begin("k", true, 1ms);
  until_done();
  EXPECT_EQ(first.seen.body, all_words());
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 3u);
  std::ranges::sort(books, {}, &ledger::StoredCall::id);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::completed);
  EXPECT_EQ(books[1].outcome, ledger::Outcome::client_gone);
  EXPECT_EQ(books[2].outcome, ledger::Outcome::client_gone);
}

TEST_F(KeyedTest, AFailureLeavesNothingBehind) {
  gateway_.start();
  for (int status : {400, 429, 500, 503}) {
    answers(status, R"({"error":{"message":"no"}})");
    EXPECT_EQ(ask("k").status, status);
    EXPECT_EQ(gateway_.answers().size(), 0u);
    gateway_.loop().run_for(1h);  // its target has been left alone long enough
  }
  std::size_t before = asked();
  answers(200, std::string(whole));
  EXPECT_EQ(ask("k").body, whole);
  EXPECT_EQ(asked(), before + 1);
}

TEST_F(KeyedTest, WhoJoinsAFailureGetsIt) {
  gateway_.start();
  streams(false);
  Client& first = begin("k", true);
  gateway_.loop().run_for(1s);
  Client& second = begin("k", true);
  until_done();
  EXPECT_THAT(first.seen.body, HasSubstr("\"error\""));
  EXPECT_EQ(second.seen.body, first.seen.body);
  EXPECT_EQ(gateway_.books()[0].outcome, ledger::Outcome::provider_failed);
  EXPECT_EQ(gateway_.books()[1].outcome, ledger::Outcome::provider_failed);
  EXPECT_EQ(gateway_.answers().size(), 0u);
}

TEST_F(KeyedTest, AnAnswerIsForgottenInTheEnd) {
  gateway_.config().idempotency.ttl = 1h;
  gateway_.start();
  ask("k");
  gateway_.loop().run_for(59min);
  ask("k");
  EXPECT_EQ(asked(), 1u);
  gateway_.loop().run_for(1min);
  Seen late = ask("k");
  EXPECT_THAT(late.head, Not(HasSubstr("idempotency-replayed")));
  EXPECT_EQ(asked(), 2u);
}

TEST_F(KeyedTest, AnAnswerTooLargeToKeepIsNotMadeAgain) {
  gateway_.config().idempotency.answer_max = {1024};
  gateway_.start();
  std::string large = std::string(whole) + std::string(1024, ' ');
  answers(200, large);
  EXPECT_EQ(ask("k").body, large) << "its own client has it";
  Seen again = ask("k");
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.body, HasSubstr("too large to be kept"));
  EXPECT_EQ(asked(), 1u);
}

TEST_F(KeyedTest, WhoIsInTheMiddleOfOneThatGrowsTooLargeSeesNoEnd) {
  gateway_.config().idempotency.answer_max = {400};
  gateway_.start();
  streams();
  Client& first = begin("k", true);
  Client& second = begin("k", true);
  until_done();
  EXPECT_EQ(first.seen.body, all_words());
  EXPECT_FALSE(second.seen.body.empty());
  EXPECT_FALSE(second.seen.error.empty()) << "a broken connection";
}

TEST_F(KeyedTest, ADrainEndsThemAll) {
  gateway_.start();
  streams();
  Client& first = begin("k", true, 1500ms);
  gateway_.loop().run_for(1s);
  Client& second = begin("k", true);
  gateway_.loop().run_for(2s);
  EXPECT_TRUE(first.done);
  EXPECT_FALSE(second.done);
  gateway_.relay().end_calls();
  until_done();
  gateway_.settle();
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 2u);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::gateway_failed);
  EXPECT_EQ(books[1].outcome, ledger::Outcome::gateway_failed);
  EXPECT_EQ(gateway_.answers().size(), 0u);
}

TEST_F(KeyedTest, ABudgetCutsOneWhoseClientHasLeft) {
  gateway_.start();
  budget::Budget budget;
  budget.name = "b";
  budget.unit = budget::Unit::seconds;
  budget.limit = 5000;
  budget.reserve = budget::Reserve::elastic;
  lives_ = gateway_.budgets().configure({std::make_shared<const budget::Budget>(budget)});
  streams();
  begin("k", true, 1s);
  until_done();
  gateway_.settle();
  EXPECT_EQ(gateway_.books()[0].outcome, ledger::Outcome::cut);
  Client& again = begin("k", true);
  until_done();
  EXPECT_THAT(again.seen.body, HasSubstr("[Recloser: stopped"));
  EXPECT_THAT(again.seen.body, EndsWith("data: [DONE]\n\n"));
  EXPECT_EQ(gateway_.books()[1].outcome, ledger::Outcome::completed);
}

TEST_F(KeyedTest, OneThatIsCutBeforeItsAnswerBeganLeavesNothing) {
  gateway_.start();
  budget::Budget budget;
  budget.name = "b";
  budget.unit = budget::Unit::seconds;
  budget.limit = 2000;
  budget.reserve = budget::Reserve::elastic;
  lives_ = gateway_.budgets().configure({std::make_shared<const budget::Budget>(budget)});
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return answer_late(exchange, worker());
  };
  EXPECT_EQ(ask("k").status, 429);
  EXPECT_EQ(gateway_.books()[0].outcome, ledger::Outcome::cut);
  EXPECT_EQ(gateway_.answers().size(), 0u);
}

TEST_F(KeyedTest, WhoJoinsOneThatBreaksOffSeesNoEnd) {
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return break_in_the_middle(exchange, worker());
  };
  Client& first = begin("k", false);
  gateway_.loop().run_for(1s);
  Client& second = begin("k", false);
  until_done();
  for (const Client* client : {&first, &second}) {
    EXPECT_EQ(client->seen.status, 200);
    EXPECT_FALSE(client->seen.error.empty());
  }
  EXPECT_EQ(gateway_.books()[1].outcome, ledger::Outcome::provider_failed);
  EXPECT_EQ(gateway_.answers().size(), 0u);
}

TEST_F(KeyedTest, AnEndOfCallsIsHeardByWhoWaits) {
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return answer_late(exchange, worker());
  };
  begin("k", false);
  gateway_.loop().run_for(1s);
  Client& second = begin("k", false);
  gateway_.loop().run_for(1s);
  gateway_.relay().end_calls();
  gateway_.loop().run_for(1ms);
  EXPECT_TRUE(second.done);
  EXPECT_EQ(second.seen.status, 503);
  EXPECT_THAT(second.seen.body, HasSubstr("shutting down"));
  until_done();
}

TEST_F(KeyedTest, AKeyIsPrintableTextOfSomeLength) {
  gateway_.start();
  for (std::string key : {std::string(256, 'k'), std::string("k\xc3\xa9")}) {
    Seen seen = ask(key);
    EXPECT_EQ(seen.status, 400) << key;
    EXPECT_THAT(seen.body, HasSubstr("idempotency-key"));
  }
  std::string body = body_of(false);
  std::string twice = head_of("k", body);
  twice.insert(twice.find("idempotency-key"), "idempotency-key: k\r\n");
  EXPECT_EQ(gateway_.request(twice, body).status, 400);
  EXPECT_EQ(asked(), 0u);
  EXPECT_EQ(ask(std::string(255, '~')).status, 200);
  EXPECT_EQ(ask("\"in quotes\"").status, 200);
}

TEST_F(KeyedTest, CountsAreMadeAnew) {
  gateway_.start();
  answers(200, R"({"input_tokens":8})");
  std::string body = body_of(false);
  for (int i = 0; i < 2; ++i) {
    gateway_.request(head_of("k", body, test_secret, "/v1/messages/count_tokens"), body);
  }
  EXPECT_EQ(asked(), 2u);
}

TEST_F(KeyedTest, TurnedOffItSaysSo) {
  gateway_.config().idempotency.ttl = Duration{};
  gateway_.start();
  ask("k");
  Seen again = ask("k");
  EXPECT_EQ(asked(), 2u);
  EXPECT_THAT(again.head, HasSubstr("x-recloser-warning: idempotency-key is off here"));
}

TEST_F(KeyedTest, TheNextRequestOfAConnectionIsItsOwn) {
  gateway_.start();
  ask("k");
  streams();
  begin("", true, 2s);
  until_done();
  gateway_.settle();
  EXPECT_EQ(gateway_.books()[1].outcome, ledger::Outcome::client_gone)
      << "on the connection of a call with a key, but without one";
}

}  // namespace
}  // namespace recloser::relay
