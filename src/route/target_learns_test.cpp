// What a target learns beside its failures, and who in its line hears of it.
#include "route/target_health.h"

#include <optional>
#include <set>
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
  void ring(std::uint64_t ticket) override { rung_.insert(ticket); }
  bool take(std::uint64_t ticket) { return rung_.erase(ticket) > 0; }

 private:
  std::set<std::uint64_t> rung_;
};

class TargetLearnsTest : public testing::Test {
 protected:
  Why why(const Asker& asker = {.principal = 1}) { return target_.would_admit(asker, now_).why; }
  Slot admit(const Asker& asker = {.principal = 1}) { return target_.admit(asker, now_).value(); }
  void call(AttemptEnd end, std::optional<Duration> retry_after = std::nullopt) {
    Slot slot = admit();
    slot.end(end, retry_after, now_);
  }
  void calls(int count, AttemptEnd end) {
    for (int i = 0; i < count; ++i) call(end);
  }
  Turn turn(std::uint64_t ticket, const Asker& asker = {}) {
    return target_
        .line_up(asker, {.tenant = 1, .bell = &bell_, .ticket = ticket}, now_ + 5min, now_)
        .value();
  }
  ProbeReport says(ProbeReport::Says what) {
    return {.last = {.at = now_}, .says = what, .good_until = now_ + 1min};
  }
  TargetHealth::Standing standing() { return target_.standing(now_); }

  KeyState key_;
  TargetHealth target_{"p/m", "p", key_, 7, nullptr};
  Bell bell_;
  Instant now_{1'000'000'000'000};
};

TEST_F(TargetLearnsTest, OneCallAtATimeAsksForAModelThatIsBeingLoaded) {
  call(loading);
  EXPECT_EQ(why(), Why::loading);
  EXPECT_EQ(target_.would_admit({}, now_).until, now_ + Loading::wait_first);
  now_ = now_ + Loading::wait_first;
  Slot asks = admit();
  EXPECT_EQ(why(), Why::loading);
  asks.end(loading, 20s, now_);
  EXPECT_EQ(target_.would_admit({}, now_).until, now_ + 20s) << "as its server says";
  now_ = now_ + 20s;
  call(cancelled);
  EXPECT_EQ(why(), Why::loading) << "which says nothing";
  now_ = now_ + Loading::wait_first;
  call(rejected);
  EXPECT_EQ(why(), Why::yes) << "any other answer ends it";
}

TEST_F(TargetLearnsTest, AFirstTokenShowsThatTheModelIsLoaded) {
  call(loading);
  now_ = now_ + Loading::wait_first;
  Slot asks = admit();
  EXPECT_EQ(why(), Why::loading);
  asks.first_token(200ms, 100, now_);
  EXPECT_EQ(why(), Why::yes);
}

TEST_F(TargetLearnsTest, OursIsNoTroubleOfAClientsOwnKey) {
  Asker own{.principal = 1, .key_is_ours = false};
  call(rate_limited, 20s);
  EXPECT_EQ(why(), Why::cooling);
  EXPECT_EQ(why(own), Why::yes);
  now_ = now_ + 20s;
  call(unauthorized);
  EXPECT_EQ(why(), Why::key_tripped);
  Slot slot = admit(own);
  EXPECT_TRUE(slot.open());
}

TEST_F(TargetLearnsTest, AFirstTokenShowsThatTheKeyIsTaken) {
  call(unauthorized);
  now_ = standing().key.until;
  Slot probe = admit();
  EXPECT_TRUE(probe.is_probe());
  probe.first_token(200ms, 100, now_);
  EXPECT_EQ(standing().key.state, State::passing);
}

TEST_F(TargetLearnsTest, AFirstTokenBeginsTheRowOfFailuresAnew) {
  calls(4, server_error);
  Slot stream = admit();
  stream.first_token(200ms, 100, now_);
  call(server_error);
  EXPECT_EQ(standing().state, State::passing);
}

TEST_F(TargetLearnsTest, AHealthCheckThatFailsSettlesWhoseFaultItWas) {
  Asker poison{.principal = 7};
  for (int i = 0; i < 5; ++i) {
    Slot good = admit({.principal = 8});
    good.end(answered, std::nullopt, now_);
    Slot bad = admit(poison);
    bad.end(server_error, std::nullopt, now_);
  }
  ASSERT_EQ(why(poison), Why::own_tripped);
  now_ = target_.would_admit(poison, now_).until;
  target_.probed(says(ProbeReport::Says::fails), now_);
  EXPECT_EQ(why(poison), Why::probe_failed);
  EXPECT_EQ(standing().own_breakers, 0u);
}

TEST_F(TargetLearnsTest, WhatHoldsAndWhatReleasesATargetIsHeardInItsLine) {
  target_.configure({.limits = {.concurrency = 1}});
  Slot running = admit();
  Turn waits = turn(1);
  EXPECT_FALSE(waits.look(now_));
  target_.probed(says(ProbeReport::Says::fails), now_);
  EXPECT_TRUE(bell_.take(1));
  EXPECT_EQ(waits.look(now_).error().why, Why::probe_failed);
}

TEST_F(TargetLearnsTest, WhoWaitsForQuotaHearsOfMore) {
  target_.configure({.queue = {.calls = 10, .wait = 10min}});
  Slot first = admit();
  Slot second = admit();
  QuotaReading nothing_left;
  nothing_left.field("x-ratelimit-remaining-requests", "0", WallTime{});
  first.headers(nothing_left, now_);
  Turn waits = turn(1);
  EXPECT_EQ(waits.look(now_).error().why, Why::quota);
  EXPECT_FALSE(bell_.take(1));
  QuotaReading more;
  more.field("x-ratelimit-remaining-requests", "5", WallTime{});
  second.headers(more, now_);
  EXPECT_TRUE(bell_.take(1));
  EXPECT_TRUE(waits.look(now_).has_value());
}

// A limit that was found out is doubled by the first token after half a minute of calm.
TEST_F(TargetLearnsTest, WhoWaitsForAPlaceHearsOfALimitThatGrows) {
  target_.configure({.queue = {.calls = 10, .wait = 10min}});
  std::vector<Slot> running;
  for (std::uint32_t i = 0; i < ConcurrencyLimit::first_least; ++i) running.push_back(admit());
  running.back().end(rate_limited, std::nullopt, now_);
  running.pop_back();
  ASSERT_LT(standing().limit, running.size());
  Turn waits = turn(1);
  EXPECT_EQ(waits.look(now_).error().why, Why::full);
  now_ = now_ + ConcurrencyLimit::calm;
  running.front().first_token(200ms, 100, now_);
  EXPECT_TRUE(bell_.take(1));
  EXPECT_TRUE(waits.look(now_).has_value());
}

TEST_F(TargetLearnsTest, WhatASlotHadIsGivenBackWhereAnotherTakesItsPlace) {
  Slot slot = admit();
  slot = admit();
  EXPECT_EQ(standing().running, 1u);
  slot = Slot();
  EXPECT_EQ(standing().running, 0u);
}

}  // namespace
}  // namespace recloser::route
