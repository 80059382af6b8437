#include "budget/table.h"

#include "budget/permit.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::budget {
namespace {

Budget usd(std::string name, Reserve reserve, Amount limit) {
  Budget budget;
  budget.name = std::move(name);
  budget.reserve = reserve;
  budget.limit = limit;
  return budget;
}

class TableTest : public testing::Test, public Watcher {
 protected:
  void crossed(const Crossing& crossing) override {
    told_.push_back(crossing.standing.budget->document().name + "/" + crossing.standing.key + " " +
                    std::to_string(crossing.threshold_per_million / 10'000) + " %");
  }

  Live& configure(const Budget& budget) { return *configure_all({budget}).front(); }
  std::vector<Live*> configure_all(const std::vector<Budget>& budgets) {
    std::vector<std::shared_ptr<const Budget>> all;
    for (const Budget& budget : budgets) all.push_back(std::make_shared<const Budget>(budget));
    return table_.configure(std::move(all));
  }

  std::expected<Permit, Exhausted> ask(std::vector<Live*> budgets, Demand demand,
                                       std::uint64_t tokens, std::uint64_t slice = 64) {
    std::vector<Ask::Scope> scopes;
    for (Live* budget : budgets) scopes.push_back({budget, account_key(*budget, key_), demand});
    return table_.reserve({.scopes = scopes,
                           .output_tokens_max = tokens,
                           .output_tokens_least = 0,
                           .slice_tokens = slice});
  }
  Standing standing(Live& budget) { return table_.standing(budget, account_key(budget, key_)); }

  VirtualClock clock_;
  Table table_{clock_, this};
  std::string key_ = "org=acme";
  std::vector<std::string> told_;
};

constexpr Demand token_each{.base = 0, .per_million_output = 1'000'000};

TEST_F(TableTest, ClampLowersTheAnswersLimitToWhatIsLeft) {
  Live& budget = configure(usd("b", Reserve::clamp, 1000));
  std::expected<Permit, Exhausted> first =
      ask({&budget}, {.base = 100, .per_million_output = 2'000'000}, 300);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->output_tokens_max(), 300u);
  EXPECT_EQ(standing(budget).reserved, 700);
  EXPECT_FALSE(ask({&budget}, {.base = 100, .per_million_output = 1'000'000}, 256))
      << "200 tokens are less than the floor";
  std::expected<Permit, Exhausted> second =
      ask({&budget}, {.base = 30, .per_million_output = 1'000'000}, 100'000);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->output_tokens_max(), 270u);
  EXPECT_EQ(standing(budget).remaining(), 0);
}

TEST_F(TableTest, ElasticGoesSliceBySliceToTheLastToken) {
  Live& budget = configure(usd("b", Reserve::elastic, 100));
  std::expected<Permit, Exhausted> permit = ask({&budget}, token_each, 1000);
  ASSERT_TRUE(permit);
  EXPECT_EQ(permit->output_tokens_granted(), 64u);
  EXPECT_TRUE(permit->extend(128));
  EXPECT_EQ(permit->output_tokens_granted(), 100u) << "the last slice shrinks to the remainder";
  std::expected<void, Exhausted> more = permit->extend(101);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().standing.budget, &budget);
  permit->settle({.nano_usd = 100}, true);
  EXPECT_EQ(standing(budget).charged, 100);
  EXPECT_EQ(standing(budget).reserved, 0);
  EXPECT_FALSE(ask({&budget}, token_each, 10));
}

TEST_F(TableTest, AllScopesOrNone) {
  std::vector<Live*> budgets =
      configure_all({usd("key", Reserve::upper_bound, 1000), usd("team", Reserve::upper_bound, 50),
                     usd("org", Reserve::upper_bound, 1000)});
  std::expected<Permit, Exhausted> refused = ask(budgets, token_each, 51);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().standing.budget->document().name, "team");
  EXPECT_EQ(refused.error().needed, 51);
  for (Live* budget : budgets) {
    EXPECT_EQ(standing(*budget).reserved, 0);
    EXPECT_EQ(standing(*budget).open_calls, 0u);
  }
}

TEST_F(TableTest, APermitThatDiesChargesWhatWasNoted) {
  Live& budget = configure(usd("b", Reserve::clamp, 1000));
  {
    std::expected<Permit, Exhausted> permit = ask({&budget}, token_each, 500);
    ASSERT_TRUE(permit);
    permit->note({.nano_usd = 123});
    Permit moved = std::move(*permit);
  }
  EXPECT_EQ(standing(budget).charged, 123);
  EXPECT_EQ(standing(budget).reserved, 0);
}

TEST_F(TableTest, OnlyExactFiguresLowerWhatEstimatesCharged) {
  Live& budget = configure(usd("b", Reserve::clamp, 1000));
  for (bool exact : {false, true}) {
    std::expected<Permit, Exhausted> permit = ask({&budget}, token_each, 300);
    ASSERT_TRUE(permit);
    permit->publish({.nano_usd = 200});
    Amount before = standing(budget).charged;
    permit->settle({.nano_usd = 150}, exact);
    EXPECT_EQ(standing(budget).charged, exact ? before - 50 : before);
  }
}

TEST_F(TableTest, WhatAProviderBillsBeyondIsAnOverrunAndClosesTheScope) {
  Live& budget = configure(usd("b", Reserve::upper_bound, 1000));
  std::expected<Permit, Exhausted> permit = ask({&budget}, token_each, 900);
  ASSERT_TRUE(permit);
  std::vector<Line> settled = permit->settle({.nano_usd = 1300}, true);
  ASSERT_EQ(settled.size(), 1u);
  EXPECT_EQ(settled[0].charged, 1300);
  EXPECT_EQ(settled[0].overrun, 300);
  EXPECT_EQ(settled[0].remaining, -300);
  EXPECT_FALSE(ask({&budget}, {.base = 0}, 0));
}

TEST_F(TableTest, ALoweredLimitCutsWhatRuns) {
  Budget document = usd("b", Reserve::elastic, 1000);
  Live& budget = configure(document);
  std::expected<Permit, Exhausted> permit = ask({&budget}, token_each, 1000);
  ASSERT_TRUE(permit);
  permit->publish({.nano_usd = 30});
  EXPECT_FALSE(permit->over_limit());
  std::uint64_t before = table_.revision();
  document.limit = 30;
  EXPECT_EQ(&configure(document), &budget) << "what it has charged stays";
  EXPECT_NE(table_.revision(), before);
  EXPECT_TRUE(permit->over_limit());
  EXPECT_FALSE(permit->extend(65));
}

// Whose own reservation the overrun has used up is cut, too.
TEST_F(TableTest, AnOverrunAndALowerLimitCutWhoHoldsNothingAnyMore) {
  Budget requests = usd("r", Reserve::upper_bound, 5);
  requests.unit = Unit::requests;
  std::vector<Budget> documents{usd("b", Reserve::clamp, 1000), requests};
  std::vector<Live*> budgets = configure_all(documents);
  std::expected<Permit, Exhausted> money = ask({budgets[0]}, token_each, 1000);
  std::expected<Permit, Exhausted> one = ask({budgets[1]}, {.base = 1}, 0);
  std::expected<Permit, Exhausted> two = ask({budgets[1]}, {.base = 1}, 0);
  ASSERT_TRUE(money && one && two);
  money->publish({.nano_usd = 1000});
  EXPECT_FALSE(money->over_limit()) << "all of it is used, and no more";
  money->publish({.nano_usd = 1001});
  EXPECT_TRUE(money->over_limit());
  documents[1].limit = 2;
  configure_all(documents);
  EXPECT_FALSE(one->over_limit());
  documents[1].limit = 1;
  configure_all(documents);
  EXPECT_TRUE(one->over_limit());
}

// A provider may send on behind the end of its answer.
TEST_F(TableTest, APermitThatIsSettledHoldsNothingMore) {
  Budget document = usd("b", Reserve::elastic, 1000);
  document.window = {
      .type = WindowType::calendar, .period = Period::hour, .zone = *find_zone("UTC")};
  Live& budget = configure(document);
  std::expected<Permit, Exhausted> permit = ask({&budget}, token_each, 500);
  ASSERT_TRUE(permit);
  permit->settle({.nano_usd = 10}, true);
  for (Amount charged : {10, 0}) {
    EXPECT_TRUE(permit->extend(permit->output_tokens_granted() + 100));
    EXPECT_TRUE(permit->take_more(Unit::usd, 5));
    EXPECT_EQ(permit->take_up_to(Unit::usd, 5), 5);
    EXPECT_EQ(standing(budget).reserved, 0);
    EXPECT_EQ(standing(budget).charged, charged);
    clock_.advance(1h);
    standing(budget);
  }
}

TEST_F(TableTest, AnotherUnitIsAnotherBudget) {
  Budget document = usd("b", Reserve::clamp, 1000);
  Live& first = configure(document);
  ASSERT_TRUE(ask({&first}, token_each, 300)->settle({.nano_usd = 300}, true).size());
  document.unit = Unit::tokens;
  Live& second = configure(document);
  EXPECT_NE(&first, &second);
  EXPECT_EQ(standing(second).charged, 0);
}

TEST_F(TableTest, ThresholdsAreToldOnceAsTheyAreReached) {
  Budget document = usd("b", Reserve::elastic, 100);
  document.thresholds_per_million = {500'000, 800'000, 1'000'000};
  Live& budget = configure(document);
  std::expected<Permit, Exhausted> permit = ask({&budget}, token_each, 1000, 100);
  ASSERT_TRUE(permit);
  permit->publish({.nano_usd = 49});
  EXPECT_TRUE(told_.empty());
  permit->publish({.nano_usd = 85});
  EXPECT_EQ(told_, (std::vector<std::string>{"b/org=acme 50 %", "b/org=acme 80 %"}));
  permit->publish({.nano_usd = 90});
  permit->settle({.nano_usd = 100}, true);
  EXPECT_EQ(told_.size(), 3u);
}

TEST_F(TableTest, ARateLetsABurstInAndThenItsPace) {
  Budget document = usd("rpm", Reserve::upper_bound, 60);
  document.unit = Unit::requests;
  document.window = {.type = WindowType::rate, .duration = 1min, .drain = 60};
  Live& rate = configure(document);
  auto one = [&] { return ask({&rate}, {.base = 1}, 0).has_value(); };
  int let_in = 0;
  while (one()) ++let_in;
  EXPECT_EQ(let_in, 60);
  clock_.advance(999ms);
  EXPECT_FALSE(one());
  clock_.advance(1ms);
  EXPECT_TRUE(one());
  EXPECT_FALSE(one());
  clock_.advance(10s);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(one());
  EXPECT_FALSE(one());
}

// What a call held and did not use comes back, but for what drained away of it while it ran: of a
// limit of a thousand a minute, nobody gets two thousand at the end of one.
TEST_F(TableTest, ARateGivesBackWhatHasNotDrainedAway) {
  Budget document = usd("tpm", Reserve::upper_bound, 1000);
  document.unit = Unit::tokens;
  document.window = {.type = WindowType::rate, .duration = 1min, .drain = 1000};
  Live& rate = configure(document);
  std::expected<Permit, Exhausted> slow = ask({&rate}, {.base = 600}, 0);
  std::expected<Permit, Exhausted> quick = ask({&rate}, {.base = 400}, 0);
  ASSERT_TRUE(slow && quick);
  clock_.advance(6s);
  quick->settle({.input_tokens = 150}, true);
  EXPECT_EQ(standing(rate).charged, 1000 - 100 - 250) << "others' tokens drain first";
  clock_.advance(54s);
  std::expected<Permit, Exhausted> next = ask({&rate}, {.base = 1000}, 0);
  ASSERT_TRUE(next);
  slow->settle({.input_tokens = 1}, true);
  EXPECT_EQ(standing(rate).charged, 1000);
  EXPECT_FALSE(ask({&rate}, {.base = 1}, 0));
  clock_.advance(3s);
  next->settle({.input_tokens = 30}, true);
  EXPECT_EQ(standing(rate).charged, 0);
}

TEST_F(TableTest, CallsAtOnceAreHeldToTheLastByte) {
  Budget document = usd("concurrency", Reserve::upper_bound, 2);
  document.unit = Unit::calls;
  Live& budget = configure(document);
  std::expected<Permit, Exhausted> a = ask({&budget}, {.base = 1}, 0);
  std::expected<Permit, Exhausted> b = ask({&budget}, {.base = 1}, 0);
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(ask({&budget}, {.base = 1}, 0));
  a->settle({.requests = 1}, true);
  EXPECT_TRUE(ask({&budget}, {.base = 1}, 0));
}

TEST_F(TableTest, WhatIsOverIsForgotten) {
  Budget document = usd("s", Reserve::clamp, 1000);
  document.window = {.type = WindowType::session, .idle_timeout = 30min};
  Live& budget = configure(document);
  for (int i = 0; i < 1000; ++i) {
    key_ = "session=" + std::to_string(i);
    std::expected<Permit, Exhausted> permit = ask({&budget}, token_each, 300);
    ASSERT_TRUE(permit);
    permit->settle({.nano_usd = 1}, true);
  }
  key_ = "session=0";
  std::expected<Permit, Exhausted> open = ask({&budget}, token_each, 300);
  EXPECT_EQ(table_.size(), 1000u);
  while (table_.sweep(100) != 0) {
  }
  EXPECT_EQ(table_.size(), 1000u);
  clock_.advance(30min + Table::clock_jump_max);
  std::size_t gone = 0;
  for (int i = 0; i < 1000; ++i) gone += table_.sweep(100);
  EXPECT_EQ(gone, 999u) << "a call is open in one";
}

TEST_F(TableTest, TimeIsTakenPieceByPieceToTheLast) {
  Budget time = usd("time", Reserve::clamp, 2500);
  time.unit = Unit::seconds;
  Budget counts = time;
  counts.name = "counts";
  counts.reserve = Reserve::none;
  counts.limit = 10;
  std::vector<Live*> budgets = configure_all({time, counts});
  std::expected<Permit, Exhausted> one = ask(budgets, {}, 100);
  std::expected<Permit, Exhausted> two = ask({budgets[0]}, {}, 100);
  ASSERT_TRUE(one && two);
  EXPECT_TRUE(one->holds(Unit::seconds));
  EXPECT_FALSE(one->holds(Unit::tool_calls));
  EXPECT_EQ(one->take_up_to(Unit::seconds, 1000), 1000);
  EXPECT_EQ(two->take_up_to(Unit::seconds, 1000), 1000);
  EXPECT_EQ(one->take_up_to(Unit::seconds, 1000), 500);
  std::expected<Amount, Exhausted> none = two->take_up_to(Unit::seconds, 1000);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().standing.budget, budgets[0]) << "what only counts stops nobody";
  EXPECT_EQ(standing(*budgets[0]).reserved, 2500);
  one->settle({.milliseconds = 1500}, true);
  two->settle({.milliseconds = 900}, true);
  EXPECT_EQ(standing(*budgets[0]).charged, 2400);
  EXPECT_EQ(standing(*budgets[0]).reserved, 0);
  EXPECT_EQ(standing(*budgets[1]).charged, 1500);
}

