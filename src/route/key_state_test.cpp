#include "route/key_state.h"

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

using enum AttemptEnd;

class KeyStateTest : public testing::Test {
 protected:
  bool call(AttemptEnd how) {
    Ticket ticket = key_.admit(now_).value();
    return key_.end(ticket, how, now_);
  }
  State state() const { return key_.standing(now_).state; }
  void wait() { now_ = key_.standing(now_).until; }

  KeyState key_;
  Instant now_{1'000'000'000'000};
};

TEST_F(KeyStateTest, OneRefusalTripsItAndSaysWhy) {
  EXPECT_EQ(key_.standing(now_).trouble, KeyTrouble::none);
  EXPECT_TRUE(call(unauthorized));
  KeyState::Standing standing = key_.standing(now_);
  EXPECT_EQ(standing.state, State::tripped);
  EXPECT_EQ(name_of(standing.trouble), "unauthorized");
  EXPECT_EQ(standing.since, now_);
  EXPECT_EQ(standing.until, now_ + 30s);
  EXPECT_FALSE(key_.would_admit(now_));
  EXPECT_FALSE(key_.admit(now_));
}

TEST_F(KeyStateTest, MoneyTripsItForAReasonOfItsOwn) {
  EXPECT_TRUE(call(out_of_quota));
  EXPECT_EQ(name_of(key_.standing(now_).trouble), "out_of_quota");
}

TEST_F(KeyStateTest, NothingElseTripsIt) {
  for (AttemptEnd end : {answered, rejected, rate_limited, overloaded, server_error, timed_out,
                         unreachable, broken, loading, cancelled}) {
    EXPECT_FALSE(call(end)) << name_of(end);
    EXPECT_EQ(state(), State::passing);
  }
}

TEST_F(KeyStateTest, OneCallProbes) {
  call(unauthorized);
  now_ = now_ + 30s - 1ns;
  EXPECT_FALSE(key_.would_admit(now_));
  now_ = now_ + 1ns;
  EXPECT_EQ(state(), State::probing);
  Ticket probe = key_.admit(now_).value();
  EXPECT_FALSE(key_.would_admit(now_));
  EXPECT_TRUE(key_.end(probe, answered, now_));
  EXPECT_EQ(state(), State::passing);
  EXPECT_EQ(key_.standing(now_).trouble, KeyTrouble::none);
  EXPECT_TRUE(key_.would_admit(now_));
}

TEST_F(KeyStateTest, AFirstTokenShowsThatTheKeyIsTaken) {
  call(unauthorized);
  wait();
  Ticket probe = key_.admit(now_).value();
  EXPECT_TRUE(key_.first_token(probe, now_));
  EXPECT_EQ(state(), State::passing);
  EXPECT_FALSE(key_.end(probe, broken, now_));
}

TEST_F(KeyStateTest, AProbeWithoutAVerdictLetsTheNextOneProbe) {
  call(unauthorized);
  wait();
  for (AttemptEnd end : {rejected, rate_limited, server_error, cancelled}) {
    EXPECT_FALSE(call(end));
    EXPECT_EQ(state(), State::probing);
    EXPECT_TRUE(key_.would_admit(now_));
  }
}

TEST_F(KeyStateTest, EachRefusedProbeDoublesTheWaitUpToTenMinutes) {
  call(unauthorized);
  for (Duration open : {60s, 120s, 240s, 480s, 600s, 600s, 600s, 600s}) {
    wait();
    EXPECT_TRUE(call(out_of_quota));
    EXPECT_EQ(key_.standing(now_).until - now_, open);
  }
  for (int i = 0; i < 40; ++i) {
    wait();
    EXPECT_TRUE(call(out_of_quota));
    EXPECT_EQ(key_.standing(now_).until - now_, 600s);
  }
  wait();
  EXPECT_TRUE(call(answered));
  now_ = now_ + 30s;
  call(unauthorized);
  EXPECT_EQ(key_.standing(now_).until - now_, 30s);
}

TEST_F(KeyStateTest, CallsThatWereOnTheirWayChangeNothing) {
  Ticket good = key_.admit(now_).value();
  Ticket bad = key_.admit(now_).value();
  call(unauthorized);
  Instant until = key_.standing(now_).until;
  now_ = now_ + 1s;
  EXPECT_FALSE(key_.end(good, answered, now_));
  EXPECT_FALSE(key_.end(bad, unauthorized, now_));
  EXPECT_EQ(key_.standing(now_).until, until);
  Ticket late = good;
  wait();
  Ticket probe = key_.admit(now_).value();
  EXPECT_FALSE(key_.first_token(late, now_));
  EXPECT_EQ(state(), State::probing) << "by no answer to another call";
  EXPECT_TRUE(key_.end(probe, answered, now_));
}

TEST_F(KeyStateTest, ACallInSpiteOfItSaysNothing) {
  call(unauthorized);
  Ticket anyhow = key_.admit_anyhow(now_);
  EXPECT_FALSE(key_.end(anyhow, answered, now_));
  EXPECT_EQ(state(), State::tripped);
  wait();
  EXPECT_NE(key_.admit_anyhow(now_).probe, 0);
}

}  // namespace
}  // namespace recloser::route
