// The load against the provider, over real sockets: every call is answered, every chunk arrives.
#include "load.h"
#include "provider.h"

#include <thread>

#include <gtest/gtest.h>

namespace recloser::bench {
namespace {

class Tools : public testing::Test {
 protected:
  Tools() {
    Result<Descriptor> listener = listen_on_loopback(0);
    plan_.port = *port_of(*listener);
    provider_.emplace(std::move(*listener), clock_);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      Result<void> ran = provider_->run(stop);
      EXPECT_TRUE(ran);
    });
  }

  Totals run() {
    Load load(plan_, clock_);
    Result<void> ran = load.run();
    EXPECT_TRUE(ran) << load.first_error();
    EXPECT_EQ(load.first_error(), "");
    return load.totals();
  }

  SystemClock clock_;
  Plan plan_;
  std::optional<Provider> provider_;
  std::jthread thread_;
};

TEST_F(Tools, MakeExactlyTheCallsOrdered) {
  plan_.connections = 8;
  plan_.calls_max = 501;
  Totals totals = run();
  EXPECT_EQ(totals.calls, 501U);
  EXPECT_EQ(totals.errors, 0U);
  EXPECT_EQ(totals.unfinished, 0U);
  EXPECT_EQ(totals.whole.size(), 501U);
}

TEST_F(Tools, CountEveryChunkOfEveryStream) {
  plan_.connections = 20;
  plan_.calls_each_max = 2;
  plan_.order = {.stream = true, .usage = true, .chunks = 9, .interval = 100us};
  Totals totals = run();
  EXPECT_EQ(totals.calls, 40U);
  EXPECT_EQ(totals.chunks, 360U);
  EXPECT_EQ(totals.misnumbered_chunks, 0U);
  EXPECT_EQ(totals.delay.size(), 360U);
  EXPECT_EQ(totals.gap.size(), 320U);
}

TEST_F(Tools, SeeThatChunksMet) {
  plan_.calls_max = 1;
  plan_.order = {.stream = true, .usage = false, .chunks = 2000, .interval = 0ns};
  EXPECT_GT(run().met_chunks, 0U);
}

TEST_F(Tools, CarryABodyOfManyMegabytes) {
  plan_.connections = 2;
  plan_.calls_max = 3;
  plan_.body_bytes = 9'000'000;
  EXPECT_EQ(run().calls, 3U);
}

TEST_F(Tools, RampUpManyConnections) {
  plan_.connections = 300;
  plan_.calls_each_max = 1;
  plan_.ramp_max = 4;
  EXPECT_EQ(run().calls, 300U);
}

TEST(LoadAlone, SaysThatNobodyListens) {
  SystemClock clock;
  Result<Descriptor> listener = listen_on_loopback(0);
  Plan plan;
  plan.port = *port_of(*listener);
  plan.calls_max = 3;
  listener->close();
  Load load(plan, clock);
  EXPECT_TRUE(load.run());
  EXPECT_EQ(load.totals().errors, 3U);
  EXPECT_EQ(load.first_error(), "the connection was refused");
}

}  // namespace
}  // namespace recloser::bench
