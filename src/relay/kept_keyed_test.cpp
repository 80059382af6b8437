// Calls with an Idempotency-Key over a restart, where answers are kept on the disk.
#include "relay/testing/test_gateway.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view whole =
    R"({"id":"w","model":"m-large","choices":[{"index":0,"message":{"content":"so"},)"
    R"("finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}})";
constexpr std::string_view events =
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"so\"}}]}\n\n"
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\ndata: [DONE]\n\n";

class KeptKeyedTest : public testing::Test {
 protected:
  using Books = ledger::MemoryStore::Books;

  KeptKeyedTest() { make(); }

  void make() {
    gateway_ = std::make_unique<TestGateway>(
        testing::TempDir() + "recloser-kept-keyed-" + std::to_string(::getpid()) + "-" +
        testing::UnitTest::GetInstance()->current_test_info()->name());
    gateway_->config().idempotency.store = config::AnswerStore::disk;
    answers(200, std::string(whole));
  }
  void answers(int status, std::string body, std::string type = "application/json") {
    gateway_->provider().script = [status, body, type](net::Exchange& exchange,
                                                       std::string) -> Task<void> {
      return answer(exchange, status, "content-type: " + type + "\r\n", body);
    };
  }
  static Task<void> answer(net::Exchange& exchange, int status, std::string fields,
                           std::string body) {
    co_await exchange.answer(status, fields, body);
  }
  // Long after what is copied of the books meanwhile.
  Task<void> answer_late(net::Exchange& exchange) {
    gateway_->books();  // what was stored is there
    killed_ = gateway_->store().copy_of_books();
    net::Worker& worker = gateway_->loop().worker();
    co_await worker.sleep_until(worker.now() + 5s);
    co_await exchange.answer(200, "content-type: application/json\r\n", whole);
  }

  // Another process, with what this one leaves behind.
  void restart() {
    gateway_->books();
    restart_with(gateway_->store().copy_of_books());
  }
  void restart_with(Books left) {
    bool disk = gateway_->config().idempotency.store == config::AnswerStore::disk;
    gateway_.reset();
    make();
    if (!disk) gateway_->config().idempotency.store = config::AnswerStore::memory;
    gateway_->start();
    gateway_->loop().run_for(++starts_ * 1min);  // or the ids of its calls were those of before
    gateway_->store().put_books(std::move(left));
    ASSERT_TRUE(gateway_->store().cut_off_answers(gateway_->loop().clock().wall() + 24h));
  }

  static std::string body_of(std::string_view prompt, bool streams) {
    return fmt::format(R"({{"model":"m",{}"messages":[{{"role":"user","content":"{}"}}]}})",
                       streams ? R"("stream":true,"stream_options":{"include_usage":true},)" : "",
                       prompt);
  }
  static std::string head_of(std::string_view key, const std::string& body) {
    return fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n{}"
        "content-length: {}\r\n\r\n",
        test_secret, key.empty() ? "" : fmt::format("idempotency-key: {}\r\n", key), body.size());
  }
  Seen ask(std::string_view key, std::string_view prompt = "say so", bool streams = false) {
    std::string body = body_of(prompt, streams);
    return gateway_->request(head_of(key, body), body);
  }
  // So many at once.
  std::vector<Seen> ask_together(std::string_view key, int clients) {
    struct Client {
      Seen seen;
      bool done = false;
    };
    std::deque<Client> all(static_cast<std::size_t>(clients));
    net::Worker& worker = gateway_->loop().worker();
    std::string body = body_of("say so", false);
    for (Client& client : all) {
      worker.tasks().spawn(
          "client",
          [](TestGateway& gateway, std::string head, std::string sent, Client& one) -> Task<void> {
            co_await gateway.fetch(std::move(head), std::move(sent), one.seen, Instant::never());
            one.done = true;
          }(*gateway_, head_of(key, body), body, client));
    }
    worker.run_until([&] { return std::ranges::all_of(all, &Client::done); });
    std::vector<Seen> seen;
    for (Client& client : all) seen.push_back(std::move(client.seen));
    return seen;
  }
  std::size_t asked() { return gateway_->provider().bodies.size(); }

  std::unique_ptr<TestGateway> gateway_;
  Books killed_;
  int starts_ = 0;
};

TEST_F(KeptKeyedTest, AfterTwoRestartsTheAnswerIsTold) {
  gateway_->start();
  Seen first = ask("k");
  EXPECT_THAT(first.head, Not(HasSubstr("idempotency-replayed")));
  std::string original = gateway_->books()[0].id.str();
  for (int time = 0; time < 2; ++time) {
    restart();
    for (int again = 0; again < 2; ++again) {
      Seen seen = ask("k");
      EXPECT_EQ(seen.status, 200);
      EXPECT_EQ(seen.body, whole);
      EXPECT_THAT(seen.head, HasSubstr("idempotency-replayed: true\n"));
      EXPECT_THAT(seen.head, HasSubstr("content-type: application/json\n"));
      EXPECT_THAT(seen.head, HasSubstr("x-recloser-target: p/m-large\n"));
      EXPECT_THAT(seen.head, Not(HasSubstr(original)));
      ledger::StoredCall row = gateway_->books().back();
      EXPECT_EQ(row.outcome, ledger::Outcome::completed);
      EXPECT_EQ(row.status, 200);
      EXPECT_EQ(row.attempts, "[]");
      EXPECT_EQ(row.cost_nano_usd, 0);
      EXPECT_THAT(row.decisions, HasSubstr("it is answered as call " + original));
    }
    EXPECT_EQ(asked(), 0u);
    EXPECT_EQ(gateway_->answers().size(), 0u) << "memory has its own only";
  }
}

