#include "net/timer.h"

#include "core/ids.h"

#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::net {
namespace {

struct Probe : Timer {
  explicit Probe(int number, std::vector<int>& log)
      : Timer([](Timer& t) { static_cast<Probe&>(t).fired(); }), id(number), out(log) {}
  void fired() { out.push_back(id); }
  int id;
  std::vector<int>& out;
};

Instant at(Duration since_start) { return Instant{} + since_start; }

TEST(TimerWheel, FiresAtTheDeadlineAndNotBefore) {
  TimerWheel wheel(at(0ms));
  std::vector<int> fired;
  Probe timer(1, fired);
  wheel.set(timer, at(5ms));
  EXPECT_EQ(wheel.next(), at(5ms));
  wheel.advance(at(4ms));
  EXPECT_TRUE(fired.empty());
  wheel.advance(at(5ms));
  EXPECT_EQ(fired, std::vector<int>{1});
  EXPECT_EQ(wheel.next(), Instant::never());
}

TEST(TimerWheel, ALaterDeadlineIsKept) {
  TimerWheel wheel(at(0ms));
  std::vector<int> fired;
  Probe timer(1, fired);
  wheel.set(timer, at(5ms));
  wheel.set(timer, at(50ms));
  wheel.advance(at(49ms));
  EXPECT_TRUE(fired.empty());
  wheel.advance(at(50ms));
  EXPECT_EQ(fired.size(), 1u);
}

TEST(TimerWheel, DeadlinesBeyondTheSpan) {
  TimerWheel wheel(at(0ms));
  std::vector<int> fired;
  Probe timer(1, fired);
  wheel.set(timer, at(30min));
  for (Instant now = at(0ms); now < at(30min);) {
    ASSERT_NE(wheel.next(), Instant::never());
    now = std::min(wheel.next(), at(30min) - 1ns);
    wheel.advance(now);
    ASSERT_TRUE(fired.empty());
    if (now == at(30min) - 1ns) break;
  }
  wheel.advance(at(30min));
  EXPECT_EQ(fired.size(), 1u);
}

TEST(TimerWheel, DestroyedAndCancelledTimersDoNotFire) {
  TimerWheel wheel(at(0ms));
  std::vector<int> fired;
  auto doomed = std::make_unique<Probe>(1, fired);
  Probe cancelled(2, fired);
  wheel.set(*doomed, at(5ms));
  wheel.set(cancelled, at(5ms));
  doomed.reset();
  cancelled.cancel();
  wheel.advance(at(10ms));
  EXPECT_TRUE(fired.empty());
}

// Against a naive map: random sets, moves and cancels; each timer fires in the tick of its
// deadline.
TEST(TimerWheel, AgreesWithANaiveModel) {
  Random random(11);
  TimerWheel wheel(at(0ms));
  std::vector<int> fired;
  std::vector<std::unique_ptr<Probe>> timers;
  std::map<int, Instant> model;
  for (int i = 0; i < 200; ++i) timers.push_back(std::make_unique<Probe>(i, fired));
  Instant now = at(0ms);
  for (int step = 0; step < 20'000; ++step) {
    int id = static_cast<int>(random.below(timers.size()));
    Probe& timer = *timers[static_cast<std::size_t>(id)];
    switch (random.below(4)) {
      case 0:
        timer.cancel();
        model.erase(id);
        break;
      case 1:
        now = now + Duration(static_cast<std::int64_t>(random.below(200'000'000)));
        wheel.advance(now);
        for (int f : fired) {
          ASSERT_TRUE(model.contains(f));
          ASSERT_LE(model[f], now);
          model.erase(f);
        }
        fired.clear();
        for (auto [waiting, deadline] : model) ASSERT_GT(deadline + 1ms, now) << waiting;
        break;
      default:
        Instant deadline = now + Duration(static_cast<std::int64_t>(random.below(9'000'000'000)));
        wheel.set(timer, deadline);
        model[id] = deadline;
    }
  }
}

}  // namespace
}  // namespace recloser::net
