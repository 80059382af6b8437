#include "route/breaker.h"

#include <vector>

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

using enum AttemptEnd;

class BreakerTest : public testing::Test {
 protected:
  State state() const { return breaker_.state(now_); }
  Ticket begin() { return breaker_.admit(now_); }
  bool end(Ticket& ticket, AttemptEnd how, PrincipalHash principal = 1) {
    return breaker_.end(ticket, principal, how, now_, random_);
  }
  bool call(AttemptEnd how, PrincipalHash principal = 1) {
    Ticket ticket = begin();
    return end(ticket, how, principal);
  }
  void calls(int count, AttemptEnd how, PrincipalHash principal = 1) {
    for (int i = 0; i < count; ++i) call(how, principal);
  }
  void trip() {
    calls(5, server_error);
    ASSERT_EQ(state(), State::tripped);
  }
  void wait_until_probing() {
    now_ = breaker_.trip().until();
    ASSERT_EQ(state(), State::probing);
  }
  void probe_well() {
    wait_until_probing();
    calls(3, answered);
    ASSERT_EQ(state(), State::passing);
  }

  Breaker breaker_;
  Random random_{7};
  Instant now_{1'000'000'000'000};
};

TEST_F(BreakerTest, TripsAtTheFifthFailureInARow) {
  calls(4, server_error);
  EXPECT_EQ(state(), State::passing);
  EXPECT_TRUE(breaker_.would_admit(now_));
  EXPECT_TRUE(call(timed_out));
  EXPECT_EQ(state(), State::tripped);
  EXPECT_FALSE(breaker_.would_admit(now_));
}

TEST_F(BreakerTest, AnAnswerBeginsTheRowAnew) {
  calls(4, server_error);
  call(answered);
  calls(4, server_error);
  EXPECT_EQ(state(), State::passing);
  EXPECT_TRUE(call(server_error));
}

TEST_F(BreakerTest, AProbeThatFailsLateIsATripInARow) {
  trip();
  wait_until_probing();
  Ticket probe = begin();
  EXPECT_EQ(breaker_.trip().since(), now_);
  now_ = now_ + 2 * Trip::calm;
  EXPECT_TRUE(end(probe, server_error));
  EXPECT_EQ(breaker_.trip().in_a_row(now_), 2u);
}

TEST_F(BreakerTest, CalmIsCountedFromWhenItPasses) {
  trip();
  wait_until_probing();
  Ticket first = begin();
  now_ = now_ + Trip::calm;
  breaker_.first_token(first, 1, now_);
  calls(2, answered);
  ASSERT_EQ(state(), State::passing);
  EXPECT_EQ(breaker_.trip().since(), now_);
  EXPECT_EQ(breaker_.trip().in_a_row(now_ + Trip::calm - 1ns), 1u);
  EXPECT_EQ(breaker_.trip().in_a_row(now_ + Trip::calm), 0u);
}

// Whose answers go on to come is a witness for as long as they do.
TEST_F(BreakerTest, TheEndOfAnAnswerIsNewsOfWhoHasNotFailed) {
  Ticket stream = begin();
  breaker_.first_token(stream, 2, now_);
  now_ = now_ + 25s;
  end(stream, answered, 2);
  now_ = now_ + 15s;
  calls(5, server_error, 1);
  EXPECT_EQ(state(), State::passing);
}

TEST_F(BreakerTest, WhoFailedBeforeATripIsNoWitnessOfTheNextOne) {
  for (PrincipalHash principal = 1; principal <= 5; ++principal) call(server_error, principal);
  ASSERT_EQ(state(), State::tripped);
  wait_until_probing();
  calls(3, answered, 8);
  calls(5, server_error, 9);
  EXPECT_EQ(state(), State::passing);
}

TEST_F(BreakerTest, AnyNumberOfTripsInARowIsOpenForFiveMinutesAtMost) {
  for (std::uint32_t in_a_row : {31u, 32u, 1'000'000u}) {
    EXPECT_LE(open_time(in_a_row, random_), open_longest);
  }
}

