// Alerts: in their order, signed, again until they arrive; and what is kept of them.
#include "admin/alerts.h"

#include "net/http_server.h"
#include "net/test_loop.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

// Takes alerts, but for the first `failures`.
struct Receiver final : net::HttpHandler {
  Task<void> handle(net::Exchange& exchange) override {
    signatures.emplace_back(exchange.head().find("x-recloser-signature").value_or(""));
    struct Body final : net::BodySink {
      Result<void> see(std::string_view) override { return {}; }
    } sink;
    Result<void> read = co_await exchange.read_body(1u << 20, sink);
    EXPECT_TRUE(read);
    EXPECT_EQ(exchange.head().path(), "/hooks/T0/B1");
    EXPECT_EQ(exchange.head().find("content-type"), "application/cloudevents+json");
    bodies.emplace_back(exchange.body());
    int status = bodies.size() > failures ? 204 : failure_status;
    std::string nothing;
    co_await exchange.answer(status, "", nothing);
  }
  net::PlainAnswer refuse(int status, std::string_view sentence) override {
    return {.status = status, .fields = {}, .body = std::string(sentence)};
  }
  std::vector<std::string> bodies;
  std::vector<std::string> signatures;
  std::size_t failures = 0;
  int failure_status = 503;
};

class AlertsTest : public testing::Test {
 protected:
  AlertsTest() {
    server_ = std::move(*net::HttpServer::open(
        loop_.worker(), *net::Endpoint::literal("127.0.0.1", 0), {}, memory_, receiver_));
    channel_.name = "finops";
    channel_.webhook.url =
        config::Secret(fmt::format("http://127.0.0.1:{}/hooks/T0/B1", server_->address().port));
    channel_.webhook.secret = config::Secret("a secret of twenty characters");
  }
  ~AlertsTest() override { loop_.worker().tasks().clear(); }

  void start() { alerts_ = *Alerts::make(pool_, {channel_}, 7); }
  void raise(std::string data, config::AlertSeverity severity = config::AlertSeverity::warning) {
    alerts_->raise({.id = {},
                    .severity = severity,
                    .type = "dev.recloser.test",
                    .at = loop_.clock().wall(),
                    .data = std::move(data)});
  }

  net::TestLoop loop_;
  net::MemoryBudget memory_{1u << 20};
  Receiver receiver_;
  std::unique_ptr<net::HttpServer> server_;
  net::ClientPool pool_{loop_.worker(), loop_.resolver()};
  config::Channel channel_;
  std::unique_ptr<Alerts> alerts_;
};

