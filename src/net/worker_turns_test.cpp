// Who is given his events when, and how far behind a worker is.
#include "net/test_loop.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <semaphore>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::net {
namespace {

using testing::ElementsAre;

constexpr FairQueue::Flow heavy = 1;
constexpr FairQueue::Flow light = 2;

struct Alarm : Timer {
  Alarm() : Timer([](Timer& self) { static_cast<Alarm&>(self).fired = true; }) {}
  bool fired = false;
};

class WorkerTurnsTest : public testing::Test {
 protected:
  // An event that takes 1 ms, if nobody says otherwise.
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
      seen.push_back(events);
      if (!events.readable) return;
      test.given_.push_back(flow());
      test.loop_.clock().advance(takes);
      if (comes_again) ring();
      if (does) does();
    }
    void ring() const {
      std::uint64_t one = 1;
      EXPECT_EQ(::write(descriptor, &one, sizeof one), ssize_t{sizeof one});
    }
    WorkerTurnsTest& test;
    bool comes_again;
    Duration takes = 1ms;
    std::vector<Events> seen;
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

TEST_F(WorkerTurnsTest, ATurnGivesOutWhatFitsIntoItsTime) {
  with_heavy(40, true);
  for (auto& each : all_) each->takes = Worker::slice / 10;
  worker().turn();
  EXPECT_EQ(given_.size(), 10u);
}

// Of four events of a turn the quick ones are not charged with what the slow ones took.
TEST_F(WorkerTurnsTest, EachIsChargedWithWhatItTook) {
  with_heavy(100, true);
  for (auto& each : all_) each->takes = 40us;
  for (int i = 0; i < 100; ++i) with(light, true).takes = 10us;
  for (int i = 0; i < 200; ++i) worker().turn();
  auto quick = static_cast<double>(std::ranges::count(given_, light));
  auto slow = static_cast<double>(std::ranges::count(given_, heavy));
  EXPECT_NEAR(quick / slow, 4, 0.4);
}

// No event was given out by whose pace it could be told.
TEST_F(WorkerTurnsTest, WhatBeginsByTheClockIsNotBehind) {
  struct Yielding {
    static Task<void> after(Worker& worker, Instant at) {
      co_await worker.sleep_until(at);
      co_await worker.yield(light);
    }
  };
  Instant at = worker().now() + 5ms;
  for (int i = 0; i < 20; ++i) worker().tasks().spawn("yields", Yielding::after(worker(), at));
  while (!worker().others_wait()) worker().turn();
  EXPECT_EQ(worker().behind(), 0ms);
}

TEST_F(WorkerTurnsTest, WhatBecomesReadyIsOfItsTurn) {
  struct Ready : Waiter {
    explicit Ready(TestLoop& l)
        : Waiter([](Waiter& self) { static_cast<Ready&>(self).run(); }), loop(l) {}
    void run() {
      ++runs;
      loop.clock().advance(3ms);
      loop.worker().wake_soon(*this);
    }
    TestLoop& loop;
    int runs = 0;
  };
  Ready ready(loop_);
  with_heavy(20, false);
  for (auto& each : all_) each->takes = 0ms;
  all_.front()->does = [&] { worker().wake_soon(ready); };
  EXPECT_EQ(behind_after_a_turn(), 3ms) << "is timed with it";
  EXPECT_EQ(ready.runs, 1) << "what is ready again waits for the next turn";
  worker().turn();
  EXPECT_EQ(ready.runs, 2);
}

TEST_F(WorkerTurnsTest, ATimerFiresInTheTurnInWhichItsTimeHasCome) {
  Alarm alarm;
  worker().timers().set(alarm, worker().now() + 5ms);
  with(heavy);
  loop_.clock().advance(5ms);
  worker().turn();
  EXPECT_TRUE(alarm.fired);
}

// The kernel says each thing once.
TEST_F(WorkerTurnsTest, WhatComesWhileOneWaitsForItsTurnIsAddedToWhatHasCome) {
  using Events = Watched::Events;
  for (Events other : {Events{.writable = true}, Events{.peer_ended = true}}) {
    Slow& first = with(heavy);
    Slow& second = with(heavy);
    worker().turn();
    while (second.seen.empty()) worker().turn();
    auto add = [&](Events a, Events b) {
      first.does = [&, a, b] {
        worker().come_again(second, a);
        worker().come_again(second, b);
      };
      second.seen.clear();
      first.ring();
      while (second.seen.empty()) worker().turn();
      return second.seen.front();
    };
    for (bool readable_first : {true, false}) {
      Events readable{.readable = true};
      Events seen = readable_first ? add(readable, other) : add(other, readable);
      EXPECT_TRUE(seen.readable);
      EXPECT_EQ(seen.writable, other.writable) << "and nothing of earlier turns";
      EXPECT_EQ(seen.peer_ended, other.peer_ended);
    }
    all_.clear();
  }
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

// With a clock that runs a worker sleeps: but not while anything is left to do.
TEST(WorkerSleep, WaitsForNothingWhileSomethingIsReady) {
  struct Again : Waiter {
    explicit Again(Worker& w)
        : Waiter([](Waiter& self) { static_cast<Again&>(self).run(); }), worker(w) {}
    void run() {
      if (++runs < 3) worker.wake_soon(*this);
    }
    Worker& worker;
    int runs = 0;
  };
  struct Yielding {
    static Task<void> thrice(Worker& worker, int& runs) {
      for (; runs < 3; ++runs) co_await worker.yield(heavy);
    }
  };
  SystemClock clock;
  TestLoop silent;
  auto worker = std::move(*Worker::create("sleeps", clock, silent.log()));
  Alarm alarm;  // which would wake it
  worker->timers().set(alarm, worker->now() + 4s);
  Again again(*worker);
  worker->wake_soon(again);
  worker->run_until([&] { return again.runs == 3; });
  EXPECT_FALSE(alarm.fired);
  int yields = 0;
  worker->tasks().spawn("yields", Yielding::thrice(*worker, yields));
  worker->run_until([&] { return yields == 3; });
  EXPECT_FALSE(alarm.fired);
}

TEST(WorkerSleep, EndsWhenItIsStopped) {
  SystemClock clock;
  TestLoop silent;
  auto worker = std::move(*Worker::create("sleeps", clock, silent.log()));
  Alarm alarm;
  worker->timers().set(alarm, worker->now() + 4s);
  std::binary_semaphore runs{0};
  std::jthread thread([&] { worker->run(); });
  worker->post([&] { runs.release(); });
  runs.acquire();
  worker->stop();
  thread.join();
  EXPECT_FALSE(alarm.fired);
}

}  // namespace
}  // namespace recloser::net
