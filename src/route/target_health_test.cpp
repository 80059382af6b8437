#include "route/target_health.h"

#include "route/silence.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::route {
namespace {

using enum AttemptEnd;
using Why = Admission::Why;

class Told final : public HealthWatcher {
 public:
  void changed(const StateChange& change) override {
    lines.push_back(fmt::format("{} {}: {} -> {}, {}",
                                change.of == StateChange::Of::key ? "key" : "target", change.name,
                                name_of(change.from), name_of(change.to), change.why));
    last = change;
  }
  std::vector<std::string> lines;
  StateChange last;
};

class TargetHealthTest : public testing::Test {
 protected:
  Why why(const Asker& asker = {.principal = 1}) { return target_.would_admit(asker, now_).why; }
  TargetHealth::Slot admit(const Asker& asker = {.principal = 1}) {
    return target_.admit(asker, now_).value();
  }
  void call(AttemptEnd end, const Asker& asker = {.principal = 1},
            std::optional<Duration> retry_after = std::nullopt) {
    TargetHealth::Slot slot = admit(asker);
    slot.end(end, retry_after, now_);
  }
  void calls(int count, AttemptEnd end, const Asker& asker = {.principal = 1}) {
    for (int i = 0; i < count; ++i) call(end, asker);
  }
  TargetHealth::Standing standing() { return target_.standing(now_); }

