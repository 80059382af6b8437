// While an answer that broke off waits for its next target, and who that may be.
#include "codec/stream_reader.h"
#include "relay/testing/failing_targets.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view comment = ": keep-alive\n\n";
constexpr std::string_view begun = "The old man had fished alone for eighty-four days";

std::string text(std::string_view what) {
  return fmt::format(
      "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
      what);
}

class ContinuingTest : public FailoverTest {
 protected:
  void start(std::size_t targets = 2) {
    with_targets(targets);
    begin();
  }
  void begin() {
    model().interrupted = config::Interrupted::go_on;
    for (config::Provider& provider : gateway_.config().providers) {
      provider.prefill = config::Prefill::plain;
    }
    gateway_.start();
    first_ = stream(broken());
    for (Other& other : others_) *other.answer = stream(remaining());
  }
  // With 8,192 tokens of context.
  void with_small_second() {
    gateway_.config().providers[1].name = model().targets[1].provider = "openai";
    gateway_.config().providers[1].dialect = config::Dialect::openai;
    model().targets[1].model = "gpt-4";
  }
  static std::string broken() { return std::string(role) + text(begun); }
  static std::string remaining(std::string_view what = " in the Gulf.") {
    return std::string(role) + text(what) + std::string(rest);
  }
  Seen ask(std::string_view more = "", std::string_view members = "") {
    return gateway_.post("/v1/chat/completions",
                         fmt::format(R"({{"model":"n","stream":true,"stream_options":)"
                                     R"({{"include_usage":true}},{}"messages":[{{"role":"user",)"
                                     R"("content":"tell{}"}}]}})",
                                     members, more));
  }
  static std::size_t comments_in(std::string_view body) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = body.find(comment, at)) != std::string_view::npos; ++at) ++count;
    return count;
  }
  static std::string said(std::string_view body) {
    std::string out;
    codec::StreamReader reader(codec::Operation::chat);
    while (std::optional<codec::Event> event = reader.next(body)) {
      if (event->kind == codec::EventKind::text) codec::unescape(out, event->text);
    }
    return out;
  }
  void expect_whole(const Seen& seen, std::string_view rest = " in the Gulf.") {
    EXPECT_EQ(said(seen.body), std::string(begun) + std::string(rest)) << seen.body;
    EXPECT_THAT(seen.body, Not(HasSubstr("error")));
    EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::completed);
  }
  void expect_told(const Seen& seen) {
    EXPECT_EQ(said(seen.body), begun);
    EXPECT_THAT(seen.body, HasSubstr("\"error\""));
    EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::provider_failed);
  }
  std::vector<budget::Live*> limit(budget::Budget budget) {
    std::vector<std::shared_ptr<const budget::Budget>> all{
        std::make_shared<const budget::Budget>(std::move(budget))};
    return gateway_.budgets().configure(std::move(all));
  }
  budget::Standing standing_of(budget::Live& live) {
    return gateway_.budgets().standing(live, budget::account_key(live, ""));
  }
};

TEST_F(ContinuingTest, ItsClientHearsComments) {
  gateway_.config().keep_alive.every = 1s;
  start();
  others_[0].answer->before = 3500ms;
  Seen seen = ask();
  expect_whole(seen);
  EXPECT_EQ(comments_in(seen.body), 3u);
  EXPECT_THAT(seen.body, HasSubstr(broken() + std::string(comment) + std::string(comment)));
}

TEST_F(ContinuingTest, AsLongAsItTakesAndNoLonger) {
  gateway_.config().keep_alive.every = 1s;
  start(3);
  *others_[0].answer = status(500);
  others_[0].answer->before = 1400ms;
  others_[1].answer->before = 1400ms;
  Seen seen = ask();
  expect_whole(seen);
  EXPECT_EQ(comments_in(seen.body), 2u) << "over both waits";
}

TEST_F(ContinuingTest, NoneWhereItIsQuick) {
  gateway_.config().keep_alive.every = 1s;
  start();
  others_[0].answer->before = 900ms;
  EXPECT_EQ(comments_in(ask().body), 0u);
}

TEST_F(ContinuingTest, WhoLeavesMeanwhileIsGone) {
  gateway_.config().keep_alive.every = 1s;
  start();
  others_[0].answer->before = 4s;
  Seen seen;
  begin_stream(seen, gateway_.loop().worker().now() + 2500ms);
  after(10s);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::client_gone);
  for (std::string_view target : {"p/one", "q/two"}) EXPECT_EQ(standing(target).running, 0u);
  EXPECT_TRUE(others_[0].provider->left_at.has_value());
}

