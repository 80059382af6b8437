// For tests: a model whose first target usually answers in time, so that it is known when it is
// late.
#pragma once

#include "relay/testing/failing_targets.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::relay {

class HedgingTest : public FailoverTest {
 protected:
  // Targets whose first one usually answers within 20 ms, which is known.
  void start(std::size_t targets = 2, bool hedge = true) {
    with_targets(targets);
    model().hedge = hedge;
    model().interrupted = interrupted_;
    for (std::size_t i = 0; i < targets; ++i) {
      gateway_.config().providers[i].dialect = config::Dialect::simulated;
      gateway_.config().providers[i].timeouts.idle = 5s;
      gateway_.config().providers[i].prefill = config::Prefill::plain;
      gateway_.config().providers[i].region = regions_.at(i);
      model().targets[i].model = i == 1 ? second_model_ : "sim-fast";
    }
    gateway_.start();
    first_ = stream(all_events());
    first_.before = 20ms;
    for (int i = 0; i < 100; ++i) {
      Seen seen = ask_stream();
      ASSERT_EQ(seen.status, 200);
    }
    ASSERT_EQ(asked(1), 0u) << "nobody was late";
    before_ = gateway_.books().size();
    begun_ = now();
  }
  // From now on they answer after so long.
  void answer_after(Duration first, Duration second) {
    first_ = stream(all_events());
    first_.before = first;
    *others_[0].answer = stream(all_events());
    others_[0].answer->before = second;
  }
  // So many calls ago were the last that were hedged.
  void warm_again() {
    after(61s);
    for (int i = 0; i < 60; ++i) begin_warm();
  }
  // A call that is not late.
  void begin_warm() {
    first_ = stream(all_events());
    first_.before = 20ms;
    Seen seen = ask_stream();
    EXPECT_EQ(seen.status, 200) << seen.body;
  }
  // The same of a call that the second target answers.
  void begin_warm_second() {
    *others_[0].answer = stream(all_events());
    others_[0].answer->before = 20ms;
    Seen seen = ask_stream();
    EXPECT_EQ(seen.status, 200) << seen.body;
  }
  static Task<void> begin_and_wait(net::Exchange& exchange, net::Worker& worker, std::string bytes,
                                   std::string then = "") {
    exchange.begin(net::AnswerFraming::length);
    std::array<std::string_view, 1> payload{bytes};
    Result<void> sent = co_await exchange.send("", payload, net::Last::no);
    co_await worker.sleep_until(worker.now() + 4s);
    payload = {then};
    sent = co_await exchange.send("", payload, net::Last::no);
    exchange.break_off();
  }
  Instant now() { return gateway_.loop().worker().now(); }
  // Tokens that may be taken, of which the calls above took none.
  void limit(budget::Amount tokens, budget::Reserve reserve = budget::Reserve::upper_bound) {
    auto budget = std::make_shared<budget::Budget>();
    budget->name = "small";
    budget->unit = budget::Unit::tokens;
    budget->limit = tokens;
    budget->reserve = reserve;
    lives_ = gateway_.budgets().configure({budget});
  }
  budget::Standing account() {
    return gateway_.budgets().standing(*lives_[0], budget::account_key(*lives_[0], ""));
  }
  void nothing_is_held() {
    for (std::string_view target : {"p/sim-fast", "q/sim-fast"}) {
      EXPECT_EQ(standing(target).running, 0u) << target;
    }
    if (!lives_.empty()) {
      EXPECT_EQ(account().reserved, 0);
    }
  }
  std::uint64_t ended(std::string_view target, route::AttemptEnd end) {
    return standing(target).ends[static_cast<std::size_t>(end)];
  }

  std::vector<budget::Live*> lives_;
  std::string second_model_ = "sim-fast";
  std::array<std::string, 4> regions_;
  config::Interrupted interrupted_ = config::Interrupted::error;
  std::size_t before_ = 0;
  Instant begun_;
};

}  // namespace recloser::relay
