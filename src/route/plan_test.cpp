#include "route/plan.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::route {
namespace {

using config::Ability;
using config::Balance;

struct Fleet {
  explicit Fleet(std::vector<Target> all) : targets(std::move(all)) {
    for (const Target& target : targets) candidates.push_back({.target = &target});
  }
  std::string names() const {
    std::string out;
    for (const Candidate& each : candidates) out += each.target->model;
    return out;
  }
  void arrange(const Choosing& choosing, Random& random) {
    std::ranges::sort(candidates, {}, [](const Candidate& c) {
      return std::tuple(c.target->stage, c.target->order, c.target->model);
    });
    route::arrange(candidates, choosing, random);
  }

  std::vector<Target> targets;
  std::vector<Candidate> candidates;
};

Target target(std::string_view model, std::uint32_t weight, std::uint16_t order = 1,
              std::uint16_t stage = 0) {
  return {.model = model, .weight = weight, .order = order, .stage = stage};
}

TEST(Plan, LowerStagesAndOrdersComeFirst) {
  Fleet fleet({target("a", 1), target("b", 1, 2), target("c", 1, 1, 1), target("d", 1, 5, 1)});
  Random random(1);
  fleet.arrange({}, random);
  EXPECT_EQ(fleet.names(), "abcd");
}

TEST(Plan, WhatMayNotBeAskedStandsBehindInItsOrder) {
  Fleet fleet({target("a", 1), target("b", 1, 2), target("c", 1, 3), target("d", 1, 4)});
  fleet.candidates[0].why_not = WhyNot::tripped;
  fleet.candidates[2].why_not = WhyNot::tools;
  Random random(1);
  fleet.arrange({}, random);
  EXPECT_EQ(fleet.names(), "bdac");
}

TEST(Plan, NoDrawPassesAStageOrAnOrder) {
  Fleet fleet({target("a", 1), target("b", 9, 2), target("c", 99, 1, 1), target("d", 999, 2, 1)});
  Random random(1);
  for (Candidate& each : fleet.candidates) each.cost = 1000.0 / each.target->weight;
  for (Balance balance : {Balance::weights, Balance::least_latency}) {
    for (int i = 0; i < 100; ++i) {
      fleet.arrange({.balance = balance}, random);
      ASSERT_EQ(fleet.names(), "abcd");
    }
  }
}

TEST(Plan, QuicknessDoesNotPassAStage) {
  Fleet fleet({target("a", 1), target("b", 1, 1, 1)});
  Random random(1);
  for (Candidate& each : fleet.candidates) each.cost = each.target->model == "a" ? 9 : 1;
  fleet.arrange({.balance = Balance::least_latency}, random);
  EXPECT_EQ(fleet.names(), "ab");
}

TEST(Plan, OnlyTheFirstTwoOfAnOrderRace) {
  Fleet fleet({target("a", 1), target("b", 1), target("c", 1), target("d", 1)});
  auto arranged = [&](std::uint64_t seed, const Choosing& choosing, double step) {
    for (Candidate& each : fleet.candidates) each.cost = 9 - step * (each.target->model[0] - 'a');
    Random random(seed);
    fleet.arrange(choosing, random);
    return fleet.names();
  };
  Choosing quick{.balance = Balance::least_latency};
  for (std::uint64_t seed = 1; seed < 100; ++seed) {
    std::string drawn = arranged(seed, {}, 1);
    EXPECT_EQ(arranged(seed, quick, 0), drawn) << "none is quicker";
    if (drawn[0] < drawn[1]) std::swap(drawn[0], drawn[1]);
    EXPECT_EQ(arranged(seed, quick, 1), drawn);
  }
}

TEST(Plan, TheNextOrderRacesToo) {
  Fleet fleet({target("a", 1), target("b", 1, 2), target("c", 1, 2)});
  Random random(1);
  for (int i = 0; i < 20; ++i) {
    for (Candidate& each : fleet.candidates) each.cost = each.target->model == "b" ? 9 : 1;
    fleet.arrange({.balance = Balance::least_latency}, random);
    ASSERT_EQ(fleet.names(), "acb");
  }
}

TEST(Plan, ASessionIsThatOfItsPrincipal) {
  EXPECT_EQ(session_hash(1, "s"), session_hash(1, "s"));
  EXPECT_NE(session_hash(1, "s"), session_hash(2, "s"));
  EXPECT_NE(session_hash(1, "s"), session_hash(1, "t"));
}

TEST(Plan, OnesThatMayNotBeAskedAnyMoreAreAsConfigured) {
  Fleet fleet({target("a", 1), target("b", 1), target("c", 1)});
  Random random(1);
  for (int i = 0; i < 20; ++i) {
    for (Candidate& each : fleet.candidates) each.why_not = WhyNot::none;
    arrange(fleet.candidates, {}, random);
    for (Candidate& each : fleet.candidates) each.why_not = WhyNot::full;
    arrange(fleet.candidates, {}, random);
    ASSERT_EQ(fleet.names(), "abc");
  }
}

TEST(Plan, SessionsSpreadOverProvidersOfTheSameModel) {
  Fleet fleet({target("m", 1), target("m", 1)});
  fleet.targets[1].provider = 1;
  Random random(1);
  int second = 0;
  for (std::uint64_t session = 0; session < 1000; ++session) {
    fleet.arrange({.session = session}, random);
    second += fleet.candidates.front().target == &fleet.targets[1] ? 1 : 0;
  }
  EXPECT_NEAR(second, 500, 80);
}

// Of 30,000 draws the share of 3 in 4 has a standard deviation of 75.
TEST(Plan, WeightsAreSharesOfTheFirstPlace) {
  Fleet fleet({target("a", 3), target("b", 1), target("z", 0)});
  std::map<std::string, int> orders;
  Random random(7);
  for (int i = 0; i < 30'000; ++i) {
    fleet.arrange({}, random);
    ++orders[fleet.names()];
  }
  EXPECT_EQ(orders.size(), 2u);  // the one without weight is always last
  EXPECT_NEAR(orders["abz"], 22'500, 375);
  EXPECT_NEAR(orders["baz"], 7'500, 375);
}

TEST(Plan, ASessionStaysWhereItIsAndSessionsFollowTheWeights) {
  Fleet fleet({target("a", 3), target("b", 1)});
  Random random(7);
  int first_a = 0;
  constexpr int sessions = 20'000;
  for (std::uint64_t session = 0; session < sessions; ++session) {
    fleet.arrange({.session = session}, random);
    std::string order = fleet.names();
    fleet.arrange({.session = session}, random);
    ASSERT_EQ(fleet.names(), order);
    first_a += order == "ab" ? 1 : 0;
  }
  EXPECT_NEAR(first_a, sessions * 3 / 4, 310);
}

// When one target fails, only its own sessions move, and they come back to it.
TEST(Plan, OnlySessionsOfATargetThatFailsMove) {
  Fleet fleet({target("a", 1), target("b", 1), target("c", 1)});
  Random random(7);
  int moved = 0;
  for (std::uint64_t session = 0; session < 1000; ++session) {
    fleet.arrange({.session = session}, random);
    char before = fleet.names().front();
    for (Candidate& each : fleet.candidates) {
      each.why_not = each.target->model == "b" ? WhyNot::tripped : WhyNot::none;
    }
    fleet.arrange({.session = session}, random);
    char during = fleet.names().front();
    EXPECT_NE(during, 'b');
    if (before != 'b') EXPECT_EQ(during, before);
    moved += before == 'b' ? 1 : 0;
    for (Candidate& each : fleet.candidates) each.why_not = WhyNot::none;
    fleet.arrange({.session = session}, random);
    EXPECT_EQ(fleet.names().front(), before);
  }
  EXPECT_GT(moved, 200);
}

TEST(Plan, OfTwoTheOneThatAnswersSooner) {
  Fleet fleet({target("a", 1), target("b", 1), target("c", 1)});
  std::map<char, int> first;
  Random random(3);
  for (int i = 0; i < 6000; ++i) {
    for (Candidate& each : fleet.candidates) {
      each.cost = each.target->model == "a" ? 1.0 : each.target->model == "b" ? 2.0 : 3.0;
    }
    fleet.arrange({.balance = Balance::least_latency}, random);
    ++first[fleet.names().front()];
  }
  EXPECT_NEAR(first['a'], 4000, 150);  // of three pairs, in two
  EXPECT_NEAR(first['b'], 2000, 150);
  EXPECT_EQ(first['c'], 0);
}

TEST(Plan, ASessionMovesOnlyForHalfTheLatency) {
  Fleet fleet({target("a", 1), target("b", 1)});
  Random random(3);
  auto first = [&](std::uint64_t session, double a, double b) {
    for (Candidate& each : fleet.candidates) each.cost = each.target->model == "a" ? a : b;
    fleet.arrange({.balance = Balance::least_latency, .session = session}, random);
    return fleet.names().front();
  };
  for (std::uint64_t session = 0; session < 100; ++session) {
    char home = first(session, 1, 1);
    char other = home == 'a' ? 'b' : 'a';
    EXPECT_EQ(home == 'a' ? first(session, 1.9, 1) : first(session, 1, 1.9), home);
    EXPECT_EQ(home == 'a' ? first(session, 2.1, 1) : first(session, 1, 2.1), other);
  }
}

TEST(Plan, WithoutWeightNothingIsGainedByBeingQuick) {
  Fleet fleet({target("a", 1), target("b", 0)});
  Random random(3);
  for (Candidate& each : fleet.candidates) each.cost = each.target->model == "a" ? 100.0 : 1.0;
  fleet.arrange({.balance = Balance::least_latency}, random);
  EXPECT_EQ(fleet.names(), "ab");
}

TEST(Plan, WhatATargetLacks) {
  auto why = [](std::vector<Ability> needed, std::vector<Ability> lacks, std::uint64_t tokens = 0,
                std::uint64_t context = 0) {
    Needs needs{.abilities = {}, .tokens = tokens};
    Facilities facilities{.lacks = {}, .context_tokens = context};
    for (Ability ability : needed) needs.abilities.add(ability);
    for (Ability ability : lacks) facilities.lacks.add(ability);
    return name_of(lacking(needs, facilities));
  };
  EXPECT_EQ(why({}, {Ability::tools, Ability::vision}), "");
  EXPECT_EQ(why({Ability::tools}, {Ability::tools}), "tools");
  EXPECT_EQ(why({Ability::tools, Ability::vision}, {Ability::vision}), "vision");
  EXPECT_EQ(why({Ability::schema}, {Ability::schema}), "schema");
  EXPECT_EQ(why({Ability::streaming}, {Ability::streaming}), "streaming");
  EXPECT_EQ(why({Ability::streaming}, {Ability::schema}), "");
  EXPECT_EQ(why({}, {}, 1000, 1000), "");
  EXPECT_EQ(why({}, {}, 1001, 1000), "context");
  EXPECT_EQ(why({}, {}, 1'000'000, 0), "");  // nobody knows
}

TEST(Plan, WhenNoneIsLeftTheNearestIsTold) {
  Fleet fleet({target("a", 1), target("b", 1), target("c", 1)});
  fleet.candidates[0].why_not = WhyNot::tools;
  EXPECT_EQ(none_left(fleet.candidates).why_not, WhyNot::none);
  fleet.candidates[1].why_not = WhyNot::tripped;
  fleet.candidates[1].until = Instant{9};
  fleet.candidates[2].why_not = WhyNot::cooling;
  fleet.candidates[2].until = Instant{5};
  NoneLeft left = none_left(fleet.candidates);
  EXPECT_EQ(left.why_not, WhyNot::cooling);
  EXPECT_EQ(left.until, Instant{5});
  std::swap(fleet.candidates[1], fleet.candidates[2]);
  EXPECT_EQ(none_left(fleet.candidates).until, Instant{5});
}

TEST(Plan, WhatMayNotBeAskedDoesNotRace) {
  Fleet fleet({target("a", 1), target("b", 1)});
  fleet.candidates[0].cost = 9;
  fleet.candidates[1].why_not = WhyNot::tripped;
  Random random(1);
  fleet.arrange({.balance = Balance::least_latency}, random);
  EXPECT_EQ(fleet.names(), "ab");
}

TEST(Plan, WhatHealthSaysIsSaidInItsWords) {
  for (Admission::Why why :
       {Admission::Why::drained, Admission::Why::tripped, Admission::Why::probe_failed,
        Admission::Why::own_tripped, Admission::Why::cooling, Admission::Why::loading,
        Admission::Why::key_tripped, Admission::Why::quota, Admission::Why::full}) {
    EXPECT_EQ(name_of(why_not(why)), name_of(why));
    EXPECT_FALSE(is_unfit(why_not(why))) << name_of(why);
    EXPECT_EQ(passes_by_itself(why_not(why)), why != Admission::Why::drained) << name_of(why);
  }
  EXPECT_EQ(why_not(Admission::Why::yes), WhyNot::none);
  for (WhyNot why : {WhyNot::dialect, WhyNot::region, WhyNot::tools, WhyNot::vision, WhyNot::schema,
                     WhyNot::streaming, WhyNot::context}) {
    EXPECT_TRUE(is_unfit(why)) << name_of(why);
    EXPECT_FALSE(passes_by_itself(why)) << name_of(why);
  }
}

TEST(Plan, EveryReasonHasAName) {
  for (unsigned i = 1; i < why_not_count; ++i) {
    EXPECT_FALSE(name_of(static_cast<WhyNot>(i)).empty()) << i;
    EXPECT_FALSE(words_of(static_cast<WhyNot>(i)).empty()) << i;
  }
  EXPECT_EQ(name_of(WhyNot::full), "full");
}

}  // namespace
}  // namespace recloser::route
