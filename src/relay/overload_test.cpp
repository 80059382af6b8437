#include "relay/overload.h"

#include "core/ids.h"
#include "relay/fair_share.h"

#include <vector>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using enum Level;

class OverloadTest : public testing::Test {
 protected:
  // Looks every 10 ms for so long, with a call in each.
  void pass(Duration time, const Fullness& fullness, Duration lag = {}) {
    for (Instant end = now_ + time; now_ < end;) {
      now_ = now_ + Overload::look_every;
      overload_.note_lag(lag);
      ASSERT_TRUE(overload_.is_due(now_));
      overload_.look(fullness, now_);
      ASSERT_FALSE(overload_.is_due(now_ + 9ms));
    }
  }
  Instant now_{1'000'000'000};
  Overload overload_;
};

TEST_F(OverloadTest, EachLimitHasItsMarks) {
  struct Row {
    Fullness fullness;
    Level level;
    Strain strain;
  };
  for (const Row& row :
       {Row{{.connections = 849, .memory = 849, .ledger = 849}, calm, {}},
        Row{{.connections = 850}, tight, Strain::connections},
        Row{{.connections = 949}, tight, Strain::connections},
        Row{{.connections = 950}, full, Strain::connections},
        Row{{.memory = 850}, tight, Strain::memory}, Row{{.memory = 1000}, full, Strain::memory},
        Row{{.ledger = 850}, tight, Strain::ledger},
        Row{{.connections = 900, .ledger = 951}, full, Strain::ledger}}) {
    overload_ = Overload();
    pass(10ms, row.fullness);
    EXPECT_EQ(overload_.level(), row.level);
    if (row.level != calm) EXPECT_EQ(overload_.strain(), row.strain);
  }
}

TEST_F(OverloadTest, ALevelIsLeftASecondAfterItsMark) {
  pass(10ms, {.memory = 950});
  EXPECT_EQ(overload_.level(), full);
  pass(5s, {.memory = 760});  // four fifths of it
  EXPECT_EQ(overload_.level(), full);
  pass(1s, {.memory = 759});
  EXPECT_EQ(overload_.level(), full);
  pass(10ms, {.memory = 759});
  EXPECT_EQ(overload_.level(), calm);
  // Where it goes up and down, the second begins anew.
  pass(10ms, {.memory = 950});
  for (int i = 0; i < 5; ++i) {
    pass(900ms, {.memory = 100});
    pass(10ms, {.memory = 800});
  }
  EXPECT_EQ(overload_.level(), full);
}

TEST_F(OverloadTest, FromFullItMayBecomeTight) {
  Marked mark(100, 1000);
  mark.see(1000, now_);
  mark.see(700, now_);
  mark.see(700, now_ + 1s);
  EXPECT_EQ(mark.level(), tight);
  mark.see(0, now_ + 1s);
  EXPECT_EQ(mark.level(), tight) << "which is left a second later as well";
  mark.see(0, now_ + 2s);
  EXPECT_EQ(mark.level(), calm);
}

TEST_F(OverloadTest, AQueueThatStandsIsALag) {
  pass(300ms, {}, 4ms);
  EXPECT_EQ(overload_.level(), calm);
  pass(200ms, {}, 5ms);
  EXPECT_EQ(overload_.level(Strain::lag), tight);
  pass(200ms, {}, 25ms);
  EXPECT_EQ(overload_.level(Strain::lag), full);
  EXPECT_EQ(overload_.lag(), 25ms);
  pass(1300ms, {}, 1ms);
  EXPECT_EQ(overload_.level(), calm);
}

// As long as one call in each interval finds the worker free, it keeps up.
TEST_F(OverloadTest, ABurstIsNone) {
  for (int i = 0; i < 50; ++i) {
    pass(50ms, {}, 500ms);
    pass(10ms, {}, 0ms);
    pass(40ms, {}, 500ms);
  }
  EXPECT_EQ(overload_.level(), calm);
}

TEST_F(OverloadTest, OneCallAfterALongSilenceSaysNothing) {
  for (int i = 0; i < 10; ++i) {
    now_ = now_ + 1s;
    overload_.note_lag(200ms);
    overload_.look({}, now_);
  }
  EXPECT_EQ(overload_.level(), calm);
}

TEST_F(OverloadTest, SilenceEndsALag) {
  pass(300ms, {}, 50ms);
  EXPECT_EQ(overload_.level(), full);
  for (int i = 0; i < 20; ++i) {
    now_ = now_ + 100ms;
    overload_.look({}, now_);
  }
  EXPECT_EQ(overload_.level(), calm);
  EXPECT_EQ(overload_.lag(), 0ms);
}

class FairShareTest : public testing::Test {
 protected:
  // `calls` of the tenant begin, and end if they are short; how many were admitted.
  int call(FairShare::Tenant tenant, int calls, Level level) {
    int admitted = 0;
    for (int i = 0; i < calls; ++i) {
      bool is_over = share_.is_over(tenant, level, now_);
      share_.begin(tenant, !is_over, now_);
      share_.end(tenant);
      admitted += !is_over;
    }
    return admitted;
  }
  Instant now_{5'000'000'000};
  FairShare share_;
};

TEST_F(FairShareTest, NobodyIsOverWhereItIsCalm) {
  EXPECT_EQ(call(1, 1000, calm), 1000);
  EXPECT_EQ(call(2, 10, calm), 10);
  EXPECT_EQ(call(1, 1000, calm), 1000);
}

TEST_F(FairShareTest, WhoIsAloneTakesWhatThereIs) { EXPECT_EQ(call(1, 1000, full), 1000); }

TEST_F(FairShareTest, TheHeavyOneGoesFirstAndTheOthersNotAtAll) {
  int heavy = 0;
  int light = 0;
  for (int second = 0; second < 10; ++second) {
    for (int part = 0; part < 20; ++part) {
      heavy += call(9, 100, tight);
      for (FairShare::Tenant each = 1; each <= 8; ++each) light += call(each, 1, tight);
    }
    now_ = now_ + 1s;
  }
  EXPECT_EQ(light, 10 * 20 * 8);
  EXPECT_LT(heavy, 10 * 20);  // of 20,000
  // Once it asks less, it is let in again.
  now_ = now_ + 12s;
  for (FairShare::Tenant each = 1; each <= 8; ++each) call(each, 10, tight);
  EXPECT_EQ(call(9, 10, tight), 10);
}

// However hard the one asks who is refused, the other one is never in its place.
TEST_F(FairShareTest, WhoAsksInMeasureIsNotRefusedInItsPlace) {
  int light = 0;
  for (int second = 0; second < 30; ++second) {
    for (int part = 0; part < 20; ++part) {
      call(9, 100, full);
      light += call(1, 1, full);
    }
    now_ = now_ + 1s;
  }
  EXPECT_EQ(light, 30 * 20);
}

TEST_F(FairShareTest, OfTwoTheOneWithThreeTimesAsMuch) {
  call(1, 20, calm);
  call(2, 59, calm);
  EXPECT_FALSE(share_.is_over(2, tight, now_));
  EXPECT_TRUE(share_.is_over(2, full, now_));
  EXPECT_FALSE(share_.is_over(1, full, now_));
  call(2, 2, calm);
  EXPECT_TRUE(share_.is_over(2, tight, now_));
}

TEST_F(FairShareTest, WhoHasAsMuchAsTheOtherIsNotOver) {
  call(1, 20, calm);
  call(2, 20, calm);
  EXPECT_FALSE(share_.is_over(1, full, now_));
  EXPECT_FALSE(share_.is_over(2, full, now_));
}

TEST_F(FairShareTest, ARefusalCountsForHalfACall) {
  for (int i = 0; i < 30; ++i) {
    share_.begin(1, false, now_);
    share_.end(1);
  }
  call(2, 16, calm);
  EXPECT_FALSE(share_.is_over(1, full, now_));
  EXPECT_TRUE(share_.is_over(2, full, now_));
}

TEST_F(FairShareTest, WhoIsLeftAloneIsNeverOver) {
  call(1, 10, calm);
  call(2, 1, calm);
  now_ = now_ + 5s;
  EXPECT_EQ(call(1, 100, full), 100);
}

TEST_F(FairShareTest, FewCallsAreNeverTooMany) {
  call(1, 1, calm);
  EXPECT_EQ(call(2, 8, full), 8);
  EXPECT_EQ(call(2, 1, full), 0);
}

TEST_F(FairShareTest, WhatRunsCountsForAsLongAsItRuns) {
  for (int i = 0; i < 100; ++i) share_.begin(1, true, now_);
  now_ = now_ + 60s;
  call(2, 10, calm);
  EXPECT_TRUE(share_.is_over(1, tight, now_));
  for (int i = 0; i < 100; ++i) share_.end(1);
  EXPECT_FALSE(share_.is_over(1, tight, now_));
}

TEST_F(FairShareTest, WhatOthersHaveRunningIsOfTheMean) {
  for (int i = 0; i < 100; ++i) share_.begin(2, true, now_);
  now_ = now_ + 60s;
  call(2, 1, calm);
  EXPECT_EQ(call(1, 20, full), 20);
}

TEST_F(FairShareTest, WhatIsLongAgoIsForgotten) {
  call(1, 1000, calm);
  now_ = now_ + 12s;
  EXPECT_EQ(call(2, 5, full) + call(1, 5, full), 10);
}

TEST_F(FairShareTest, WhateverHappensNothingIsLeftOfIt) {
  Random random(29);
  std::vector<int> running(40);
  for (int step = 0; step < 200'000; ++step) {
    auto tenant = static_cast<FairShare::Tenant>(random.below(random.below(39) + 1));
    if (random.below(100) == 0) now_ = now_ + Duration(random.below(3'000'000'000));
    if (running[tenant] > 0 && random.below(2) == 0) {
      share_.end(tenant);
      --running[tenant];
      continue;
    }
    share_.begin(tenant, !share_.is_over(tenant, random.below(2) == 0 ? tight : full, now_), now_);
    ++running[tenant];
  }
  for (FairShare::Tenant tenant = 0; tenant < running.size(); ++tenant) {
    for (; running[tenant] > 0; --running[tenant]) share_.end(tenant);
  }
  now_ = now_ + 60s;
  call(50, 10, calm);
  for (FairShare::Tenant tenant = 0; tenant < running.size(); ++tenant) {
    EXPECT_EQ(call(tenant, 8, full), 8) << tenant;
  }
}

}  // namespace
}  // namespace recloser::relay