TEST_F(ContinuingTest, ADrainOfTheGatewayEndsTheWait) {
  gateway_.config().keep_alive.every = 1s;
  start();
  others_[0].answer->before = 8s;
  Seen seen;
  begin_stream(seen);
  after(2500ms);
  EXPECT_EQ(gateway_.relay().end_calls(), 1u);
  after(1s);
  EXPECT_EQ(comments_in(seen.body), 2u);
  EXPECT_THAT(seen.body, HasSubstr("draining"));
  EXPECT_EQ(gateway_.books().size(), 1u);
}

// A second attempt that goes on is in no other one's way, however long it runs.
TEST_F(ContinuingTest, ManyMayBeGoneOnWithAtATime) {
  start();
  *others_[0].answer = {.bytes = events_head() + std::string(role) + text(" in the Gulf of Mexico"),
                        .stays_open = 20s};
  std::vector<Seen> seen(5);
  Instant leave_at = gateway_.loop().worker().now() + 10s;
  for (Seen& each : seen) {
    begin_stream(each, leave_at);
    after(1s);
  }
  EXPECT_EQ(asked(1), 5u);
  EXPECT_EQ(standing("q/two").running, 5u);
  EXPECT_EQ(gateway_.health().find("q/two")->retries().running(), 0u);
  after(10s);
}

TEST_F(ContinuingTest, AnErrorOfTheSecondStreamIsOneOfItsOwn) {
  start(3);
  *others_[0].answer = stream(std::string(role) + text(" in the") + std::string(error_in_band));
  *others_[1].answer = stream(remaining(" Gulf."));
  expect_whole(ask());
  EXPECT_THAT(attempts(),
              ElementsAre("p/one closed provider_failed", "q/two error_in_answer provider_failed",
                          "r/three - completed"));
}

TEST_F(ContinuingTest, TheLastAttemptIsNotGoneOnWith) {
  with_targets(2, 1);
  begin();
  expect_told(ask());
  EXPECT_EQ(asked(1), 0u);
}

