// One principal's poison trips its own, and nobody else's.
#include "route/breaker.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

using enum AttemptEnd;

class OwnBreakersTest : public testing::Test {
 protected:
  void call(PrincipalHash principal, AttemptEnd how) {
    Ticket ticket = own_.admit(principal, now_);
    own_.end(ticket, principal, how, now_, random_);
  }
  void calls(int count, PrincipalHash principal, AttemptEnd how) {
    for (int i = 0; i < count; ++i) call(principal, how);
  }

  OwnBreakers own_;
  Random random_{7};
  Instant now_{1'000'000'000'000};
};

TEST_F(OwnBreakersTest, TripForTheirPrincipalAlone) {
  calls(4, 1, server_error);
  EXPECT_TRUE(own_.would_admit(1, now_));
  call(1, broken);
  EXPECT_FALSE(own_.would_admit(1, now_));
  EXPECT_TRUE(own_.would_admit(2, now_));
  EXPECT_GE(own_.until(1) - now_, 1s);
  EXPECT_LE(own_.until(1) - now_, 5s);
}

TEST_F(OwnBreakersTest, AreKeptOnlyOfThoseWithFailures) {
  for (AttemptEnd end : {answered, rejected, rate_limited, cancelled}) call(1, end);
  EXPECT_EQ(own_.size(), 0);
  calls(4, 1, server_error);
  EXPECT_EQ(own_.size(), 1);
  call(1, answered);
  EXPECT_EQ(own_.size(), 0);
  calls(4, 1, server_error);
  EXPECT_TRUE(own_.would_admit(1, now_));
}

TEST_F(OwnBreakersTest, ProbeAndPassAgain) {
  calls(5, 1, server_error);
  now_ = own_.until(1);
  Ticket probes[3] = {own_.admit(1, now_), own_.admit(1, now_), own_.admit(1, now_)};
  EXPECT_FALSE(own_.would_admit(1, now_));
  own_.end(probes[0], 1, cancelled, now_, random_);
  EXPECT_TRUE(own_.would_admit(1, now_));
  own_.end(probes[1], 1, answered, now_, random_);
  own_.first_token(probes[2], 1, now_);
  own_.end(probes[2], 1, answered, now_, random_);
  Ticket bystander = own_.admit_anyhow(1, now_);
  EXPECT_NE(bystander.probe, 0);
  own_.end(bystander, 1, server_error, now_, random_);
  EXPECT_FALSE(own_.would_admit(1, now_));
  now_ = own_.until(1);
  calls(3, 1, answered);
  for (int i = 0; i < 10; ++i) own_.admit(1, now_);
  calls(4, 1, server_error);
  EXPECT_TRUE(own_.would_admit(1, now_));
  call(1, server_error);
  EXPECT_FALSE(own_.would_admit(1, now_));
}

TEST_F(OwnBreakersTest, AnAnswerBeginsTheRowAnewAfterATrip) {
  calls(5, 1, server_error);
  now_ = own_.until(1);
  calls(3, 1, answered);
  calls(4, 1, server_error);
  call(1, answered);
  calls(4, 1, server_error);
  EXPECT_TRUE(own_.would_admit(1, now_));
}

TEST_F(OwnBreakersTest, AFirstTokenBeginsTheRowAnewAndItsStreamsEndDoesNot) {
  Ticket running = own_.admit(1, now_);
  own_.first_token(running, 1, now_);
  calls(4, 1, server_error);
  own_.end(running, 1, answered, now_, random_);
  EXPECT_EQ(own_.size(), 1);
  Ticket stream = own_.admit(1, now_);
  own_.first_token(stream, 1, now_);
  calls(4, 1, server_error);
  EXPECT_TRUE(own_.would_admit(1, now_));
  call(1, server_error);
  EXPECT_FALSE(own_.would_admit(1, now_));
}

TEST_F(OwnBreakersTest, StreamsThatAllBreakOffAreARowToo) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(own_.would_admit(1, now_));
    Ticket stream = own_.admit(1, now_);
    own_.first_token(stream, 1, now_);
    own_.end(stream, 1, broken, now_, random_);
  }
  EXPECT_FALSE(own_.would_admit(1, now_));
}

