// Calls that wait for a place at a target: who gets one when, and how they leave the line.
#include "relay/testing/failing_targets.h"

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class WaitingTest : public FailoverTest {
 protected:
  // A call that runs beside others; gone if it has no answer in time.
  Seen& begin(Duration patience = 1h, std::string_view secret = test_secret) {
    Seen& seen = seen_.emplace_back();
    std::string body = R"({"model":"n","messages":[{"role":"user","content":"say so"}]})";
    std::string head = fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n"
        "content-length: {}\r\n\r\n",
        secret, body.size());
    net::Worker& worker = gateway_.loop().worker();
    worker.tasks().spawn("call",
                         gateway_.fetch(std::move(head), body, seen, worker.now() + patience));
    return seen;
  }
  // One call runs at p/one, for two seconds, as do all there; so many wait.
  void hold_one(std::size_t targets = 1) {
    with_targets(targets);
    gateway_.config().providers[0].limits.concurrency = 1;
    first_ = {.bytes = json(whole).bytes, .before = 2s};
  }
  void until_waiting(std::uint32_t waiting) {
    gateway_.loop().worker().run_until([&] { return standing("p/one").waiting == waiting; });
  }
  void until_asked(std::size_t provider, std::size_t calls) {
    gateway_.loop().worker().run_until([&] { return asked(provider) == calls; });
  }
  void expect_nothing_held() {
    gateway_.settle();
    EXPECT_EQ(standing("p/one").running, 0u);
    EXPECT_EQ(standing("p/one").waiting, 0u);
  }

  std::deque<Seen> seen_;
};

TEST_F(WaitingTest, ACallWaitsForTheOneBeforeIt) {
  hold_one();
  gateway_.start();
  Seen& first = begin();
  until_asked(0, 1);
  Seen& second = begin();
  until_waiting(1);
  EXPECT_EQ(standing("p/one").running, 1u);
  after(3s);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(second.status, 0);
  after(2s);
  EXPECT_EQ(second.body, whole);
  expect_nothing_held();
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_THAT(call.decisions, HasSubstr(R"("rule":"targets","action":"wait")"));
  EXPECT_THAT(call.decisions, HasSubstr(" ms for p/one, behind 0"));
  EXPECT_LT(call.overhead_us.value_or(0), 1'000'000);  // the two seconds are not ours
  EXPECT_THAT(gateway_.books().front().decisions, Not(HasSubstr("wait")));
}

TEST_F(WaitingTest, AClientThatLeavesTheLineTakesNoPlace) {
  hold_one();
  gateway_.start();
  begin();
  until_asked(0, 1);
  begin(500ms);
  Seen& third = begin();
  until_waiting(2);
  after(1s);
  EXPECT_EQ(standing("p/one").waiting, 1u);
  after(4s);
  EXPECT_EQ(third.status, 200);
  EXPECT_EQ(asked(0), 2u);
  expect_nothing_held();
  EXPECT_EQ(gateway_.books()[1].outcome, ledger::Outcome::client_gone);
}

TEST_F(WaitingTest, TheEndOfADrainEmptiesTheLine) {
  hold_one();
  gateway_.start();
  begin();
  until_asked(0, 1);
  Seen& second = begin();
  until_waiting(1);
  EXPECT_EQ(gateway_.relay().end_calls(), 2u);
  after(1s);
  EXPECT_EQ(second.status, 503);
  EXPECT_THAT(second.body, HasSubstr("draining"));
  expect_nothing_held();
}

TEST_F(WaitingTest, WhoWouldWaitTooLongIsRefusedAtOnce) {
  with_targets(1);
  gateway_.start();
  first_ = status(429, "retry-after: 25\r\n");
  EXPECT_EQ(ask_whole().status, 429);
  Instant before = gateway_.loop().worker().now();
  Seen seen = ask_whole();
  EXPECT_LT(gateway_.loop().worker().now() - before, 50ms);
  EXPECT_EQ(seen.status, 429);
  EXPECT_THAT(seen.head, HasSubstr("retry-after: 25"));
  EXPECT_EQ(asked(0), 1u);
  EXPECT_EQ(standing("p/one").turned_away, 1u);
}