  Told told_;
  KeyState key_;
  TargetHealth target_{"p/m", "p", key_, 7, &told_};
  Instant now_{1'000'000'000'000};
};

TEST_F(TargetHealthTest, SaysWhyNotAndUntilWhen) {
  calls(5, server_error);
  Admission tripped = target_.would_admit({}, now_);
  EXPECT_EQ(tripped.why, Why::tripped);
  EXPECT_EQ(tripped.until, standing().until);
  EXPECT_FALSE(tripped.passes());
  EXPECT_EQ(target_.admit({}, now_).error().why, Why::tripped);
  EXPECT_EQ(target_.admit({}, now_).error().until, tripped.until);
  EXPECT_EQ(standing().running, 0);
}

TEST_F(TargetHealthTest, IsProbedSoonerWhereItIsNeeded) {
  EXPECT_TRUE(target_.probe_in_need(now_));  // it passes
  while (standing().until < now_ + 1min) {
    while (why() == Why::yes) call(server_error);
    if (standing().until < now_ + 1min) now_ = standing().until;
  }
  Instant until = standing().until;
  EXPECT_FALSE(target_.probe_in_need(now_ + open_shortest_in_need - 1ns));
  EXPECT_EQ(standing().until, until);
  now_ = now_ + open_shortest_in_need;
  EXPECT_EQ(why(), Why::tripped);
  EXPECT_TRUE(target_.probe_in_need(now_));
  EXPECT_EQ(standing().state, State::probing);
  std::vector<TargetHealth::Slot> probes;
  for (std::size_t i = 0; i < Breaker::probes; ++i) {
    EXPECT_TRUE(target_.probe_in_need(now_));
    probes.push_back(admit());
  }
  EXPECT_FALSE(target_.probe_in_need(now_));
  probes.front().end(server_error, std::nullopt, now_);
  EXPECT_EQ(standing().state, State::tripped);
  EXPECT_FALSE(target_.probe_in_need(now_));
}

TEST_F(TargetHealthTest, ClientErrorsChangeNothing) {
  calls(1'000, rejected);
  EXPECT_EQ(why(), Why::yes);
  EXPECT_EQ(standing().state, State::passing);
  EXPECT_EQ(standing().lately.calls, 0);
  EXPECT_EQ(standing().ends[static_cast<std::size_t>(rejected)], 1'000);
  EXPECT_TRUE(told_.lines.empty());
}

TEST_F(TargetHealthTest, ARateLimitCoolsAndIsNoFailure) {
  call(rate_limited, {}, 20s);
  Admission cooling = target_.would_admit({}, now_);
  EXPECT_EQ(cooling.why, Why::cooling);
  EXPECT_EQ(cooling.until, now_ + 20s);
  EXPECT_EQ(standing().cooling_until, now_ + 20s);
  EXPECT_EQ(standing().lately.marked, 0);
  EXPECT_EQ(standing().limit, ConcurrencyLimit::first_least * 9 / 10);
  now_ = now_ + 20s;
  EXPECT_EQ(why(), Why::yes);
}

TEST_F(TargetHealthTest, ARateLimitUnderManyCallsLowersTheirNumber) {
  std::vector<TargetHealth::Slot> running;
  for (int i = 0; i < 40; ++i) running.push_back(admit());
  for (int i = 0; i < 3; ++i) {
    running.back().end(rate_limited, std::nullopt, now_);
    running.pop_back();
  }
  EXPECT_EQ(standing().limit, 36);
  EXPECT_EQ(why(), Why::full);  // and it is not left alone
  while (running.size() >= 36) running.pop_back();
  EXPECT_EQ(why(), Why::yes);
  running.back().end(rate_limited, 5s, now_);
  running.pop_back();
  EXPECT_EQ(why(), Why::cooling);  // unless it says for how long
}

// Of few calls the limit keeps nobody away.
TEST_F(TargetHealthTest, ARateLimitUnderFewCallsCools) {
  TargetHealth::Slot other = admit();
  call(rate_limited);
  EXPECT_GT(standing().cooling_until, now_);
}

// Of a provider whose clock is behind, or that says "at once" to everybody.
TEST_F(TargetHealthTest, ATimeThatIsOverIsNone) {
  for (Duration over : {Duration{0}, Duration{-1h}}) {
    TargetHealth::Slot other = admit();
    call(rate_limited, {}, over);
    EXPECT_GT(standing().cooling_until, now_);
    now_ = now_ + 1h;
  }
}

TEST_F(TargetHealthTest, AnAnswerBeginsTheRowOfRateLimitsAnew) {
  for (int i = 0; i < 100; ++i) {
    call(rate_limited);
    ASSERT_LE(standing().cooling_until - now_, 1s);
    now_ = now_ + 1s;
    call(answered);
  }
}

TEST_F(TargetHealthTest, StreamsOfAPrincipalThatWorkAgainLetItPass) {
  call(answered, {.principal = 2});
  calls(5, server_error);
  now_ = target_.would_admit({.principal = 1}, now_).until;
  std::vector<TargetHealth::Slot> streams;
  for (int i = 0; i < 3; ++i) streams.push_back(admit());
  EXPECT_EQ(why(), Why::own_tripped);
  for (TargetHealth::Slot& stream : streams) stream.first_token(1s, 10, now_);
  for (int i = 0; i < 9; ++i) streams.push_back(admit());
  EXPECT_EQ(why(), Why::yes);
}

TEST_F(TargetHealthTest, OnePrincipalsPoisonTripsItsOwn) {
  call(answered, {.principal = 2});
  calls(5, server_error, {.principal = 1});
  EXPECT_EQ(why({.principal = 1}), Why::own_tripped);
  EXPECT_EQ(why({.principal = 2}), Why::yes);
  EXPECT_EQ(standing().own_breakers, 1);
  Admission own = target_.would_admit({.principal = 1}, now_);
  EXPECT_GE(own.until - now_, 1s);
  EXPECT_FALSE(target_.admit({.principal = 1}, now_, Panic::yes));
  EXPECT_EQ(standing().state, State::passing);
  now_ = own.until;
  EXPECT_EQ(why({.principal = 1}), Why::yes);
}

TEST_F(TargetHealthTest, WhatConcernsAllIsNobodysOwn) {
  for (PrincipalHash principal : {1, 2, 3}) calls(1, server_error, {.principal = principal});
  calls(2, server_error, {.principal = 1});
  EXPECT_EQ(standing().state, State::tripped);
  EXPECT_EQ(standing().own_breakers, 0);
}

TEST_F(TargetHealthTest, PanicPassesATrippedTargetAndSaysSo) {
  calls(5, unreachable);
  EXPECT_FALSE(target_.admit({}, now_));
  for (int i = 0; i < 20; ++i) {
    TargetHealth::Slot slot = target_.admit({}, now_, Panic::yes).value();
    EXPECT_TRUE(slot.in_panic());
    slot.end(unreachable, std::nullopt, now_);
  }
  EXPECT_EQ(standing().own_breakers, 0);  // whose calls were passed in panic is not to blame
  now_ = standing().until;
  TargetHealth::Slot probe = target_.admit({}, now_, Panic::yes).value();
  EXPECT_FALSE(probe.in_panic());
  EXPECT_TRUE(probe.is_probe());
}

TEST_F(TargetHealthTest, PanicPassesNothingElse) {
  target_.configure({.limits = {.concurrency = 1}});
  calls(5, unreachable);
  TargetHealth::Slot one = target_.admit({}, now_, Panic::yes).value();
  EXPECT_EQ(target_.admit({}, now_, Panic::yes).error().why, Why::full);
  one.end(unauthorized, std::nullopt, now_);
  EXPECT_EQ(target_.admit({}, now_, Panic::yes).error().why, Why::key_tripped);
  target_.drain(true);
  EXPECT_EQ(target_.admit({}, now_, Panic::yes).error().why, Why::drained);
}

TEST_F(TargetHealthTest, ADrainedTargetIsNotChosen) {
  target_.drain(true);
  EXPECT_EQ(why(), Why::drained);
  EXPECT_EQ(target_.would_admit({}, now_).until, Instant::never());
  EXPECT_TRUE(standing().drained);
  target_.drain(false);
  EXPECT_EQ(why(), Why::yes);
}

TEST_F(TargetHealthTest, ARefusedKeyKeepsAllTargetsOfItsProviderAway) {
  TargetHealth other("p/n", "p", key_, 8, &told_);
  call(unauthorized);
  EXPECT_EQ(why(), Why::key_tripped);
  EXPECT_EQ(other.would_admit({}, now_).why, Why::key_tripped);
  EXPECT_EQ(other.would_admit({}, now_).until, now_ + 30s);
  EXPECT_EQ(other.admit({}, now_).error().why, Why::key_tripped);
  EXPECT_EQ(other.standing(now_).running, 0);
  EXPECT_EQ(other.standing(now_).key.trouble, KeyTrouble::unauthorized);
  EXPECT_EQ(standing().state, State::passing);
  now_ = now_ + 30s;
  TargetHealth::Slot probe = other.admit({}, now_).value();
  EXPECT_TRUE(probe.is_probe());
  EXPECT_EQ(why(), Why::key_tripped);
  probe.end(answered, std::nullopt, now_);
  EXPECT_EQ(why(), Why::yes);
  EXPECT_EQ(told_.lines, (std::vector<std::string>{"key p: passing -> tripped, unauthorized",
                                                   "key p: probing -> passing, recovered"}));
}

TEST_F(TargetHealthTest, AClientsOwnKeyAndItsLimitsAreItsOwn) {
  Asker client{.principal = 1, .key_is_ours = false};
  calls(20, unauthorized, client);
  call(out_of_quota, client);
  call(rate_limited, client, 1h);
  TargetHealth::Slot slot = admit(client);
  QuotaReading reading;
  reading.field("x-ratelimit-remaining-requests", "0", {});
  slot.headers(reading, now_);
  EXPECT_EQ(why(), Why::yes);
  call(unauthorized);
  EXPECT_EQ(why(), Why::key_tripped);
  EXPECT_EQ(why(client), Why::yes);
  EXPECT_TRUE(told_.last.of == StateChange::Of::key);
}

TEST_F(TargetHealthTest, HeadersKeepCallsAwayUntilThereIsEnough) {
  QuotaReading reading;
  reading.field("x-ratelimit-limit-tokens", "1000", {});
  reading.field("x-ratelimit-remaining-tokens", "100", {});
  reading.field("x-ratelimit-reset-tokens", "90s", {});
  Asker small{.principal = 1, .needs = {50, 0}};
  TargetHealth::Slot slot = admit(small);
  slot.headers(reading, now_);
  EXPECT_EQ(why({.principal = 1, .needs = {100, 0}}), Why::yes);
  Admission away = target_.would_admit({.principal = 1, .needs = {100, 10}}, now_);
  EXPECT_EQ(away.why, Why::quota);
  EXPECT_EQ(away.until, now_ + 1s);
  TargetHealth::Slot second = admit(small);
  EXPECT_EQ(why({.principal = 1, .needs = {51, 0}}), Why::quota);
  second.first_token(1s, 50, now_);  // it is in what the next head says
  EXPECT_EQ(why({.principal = 1, .needs = {100, 0}}), Why::yes);
  Asker endless{.principal = 1, .needs = {UINT64_MAX, UINT64_MAX}};
  now_ = now_ + 90s;
  TargetHealth::Slot third = admit(endless);
  third.end(answered, std::nullopt, now_);
  TargetHealth::Slot fourth = admit(small);
  fourth.headers(reading, now_);
  EXPECT_EQ(why({.principal = 1, .needs = {100, 0}}), Why::yes);
}

TEST_F(TargetHealthTest, FullIsAsManyAsMay) {
  target_.configure({.limits = {.concurrency = 2}});
  TargetHealth::Slot one = admit();
  TargetHealth::Slot two = admit();
  EXPECT_EQ(why(), Why::full);
  EXPECT_EQ(standing().running, 2);
  EXPECT_EQ(standing().limit, 2);
  one.end(answered, std::nullopt, now_);
  EXPECT_EQ(why(), Why::yes);
  target_.configure({});
  EXPECT_EQ(standing().limit, ConcurrencyLimit::none);
}

TEST_F(TargetHealthTest, ASlotComesBackHoweverItsCallEnds) {
  target_.configure({.limits = {.concurrency = 1}});
  for (std::uint8_t i = 0; i < attempt_end_count; ++i) {
    KeyState key;
    TargetHealth one("p/m", "p", key, 7, nullptr);
    one.configure({.limits = {.concurrency = 1}});
    TargetHealth::Slot slot = one.admit({}, now_).value();
    EXPECT_EQ(one.standing(now_).running, 1);
    slot.end(static_cast<AttemptEnd>(i), std::nullopt, now_);
    EXPECT_FALSE(slot.open());
    EXPECT_EQ(one.standing(now_).running, 0) << i;
    EXPECT_EQ(one.standing(now_).ends[i], 1);
  }
  {
    TargetHealth::Slot forgotten = admit();
  }
  EXPECT_EQ(standing().running, 0);
  EXPECT_EQ(standing().ends[static_cast<std::size_t>(cancelled)], 1);
}

TEST_F(TargetHealthTest, ASlotThatIsMovedComesBackOnce) {
  TargetHealth::Slot one = admit();
  TargetHealth::Slot two = std::move(one);
  EXPECT_EQ(standing().running, 1);
  one = admit();
  EXPECT_EQ(standing().running, 2);
  one = std::move(two);
  EXPECT_EQ(standing().running, 1);
  one = TargetHealth::Slot();
  EXPECT_EQ(standing().running, 0);
}

TEST_F(TargetHealthTest, AForgottenProbeGivesItsPlaceBack) {
  calls(5, server_error);
  now_ = standing().until;
  for (int i = 0; i < 100; ++i) {
    TargetHealth::Slot a = admit();
    TargetHealth::Slot b = admit();
    TargetHealth::Slot c = admit();
    ASSERT_EQ(why(), Why::tripped);
    ASSERT_EQ(target_.would_admit({}, now_).until, now_);  // a probe may end at any time
    now_ = now_ + 1ms;
  }
  EXPECT_EQ(why(), Why::yes);
}

TEST_F(TargetHealthTest, ChangesAreTold) {
  calls(5, overloaded);
  EXPECT_EQ(told_.last.until, standing().until);
  EXPECT_EQ(told_.last.at, now_);
  EXPECT_EQ(standing().why, "overloaded");
  now_ = standing().until;
  EXPECT_EQ(standing().state, State::probing);
  call(timed_out);
  now_ = standing().until;
  TargetHealth::Slot first = admit();
  first.first_token(1s, 10, now_);
  calls(2, answered);
  first.end(answered, std::nullopt, now_);
  EXPECT_EQ(told_.lines, (std::vector<std::string>{"target p/m: passing -> tripped, overloaded",
                                                   "target p/m: tripped -> probing, probing",
                                                   "target p/m: probing -> tripped, timed_out",
                                                   "target p/m: tripped -> probing, probing",
                                                   "target p/m: probing -> passing, recovered"}));
  EXPECT_EQ(standing().trips_in_a_row, 2);
}

TEST_F(TargetHealthTest, CostsWhatItTakesAndWhoWaits) {
  EXPECT_EQ(target_.cost(now_), 0);
  TargetHealth::Slot one = admit();
  double unknown = target_.cost(now_);
  one.first_token(200ms, 10, now_);
  one.first_token(9s, 10, now_);  // only the first one is first
  EXPECT_EQ(target_.cost(now_), 2e8);
  EXPECT_GT(unknown, 1e14);
  TargetHealth::Slot two = admit();
  EXPECT_EQ(target_.cost(now_), 4e8);
  two.end(server_error, std::nullopt, now_);
  EXPECT_EQ(target_.cost(now_), 5e9);
  EXPECT_EQ(standing().ewma_ttft, Duration{5s});
}

TEST_F(TargetHealthTest, AFailureCostsTheTimeItTook) {
  TargetHealth::Slot slow = admit();
  slow.end(timed_out, std::nullopt, now_ + 60s);
  EXPECT_EQ(target_.cost(now_ + 60s), 6e10);
  now_ = now_ + 1h;
  TargetHealth::Slot stream = admit();
  stream.first_token(100ms, 10, now_);
  stream.end(broken, std::nullopt, now_ + 60s);  // no time of waiting
  EXPECT_EQ(target_.cost(now_ + 60s), 5e9);
}

// Twenty calls a second, and an outage of a minute: what it still sees of them are few probes, and
// soon after it is over all go there again.
TEST_F(TargetHealthTest, AnOutageOfAMinuteSeesFewCalls) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    KeyState key;
    TargetHealth target("p/m", "p", key, seed, nullptr);
    int attempts = 0;
    Instant over = now_ + 60s;
    for (; now_ < over; now_ = now_ + 50ms) {
      auto slot = target.admit({.principal = seed % 7}, now_);
      if (!slot) continue;
      ++attempts;
      slot->end(AttemptEnd::unreachable, std::nullopt, now_);
    }
    EXPECT_LE(attempts, 20);
    Instant probing = std::max(over, target.standing(now_).until);
    EXPECT_LE(probing - over, 5min);
    int refused = 0;
    for (now_ = probing; now_ < probing + 1s; now_ = now_ + 50ms) {
      auto slot = target.admit({.principal = seed % 7}, now_);
      refused += !slot;
      if (slot) slot->end(AttemptEnd::answered, std::nullopt, now_);
    }
    EXPECT_EQ(refused, 0);
    EXPECT_EQ(target.standing(now_).state, State::passing);
  }
}

TEST_F(TargetHealthTest, PredictsAFirstToken) {
  EXPECT_FALSE(target_.first_token_within(95, 100));
  for (int i = 0; i < 30; ++i) {
    TargetHealth::Slot slot = admit();
    slot.first_token(300ms, 100, now_);
    slot.end(answered, std::nullopt, now_);
  }
  EXPECT_NEAR(static_cast<double>(target_.first_token_within(95, 100)->count()) / 1e9, 0.3, 0.08);
  EXPECT_TRUE(standing().p50_ttft && standing().p95_ttft);
}

TEST_F(TargetHealthTest, QueuesAtTheProviderLowerTheLimit) {
  std::vector<TargetHealth::Slot> running;
  for (int i = 0; i < 60; ++i) running.push_back(admit());
  for (int i = 0; i < 400 && why() == Why::yes; ++i) {
    TargetHealth::Slot slot = admit();
    now_ = now_ + 150ms;
    slot.first_token(i < 300 ? 300ms : 3s, 100, now_);
    slot.end(answered, std::nullopt, now_);
  }
  EXPECT_EQ(why(), Why::full);  // the sixty that run are as many as may
  EXPECT_LT(standing().limit, 61);
}

class SilentTargetTest : public TargetHealthTest {
 protected:
  static constexpr std::uint32_t enough = Silence::calls_least;