TEST_F(OwnBreakersTest, AnAnswerToItsEndBeginsTheRowOfBrokenOnesAnew) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(own_.would_admit(1, now_));
    Ticket stream = own_.admit(1, now_);
    own_.first_token(stream, 1, now_);
    own_.end(stream, 1, i % 5 == 4 ? answered : broken, now_, random_);
  }
}

TEST_F(OwnBreakersTest, ProbesThatBeginWellBeginBothRowsAnew) {
  for (int i = 0; i < 5; ++i) {
    Ticket stream = own_.admit(1, now_);
    own_.first_token(stream, 1, now_);
    own_.end(stream, 1, broken, now_, random_);
  }
  now_ = own_.until(1);
  for (int i = 0; i < 3; ++i) {
    Ticket probe = own_.admit(1, now_);
    own_.first_token(probe, 1, now_);
  }
  calls(4, 1, server_error);
  EXPECT_TRUE(own_.would_admit(1, now_));
}

// They say how it was then.
TEST_F(OwnBreakersTest, CallsFromBeforeATripBeginNoRowAnew) {
  Ticket mute = own_.admit(1, now_);
  Ticket begun = own_.admit(1, now_);
  own_.first_token(begun, 1, now_);
  auto trip_and_recover = [&] {
    calls(5, 1, server_error);
    now_ = own_.until(1);
    calls(3, 1, answered);
    ASSERT_TRUE(own_.would_admit(1, now_));
  };
  trip_and_recover();
  calls(4, 1, server_error);
  own_.first_token(mute, 1, now_);
  call(1, server_error);
  EXPECT_FALSE(own_.would_admit(1, now_));
  now_ = own_.until(1);
  calls(3, 1, answered);
  for (int i = 0; i < 5; ++i) {
    Ticket stream = own_.admit(1, now_);
    own_.first_token(stream, 1, now_);
    if (i == 4) own_.end(begun, 1, answered, now_, random_);
    own_.end(stream, 1, broken, now_, random_);
  }
  EXPECT_FALSE(own_.would_admit(1, now_));
}

TEST_F(OwnBreakersTest, OfCallsFromBeforeATripNoFailureCounts) {
  std::vector<Ticket> old;
  calls(1, 1, server_error);
  for (int i = 0; i < 5; ++i) old.push_back(own_.admit(1, now_));
  calls(4, 1, server_error);
  now_ = own_.until(1);
  calls(3, 1, answered);
  for (Ticket& ticket : old) own_.end(ticket, 1, server_error, now_, random_);
  EXPECT_TRUE(own_.would_admit(1, now_));
}

TEST_F(OwnBreakersTest, WhoIsLetInAllTheSameIsNoProbe) {
  calls(5, 1, server_error);
  now_ = own_.until(1);
  for (int i = 0; i < 3; ++i) static_cast<void>(own_.admit(1, now_));
  for (int i = 0; i < 3; ++i) {
    Ticket bystander = own_.admit_anyhow(1, now_);
    own_.first_token(bystander, 1, now_);
  }
  EXPECT_FALSE(own_.would_admit(1, now_));
}

TEST_F(OwnBreakersTest, AreTrippedForLongerEachTimeInARow) {
  calls(5, 1, server_error);
  Duration longest{};
  for (int i = 0; i < 8; ++i) {
    now_ = own_.until(1);
    call(1, server_error);
    longest = std::max(longest, own_.until(1) - now_);
  }
  EXPECT_GT(longest, open_first_longest);
}

TEST_F(OwnBreakersTest, OfManyWhoFailedLeastRecentlyIsForgotten) {
  for (PrincipalHash principal = 0; principal < OwnBreakers::principals_max; ++principal) {
    calls(5, principal, server_error);
  }
  Ticket running = own_.admit_anyhow(0, now_);
  own_.end(running, 0, server_error, now_, random_);  // the first one failed once more
  EXPECT_EQ(own_.size(), OwnBreakers::principals_max);
  calls(5, 5'000, server_error);
  EXPECT_EQ(own_.size(), OwnBreakers::principals_max);
  EXPECT_FALSE(own_.would_admit(0, now_));
  EXPECT_TRUE(own_.would_admit(1, now_));
  EXPECT_FALSE(own_.would_admit(2, now_));
  EXPECT_FALSE(own_.would_admit(5'000, now_));
  own_.clear();
  EXPECT_EQ(own_.size(), 0);
  EXPECT_TRUE(own_.would_admit(0, now_));
}

}  // namespace
}  // namespace recloser::route