TEST_F(AlertsTest, AreSentInTheirOrderAndSigned) {
  start();
  raise("1");
  raise("2");
  loop_.run_for(1s);
  ASSERT_EQ(receiver_.bodies.size(), 2u);
  EXPECT_THAT(receiver_.bodies[0], HasSubstr(R"("type":"dev.recloser.test")"));
  EXPECT_THAT(receiver_.bodies[0], HasSubstr(R"("specversion":"1.0")"));
  EXPECT_THAT(receiver_.bodies[0], HasSubstr(R"("data":1})"));
  EXPECT_THAT(receiver_.bodies[1], HasSubstr(R"("data":2})"));
  std::string stamp = receiver_.signatures[0].substr(2, receiver_.signatures[0].find(',') - 2);
  EXPECT_EQ(receiver_.signatures[0],
            signature("a secret of twenty characters", WallTime{std::stoll(stamp) * 1'000'000'000},
                      receiver_.bodies[0]));
  EXPECT_THAT(loop_.log_text(), Not(HasSubstr("arrive")));
}

TEST_F(AlertsTest, OneThatDoesNotArriveIsSentAgainBeforeTheNext) {
  receiver_.failures = 2;
  start();
  raise("1");
  raise("2");
  loop_.run_for(2900ms);  // at 0 and 1 s; the third comes at 3 s
  EXPECT_EQ(receiver_.bodies.size(), 2u);
  EXPECT_EQ(receiver_.bodies[0], receiver_.bodies[1]) << "the same id: its receiver can tell";
  EXPECT_NE(receiver_.signatures[0], receiver_.signatures[1]) << "of its own time";
  loop_.run_for(1s);
  ASSERT_EQ(receiver_.bodies.size(), 4u);
  EXPECT_EQ(receiver_.bodies[2], receiver_.bodies[0]);
  EXPECT_THAT(receiver_.bodies[3], HasSubstr(R"("data":2})"));
  EXPECT_THAT(loop_.log_text(), HasSubstr("is sent again"));
  EXPECT_THAT(loop_.log_text(), HasSubstr("it answered 503"));
  EXPECT_THAT(loop_.log_text(), Not(HasSubstr("hooks"))) << "the URL holds a credential";
}

TEST_F(AlertsTest, AreGivenUpAfterAllTries) {
  receiver_.failures = 3;
  receiver_.failure_status = 307;
  channel_.webhook.retries = 2;
  start();
  raise("1");
  loop_.run_for(1h);
  EXPECT_EQ(receiver_.bodies.size(), 3u);
  EXPECT_THAT(loop_.log_text(), HasSubstr("is given up"));
  raise("2");
  loop_.run_for(1s);
  EXPECT_THAT(receiver_.bodies.back(), HasSubstr(R"("data":2})"));
}

TEST_F(AlertsTest, WhatIsLessThanTheChannelWantsIsKeptAndNotSent) {
  channel_.min_severity = config::AlertSeverity::critical;
  channel_.webhook.secret = {};
  start();
  raise("1");
  raise("2", config::AlertSeverity::critical);
  loop_.run_for(1s);
  ASSERT_EQ(receiver_.bodies.size(), 1u);
  EXPECT_THAT(receiver_.bodies[0], HasSubstr(R"("severity":"critical")"));
  EXPECT_EQ(receiver_.signatures[0], "") << "nothing to sign with";
  std::string all = alerts_->alerts_json();
  EXPECT_LT(all.find(R"("data":2})"), all.find(R"("data":1})")) << all;
}

TEST_F(AlertsTest, OfTooManyTheOldestAreForgottenAndTheLastAreLost) {
  receiver_.failures = SIZE_MAX;
  start();
  for (std::size_t i = 0; i < Alerts::waiting_max + 5; ++i) raise(std::to_string(i));
  loop_.run_for(100ms);
  receiver_.failures = 0;
  loop_.run_for(1h);
  EXPECT_EQ(receiver_.bodies.size(), Alerts::waiting_max + 1) << "the first came twice";
  EXPECT_THAT(loop_.log_text(), HasSubstr("alerts were lost"));
  EXPECT_THAT(alerts_->alerts_json(), Not(HasSubstr(R"("data":7})")));
}

TEST(Alert, OfAThresholdSaysWhichBudgetAndWhomToAsk) {
  budget::Budget document;
  document.name = "team-month";
  document.limit = 2'000'000'000;
  document.owner = "FinOps";
  budget::Live live(std::make_shared<const budget::Budget>(document));
  budget::Crossing crossing{.standing = {.budget = &live,
                                         .key = "team=search",
                                         .limit = 2'000'000'000,
                                         .charged = 1'650'000'000},
                            .threshold_per_million = 800'000};
  Alert alert = threshold_alert(crossing, WallTime{0});
  EXPECT_EQ(alert.severity, config::AlertSeverity::warning);
  EXPECT_EQ(alert.data, R"({"budget":"team-month","key":"team=search","unit":"usd","percent":"80",)"
                        R"("limit":"2.00","spent":"1.65","reserved":"0.00","owner":"FinOps"})");
  crossing.threshold_per_million = 1'000'000;
  EXPECT_EQ(threshold_alert(crossing, WallTime{0}).severity, config::AlertSeverity::critical);
}

}  // namespace
}  // namespace recloser::admin
