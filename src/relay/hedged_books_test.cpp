// What a hedged call leaves behind: in the books, in the budgets, in the health of its targets.
#include "ledger/recovery.h"
#include "relay/testing/hedged_targets.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HedgedBooks : public HedgingTest {
 protected:
  // From now on the target's connection is kept after an answer; the request after the next one
  // finds it dead after a while, and is answered after `before` when it is sent again.
  void dies_after_the_next(TestProvider& provider, Duration before, Duration dies_after = {}) {
    std::size_t asked = provider.bodies.size();
    provider.script = [=, this, &provider](net::Exchange& exchange, std::string) -> Task<void> {
      std::size_t number = provider.bodies.size() - asked;
      if (number == 2) return close(exchange, gateway_.loop().worker(), dies_after);
      return answer_kept(exchange, gateway_.loop().worker(), number == 1 ? Duration{} : before);
    };
  }
  static Task<void> close(net::Exchange& exchange, net::Worker& worker, Duration before) {
    co_await worker.sleep_until(worker.now() + before);
    exchange.client().close();
  }
  static Task<void> answer_kept(net::Exchange& exchange, net::Worker& worker, Duration before) {
    co_await worker.sleep_until(worker.now() + before);
    std::string body = all_events();
    co_await exchange.answer(200, "content-type: text/event-stream\r\n", body);
  }
  static std::string text_of(std::string_view text) {
    return fmt::format(
        "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
        text);
  }
  // The last call, as the next start of a process finds it that was killed now.
  ledger::StoredCall left_after_a_kill() {
    std::string copy = directory_ + "/killed.journal";
    std::filesystem::copy_file(directory_ + "/calls.journal", copy,
                               std::filesystem::copy_options::overwrite_existing);
    ledger::MemoryStore store;
    store.put_books(gateway_.store().copy_of_books());
    Result<ledger::Recovery> recovered = ledger::recover_journal(copy, store, "");
    EXPECT_TRUE(recovered);
    std::vector<ledger::StoredCall> calls = std::move(store.calls({.limit = 1000})->calls);
    auto last = std::ranges::max_element(calls, {}, &ledger::StoredCall::started_at);
    return last == calls.end() ? ledger::StoredCall{} : *last;
  }
  std::int64_t charged_after_a_kill() {
    std::string budgets = left_after_a_kill().budgets;
    std::size_t at = budgets.find("\"charged\":");
    return at == std::string::npos ? -1 : std::stoll(budgets.substr(at + 10));
  }
  // What one of them may bill for the prompt, by the count of it.
  static constexpr std::int64_t prompt = 7;
  // By one whose answers nobody has seen.
  static constexpr std::int64_t smart_prompt = 11;
};

// A kept connection that had ended was one more attempt, of which the provider may bill the prompt.
TEST_F(HedgedBooks, TheSecondOneIsSentAgain) {
  start();
  dies_after_the_next(*others_[0].provider, 30ms);
  first_ = status(500);
  EXPECT_EQ(ask_stream().body, all_events());
  answer_after(4s, 0ms);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_THAT(attempts(), ElementsAre("p/sim-fast outrun cut", "q/sim-fast closed provider_failed",
                                      "q/sim-fast - completed"));
  EXPECT_EQ(gateway_.books().back().input_tokens, prompt + prompt + 7);
  nothing_is_held();
}

TEST_F(HedgedBooks, TheLoserIsSentAgain) {
  start();
  limit(1'000'000, budget::Reserve::clamp);
  dies_after_the_next(*others_[0].provider, 4s);
  first_ = status(500);
  EXPECT_EQ(ask_stream().body, all_events());
  budget::Amount before = account().charged;
  answer_after(300ms, 0ms);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_THAT(attempts(), ElementsAre("q/sim-fast closed provider_failed", "q/sim-fast outrun cut",
                                      "p/sim-fast - completed"));
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.input_tokens, prompt + prompt + 7);
  EXPECT_EQ(call.output_tokens, 1);
  EXPECT_EQ(account().charged - before, prompt + prompt + 7 + 1);
  nothing_is_held();
}

TEST_F(HedgedBooks, TheFirstOneIsSentAgain) {
  start();
  dies_after_the_next(gateway_.provider(), 4s);
  EXPECT_EQ(ask_stream().body, all_events());
  answer_after(0ms, 30ms);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_THAT(attempts(), ElementsAre("p/sim-fast closed provider_failed", "p/sim-fast outrun cut",
                                      "q/sim-fast - completed"));
  EXPECT_EQ(gateway_.books().back().input_tokens, prompt + prompt + 7);
  nothing_is_held();
}

