// How long what is given out may have been waiting.
#include "net/test_loop.h"

#include <cstdint>
#include <memory>
#include <sys/eventfd.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::net {
namespace {

class WorkerLagTest : public testing::Test {
 protected:
  // An event that takes 1 ms, and is there again when it is over.
  struct Slow final : Watched {
    Slow(WorkerLagTest& t, bool again) : test(t), comes_again(again) {
      ring();
      EXPECT_TRUE(test.loop_.worker().watch(descriptor, *this));
    }
    ~Slow() {
      test.loop_.worker().forget(*this);
      ::close(descriptor);
    }
    void on_events(Events events) override {
      if (!events.readable) return;
      Worker& worker = test.loop_.worker();
      test.lags_.push_back(test.loop_.clock().now() - worker.behind_since());
      test.loop_.clock().advance(1ms);
      if (comes_again) ring();
    }
    void ring() const {
      std::uint64_t one = 1;
      EXPECT_EQ(::write(descriptor, &one, sizeof one), ssize_t{sizeof one});
    }
    WorkerLagTest& test;
    bool comes_again;
    int descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  };

  void with(std::size_t events, bool again) {
    for (std::size_t i = 0; i < events; ++i) all_.push_back(std::make_unique<Slow>(*this, again));
  }
  // The least and the greatest lag of one turn.
  std::pair<Duration, Duration> turn() {
    lags_.clear();
    loop_.worker().turn();
    EXPECT_FALSE(lags_.empty());
    if (lags_.empty()) return {};
    return std::pair(lags_.front(), lags_.back());
  }

  TestLoop loop_;
  std::vector<Duration> lags_;
  std::vector<std::unique_ptr<Slow>> all_;
};

TEST_F(WorkerLagTest, ABurstWaitsForItselfAlone) {
  with(20, false);
  EXPECT_EQ(turn(), std::pair(Duration{0ms}, Duration{19ms}));
}

TEST_F(WorkerLagTest, WhatComesAgainHasWaitedForTheTurnBefore) {
  with(20, true);
  turn();
  EXPECT_EQ(turn(), std::pair(Duration{20ms}, Duration{39ms}));
  EXPECT_EQ(turn(), std::pair(Duration{20ms}, Duration{39ms}));
}

TEST_F(WorkerLagTest, AFewEventsAreNotTimed) {
  with(15, true);
  turn();
  EXPECT_EQ(turn().first, 0ms);
}

// The kernel gives out 256 at most: what was left over is older than the turn.
TEST_F(WorkerLagTest, WhileTurnsAreFullNobodyKnowsWhatIsLeft) {
  with(300, true);
  EXPECT_EQ(turn().first, 0ms);
  EXPECT_EQ(turn().first, 256ms);
  EXPECT_EQ(turn().first, 512ms);
  all_.resize(100);
  turn();  // the last one was full: there may be more
  EXPECT_LE(turn().first, 100ms);
}

}  // namespace
}  // namespace recloser::net
