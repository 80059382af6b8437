// Health checks on real sockets and virtual time: when they come, what they ask, what they do.
#include "relay/probing.h"

#include "relay/testing/test_gateway.h"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Why = route::Admission::Why;

class ProbingTest : public testing::Test {
 protected:
  ProbingTest() {
    provider_.script = [this](net::Exchange& exchange, std::string) { return answer(exchange); };
    speak(config::Dialect::openai);
  }
  void speak(config::Dialect dialect) {
    auto config = std::make_shared<config::Config>();
    config::Provider& provider = config->providers.emplace_back();
    provider.name = "p";
    provider.dialect = dialect;
    provider.base_url =
        *config::BaseUrl::parse(fmt::format("http://127.0.0.1:{}/v1", provider_.port()));
    provider.api_key = {.source = config::ApiKey::Source::configured,
                        .secret = config::Secret("sk-of-the-provider")};
    provider.probe = config::ProviderProbe{.path = "/health?full=1"};
    providers_ = *Providers::make(config, std::nullopt);
  }
  ~ProbingTest() override { loop_.worker().tasks().clear(); }

  Task<void> answer(net::Exchange& exchange) {
    times_.push_back(loop_.worker().now());
    Instant until = loop_.worker().now() + hang_;
    co_await loop_.worker().sleep_until(until);
    co_await exchange.answer(status_, "", body_);
  }
  void probe_for(Duration duration) {
    if (!std::exchange(begun_, true)) {
      loop_.worker().tasks().spawn("probes",
                                   keep_probing(pool_, providers_->at(0), health_, 7, over_));
    }
    loop_.run_for(duration);
  }
  // Until so many more have been asked.
  void probes(std::size_t count) {
    std::size_t until = times_.size() + count;
    while (times_.size() < until) probe_for(1s);
    probe_for(6s);
  }
  Why why() { return target_.would_admit({}, loop_.worker().now()).why; }

  net::TestLoop loop_;
  TestProvider provider_{loop_};
  net::ClientPool pool_{loop_.worker(), loop_.resolver()};
  std::shared_ptr<const Providers> providers_;
  route::Health health_{1, nullptr};
  route::TargetHealth& target_ = health_.of("p", "m");
  std::atomic<bool> over_ = false;
  bool begun_ = false;
  int status_ = 200;
  Duration hang_{};
  std::string body_ = "ok";
  std::vector<Instant> times_;
};

TEST_F(ProbingTest, AsksForThePathAtTheHostAndNothingElse) {
  probe_for(30s);
  ASSERT_GE(provider_.heads.size(), 1u);
  EXPECT_THAT(provider_.heads[0], StartsWith("GET /health?full=1 HTTP/1.1\r\n"));
  EXPECT_THAT(provider_.heads[0], HasSubstr("\r\nauthorization: Bearer sk-of-the-provider\r\n"));
  EXPECT_THAT(provider_.heads[0], HasSubstr(fmt::format("host: 127.0.0.1:{}", provider_.port())));
  EXPECT_EQ(provider_.bodies[0], "");
}

TEST_F(ProbingTest, SendsTheKeyAsItsProviderTakesIt) {
  speak(config::Dialect::anthropic);
  probe_for(30s);
  ASSERT_GE(provider_.heads.size(), 1u);
  EXPECT_THAT(provider_.heads[0], HasSubstr("\r\nx-api-key: sk-of-the-provider\r\n"));
  EXPECT_THAT(provider_.heads[0], Not(HasSubstr("authorization")));
}

TEST_F(ProbingTest, ComesEveryNowAndThenButNotAtTheSameMoments) {
  probe_for(20min);
  ASSERT_GE(times_.size(), 36u);
  ASSERT_LE(times_.size(), 45u);
  Duration least = 1h;
  Duration most{};
  for (std::size_t i = 1; i < times_.size(); ++i) {
    least = std::min(least, times_[i] - times_[i - 1]);
    most = std::max(most, times_[i] - times_[i - 1]);
  }
  EXPECT_GE(least, 27s);
  EXPECT_LE(most, 33s + 10ms);
  EXPECT_GT(most - least, 3s);
  EXPECT_EQ(provider_.connections(), 1u);  // which is kept
}

TEST_F(ProbingTest, SoManyFailuresTripAndSoManyPassesGiveItBack) {
  status_ = 503;
  probes(2);
  EXPECT_EQ(why(), Why::yes);
  EXPECT_THAT(loop_.log_text(), Not(HasSubstr("health check")));
  probes(1);
  EXPECT_EQ(why(), Why::probe_failed);
  EXPECT_THAT(loop_.log_text(), HasSubstr("status 503"));
  probes(20);
  EXPECT_EQ(why(), Why::probe_failed);
  std::string log = loop_.log_text();
  EXPECT_EQ(log.find("fails its health check"), log.rfind("fails its health check")) << log;
  status_ = 204;  // is not the one that was configured
  probes(3);
  EXPECT_EQ(why(), Why::probe_failed);
  status_ = 200;
  probes(1);
  EXPECT_EQ(why(), Why::probe_failed);
  probes(1);
  EXPECT_EQ(why(), Why::yes);
  EXPECT_THAT(loop_.log_text(), HasSubstr("passes its health check again"));
}

TEST_F(ProbingTest, OneThatTakesTooLongHasFailed) {
  hang_ = 5s + 10ms;
  probes(3);
  EXPECT_EQ(why(), Why::probe_failed);
  EXPECT_EQ(target_.standing(loop_.worker().now()).probe->last.status, 0);
  hang_ = 4900ms;
  probes(2);
  EXPECT_EQ(why(), Why::yes);
}

TEST_F(ProbingTest, OneThatNobodyAnswersHasFailed) {
  provider_.stop();
  probe_for(4min);
  EXPECT_EQ(why(), Why::probe_failed);
  EXPECT_THAT(loop_.log_text(), HasSubstr("fails its health check"));
  EXPECT_THAT(loop_.log_text(), Not(HasSubstr("sk-of-the-provider")));
}

TEST_F(ProbingTest, ALongAnswerIsNotReadToItsEnd) {
  body_ = std::string(8u << 20, 'x');
  probes(1);
  EXPECT_EQ(target_.standing(loop_.worker().now()).probe->last.status, 200);
  EXPECT_EQ(provider_.connections(), 0u);
}

TEST_F(ProbingTest, NobodyIsAskedWhileTheGatewayDrains) {
  probes(1);
  over_ = true;
  std::size_t before = times_.size();
  probe_for(10min);
  EXPECT_EQ(times_.size(), before);
}

}  // namespace
}  // namespace recloser::relay
