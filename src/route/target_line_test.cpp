// The line of a target: who gets a place when, and that none is lost or given twice.
#include "route/target_health.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

using enum AttemptEnd;
using Why = Admission::Why;
using Slot = TargetHealth::Slot;
using Turn = TargetHealth::Turn;

class Bell final : public LineBell {
 public:
  void ring(std::uint64_t ticket) override {
    std::lock_guard lock(mutex_);
    rung_.insert(ticket);
  }
  bool take(std::uint64_t ticket) {
    std::lock_guard lock(mutex_);
    return rung_.erase(ticket) > 0;
  }

 private:
  std::mutex mutex_;
  std::set<std::uint64_t> rung_;
};

class TargetLineTest : public testing::Test {
 protected:
  TargetLineTest() { target_.configure(settings_); }

  std::optional<Slot> admit() {
    auto slot = target_.admit({.principal = 1}, now_);
    return slot ? std::optional(std::move(*slot)) : std::nullopt;
  }
  std::expected<Turn, Admission> line_up(std::uint64_t ticket, std::uint64_t tenant = 1,
                                         Duration patience = 1min, const Asker& asker = {}) {
    return target_.line_up(asker, {.tenant = tenant, .bell = &bell_, .ticket = ticket},
                           now_ + patience, now_);
  }
  Turn turn(std::uint64_t ticket, std::uint64_t tenant = 1) {
    return line_up(ticket, tenant).value();
  }
  Instant soonest(std::uint64_t tenant = 1) {
    return target_.soonest({}, {.tenant = tenant}, now_);
  }
  Instant soonest(config::Priority priority) {
    return target_.soonest({}, {.tenant = 9, .priority = priority}, now_);
  }
  // One call that stays so long: what is known of how long calls do.
  void call(Duration stays) {
    Slot slot = *admit();
    now_ = now_ + stays;
    slot.end(answered, std::nullopt, now_);
  }
  double seconds_to(Instant at) const { return static_cast<double>((at - now_).count()) / 1e9; }
  Why why(const Admission& admission) { return admission.why; }

  TargetSettings settings_{.limits = {.concurrency = 1}};
  KeyState key_;
  TargetHealth target_{"p/m", "p", key_, 7, nullptr};
  Bell bell_;
  Instant now_{1'000'000'000'000};
};

TEST_F(TargetLineTest, APlaceThatComesFreeGoesToTheFirst) {
  std::optional<Slot> running = admit();
  Turn first = turn(1);
  Turn second = turn(2);
  EXPECT_EQ(first.ahead(), 0u);
  EXPECT_EQ(second.ahead(), 1u);
  EXPECT_EQ(target_.standing(now_).waiting, 2u);
  Admission waits = first.look(now_).error();
  EXPECT_EQ(waits.why, Why::full);
  EXPECT_EQ(waits.until, Instant::never());
  EXPECT_FALSE(bell_.take(1));
  running->end(answered, std::nullopt, now_);
  EXPECT_TRUE(bell_.take(1));
  EXPECT_FALSE(bell_.take(2));
  EXPECT_EQ(target_.standing(now_).running, 1u);  // it is held for the first already
  EXPECT_EQ(second.look(now_).error().why, Why::full);
  Slot slot = first.look(now_).value();
  EXPECT_TRUE(slot.open());
  slot.end(answered, std::nullopt, now_);
  EXPECT_TRUE(second.look(now_).has_value());
  EXPECT_EQ(target_.standing(now_).waiting, 0u);
}

// A place that came free meanwhile is taken, and no line is needed for it.
TEST_F(TargetLineTest, WhoFindsAPlaceNeedNotWait) {
  settings_.queue = {.calls = 0, .wait = 0s};
  target_.configure(settings_);
  EXPECT_LE(soonest(), now_);
  std::expected<Turn, Admission> turn = line_up(1, 1, -1s);
  ASSERT_TRUE(turn.has_value()) << name_of(turn.error().why);
  EXPECT_TRUE(turn->look(now_).has_value());
  std::optional<Slot> running = admit();
  EXPECT_EQ(why(line_up(2).error()), Why::full);
  EXPECT_EQ(target_.standing(now_).turned_away, 1u);
}