// Streams that began before take their time to end, and say nothing of those that begin now.
TEST_F(BreakerTest, TheEndOfAnAnswerThatHadBegunDoesNotBeginTheRowAnew) {
  std::vector<Ticket> running;
  for (int i = 0; i < 5; ++i) {
    running.push_back(begin());
    breaker_.first_token(running.back(), static_cast<PrincipalHash>(i), now_);
  }
  for (int i = 0; i < 4; ++i) {
    call(server_error, static_cast<PrincipalHash>(i));
    end(running[static_cast<std::size_t>(i)], answered, static_cast<PrincipalHash>(i));
  }
  EXPECT_EQ(state(), State::passing);
  EXPECT_TRUE(call(server_error, 1));
}

TEST_F(BreakerTest, StreamsThatAllBreakOffAreARowToo) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(state(), State::passing);
    Ticket stream = begin();
    breaker_.first_token(stream, 1, now_);
    end(stream, broken);
  }
  EXPECT_EQ(state(), State::tripped);
}

TEST_F(BreakerTest, AnAnswerToItsEndBeginsTheRowOfBrokenOnesAnew) {
  for (int i = 0; i < 20; ++i) {
    Ticket stream = begin();
    breaker_.first_token(stream, 1, now_);
    end(stream, i % 5 == 4 ? answered : broken);
    if (i % 5 == 4) now_ = now_ + Breaker::window;  // the share of failures is another test's
  }
  EXPECT_EQ(state(), State::passing);
}