TEST_F(WaitingTest, AShortCooldownIsWaitedFor) {
  with_targets(1);
  gateway_.config().providers[0].retries = 0;
  gateway_.start();
  first_ = status(429, "retry-after: 5\r\n");
  EXPECT_EQ(ask_whole().status, 429);
  first_ = json(whole);
  Instant before = gateway_.loop().worker().now();
  EXPECT_EQ(ask_whole().body, whole);
  EXPECT_GE(gateway_.loop().worker().now() - before, 4900ms);
}

TEST_F(WaitingTest, NobodyWaitsBeyondTheDeadlineOfItsCall) {
  with_targets(1);
  model().deadline = 3s;
  gateway_.config().providers[0].retries = 0;
  gateway_.start();
  first_ = status(429, "retry-after: 5\r\n");
  EXPECT_EQ(ask_whole().status, 429);
  Instant before = gateway_.loop().worker().now();
  EXPECT_EQ(ask_whole().status, 429);
  EXPECT_LT(gateway_.loop().worker().now() - before, 50ms);
}

// The first call lasts longer than any did.
TEST_F(WaitingTest, WhoWaitedInVainIsToldSo) {
  hold_one();
  first_.before = 1h;
  gateway_.start();
  begin(30s);
  until_asked(0, 1);
  Instant before = gateway_.loop().worker().now();
  Seen seen = ask_whole();
  EXPECT_EQ(seen.status, 429);
  EXPECT_THAT(seen.head, HasSubstr("retry-after: "));
  EXPECT_NEAR(static_cast<double>((gateway_.loop().worker().now() - before) / 1ms), 10'000, 100);
  after(1min);
  expect_nothing_held();
}

TEST_F(WaitingTest, NobodyWaitsWhereAnotherTargetHasRoom) {
  hold_one(2);
  gateway_.start();
  begin();
  until_asked(0, 1);
  EXPECT_EQ(ask_stream().status, 200);
  EXPECT_THAT(attempts(), ElementsAre("q/two - completed"));
  after(5s);
}

TEST_F(WaitingTest, TheTargetWhereAPlaceComesFirstIsWaitedFor) {
  with_targets(2);
  for (config::Provider& provider : gateway_.config().providers) provider.retries = 0;
  gateway_.start();
  first_ = status(429, "retry-after: 8\r\n");
  *others_[0].answer = status(429, "retry-after: 3\r\n");
  EXPECT_EQ(ask_whole().status, 429);
  first_ = *others_[0].answer = json(whole);
  Instant before = gateway_.loop().worker().now();
  EXPECT_EQ(ask_whole().body, whole);
  EXPECT_LT(gateway_.loop().worker().now() - before, 4s);
  EXPECT_THAT(attempts(), ElementsAre("q/two - completed"));
}

class OthersWaitTest : public WaitingTest {
 protected:
  static constexpr std::string_view other_secret = "rk-other-secret-0123456789abcd";

  config::Key& own() { return gateway_.config().keys[0]; }
  void start(config::Key other) {
    other.id = "other";
    other.secret = config::Secret(std::string(other_secret));
    gateway_.config().keys.push_back(std::move(other));
    hold_one();
    gateway_.start();
  }
  // One of ours runs, three wait, and then one of the other's does.
  Seen& one_behind_three() {
    begin();
    until_asked(0, 1);
    for (int i = 0; i < 3; ++i) begin();
    Seen& other = begin(1h, other_secret);
    until_waiting(4);
    return other;
  }
};

TEST_F(OthersWaitTest, PrincipalsWithoutATeamTakeTurns) {
  own().team.clear();
  start(own());
  Seen& other = one_behind_three();
  after(6500ms);
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(standing("p/one").waiting, 1u);
  after(10s);
  expect_nothing_held();
}

TEST_F(OthersWaitTest, TeamsOfOneNameAreThoseOfTheirOrgs) {
  config::Key other = own();
  other.org = "emca";
  start(other);
  Seen& seen = one_behind_three();
  after(6500ms);
  EXPECT_EQ(seen.status, 200);
  after(10s);
}

TEST_F(OthersWaitTest, ATeamHasOneTurnForAllItsKeys) {
  start(own());
  Seen& seen = one_behind_three();
  after(8500ms);
  EXPECT_EQ(seen.status, 0);
  after(10s);
  EXPECT_EQ(seen.status, 200);
}

TEST_F(OthersWaitTest, AHigherPriorityGoesFirst) {
  config::Key other = own();
  other.priority = config::Priority::high;
  start(other);
  Seen& seen = one_behind_three();
  after(4500ms);
  EXPECT_EQ(seen.status, 200);
  after(10s);
}

TEST_F(WaitingTest, WhoseTargetIsDrainedGoesToAnother) {
  hold_one(2);
  gateway_.config().providers[1].limits.concurrency = 1;
  *others_[0].answer = {.bytes = json(whole).bytes, .before = 4s};
  gateway_.start();
  begin();
  until_asked(0, 1);
  begin();
  until_asked(1, 1);
  Seen& third = begin();
  until_waiting(1);
  gateway_.health().drain("p/one", true);
  after(9s);
  EXPECT_EQ(third.status, 200);
  EXPECT_EQ(asked(1), 2u);
  expect_nothing_held();
}

TEST_F(WaitingTest, ACallThatFailedElsewhereWaitsToo) {
  with_targets(2);
  for (config::Provider& provider : gateway_.config().providers) provider.retries = 0;
  gateway_.config().providers[1].limits.concurrency = 1;
  *others_[0].answer = {.bytes = json(whole).bytes, .before = 2s};
  gateway_.start();
  first_ = status(503);
  begin();
  until_asked(1, 1);
  Seen seen = ask_whole();
  EXPECT_EQ(seen.body, whole);
  EXPECT_THAT(attempts(), ElementsAre("p/one overloaded provider_failed", "q/two - completed"));
}

TEST_F(WaitingTest, CallsGoAtTheConfiguredPace) {
  with_targets(1);
  gateway_.config().providers[0].limits.rpm = 60;
  gateway_.start();
  first_ = json(whole);
  Instant before = gateway_.loop().worker().now();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask_whole().status, 200);
  // Six are there at once, and then one each second.
  EXPECT_NEAR(static_cast<double>((gateway_.loop().worker().now() - before) / 1ms), 4'000, 100);
}

TEST_F(WaitingTest, WithoutALineWhoFindsItBusyIsRefused) {
  hold_one();
  gateway_.config().providers[0].queue.calls = 0;
  gateway_.start();
  begin();
  until_asked(0, 1);
  EXPECT_EQ(ask_whole().status, 429);
  after(5s);
}

// One target is tripped for long, and the other takes no more: instead of being refused a call
// finds out that the tripped one has recovered, once that was left alone for a while.
TEST_F(WaitingTest, WhoWouldBeRefusedProbesATrippedTarget) {
  with_targets(2);
  for (config::Provider& provider : gateway_.config().providers) provider.retries = 0;
  gateway_.config().providers[1].limits.concurrency = 1;
  gateway_.config().providers[1].queue = {.calls = 1, .wait = 10ms};
  gateway_.start();
  first_ = status(503);
  *others_[0].answer = json(whole);
  net::Worker& worker = gateway_.loop().worker();
  Duration left{};
  for (int i = 0; i < 100 && left < 20s; ++i) {
    after(std::max<Duration>(left, 1ms));
    ask_whole();
    left = standing("p/one").until - worker.now();
  }
  ASSERT_GE(left, 20s);
  first_ = json(whole);
  *others_[0].answer = {.bytes = json(whole).bytes, .before = 1h};
  std::size_t asked_before = asked(1);
  begin(1min);
  until_asked(1, asked_before + 1);
  EXPECT_EQ(ask_whole().status, 429);
  after(route::open_shortest_in_need);
  EXPECT_EQ(ask_whole().status, 200);
  EXPECT_THAT(attempts(), ElementsAre("p/one - completed"));
  EXPECT_EQ(gateway_.provider().bodies.back(),
            R"({"model":"one","messages":[{"role":"user","content":"say so"}]})");
  EXPECT_EQ(standing("p/one").state, route::State::probing);
  after(1min);
  expect_nothing_held();
}

}  // namespace
}  // namespace recloser::relay
