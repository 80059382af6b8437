// Probes: what so many of them say, and what becomes of the targets of their provider.
#include "route/probe.h"

#include "route/health.h"
#include "route/plan.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::route {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Says = ProbeReport::Says;
using Why = Admission::Why;

const config::ProviderProbe rule{
    .path = {}, .every = 30s, .timeout = 5s, .healthy = 2, .unhealthy = 3};

TEST(ProbeRun, SoManyInARowSayThatItFailsOrThatItWorks) {
  ProbeRun run;
  std::vector<Says> says;
  for (bool passed : {true, true, true, false, false, true, false, false, false, false, true, true,
                      true, false}) {
    says.push_back(run.add({.passed = passed}, rule).says);
  }
  auto no = Says::nothing;
  EXPECT_THAT(says, ElementsAre(no, Says::works, no, no, no, no, no, no, Says::fails, Says::fails,
                                no, Says::works, no, no));
}

TEST(ProbeRun, TellsTheLastOneAndTheSums) {
  ProbeRun run;
  Instant at{7'000'000'000};
  run.add({.at = at, .status = 200, .passed = true}, rule);
  run.add({.at = at + 30s, .status = 503}, rule);
  ProbeReport report = run.add({.at = at + 60s}, rule);
  EXPECT_EQ(report.last.at, at + 60s);
  EXPECT_EQ(report.last.status, 0);
  EXPECT_FALSE(report.last.passed);
  EXPECT_EQ(report.in_a_row, 2u);
  EXPECT_EQ(report.passed, 1u);
  EXPECT_EQ(report.failed, 2u);
  EXPECT_EQ(report.good_until, at + 60s + 65s);
}

class Told final : public HealthWatcher {
 public:
  void changed(const StateChange& change) override {
    lines.push_back(fmt::format("{}: {} -> {}, {}", change.name, name_of(change.from),
                                name_of(change.to), change.why));
  }
  std::vector<std::string> lines;
};

class ProbedTarget : public testing::Test {
 protected:
  ProbedTarget() { health_.of("other", "m"); }

  void probe(int count, bool passed) {
    for (int i = 0; i < count; ++i) {
      now_ = now_ + rule.every;
      health_.probed("p", {.at = now_, .passed = passed}, rule, now_);
    }
  }
  Why why() { return target_.would_admit({}, now_).why; }
  void call(AttemptEnd end) {
    TargetHealth::Slot slot = target_.admit({.principal = 1}, now_).value();
    slot.end(end, std::nullopt, now_);
  }
  void trip_by_calls() {
    for (int i = 0; i < 5; ++i) call(AttemptEnd::server_error);
  }
  TargetHealth::Standing standing() { return target_.standing(now_); }

  Told told_;
  Health health_{1, &told_};
  TargetHealth& target_ = health_.of("p", "m");
  Instant now_{1'000'000'000'000};
};

TEST_F(ProbedTarget, TripsWhenItsProbesFail) {
  probe(2, false);
  EXPECT_EQ(why(), Why::yes);
  EXPECT_THAT(told_.lines, IsEmpty());
  probe(1, false);
  EXPECT_EQ(why(), Why::probe_failed);
  EXPECT_EQ(standing().state, State::tripped);
  EXPECT_EQ(standing().why, "probe_failed");
  EXPECT_EQ(standing().probe->in_a_row, 3u);
  EXPECT_EQ(target_.would_admit({}, now_).until, now_ + 65s);
  EXPECT_EQ(health_.of("other", "m").would_admit({}, now_).why, Why::yes);
  EXPECT_FALSE(health_.of("other", "m").standing(now_).probe);
  EXPECT_THAT(told_.lines, testing::Contains("p/m: passing -> tripped, probe_failed").Times(1));
}

// However long it lasts, no call has to find out.
TEST_F(ProbedTarget, StaysTrippedWhileTheyFail) {
  probe(100, false);
  EXPECT_EQ(why(), Why::probe_failed);
  EXPECT_EQ(standing().trips, 1u);
  now_ = now_ + rule.every;
  EXPECT_EQ(why(), Why::probe_failed);
  probe(1, true);
  EXPECT_EQ(why(), Why::probe_failed);
}

TEST_F(ProbedTarget, IsTriedByCallsWhenTheyPass) {
  probe(3, false);
  probe(2, true);
  EXPECT_EQ(standing().state, State::probing);
  EXPECT_EQ(why(), Why::yes);
  for (int i = 0; i < 3; ++i) call(AttemptEnd::answered);
  EXPECT_EQ(standing().state, State::passing);
  EXPECT_THAT(told_.lines, testing::Contains("p/m: probing -> passing, recovered"));
}

// While calls try it, it is they that others wait for.
TEST_F(ProbedTarget, IsNotHeldByProbesOnceTheyPass) {
  probe(3, false);
  probe(2, true);
  std::vector<TargetHealth::Slot> trying;
  for (int i = 0; i < 3; ++i) trying.push_back(target_.admit({}, now_).value());
  EXPECT_EQ(why(), Why::tripped);
}

TEST_F(ProbedTarget, FailsAgainByACallThatTriesIt) {
  probe(3, false);
  probe(2, true);
  call(AttemptEnd::server_error);
  EXPECT_EQ(why(), Why::tripped);
  EXPECT_EQ(standing().why, "server_error");
}

TEST_F(ProbedTarget, TripsAgainByAProbeWhileCallsTryIt) {
  probe(3, false);
  probe(2, true);
  TargetHealth::Slot slot = target_.admit({}, now_).value();
  EXPECT_EQ(standing().state, State::probing);
  probe(3, false);
  EXPECT_EQ(standing().state, State::tripped);
  EXPECT_EQ(standing().trips, 2u);
  slot.end(AttemptEnd::answered, std::nullopt, now_);
  EXPECT_EQ(standing().state, State::tripped);
}

// The prober may have gone: nobody stays away for ever for what was last heard.
TEST_F(ProbedTarget, IsTriedByCallsWhenNoProbeTellsAnyMore) {
  probe(3, false);
  now_ = now_ + 65s - 1ns;
  EXPECT_EQ(why(), Why::probe_failed);
  now_ = now_ + 1ns;
  EXPECT_EQ(why(), Why::yes);
  for (int i = 0; i < 3; ++i) call(AttemptEnd::answered);
  trip_by_calls();
  EXPECT_EQ(why(), Why::tripped);
}

TEST_F(ProbedTarget, IsLeftAloneLongerThanItsCallsSayWhileTheyFail) {
  probe(2, false);
  trip_by_calls();
  EXPECT_EQ(why(), Why::tripped);
  probe(1, false);
  EXPECT_EQ(why(), Why::probe_failed);
  EXPECT_EQ(standing().why, "server_error");
  EXPECT_EQ(standing().until, now_ + 65s);
  EXPECT_EQ(standing().trips, 1u);
}

TEST_F(ProbedTarget, IsTriedSoonerThanItsCallsSayWhenTheyPassAgain) {
  while (standing().until < now_ + 3min) {
    trip_by_calls();
    while (standing().until < now_ + 3min) {
      now_ = standing().until;
      call(AttemptEnd::server_error);
    }
  }
  probe(1, false);
  probe(1, true);
  EXPECT_EQ(why(), Why::tripped);
  probe(1, true);
  EXPECT_EQ(standing().state, State::probing);
}

// A health check that passes all the time does not see what its calls see.
TEST_F(ProbedTarget, IsNotTriedSoonerWhereTheyPassAllTheTime) {
  probe(5, true);
  trip_by_calls();
  Instant until = standing().until;
  for (int i = 0; i < 10; ++i) {
    health_.probed("p", {.at = now_, .passed = true}, rule, now_);
  }
  EXPECT_EQ(why(), Why::tripped);
  EXPECT_EQ(standing().until, until);
}

TEST_F(ProbedTarget, IsAskedAllTheSameWhenNoOtherIsLeft) {
  probe(3, false);
  EXPECT_TRUE(is_tripped(why_not(why())));
  std::expected<TargetHealth::Slot, Admission> slot = target_.admit({}, now_, Panic::yes);
  ASSERT_TRUE(slot);
  EXPECT_TRUE(slot->in_panic());
  slot->end(AttemptEnd::answered, std::nullopt, now_);
  EXPECT_EQ(standing().state, State::tripped);
}

TEST_F(ProbedTarget, ThatNobodyHadCalledHearsOfTheNextOne) {
  probe(3, false);
  TargetHealth& late = health_.of("p", "late");
  EXPECT_EQ(late.would_admit({}, now_).why, Why::yes);
  probe(1, false);
  EXPECT_EQ(late.would_admit({}, now_).why, Why::probe_failed);
}

}  // namespace
}  // namespace recloser::route