TEST_F(KeptKeyedTest, AStreamIsToldByteForByte) {
  gateway_->start();
  answers(200, std::string(events), "text/event-stream");
  Seen first = ask("k", "say so", true);
  restart();
  Seen again = ask("k", "say so", true);
  EXPECT_EQ(again.body, first.body);
  EXPECT_THAT(again.head, HasSubstr("content-type: text/event-stream\n"));
  EXPECT_EQ(asked(), 0u);
}

TEST_F(KeptKeyedTest, AllWhoComeAtOnceAreToldIt) {
  gateway_->start();
  ask("k");
  restart();
  for (const Seen& seen : ask_together("k", 5)) {
    EXPECT_EQ(seen.body, whole);
    EXPECT_THAT(seen.head, HasSubstr("idempotency-replayed: true\n"));
  }
  EXPECT_EQ(asked(), 0u);
  EXPECT_EQ(gateway_->books().size(), 6u);
}

TEST_F(KeptKeyedTest, AllWhoComeAtOnceWithANewKeyShareOneCall) {
  gateway_->start();
  for (const Seen& seen : ask_together("k", 5)) EXPECT_EQ(seen.body, whole);
  EXPECT_EQ(asked(), 1u);
}

TEST_F(KeptKeyedTest, AnotherRequestIsRefusedAfterARestart) {
  gateway_->start();
  ask("k");
  restart();
  Seen other = ask("k", "say something else");
  EXPECT_EQ(other.status, 409);
  EXPECT_THAT(other.body, HasSubstr("sent with another request before"));
  EXPECT_EQ(gateway_->books().back().outcome, ledger::Outcome::refused);
  EXPECT_EQ(ask("k").body, whole);
  EXPECT_EQ(asked(), 0u);
}

TEST_F(KeptKeyedTest, OneThatWasTooLargeIsNotMadeAgain) {
  gateway_->config().idempotency.answer_max.count = whole.size() - 1;
  gateway_->start();
  EXPECT_EQ(ask("k").body, whole);
  restart();
  Seen again = ask("k");
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.body, HasSubstr("too large"));
  EXPECT_EQ(asked(), 0u);
}

// The bound was lowered since.
TEST_F(KeptKeyedTest, OneThatIsTooLargeNowIsNotMadeAgain) {
  gateway_->start();
  ask("k");
  gateway_->books();
  Books left = gateway_->store().copy_of_books();
  gateway_.reset();
  make();
  gateway_->config().idempotency.answer_max.count = whole.size() - 1;
  gateway_->start();
  gateway_->store().put_books(std::move(left));
  EXPECT_EQ(ask("k").status, 409);
  EXPECT_EQ(asked(), 0u);
}

TEST_F(KeptKeyedTest, WhatWasCutOffIsNotMadeAgain) {
  gateway_->start();
  gateway_->provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return answer_late(exchange);
  };
  EXPECT_EQ(ask("k").body, whole);
  restart_with(std::move(killed_));
  for (const Seen& seen : ask_together("k", 2)) {
    EXPECT_EQ(seen.status, 409);
    EXPECT_THAT(seen.body, HasSubstr("idempotency_conflict"));
    EXPECT_THAT(seen.body, HasSubstr("what came of it is not known"));
    EXPECT_THAT(seen.head, HasSubstr("x-should-retry: false\n"));
  }
  EXPECT_EQ(asked(), 0u);
  EXPECT_EQ(ask("another").body, whole);
}

TEST_F(KeptKeyedTest, WhatFailedIsMadeAgain) {
  gateway_->start();
  answers(500, "{}");
  EXPECT_GE(ask("k").status, 500);
  EXPECT_GE(ask("k").status, 500) << "at once: its end may not be stored yet";
  EXPECT_EQ(asked(), 2u);
  restart();
  EXPECT_EQ(ask("k").body, whole);
  EXPECT_EQ(asked(), 1u);
  restart();
  EXPECT_EQ(ask("k").body, whole);
  EXPECT_EQ(asked(), 0u);
}

TEST_F(KeptKeyedTest, WithoutAKeyNothingIsStored) {
  gateway_->start();
  ask("");
  gateway_->books();
  EXPECT_EQ(gateway_->store().count_answers(), 0u);
}

TEST_F(KeptKeyedTest, InMemoryNothingIsStored) {
  gateway_->config().idempotency.store = config::AnswerStore::memory;
  gateway_->start();
  ask("k");
  EXPECT_EQ(gateway_->store().count_answers(), 0u);
  restart();
  EXPECT_EQ(ask("k").body, whole);
  EXPECT_EQ(asked(), 1u);
}

TEST_F(KeptKeyedTest, ADiskThatFailsFailsNoCall) {
  gateway_->start();
  gateway_->store().fail_answers_with(Error(Side::operator_, Kind::full, "no space is left"));
  for (std::string_view key : {"k", "k", "another"}) EXPECT_EQ(ask(key).body, whole);
  EXPECT_EQ(asked(), 2u) << "memory has them all the same";
  gateway_->store().fail_answers_with(std::nullopt);
  std::string told = gateway_->loop().log_text();
  std::size_t at = told.find("cannot be kept on the disk");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(told.find("cannot be kept on the disk", at + 1), std::string::npos) << "said once";
}

TEST_F(KeptKeyedTest, WhenItsTimeIsOverItIsMadeAgain) {
  gateway_->config().idempotency.ttl = 1min;
  gateway_->start();
  ask("k");
  gateway_->loop().run_for(1min - 1s);
  EXPECT_EQ(ask("k").body, whole);
  EXPECT_EQ(asked(), 1u);
  gateway_->loop().run_for(1s);
  EXPECT_EQ(ask("k").body, whole);
  EXPECT_EQ(asked(), 2u);
}

}  // namespace
}  // namespace recloser::relay