TEST_F(TargetLineTest, NobodyGoesPastTheLine) {
  settings_.limits.concurrency = 2;
  target_.configure(settings_);
  std::optional<Slot> one = admit();
  std::optional<Slot> two = admit();
  Turn first = turn(1);
  one->end(answered, std::nullopt, now_);  // the first has its place, and does not know yet
  EXPECT_FALSE(admit());
  two->end(answered, std::nullopt, now_);
  EXPECT_TRUE(admit());  // nobody is in the line any more
}

TEST_F(TargetLineTest, ACallInTheLineKeepsNewOnesBehindIt) {
  target_.configure({});
  Slot slot = *admit();
  slot.end(rate_limited, 2s, now_);
  Turn first = turn(1);
  now_ = now_ + 2s;  // it may go, and has not looked yet
  EXPECT_EQ(target_.would_admit({}, now_).why, Why::full);
  EXPECT_FALSE(admit());
  EXPECT_TRUE(first.look(now_).has_value());
  EXPECT_TRUE(admit());
}

TEST_F(TargetLineTest, AFreePlaceIsHadAtOnce) {
  Turn only = turn(1);
  EXPECT_TRUE(only.look(now_).has_value());
}

TEST_F(TargetLineTest, WhoLeavesPassesItsPlaceOn) {
  std::optional<Slot> running = admit();
  std::optional<Turn> first = turn(1);
  Turn second = turn(2);
  running->end(answered, std::nullopt, now_);
  first.reset();  // with a place that it never took
  EXPECT_TRUE(bell_.take(2));
  EXPECT_TRUE(second.look(now_).has_value());
  EXPECT_EQ(target_.standing(now_).running, 0u);  // the slot is gone with its look
}

TEST_F(TargetLineTest, WhoIsFirstLooksWhenTheTimeComes) {
  target_.configure({});
  Slot slot = *admit();
  slot.end(rate_limited, 5s, now_);
  std::optional<Turn> first = turn(1);
  Turn second = turn(2);
  EXPECT_EQ(first->look(now_).error().why, Why::cooling);
  EXPECT_EQ(first->look(now_).error().until, now_ + 5s);
  EXPECT_EQ(second.look(now_).error().until, Instant::never());
  static_cast<void>(bell_.take(2));
  first.reset();
  EXPECT_TRUE(bell_.take(2));  // it is first now, and is told so
  EXPECT_EQ(second.look(now_).error().until, now_ + 5s);
  now_ = now_ + 5s;
  EXPECT_TRUE(second.look(now_).has_value());
}

// First it waits for a call to end, and then, as that brought a 429, for a time.
TEST_F(TargetLineTest, WhoIsFirstHearsThatItWaitsForATime) {
  std::optional<Slot> running = admit();
  Turn first = turn(1);
  EXPECT_EQ(first.look(now_).error().until, Instant::never());
  running->end(rate_limited, 3s, now_);
  EXPECT_TRUE(bell_.take(1));
  EXPECT_EQ(first.look(now_).error().until, now_ + 3s);
}

TEST_F(TargetLineTest, AllThatMayGoAreCalledByOneLook) {
  target_.configure({});
  Slot slot = *admit();
  slot.end(rate_limited, 5s, now_);
  Turn first = turn(1);
  Turn second = turn(2);
  now_ = now_ + 5s;
  EXPECT_TRUE(first.look(now_).has_value());
  EXPECT_TRUE(bell_.take(2));
  EXPECT_TRUE(second.look(now_).has_value());
}