Budget graceful(Amount limit, std::uint32_t grace) {
  Budget budget = usd("b", Reserve::elastic, limit);
  budget.cut = {.at_sentence = true, .grace_tokens = grace, .note = {}};
  return budget;
}

// The grace lies inside the limit: what goes to the end of a sentence is paid for before.
TEST_F(TableTest, AGraceIsHeldAheadOfAllSlices) {
  Live& budget = configure(graceful(1000, 100));
  std::expected<Permit, Exhausted> permit = ask({&budget}, token_each, 5000);
  ASSERT_TRUE(permit);
  EXPECT_EQ(permit->output_tokens_granted(), 64u);
  EXPECT_EQ(permit->grace_tokens(), 100u);
  EXPECT_EQ(standing(budget).reserved, 164);
  ASSERT_TRUE(permit->extend(700));
  EXPECT_EQ(permit->output_tokens_granted(), 700u);
  EXPECT_EQ(standing(budget).reserved, 800);
  ASSERT_TRUE(permit->extend(2000));
  EXPECT_EQ(permit->output_tokens_granted(), 900u);
  EXPECT_EQ(standing(budget).reserved, 1000);
  EXPECT_FALSE(permit->extend(901));
}

TEST_F(TableTest, AGraceIsShorterWhereLessIsLeft) {
  Live& budget = configure(graceful(50, 100));
  std::expected<Permit, Exhausted> permit = ask({&budget}, token_each, 5000);
  ASSERT_TRUE(permit);
  EXPECT_EQ(permit->output_tokens_granted(), 1u);
  EXPECT_EQ(permit->grace_tokens(), 49u);
  std::expected<Permit, Exhausted> next = ask({&budget}, token_each, 5000);
  EXPECT_FALSE(next);
  permit->settle({.nano_usd = 0}, true);
  next = ask({&budget}, token_each, 20);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->output_tokens_granted() + next->grace_tokens(), 20u) << "all it may write";
}