// The row has room for three.
TEST_F(HedgedBooks, AReplayLeavesNoRoomForASecond) {
  start(3);
  gateway_.health().drain("p/sim-fast", true);
  for (int i = 0; i < 100; ++i) begin_warm_second();
  gateway_.health().drain("p/sim-fast", false);
  dies_after_the_next(*others_[0].provider, 4s);
  first_ = status(500);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_THAT(attempts(),
              ElementsAre("p/sim-fast server_error provider_failed",
                          "q/sim-fast closed provider_failed", "q/sim-fast - completed"));
  EXPECT_EQ(asked(2), 0u);
  EXPECT_EQ(gateway_.books().back().input_tokens, prompt + 7);
  nothing_is_held();
}

// From there on the row has room for one of the two to be sent again: the second.
TEST_F(HedgedBooks, TheFirstOneIsNotSentAgainBesideASecond) {
  start();
  dies_after_the_next(gateway_.provider(), 0ms, 60ms);
  EXPECT_EQ(ask_stream().body, all_events());
  *others_[0].answer = stream(all_events());
  others_[0].answer->before = 300ms;
  std::size_t before = asked(0);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_EQ(asked(0), before + 1);
  EXPECT_THAT(attempts(),
              ElementsAre("p/sim-fast closed provider_failed", "q/sim-fast - completed"));
}

// Each has its own price, its own time and its own expectations, whoever answers.
TEST_F(HedgedBooks, EachHasItsOwnFigures) {
  second_model_ = "sim-smart";
  regions_ = {"eu", "us"};
  start();
  answer_after(400ms, 1s);
  EXPECT_EQ(ask_stream().body, all_events());
  ASSERT_EQ(asked(1), 1u);
  ledger::StoredCall by_first = gateway_.books().back();
  EXPECT_EQ(by_first.cost_nano_usd, smart_prompt * 2'500 + 7 * 150 + 600);
  EXPECT_NEAR(by_first.ttft_ns.value_or(0) / 1e6, 400, 5);
  answer_after(4s, 100ms);
  EXPECT_EQ(ask_stream().body, all_events());
  ASSERT_EQ(asked(1), 2u);
  ledger::StoredCall by_second = gateway_.books().back();
  EXPECT_EQ(by_second.cost_nano_usd, prompt * 150 + 7 * 2'500 + 10'000);
  EXPECT_GT(by_second.ttft_ns.value_or(0), 105'000'000) << "and the time before it was asked";
  EXPECT_LT(by_second.ttft_ns.value_or(0), 200'000'000);
  EXPECT_EQ(by_first.region, "eu");
  EXPECT_EQ(by_second.region, "us");
  EXPECT_EQ(by_first.expected_input_tokens, prompt);
  EXPECT_EQ(by_second.expected_input_tokens, smart_prompt);
  EXPECT_GT(by_second.expected_cost_nano_usd, 10 * by_first.expected_cost_nano_usd.value_or(0));
}

// Both told content in the same moment: one is the answer, and the other one may bill its text.
TEST_F(HedgedBooks, WhatTheLoserHadToldIsPaid) {
  start();
  Instant at = now() + 1s;
  std::string told = std::string(role) + text_of(std::string(400, 'x')) + std::string(rest);
  for (TestProvider* provider : {&gateway_.provider(), others_[0].provider.get()}) {
    provider->script = [this, at, told](net::Exchange& exchange, std::string) -> Task<void> {
      Answer answer = stream(told);
      answer.before = at - now();
      return write(exchange, gateway_.loop().worker(), answer);
    };
  }
  EXPECT_EQ(ask_stream().body, told);
  ASSERT_EQ(attempts().size(), 2u);
  EXPECT_GT(gateway_.books().back().output_tokens, 1 + 40);
  EXPECT_EQ(gateway_.books().back().delivered_tokens, 1);
  EXPECT_EQ(gateway_.books().back().tokens_source, ledger::TokensSource::estimated);
}

// Whoever is killed while both are asked leaves behind what each of them may bill.
TEST_F(HedgedBooks, AKillLeavesBothBehind) {
  start();
  limit(1'000'000, budget::Reserve::clamp);
  answer_after(4s, 4s);
  Seen seen;
  begin_stream(seen, now() + 2s);
  after(1s);
  ASSERT_EQ(asked(1), 1u);
  EXPECT_EQ(charged_after_a_kill(), prompt + prompt);
  after(2s);
  EXPECT_EQ(charged_after_a_kill(), prompt + prompt) << "the client has left";
  nothing_is_held();
}

// The budget does not bear a second one: the row is as it was.
TEST_F(HedgedBooks, AKillLeavesTheFirstAloneBehind) {
  start();
  limit(1'000'000, budget::Reserve::clamp);
  answer_after(20ms, 0ms);
  Seen seen;
  begin_stream(seen);
  after(10ms);
  budget::Amount one = account().reserved;
  after(1s);
  limit(one + 10);
  answer_after(4s, 0ms);
  Seen late;
  begin_stream(late, now() + 2s);
  after(1s);
  ASSERT_EQ(asked(1), 0u);
  EXPECT_EQ(standing("q/sim-fast").running, 0u);
  EXPECT_EQ(left_after_a_kill().provider, "p");
  EXPECT_EQ(charged_after_a_kill(), prompt);
  after(3s);
}

// The first one is slow, and the second one is so behind its first content.
TEST_F(HedgedBooks, AnyContentIsTheAnswer) {
  start();
  constexpr std::string_view chunk =
      "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{}}}]}}\n\n";
  const std::string first_contents[] = {
      fmt::format(chunk, R"({"reasoning_content":"so"})"),
      fmt::format(chunk, R"({"tool_calls":[{"index":0,"id":"t","function":{"name":"f",)"
                         R"("arguments":"{}"}}]})"),
      "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}"
      "\n\n"};
  for (const std::string& content : first_contents) {
    warm_again();
    answer_after(1s, 0ms);
    others_[0].provider->script = [this, content](net::Exchange& exchange,
                                                  std::string) -> Task<void> {
      return begin_and_wait(exchange, gateway_.loop().worker(),
                            events_head() + std::string(role) + content, std::string(rest));
    };
    Seen seen = ask_stream();
    EXPECT_THAT(seen.body, HasSubstr(content));
    EXPECT_THAT(seen.head, HasSubstr("x-recloser-target: q/sim-fast\n")) << content;
  }
}

// As where one is asked alone: told at once, and paid, for who knows what was written.
TEST_F(HedgedBooks, ABeginThatIsNoneHasFailed) {
  start();
  answer_after(2s, 0ms);
  others_[0].provider->script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return begin_and_wait(exchange, gateway_.loop().worker(), events_head() + "data: {no\n\n",
                          std::string(piece));
  };
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_THAT(attempts(),
              ElementsAre("q/sim-fast malformed provider_failed", "p/sim-fast - completed"));
  EXPECT_EQ(ended("q/sim-fast", route::AttemptEnd::broken), 1u);
  EXPECT_EQ(gateway_.books().back().input_tokens, prompt + 7);
}