TEST_F(TargetLineTest, PlacesComeAtTheConfiguredPace) {
  target_.configure({.limits = {.rpm = 1}, .queue = {.wait = 70s}});
  EXPECT_TRUE(admit());
  Turn first = turn(1);
  EXPECT_FALSE(line_up(2, 1, 90s));
  Admission waits = first.look(now_).error();
  EXPECT_EQ(waits.why, Why::quota);
  EXPECT_EQ(waits.until, now_ + 1min);
  now_ = now_ + 1min;
  EXPECT_TRUE(first.look(now_).has_value());
}

TEST_F(TargetLineTest, ATargetThatTripsSendsAllAway) {
  settings_.limits.concurrency = 5;
  target_.configure(settings_);
  std::vector<Slot> running;
  for (int i = 0; i < 5; ++i) running.push_back(*admit());
  Turn first = turn(1);
  Turn second = turn(2);
  for (Slot& slot : running) slot.end(server_error, std::nullopt, now_);
  // Those that ended before the fifth made room for both.
  EXPECT_TRUE(first.look(now_).has_value());
  EXPECT_TRUE(second.look(now_).has_value());
  EXPECT_EQ(line_up(3).error().why, Why::tripped);
}

TEST_F(TargetLineTest, ADrainSendsAllAway) {
  std::optional<Slot> running = admit();
  Turn first = turn(1);
  Turn second = turn(2);
  target_.drain(true);
  EXPECT_TRUE(bell_.take(1) && bell_.take(2));
  EXPECT_EQ(first.look(now_).error().why, Why::drained);
  EXPECT_EQ(second.look(now_).error().why, Why::drained);
  EXPECT_EQ(target_.standing(now_).waiting, 0u);
  EXPECT_EQ(line_up(3).error().why, Why::drained);
}

TEST_F(TargetLineTest, AHigherLimitLetsThemIn) {
  std::optional<Slot> running = admit();
  Turn first = turn(1);
  settings_.limits.concurrency = 2;
  target_.configure(settings_);
  EXPECT_TRUE(bell_.take(1));
  EXPECT_TRUE(first.look(now_).has_value());
}

TEST_F(TargetLineTest, WhoWouldWaitTooLongHearsItAtOnce) {
  call(4s);
  std::optional<Slot> running = admit();
  EXPECT_EQ(soonest(), now_ + 4s);
  Turn first = turn(1);
  EXPECT_EQ(soonest(), now_ + 8s);
  Turn second = turn(2);
  Admission no = line_up(3).error();  // 12 s, of 10
  EXPECT_EQ(no.why, Why::full);
  EXPECT_EQ(no.until, now_ + 12s);
  EXPECT_EQ(target_.standing(now_).turned_away, 1u);
  EXPECT_EQ(soonest(2), now_ + 8s);  // another tenant's turn comes before the second of the first
  EXPECT_TRUE(line_up(4, 2).has_value());
  EXPECT_FALSE(line_up(5, 3, 3s));  // its call does not last so long
}

TEST_F(TargetLineTest, ManyPlacesComeFreeSooner) {
  settings_.limits.concurrency = 4;
  target_.configure(settings_);
  call(4s);
  std::vector<Slot> running;
  for (int i = 0; i < 4; ++i) {
    now_ = now_ + 1s;
    running.push_back(*admit());
  }
  EXPECT_NEAR(seconds_to(soonest()), 1.87, 0.01);
  settings_.limits.concurrency = 2;  // two more than now may must end first
  target_.configure(settings_);
  EXPECT_NEAR(seconds_to(soonest()), 6.88, 0.01);
}