// From degradeAt on the longest answer shrinks in a straight line, down to clampFloor.
TEST_F(TableTest, WhatIsNearlySpentIsSpentSlower) {
  for (Reserve reserve : {Reserve::clamp, Reserve::elastic, Reserve::none}) {
    Budget document = usd("b" + std::string(name_of(reserve)), reserve, 1'000'000);
    document.degrade_at_per_million = 800'000;
    document.clamp_floor_tokens = 100;
    Live& budget = configure(document);
    auto most = [&](Amount charged) {
      table_.set_charged(budget, account_key(budget, key_), charged);
      std::expected<Permit, Exhausted> permit = ask({&budget}, token_each, 1100);
      if (!permit) return std::uint64_t{0};
      std::optional<Permit::Lowered> lowered = permit->lowered();
      EXPECT_EQ(lowered && lowered->degraded, permit->output_tokens_max() < 1100);
      return permit->output_tokens_max();
    };
    EXPECT_EQ(most(0), 1100u);
    EXPECT_EQ(most(800'000), 1100u);
    EXPECT_EQ(most(850'000), 850u);
    EXPECT_EQ(most(900'000), 600u);
    EXPECT_EQ(most(990'000), 150u);
    EXPECT_EQ(most(1'000'000), reserve == Reserve::none ? 100u : 0u);
  }
}

TEST_F(TableTest, WhoLowersAnAnswersLimitIsKnown) {
  std::vector<Live*> budgets =
      configure_all({usd("wide", Reserve::clamp, 5000), usd("narrow", Reserve::clamp, 700),
                     usd("elastic", Reserve::elastic, 400)});
  std::expected<Permit, Exhausted> permit = ask(budgets, token_each, 1000);
  ASSERT_TRUE(permit && permit->lowered());
  EXPECT_EQ(permit->lowered()->by.budget, budgets[1]);
  EXPECT_FALSE(permit->lowered()->degraded);
  EXPECT_FALSE(ask({budgets[0]}, token_each, 1000)->lowered());
}

// What 200 calls in parallel take never passes what fits, on however many threads (acceptance 1).
TEST_F(TableTest, ParallelCallsTakeNoMoreThanThereIs) {
  std::vector<Live*> budgets = configure_all(
      {usd("key", Reserve::upper_bound, 1'000'000), usd("team", Reserve::upper_bound, 1000)});
  std::atomic<int> admitted = 0;
  std::atomic<int> over = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::vector<Permit> permits;
      for (int i = 0; i < 50; ++i) {
        std::expected<Permit, Exhausted> permit = ask(budgets, token_each, 100);
        if (permit) permits.push_back(std::move(*permit));
        Standing now = standing(*budgets[1]);
        if (now.charged + now.reserved > now.limit) ++over;
      }
      admitted += static_cast<int>(permits.size());
      for (Permit& permit : permits) permit.settle({.nano_usd = 100}, true);
    });
  }
  threads.clear();
  EXPECT_EQ(admitted, 10);
  EXPECT_EQ(over, 0);
  EXPECT_EQ(standing(*budgets[1]).charged, 1000);
}

// Everything at once, for ThreadSanitizer: the sums must come out whatever the order was.
TEST_F(TableTest, ThreadsThatReserveExtendAndSweepLeaveTheSumsRight) {
  Budget session = usd("session", Reserve::elastic, 500);
  session.window = {.type = WindowType::session, .idle_timeout = 1h};
  std::vector<Live*> budgets = configure_all({usd("org", Reserve::elastic, 100'000), session});
  std::atomic<Amount> spent = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        std::string mine = "session=" + std::to_string((i + t) % 40);
        std::vector<Ask::Scope> scopes{{budgets[0], account_key(*budgets[0], ""), token_each},
                                       {budgets[1], account_key(*budgets[1], mine), token_each}};
        std::expected<Permit, Exhausted> permit = table_.reserve({.scopes = scopes,
                                                                  .output_tokens_max = 20,
                                                                  .output_tokens_least = 0,
                                                                  .slice_tokens = 4});
        if (!permit) continue;
        bool more = permit->extend(12).has_value();
        auto use =
            static_cast<Amount>(more ? permit->output_tokens_granted()
                                     : std::min<std::uint64_t>(3, permit->output_tokens_granted()));
        permit->publish({.nano_usd = use / 2});
        if (i % 3 == 0) {
          permit->note({.nano_usd = use});
        } else {
          permit->settle({.nano_usd = use}, true);
        }
        spent += use;
        if (i % 64 == 0) table_.sweep(8);
        if (i % 500 == 0) table_.adjust(*budgets[0], account_key(*budgets[0], ""), 10);
      }
    });
  }
  threads.clear();
  Amount sessions = 0;
  for (const Standing& each : table_.list()) {
    EXPECT_EQ(each.reserved, 0);
    EXPECT_LE(each.charged, each.limit) << each.key;
    if (each.budget == budgets[1]) sessions += each.charged;
  }
  EXPECT_EQ(table_.standing(*budgets[0], account_key(*budgets[0], "")).charged, spent);
  EXPECT_EQ(sessions, spent);
}

TEST_F(TableTest, WhatIsChargedMovesByADifference) {
  Live& budget = configure(usd("b", Reserve::upper_bound, 1000));
  table_.set_charged(budget, account_key(budget, key_), 300);
  std::uint64_t before = table_.revision();
  WallTime begun = standing(budget).begun;
  EXPECT_EQ(table_.move_charged(budget, account_key(budget, key_), -100, begun).charged, 200);
  EXPECT_EQ(table_.move_charged(budget, account_key(budget, key_), 50, begun).charged, 250);
  EXPECT_EQ(table_.move_charged(budget, account_key(budget, key_), -999, begun).charged, 0);
  EXPECT_GT(table_.revision(), before) << "who runs looks again";
}

// An owner's figure is of the window that was open when it was made.
TEST_F(TableTest, WhatIsChargedMovesInItsOwnWindowAlone) {
  Budget document = usd("b", Reserve::upper_bound, 1000);
  document.window = {
      .type = WindowType::calendar, .period = Period::hour, .zone = *find_zone("UTC")};
  Live& budget = configure(document);
  AccountKey key = account_key(budget, key_);
  WallTime begun = table_.set_charged(budget, key, 300).begun;
  EXPECT_EQ(table_.move_charged(budget, key, 50, begun).charged, 350);
  clock_.advance(1h);
  EXPECT_EQ(table_.move_charged(budget, key, 50, begun).charged, 0);
}

TEST_F(TableTest, SumsAreOfWhatIsInForce) {
  Budget keyed = usd("keyed", Reserve::clamp, 100);
  keyed.key = {{KeyPart::org, {}}};
  Budget tokens = usd("tokens", Reserve::clamp, 7);
  tokens.unit = Unit::tokens;
  std::vector<Live*> lives =
      configure_all({usd("gone", Reserve::clamp, 5), keyed, usd("fresh", Reserve::clamp, 9)});
  for (Live* live : lives) {
    if (live->document().name == "fresh") continue;
    table_.set_charged(*live, account_key(*live, "org=a"), 3);
    table_.adjust(*live, account_key(*live, "org=b"), 50);
  }
  configure_all({keyed, usd("fresh", Reserve::clamp, 9), tokens});
  std::vector<Standing> sums = table_.sums(Unit::usd);
  ASSERT_EQ(sums.size(), 2u);
  EXPECT_EQ(sums[0].budget->document().name, "keyed");
  EXPECT_EQ(sums[0].limit, 250);
  EXPECT_EQ(sums[0].charged, 3);
  EXPECT_EQ(sums[1].limit, 9);
  EXPECT_EQ(table_.list(lives[0]).size(), 2u);
  EXPECT_EQ(table_.list().size(), 4u);
}

}  // namespace
}  // namespace recloser::budget