TEST_F(BreakerTest, WhatIsNoFailureNeitherCountsNorBeginsTheRowAnew) {
  calls(4, overloaded);
  for (AttemptEnd end : {rejected, rate_limited, out_of_quota, unauthorized, loading, cancelled}) {
    calls(1'000, end);
    EXPECT_EQ(state(), State::passing) << name_of(end);
  }
  EXPECT_EQ(breaker_.lately(now_).calls, 4);
  EXPECT_TRUE(call(unreachable));
}

TEST_F(BreakerTest, EachFailureCounts) {
  for (AttemptEnd end : {overloaded, server_error, timed_out, unreachable, broken}) {
    Breaker fresh;
    for (int i = 0; i < 5; ++i) {
      Ticket ticket = fresh.admit(now_);
      fresh.end(ticket, 1, end, now_, random_);
    }
    EXPECT_EQ(fresh.state(now_), State::tripped) << name_of(end);
  }
}

TEST_F(BreakerTest, TripsAtHalfOfTwentyCalls) {
  for (int i = 0; i < 9; ++i) {
    call(answered);
    call(server_error);
  }
  call(answered);
  EXPECT_EQ(state(), State::passing);  // 9 of 19
  EXPECT_TRUE(call(server_error));     // 10 of 20
}

TEST_F(BreakerTest, LessThanHalfIsEndured) {
  for (int i = 0; i < 500; ++i) {
    call(answered);
    call(answered);
    call(server_error);
  }
  EXPECT_EQ(state(), State::passing);
}

TEST_F(BreakerTest, FailuresOfAnotherWindowAreForgotten) {
  for (int i = 0; i < 9; ++i) {
    call(answered);
    call(server_error);
  }
  now_ = now_ + 31s;
  call(answered);
  EXPECT_FALSE(call(server_error));
  EXPECT_EQ(breaker_.lately(now_).calls, 2);
  EXPECT_EQ(breaker_.lately(now_).marked, 1);
}

TEST_F(BreakerTest, OpensForATimeThatDoublesWithEachTrip) {
  for (std::uint32_t k = 0; k < 12; ++k) {
    Duration longest = std::min<Duration>(5s * (1 << k), 5min);
    Duration least = 5min;
    Duration most = 0s;
    for (int i = 0; i < 2'000; ++i) {
      Duration open = open_time(k, random_);
      least = std::min(least, open);
      most = std::max(most, open);
    }
    EXPECT_GE(least, 1s);
    EXPECT_LT(least, 1s + longest / 50);
    EXPECT_LE(most, longest);
    EXPECT_GT(most, longest - longest / 50);
  }
}

TEST_F(BreakerTest, IsTrippedUntilItsTimeIsOver) {
  trip();
  Instant until = breaker_.trip().until();
  EXPECT_GE(until - now_, 1s);
  EXPECT_LE(until - now_, 5s);
  now_ = until - 1ns;
  EXPECT_FALSE(breaker_.would_admit(now_));
  now_ = until;
  EXPECT_EQ(state(), State::probing);
  EXPECT_TRUE(breaker_.would_admit(now_));
}

TEST_F(BreakerTest, ProbesWithThreeAtATime) {
  trip();
  wait_until_probing();
  Ticket first = begin();
  Ticket second = begin();
  Ticket third = begin();
  EXPECT_FALSE(breaker_.would_admit(now_));
  end(second, answered);
  EXPECT_TRUE(breaker_.would_admit(now_));
  EXPECT_EQ(state(), State::probing);
  end(first, answered);
  EXPECT_EQ(state(), State::probing);
  end(third, answered);
  EXPECT_EQ(state(), State::passing);
  EXPECT_EQ(breaker_.lately(now_).calls, 0);  // what was before is forgotten
  calls(4, server_error);
  EXPECT_EQ(state(), State::passing);
}

TEST_F(BreakerTest, OneFailedProbeTripsItForLonger) {
  for (std::uint32_t row = 1; row < 10; ++row) {
    if (row == 1) trip();
    EXPECT_EQ(breaker_.trip().in_a_row(now_), row);
    EXPECT_LE(breaker_.trip().until() - now_, 5s * (1 << (row - 1)));
    wait_until_probing();
    call(answered);
    call(answered);
    EXPECT_TRUE(call(server_error));
    EXPECT_EQ(state(), State::tripped);
  }
}

TEST_F(BreakerTest, GoodProbesOfTwoPhasesDoNotAddUp) {
  trip();
  wait_until_probing();
  calls(2, answered);
  call(broken);
  wait_until_probing();
  call(answered);
  EXPECT_EQ(state(), State::probing);
}

TEST_F(BreakerTest, ANeutralEndGivesTheProbesPlaceBack) {
  for (AttemptEnd how : {rate_limited, rejected, cancelled, unauthorized, out_of_quota, loading}) {
    Breaker fresh;
    breaker_ = fresh;
    trip();
    wait_until_probing();
    for (int i = 0; i < 100; ++i) {
      call(how);
      ASSERT_EQ(state(), State::probing) << name_of(how);
      ASSERT_TRUE(breaker_.would_admit(now_));
    }
    calls(3, answered);
    EXPECT_EQ(state(), State::passing);
  }
}

TEST_F(BreakerTest, AProbeThatDoesNotEndBlocksNobodyForLong) {
  trip();
  wait_until_probing();
  Ticket lost = begin();
  begin();
  begin();
  now_ = now_ + 30s - 1ns;
  EXPECT_FALSE(breaker_.would_admit(now_));
  now_ = now_ + 1ns;
  Ticket next = begin();
  begin();
  begin();
  EXPECT_FALSE(breaker_.would_admit(now_));
  end(lost, cancelled);  // its place is another's by now
  EXPECT_FALSE(breaker_.would_admit(now_));
  end(next, cancelled);
  EXPECT_TRUE(breaker_.would_admit(now_));
}

TEST_F(BreakerTest, AProbeThatEndsWhenTheBreakerHasMovedOnCountsForNothing) {
  trip();
  wait_until_probing();
  Ticket good = begin();
  Ticket bad = begin();
  call(server_error);
  ASSERT_EQ(state(), State::tripped);
  Instant until = breaker_.trip().until();
  end(good, answered);
  EXPECT_FALSE(end(bad, server_error));
  EXPECT_EQ(breaker_.trip().until(), until);
  wait_until_probing();
  calls(2, answered);
  EXPECT_EQ(state(), State::probing);
}

TEST_F(BreakerTest, CallsOfBeforeTheTripCountForNothing) {
  std::vector<Ticket> running;
  for (int i = 0; i < 20; ++i) running.push_back(begin());
  trip();
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(end(running[static_cast<std::size_t>(i)], timed_out));
  probe_well();
  for (std::size_t i = 5; i < 20; ++i) EXPECT_FALSE(end(running[i], timed_out));
  EXPECT_EQ(state(), State::passing);
}

TEST_F(BreakerTest, TheFirstTokenOfAProbeIsEnough) {
  trip();
  wait_until_probing();
  std::vector<Ticket> streams;
  for (int i = 0; i < 3; ++i) {
    streams.push_back(begin());
    breaker_.first_token(streams.back(), 1, now_);
    breaker_.first_token(streams.back(), 1, now_);
  }
  EXPECT_EQ(state(), State::passing);
  end(streams[0], answered);
  EXPECT_EQ(state(), State::passing);
}

// A target that begins each answer and ends none has not recovered, and trips for longer.
TEST_F(BreakerTest, WhoTripsAgainSoonTripsInARow) {
  for (std::uint32_t row = 1; row < 8; ++row) {
    for (int i = 0; i < 5; ++i) {
      Ticket ticket = begin();
      breaker_.first_token(ticket, 1, now_);
      end(ticket, broken);
    }
    ASSERT_EQ(state(), State::tripped);
    EXPECT_EQ(breaker_.trip().in_a_row(now_), row);
    probe_well();
    now_ = now_ + 30s - 1ns;
  }
  now_ = now_ + 1ns;
  trip();
  EXPECT_EQ(breaker_.trip().in_a_row(now_), 1);
}

TEST_F(BreakerTest, ACallThatBrokeAfterItsFirstTokenIsOneCall) {
  Ticket ticket = begin();
  breaker_.first_token(ticket, 1, now_);
  end(ticket, broken);
  EXPECT_EQ(breaker_.lately(now_).calls, 1);
  EXPECT_EQ(breaker_.lately(now_).marked, 1);
}

TEST_F(BreakerTest, ACallInSpiteOfItSaysNothingUntilItPasses) {
  trip();
  Ticket good = breaker_.admit_anyhow(now_);
  breaker_.first_token(good, 1, now_);
  end(good, answered);
  Ticket bad = breaker_.admit_anyhow(now_);
  Instant until = breaker_.trip().until();
  EXPECT_FALSE(end(bad, server_error));
  EXPECT_EQ(breaker_.trip().until(), until);
  EXPECT_EQ(state(), State::tripped);
  wait_until_probing();
  for (int i = 0; i < 3; ++i) EXPECT_NE(breaker_.admit_anyhow(now_).probe, 0);
  EXPECT_EQ(breaker_.admit_anyhow(now_).probe, 0);
}

TEST_F(BreakerTest, OnePrincipalsFailuresAreNotTheTargets) {
  calls(1, answered, 2);
  calls(500, server_error, 1);
  EXPECT_EQ(state(), State::passing);
  now_ = now_ + 30s;  // nobody is left who says that it works
  EXPECT_TRUE(call(server_error, 1));
}

TEST_F(BreakerTest, AFirstTokenIsAWitness) {
  Ticket stream = begin();
  breaker_.first_token(stream, 2, now_);
  calls(100, server_error, 1);
  EXPECT_EQ(state(), State::passing);
}

TEST_F(BreakerTest, TwoPrincipalsFailuresAreNotEnoughBesideAWitness) {
  calls(1, answered, 3);
  for (int i = 0; i < 50; ++i) {
    call(server_error, 1);
    call(server_error, 2);
  }
  EXPECT_EQ(state(), State::passing);
  call(answered, 3);  // the row begins anew, and more than half have failed
  EXPECT_TRUE(call(server_error, 4));
}

TEST_F(BreakerTest, WhoFailsNowAndThenIsAWitnessStill) {
  for (int i = 0; i < 100; ++i) {
    for (PrincipalHash other : {2, 3, 4}) {
      call(i % 10 == static_cast<int>(other) ? server_error : answered, other);
      call(answered, other);
    }
    calls(20, server_error, 1);
    ASSERT_EQ(state(), State::passing);
  }
}

TEST_F(BreakerTest, TheWitnessSeenLeastRecentlyIsForgotten) {
  call(answered, 100);
  for (PrincipalHash principal = 1; principal <= 7; ++principal) {
    now_ = now_ + 1ms;
    call(rejected, principal);  // says nothing
    call(answered, principal);
  }
  for (PrincipalHash principal = 1; principal <= 7; ++principal) {
    now_ = now_ + 1ms;
    call(server_error, principal);
    if (principal < 5) ASSERT_EQ(state(), State::passing) << principal;
    if (state() == State::tripped) break;
  }
  EXPECT_EQ(state(), State::tripped);
}

}  // namespace
}  // namespace recloser::route