// Ten calls that began at any moment: about 19 of 20 who come then get their place within what they
// were told, and not because they are told a time that is never reached.
TEST_F(TargetLineTest, NineteenOfTwentyGetTheirPlaceInTime) {
  constexpr std::size_t places = 10;
  constexpr int trials = 2'000;
  settings_.limits.concurrency = places;
  target_.configure(settings_);
  Random dice(42);
  auto up_to = [&dice](Duration most) {
    return Duration{
        static_cast<std::int64_t>(dice.below(static_cast<std::uint64_t>(most.count())))};
  };
  for (int i = 0; i < 200; ++i) call(i % 2 == 0 ? 1500ms : 500ms);
  for (std::size_t ahead : {0u, 2u, 6u}) {
    int in_time = 0;
    for (int i = 0; i < trials; ++i) {
      std::vector<Slot> running;
      std::vector<Turn> before;
      std::vector<Duration> left;
      for (std::size_t n = 0; n < places; ++n) {
        running.push_back(*admit());
        left.push_back(up_to(1s));
      }
      for (std::size_t n = 0; n < ahead; ++n) before.push_back(turn(n));
      std::ranges::sort(left);
      if (now_ + left[ahead] <= soonest()) ++in_time;
    }
    EXPECT_NEAR(in_time, trials * 0.95, trials * 0.045) << ahead;
  }
}

// Calls that all stay as long, and began together, end together: nobody is told that one might end
// before.
TEST_F(TargetLineTest, NobodyIsToldOfAPlaceBeforeACallCanHaveEnded) {
  settings_.limits.concurrency = 10;
  target_.configure(settings_);
  call(4s);
  std::vector<Slot> running;
  for (int n = 0; n < 10; ++n) running.push_back(*admit());
  now_ = now_ + 1s;
  EXPECT_EQ(soonest(), now_ + 3s);
  running.pop_back();
  running.push_back(*admit());
  now_ = now_ + 2s;
  EXPECT_NEAR(seconds_to(soonest()), 1, 0.1);
  running.erase(running.begin(), running.begin() + 9);
  for (int n = 0; n < 9; ++n) running.push_back(*admit());
  EXPECT_EQ(soonest(), now_ + 2s);  // of the one that is left of them
}

// A 429 says for how long: who would not wait so long is told so now, and who does stays.
TEST_F(TargetLineTest, WhoWouldWaitInVainIsSentAwayAtOnce) {
  std::optional<Slot> running = admit();
  Turn impatient = line_up(1, 1, 3s).value();
  Turn patient = line_up(2, 2, 1min).value();
  Turn another = line_up(3, 3, 4s).value();
  EXPECT_TRUE(impatient.waits());
  running->end(rate_limited, 4s, now_);
  EXPECT_TRUE(bell_.take(1));
  EXPECT_FALSE(bell_.take(3));
  Admission told = impatient.look(now_).error();
  EXPECT_FALSE(impatient.waits());
  EXPECT_EQ(told.why, Why::cooling);
  EXPECT_EQ(told.until, now_ + 4s);
  EXPECT_EQ(target_.standing(now_).turned_away, 1u);
  EXPECT_EQ(target_.standing(now_).waiting, 2u);
  EXPECT_TRUE(bell_.take(2));  // it is first now, and waits for a time
  EXPECT_EQ(patient.look(now_).error().until, now_ + 4s);
  EXPECT_TRUE(patient.waits());
  now_ = now_ + 4s;
  EXPECT_TRUE(patient.look(now_).has_value());
}

TEST_F(TargetLineTest, WhoIsSentAwayLeavesItsTurnToItsTenant) {
  std::optional<Slot> running = admit();
  Turn impatient = line_up(1, 1, 3s).value();
  Turn another = line_up(2, 2).value();
  Turn patient = line_up(3, 1).value();
  running->end(rate_limited, 4s, now_);
  EXPECT_FALSE(impatient.look(now_));
  now_ = now_ + 4s;
  EXPECT_TRUE(patient.look(now_).has_value());
  EXPECT_TRUE(another.look(now_).has_value());
}