// What is none behind the begin is passed on by who reads the answer.
TEST_F(HedgedBooks, BehindItsBeginItIsAnOddEvent) {
  start();
  answer_after(2s, 0ms);
  std::string odd = std::string(role) + "data: {no\n\n" + std::string(piece) + std::string(rest);
  *others_[0].answer = stream(odd);
  EXPECT_EQ(ask_stream().body, odd);
  EXPECT_THAT(attempts(), ElementsAre("p/sim-fast outrun cut", "q/sim-fast - completed"));
}

// An error that is told first is not billed, and means what it says.
TEST_F(HedgedBooks, AnErrorInPlaceOfTheBeginIsFree) {
  start();
  answer_after(2s, 0ms);
  *others_[0].answer = stream(
      "data: "
      "{\"error\":{\"message\":\"slowly\",\"type\":\"rate_limit_error\",\"code\":\"rate_limit_"
      "exceeded\"}}\n\n");
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_THAT(attempts(),
              ElementsAre("q/sim-fast error_in_answer provider_failed", "p/sim-fast - completed"));
  EXPECT_EQ(ended("q/sim-fast", route::AttemptEnd::rate_limited), 1u);
  EXPECT_EQ(gateway_.books().back().input_tokens, 7);
  EXPECT_EQ(gateway_.books().back().tokens_source, ledger::TokensSource::exact);
}

// One that begins and says nothing is waited for as long as its provider says, where others are.
TEST_F(HedgedBooks, ASilentBeginIsNotWaitedForLong) {
  gateway_.config().providers[0].timeouts.first_token = 1s;
  start(3);
  first_ = {.bytes = events_head() + std::string(role), .stays_open = 1h};
  *others_[0].answer = status(500);
  EXPECT_EQ(ask_stream().body, all_events());
  EXPECT_LT(now() - begun_, 1500ms);
  EXPECT_THAT(attempts(),
              ElementsAre("q/sim-fast server_error provider_failed",
                          "p/sim-fast timeout provider_failed", "r/sim-fast - completed"));
  nothing_is_held();
}

// A long prelude is no reason to wait: it is passed on by who reads the answer.
TEST_F(HedgedBooks, WhatIsLongHasBegun) {
  start();
  answer_after(1s, 0ms);
  std::string prelude(70'000, ' ');
  others_[0].provider->script = [this, prelude](net::Exchange& exchange,
                                                std::string) -> Task<void> {
    return begin_and_wait(exchange, gateway_.loop().worker(), events_head() + ":" + prelude,
                          "\n\n" + all_events());
  };
  EXPECT_THAT(ask_stream().head, HasSubstr("x-recloser-target: q/sim-fast\n"));
}

}  // namespace
}  // namespace recloser::relay