// The prompt fits, and with the answer so far it does not.
TEST_F(ContinuingTest, WhoHasNoRoomForTheAnswerSoFarIsLeftOut) {
  with_targets(3);
  with_small_second();
  begin();
  std::string nearly(32'500, 'x');
  expect_whole(ask(nearly));
  EXPECT_EQ(asked(1), 0u);
  EXPECT_EQ(asked(2), 1u);
}

TEST_F(ContinuingTest, WithNobodyElseThatIsTheEnd) {
  with_targets(2);
  with_small_second();
  begin();
  expect_told(ask(std::string(32'500, 'x')));
  EXPECT_EQ(asked(1), 0u);
}

TEST_F(ContinuingTest, WhoHasRoomIsAsked) {
  with_targets(2);
  with_small_second();
  begin();
  expect_whole(ask(std::string(30'000, 'x')));
}

// What the client may have in all was room enough before the first attempt.
TEST_F(ContinuingTest, AnAnswerOfBoundedLengthHasItsRoomAlready) {
  with_targets(2);
  with_small_second();
  begin();
  expect_whole(ask(std::string(32'300, 'x'), R"("max_tokens":40,)"));
}

TEST_F(ContinuingTest, TheDeadlineBeginsAnewWhereItBreaksOff) {
  with_targets(2);
  model().deadline = 1s;
  begin();
  first_.stays_open = 1h;
  expect_whole(ask());
}

TEST_F(ContinuingTest, TheFirstCauseIsTold) {
  start(3);
  *others_[0].answer = stream(std::string(role) + text(" in the") + std::string(error_in_band));
  *others_[1].answer = status(500);
  Seen seen = ask();
  EXPECT_THAT(seen.body, HasSubstr("provider p ended the stream"));
  EXPECT_EQ(attempts().size(), 3u);
}

TEST_F(ContinuingTest, WhatAnswersWithNoStreamMayBillWhatItRead) {
  start();
  *others_[0].answer = status(500);
  ask();
  std::int64_t alone = gateway_.books().back().input_tokens.value_or(0);
  *others_[0].answer = json(whole);
  ask();
  EXPECT_GT(gateway_.books().back().input_tokens.value_or(0), alone);
}

// Nobody says what was used. Eight words are a token each, and 72 bytes.
TEST_F(ContinuingTest, WhatIsGoneOnWithAndBreaksOffIsCountedAsOtherAnswersAre) {
  start();
  std::string words;
  for (int i = 0; i < 8; ++i) words += " remember";
  *others_[0].answer = stream(std::string(role) + text(words));
  EXPECT_EQ(said(ask().body), std::string(begun) + words);
  std::int64_t both = gateway_.books().back().output_tokens.value_or(0);
  first_ = stream(broken() + text(words));
  *others_[0].answer = status(500);
  EXPECT_EQ(said(ask().body), std::string(begun) + words);
  EXPECT_EQ(both, gateway_.books().back().output_tokens.value_or(0));
}

TEST_F(ContinuingTest, APrefillAddsNothingToThePromptButTheText) {
  start();
  *others_[0].answer = status(500);
  ask();
  ledger::StoredCall alone = gateway_.books().back();
  *others_[0].answer = stream(std::string(role) + text(" in the"));
  ask();
  EXPECT_EQ(gateway_.books().back().input_tokens.value_or(0),
            2 * alone.input_tokens.value_or(0) + alone.output_tokens.value_or(0));
}

TEST_F(ContinuingTest, ACallOfAToolWaitsForItsEndOnlyWhereItMayBeDropped) {
  with_targets(2, 1);
  begin();
  std::string call =
      "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
      "\"id\":\"t\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}\n\n";
  first_ = stream(broken() + call);
  EXPECT_THAT(ask().body, HasSubstr(call));
}

// Some 340 tokens of the next one's price are what is left of the money.
TEST_F(ContinuingTest, TheRestIsAsLongAsItsPriceAllows) {
  with_targets(2);
  model().targets[0].model = "sim-fast";
  model().targets[1].model = "sim-smart";
  begin();
  budget::Budget money;
  money.name = "money";
  money.unit = budget::Unit::usd;
  money.limit = 6'500'000;
  money.reserve = budget::Reserve::clamp;
  limit(money);
  expect_whole(ask("", R"("max_tokens":1000,)"));
  EXPECT_THAT(gateway_.provider().bodies.at(0), HasSubstr(R"("max_tokens":1000)"));
  EXPECT_THAT(others_[0].provider->bodies.at(0), HasSubstr(R"("max_tokens":3)"));
}

// 16,384 tokens of output at 600 nano-dollars are 9,830,400, at 10,000 they are 163,840,000.
TEST_F(ContinuingTest, ABudgetThatCannotBearTheNextOneIsTheEnd) {
  with_targets(2);
  model().targets[0].model = "sim-fast";
  model().targets[1].model = "sim-smart";
  begin();
  budget::Budget money;
  money.name = "money";
  money.unit = budget::Unit::usd;
  money.limit = 20'000'000;
  money.reserve = budget::Reserve::upper_bound;
  std::vector<budget::Live*> lives = limit(money);
  expect_told(ask());
  EXPECT_EQ(asked(1), 0u);
  EXPECT_EQ(standing_of(*lives[0]).reserved, 0);
  EXPECT_EQ(standing_of(*lives[0]).open_calls, 0u);
  EXPECT_EQ(standing_of(*lives[0]).charged, gateway_.books().back().cost_nano_usd);
}

TEST_F(ContinuingTest, NorOneWithoutAPriceWhereMoneyCounts) {
  with_targets(2);
  model().targets[0].model = "sim-fast";
  begin();
  budget::Budget money;
  money.name = "money";
  money.unit = budget::Unit::usd;
  money.limit = 1'000'000'000;
  money.reserve = budget::Reserve::upper_bound;
  std::vector<budget::Live*> lives = limit(money);
  expect_told(ask());
  EXPECT_EQ(asked(1), 0u);
  EXPECT_EQ(standing_of(*lives[0]).reserved, 0);
}

TEST_F(ContinuingTest, WhatIsToldOfACutIsTheSumOfBoth) {
  start();
  budget::Budget tokens;
  tokens.name = "b";
  tokens.unit = budget::Unit::output_tokens;
  tokens.limit = 16;
  tokens.reserve = budget::Reserve::elastic;
  limit(tokens);
  *others_[0].answer =
      stream(std::string(role) + text(" in the") +
             text(" Gulf Stream and had caught nothing at all") + std::string(rest));
  Seen seen = ask();
  EXPECT_THAT(seen.body, HasSubstr("the budget b of 16 output tokens is spent"));
  codec::StreamReader reader(codec::Operation::chat);
  std::string_view body = seen.body;
  while (reader.next(body)) {
  }
  ledger::StoredCall row = gateway_.books().back();
  EXPECT_EQ(reader.facts().usage.input_tokens,
            static_cast<std::uint64_t>(row.input_tokens.value_or(0)));
  EXPECT_EQ(reader.facts().usage.output_tokens,
            static_cast<std::uint64_t>(row.output_tokens.value_or(0)));
}

}  // namespace
}  // namespace recloser::relay