  SilentTargetTest() {
    for (std::uint32_t i = 0; i < TtftForecast::calls_least; ++i) {
      TargetHealth::Slot slot = admit(asker_);
      slot.first_token(200ms, 100, now_);
      slot.end(answered, std::nullopt, now_);
    }
    for (std::uint32_t i = 0; i < enough; ++i) waiting_.push_back(admit(asker_));
    now_ = now_ + Silence::shortest;
  }
  bool lets_in() { return target_.admit(asker_, now_).has_value(); }

  Asker asker_{.principal = 1, .streams = true};
  std::vector<TargetHealth::Slot> waiting_;
};

TEST_F(SilentTargetTest, TripsBeforeACallHasFailed) {
  EXPECT_EQ(told_.lines.size(), 0);
  EXPECT_FALSE(lets_in());
  EXPECT_EQ(standing().state, State::tripped);
  EXPECT_EQ(told_.lines, std::vector<std::string>{"target p/m: passing -> tripped, timed_out"});
  EXPECT_EQ(standing().why, "timed_out");
  // What became of those calls is known by now.
  for (TargetHealth::Slot& slot : waiting_) slot.end(timed_out, std::nullopt, now_);
  EXPECT_EQ(standing().trips, 1);
}

TEST_F(SilentTargetTest, IsProbedAndPassesAgain) {
  EXPECT_FALSE(lets_in());
  now_ = standing().until;
  for (std::size_t i = 0; i < Breaker::probes; ++i) {
    TargetHealth::Slot probe = admit(asker_);
    EXPECT_TRUE(probe.is_probe());
    probe.first_token(200ms, 100, now_);
    probe.end(answered, std::nullopt, now_);
  }
  EXPECT_EQ(standing().state, State::passing);
  EXPECT_EQ(told_.lines.back(), "target p/m: probing -> passing, recovered");
  EXPECT_TRUE(lets_in());
}

TEST_F(SilentTargetTest, AFirstTokenIsASign) {
  waiting_.back().first_token(5s, 100, now_);
  waiting_.push_back(admit(asker_));
  EXPECT_EQ(standing().state, State::passing);
}

TEST_F(SilentTargetTest, AnErrorIsASignAndATimeLimitIsNone) {
  waiting_.push_back(TargetHealth::Slot());
  waiting_.front().end(timed_out, std::nullopt, now_);
  waiting_.push_back(admit({.principal = 1}));  // whose first token nobody will tell
  EXPECT_EQ(standing().state, State::passing) << "one too few waits";
  now_ = now_ - 1ns;
  waiting_.push_back(admit(asker_));
  now_ = now_ + Silence::shortest;
  waiting_[1].end(server_error, std::nullopt, now_);
  waiting_.push_back(admit(asker_));
  waiting_.push_back(admit(asker_));
  EXPECT_EQ(standing().state, State::passing);
}

TEST_F(SilentTargetTest, OfMoreThanEnoughThatWaitOneErrorIsASign) {
  now_ = now_ - 1ns;
  for (int i = 0; i < 4; ++i) waiting_.push_back(admit(asker_));
  now_ = now_ + 1ns;
  waiting_[0].end(cancelled, std::nullopt, now_);
  waiting_[1].end(timed_out, std::nullopt, now_);
  waiting_[2].end(server_error, std::nullopt, now_);
  EXPECT_TRUE(lets_in());
  EXPECT_FALSE(target_.admit(asker_, now_ + Silence::shortest).has_value());
}

TEST_F(SilentTargetTest, WhoLeavesOrWaitsInVainIsNoSign) {
  for (AttemptEnd end : {cancelled, timed_out}) {
    now_ = now_ - 1ns;
    waiting_.push_back(admit(asker_));
    now_ = now_ + 1ns;
    waiting_.front().end(end, std::nullopt, now_);
    waiting_.erase(waiting_.begin());
  }
  EXPECT_FALSE(lets_in());
}

// Its health check had failed, and has said nothing since.
TEST_F(SilentTargetTest, IsHeldByNoProbesAndNobodysFault) {
  waiting_.clear();
  Asker poison{.principal = 7, .streams = true};
  target_.probed({.says = ProbeReport::Says::fails, .good_until = now_ + 1min}, now_);
  now_ = standing().until;
  for (std::size_t i = 0; i < Breaker::probes; ++i) call(answered);
  ASSERT_EQ(standing().state, State::passing);
  call(server_error, poison);
  ASSERT_EQ(standing().own_breakers, 1u);
  for (std::uint32_t i = 0; i < enough; ++i) waiting_.push_back(admit(asker_));
  now_ = now_ + Silence::shortest;
  EXPECT_EQ(target_.admit(asker_, now_).error().why, Why::tripped);
  EXPECT_EQ(standing().own_breakers, 0u);
}

// They say how it was when they began.
TEST_F(SilentTargetTest, AnswersThatGoOnAreNoSign) {
  waiting_.front().first_token(200ms, 100, now_);
  waiting_.push_back(admit(asker_));
  now_ = now_ + Silence::shortest;
  waiting_.front().end(answered, std::nullopt, now_);
  EXPECT_FALSE(lets_in());
}

TEST_F(SilentTargetTest, OfWholeAnswersNothingIsExpected) {
  waiting_.clear();
  for (std::uint32_t i = 0; i < 2 * enough; ++i) waiting_.push_back(admit({.principal = 1}));
  now_ = now_ + 1min;
  EXPECT_TRUE(lets_in());
}

}  // namespace
}  // namespace recloser::route