TEST_F(TargetLineTest, WhoIsLookingIsNotRungForIt) {
  target_.configure({});
  Slot slot = *admit();
  slot.end(rate_limited, 5s, now_);
  Turn first = turn(1);
  std::optional<Turn> second = turn(2);
  EXPECT_FALSE(first.look(now_));
  EXPECT_FALSE(bell_.take(1)) << "it is told by its look";
  EXPECT_FALSE(second->look(now_));
  second.reset();
  target_.configure({});
  EXPECT_FALSE(bell_.take(1)) << "it knows when to look";
}

// Workers read the time for themselves.
TEST_F(TargetLineTest, AClockThatIsBehindHoldsNobodyUp) {
  std::optional<Slot> running = admit();
  Turn first = turn(1);
  Turn second = turn(2);
  running->end(rate_limited, 5s, now_);
  Slot slot = first.look(now_ + 5s).value();
  slot.end(answered, std::nullopt, now_ + 5s - 1ms);
  EXPECT_TRUE(bell_.take(2));
  EXPECT_TRUE(second.look(now_ + 5s - 1ms).has_value());
}

TEST_F(TargetLineTest, WhoseKeyIsRefusedMeanwhileIsToldSo) {
  std::optional<Slot> running = admit();
  Turn first = turn(1);
  Ticket of_another_target = *key_.admit(now_);
  key_.end(of_another_target, unauthorized, now_);
  running->end(answered, std::nullopt, now_);
  EXPECT_TRUE(bell_.take(1));
  Admission told = first.look(now_).error();
  EXPECT_FALSE(first.waits());
  EXPECT_EQ(told.why, Why::key_tripped);
  EXPECT_EQ(told.until, now_ + KeyState::open_first);
  EXPECT_EQ(target_.standing(now_).running, 0u);
}

TEST_F(TargetLineTest, NobodyIsToldOfAPlaceAtATargetThatFails) {
  settings_.limits.concurrency = 5;
  target_.configure(settings_);
  for (int i = 0; i < 5; ++i) admit()->end(server_error, std::nullopt, now_);
  EXPECT_EQ(soonest(), Instant::never());
}

TEST_F(TargetLineTest, WhoHasPriorityIsToldOfItsOwnPlace) {
  call(4s);
  std::optional<Slot> running = admit();
  Turn first = turn(1);
  EXPECT_EQ(soonest(config::Priority::normal), now_ + 8s);
  EXPECT_EQ(soonest(config::Priority::high), now_ + 4s);
}

// Nobody stands before it: it waits for the time alone, and for no call.
TEST_F(TargetLineTest, WhereAPlaceIsFreeOnlyTheTimeCounts) {
  settings_.limits.concurrency = 10;
  target_.configure(settings_);
  call(4s);
  admit()->end(rate_limited, 5s, now_);
  EXPECT_EQ(soonest(), now_ + 5s);
}

TEST_F(TargetLineTest, WithoutALimitNoCallIsWaitedFor) {
  call(200s);
  std::optional<Slot> running = admit();  // while there was one
  target_.configure({.limits = {.rpm = 1}, .queue = {.wait = 10min}});
  EXPECT_TRUE(admit());
  Turn first = turn(1);
  EXPECT_EQ(soonest(), now_ + 2min);
}

TEST_F(TargetLineTest, AllPlacesComeFreeWithinTheTimeOfACall) {
  settings_.limits.concurrency = 10;
  target_.configure(settings_);
  call(4s);
  std::vector<Slot> running;
  for (int n = 0; n < 10; ++n) running.push_back(*admit());
  std::vector<Turn> before;
  for (std::uint64_t n = 0; n < 9; ++n) before.push_back(turn(n));
  now_ = now_ + 1min;
  EXPECT_EQ(soonest(), now_ + 4s);
}

