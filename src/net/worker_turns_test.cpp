// Who is given his events when, and how far behind a worker is.
#include "net/test_loop.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <sys/eventfd.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::net {
namespace {

using testing::ElementsAre;

constexpr FairQueue::Flow heavy = 1;
constexpr FairQueue::Flow light = 2;

class WorkerTurnsTest : public testing::Test {
 protected:
  // An event that takes 1 ms.
  struct Slow final : Watched {
    Slow(WorkerTurnsTest& t, FairQueue::Flow flow, bool again) : test(t), comes_again(again) {
      set_flow(flow);
      ring();
      EXPECT_TRUE(test.loop_.worker().watch(descriptor, *this));
    }
    ~Slow() {
      test.loop_.worker().forget(*this);
      ::close(descriptor);
    }
    void on_events(Events events) override {
      if (!events.readable) return;
      test.given_.push_back(flow());
      test.loop_.clock().advance(1ms);
      if (comes_again) ring();
      if (does) does();
    }
    void ring() const {
      std::uint64_t one = 1;
      EXPECT_EQ(::write(descriptor, &one, sizeof one), ssize_t{sizeof one});
    }
    WorkerTurnsTest& test;
    bool comes_again;
    std::move_only_function<void()> does;
    int descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  };

  Slow& with(FairQueue::Flow flow, bool again = false) {
    all_.push_back(std::make_unique<Slow>(*this, flow, again));
    return *all_.back();
  }
  void with_heavy(std::size_t events, bool again) {
    for (std::size_t i = 0; i < events; ++i) with(heavy, again);
  }
  Worker& worker() { return loop_.worker(); }
  Duration behind_after_a_turn() {
    worker().turn();
    return worker().behind();
  }

  TestLoop loop_;
  std::vector<FairQueue::Flow> given_;
  std::vector<std::unique_ptr<Slow>> all_;
};

TEST_F(WorkerTurnsTest, ABurstIsWorkedOffTurnByTurn) {
  with_heavy(18, false);
  EXPECT_EQ(behind_after_a_turn(), 18ms);
  EXPECT_EQ(behind_after_a_turn(), 17ms);
  EXPECT_EQ(behind_after_a_turn(), 16ms);
  EXPECT_EQ(behind_after_a_turn(), 0ms) << "few are not timed";
  EXPECT_EQ(given_.size(), 4u) << "a turn ends when its time is over";
}

TEST_F(WorkerTurnsTest, WhatComesAgainAndAgainIsAQueueThatStands) {
  with_heavy(20, true);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(behind_after_a_turn(), 20ms);
}

// The kernel gives out 256 at most, and the rest in the next turn.
TEST_F(WorkerTurnsTest, MoreThanTheKernelGivesOutAtATime) {
  with_heavy(300, true);
  EXPECT_EQ(behind_after_a_turn(), 256ms);
  EXPECT_EQ(behind_after_a_turn(), 300ms);
}

TEST_F(WorkerTurnsTest, WhoComesNowAndThenGoesBeforeWhoAlwaysHasMore) {
  with_heavy(200, true);
  Slow& one = with(light);
  for (int i = 0; i < 10; ++i) worker().turn();
  for (int rounds = 0; rounds < 5; ++rounds) {
    for (int i = 0; i < 8; ++i) worker().turn();  // until its line has been found empty
    given_.clear();
    one.ring();
    worker().turn();
    EXPECT_THAT(given_, ElementsAre(light));
  }
}

TEST_F(WorkerTurnsTest, TwoThatAlwaysHaveMoreShareTheTime) {
  with_heavy(200, true);
  with(light, true);
  with(light, true);
  for (int i = 0; i < 100; ++i) worker().turn();
  EXPECT_NEAR(static_cast<double>(std::ranges::count(given_, light)), 50, 6);
}

TEST_F(WorkerTurnsTest, WhatIsForgottenIsNotGivenOut) {
  Slow& first = with(heavy);
  with(heavy);
  with(heavy);
  first.does = [&] { all_.resize(1); };
  worker().turn();
  EXPECT_THAT(given_, ElementsAre(heavy));
  EXPECT_FALSE(worker().others_wait());
}

// However often it yields: what comes meanwhile is seen.
TEST_F(WorkerTurnsTest, WhoYieldsLetsNewEventsPass) {
  struct Yielding {
    static Task<void> go_on(Worker& worker, int& times) {
      for (;;) {
        co_await worker.yield(heavy);
        ++times;
      }
    }
  };
  int times = 0;
  worker().tasks().spawn("yields", Yielding::go_on(worker(), times));
  worker().turn();
  EXPECT_EQ(times, 1);
  with(light);
  for (int i = 0; given_.empty() && i < 1000; ++i) worker().turn();
  EXPECT_THAT(given_, ElementsAre(light)) << "though the clock stands, and no quantum ends";
  worker().tasks().clear();  // while it waits
  EXPECT_FALSE(worker().others_wait());
}

}  // namespace
}  // namespace recloser::net