// Sums of them would be small ones.
TEST_F(TargetLineTest, NeedsWithoutBoundAreALargeCall) {
  Asker huge{.principal = 1, .needs = {.input_tokens = UINT64_MAX, .output_tokens = 2}};
  target_.configure({.limits = {.tpm = 1'000}});
  for (bool by_line : {false, true}) {
    ASSERT_EQ(target_.would_admit({.needs = {.input_tokens = 50}}, now_).why, Why::yes);
    if (by_line) {
      Turn turn = line_up(1, 1, 1min, huge).value();
      EXPECT_TRUE(turn.look(now_).has_value());
    } else {
      EXPECT_TRUE(target_.admit(huge, now_).has_value());
    }
    EXPECT_EQ(target_.would_admit({.needs = {.input_tokens = 50}}, now_).why, Why::quota);
    now_ = now_ + 2h;
  }
}

TEST_F(TargetLineTest, OnlySoManyWait) {
  settings_.queue.calls = 2;
  target_.configure(settings_);
  std::optional<Slot> running = admit();
  Turn first = turn(1);
  Turn second = turn(2);
  EXPECT_EQ(soonest(), Instant::never());
  EXPECT_FALSE(line_up(3));
  settings_.queue.calls = 0;
  target_.configure(settings_);
  EXPECT_FALSE(line_up(4));
}

// Workers that line up, wait, leave and end calls, all at once: never more run than may, and all
// that could be had has been had.
TEST(TargetLineThreads, NoPlaceIsLostOrGivenTwice) {
  constexpr std::uint32_t places = 3;
  constexpr int workers = 4;
  constexpr int calls_each = 500;
  KeyState key;
  TargetHealth target("p/m", "p", key, 7, nullptr);
  target.configure({.limits = {.concurrency = places}});
  std::atomic<std::uint32_t> running{0};
  std::atomic<int> done{0};
  std::atomic<bool> too_many{false};
  Instant now{1'000'000'000'000};
  auto work = [&](unsigned seed) {
    std::minstd_rand dice(seed);
    Bell bell;
    for (std::uint64_t i = 0; i < calls_each; ++i) {
      auto turn = target.line_up({.principal = i % 3}, {.tenant = seed, .bell = &bell, .ticket = i},
                                 now + 1h, now);
      if (!turn) continue;
      auto place = turn->look(now);
      bool leaves = dice() % 5 == 0;
      while (!place && !leaves) {
        while (!bell.take(i)) std::this_thread::yield();
        place = turn->look(now);
      }
      if (!place) continue;
      too_many = too_many || ++running > places;
      if (dice() % 3 == 0) std::this_thread::yield();
      --running;
      ++done;
      place->end(dice() % 4 == 0 ? cancelled : answered, std::nullopt, now);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i <= workers; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(too_many);
  EXPECT_GT(done, workers * calls_each / 2);
  EXPECT_EQ(target.standing(now).running, 0u);
  EXPECT_EQ(target.standing(now).waiting, 0u);
}

// Whoever waits for a target that has fallen silent need not wait for its calls to fail.
TEST_F(TargetLineTest, WhoWaitsForASilentTargetIsSentAway) {
  settings_.limits.concurrency = Silence::calls_least;
  target_.configure(settings_);
  Asker streams{.principal = 1, .streams = true};
  for (std::uint32_t i = 0; i < TtftForecast::calls_least; ++i) {
    Slot slot = target_.admit(streams, now_).value();
    slot.first_token(200ms, 100, now_);
    now_ = now_ + 1s;
    slot.end(answered, std::nullopt, now_);
  }
  std::vector<Slot> all;
  for (std::uint32_t i = 0; i < Silence::calls_least; ++i) {
    all.push_back(target_.admit(streams, now_).value());
  }
  Turn waits = turn(1);
  now_ = now_ + Silence::shortest;
  EXPECT_EQ(why(line_up(2).error()), Why::tripped);
  EXPECT_TRUE(bell_.take(1));
  EXPECT_EQ(why(waits.look(now_).error()), Why::tripped);
  EXPECT_EQ(target_.standing(now_).state, State::tripped);
}

}  // namespace
}  // namespace recloser::route
