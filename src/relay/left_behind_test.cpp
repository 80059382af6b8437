// What an answer that another target goes on with leaves behind: in the books, in what its client
// is told, in the health of both targets.
#include "codec/stream_reader.h"
#include "relay/testing/failing_targets.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using route::AttemptEnd;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view begun = "The old man had fished alone for eighty-four days";

std::string chunk(std::string_view delta, std::string_view more = "") {
  return fmt::format("data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{}{}}}]}}\n\n",
                     delta, more);
}

std::string text(std::string_view what) {
  return chunk(fmt::format("{{\"content\":\"{}\"}}", what));
}

class LeftBehind : public FailoverTest {
 protected:
  void TearDown() override {
    gateway_.relay().end_calls();
    after(1s);
  }
  void start(std::size_t targets = 2,
             config::Interrupted interrupted = config::Interrupted::go_on) {
    with_targets(targets);
    model().interrupted = interrupted;
    for (config::Provider& provider : gateway_.config().providers) {
      provider.prefill = config::Prefill::plain;
    }
    gateway_.start();
    first_ = stream(broken());
    for (Other& other : others_) *other.answer = stream(remaining());
  }
  static std::string broken() { return std::string(role) + text(begun); }
  static std::string remaining() { return std::string(role) + text(" in the Gulf.") + end(); }
  static std::string end() { return std::string(rest); }
  // The call to the target, silent behind what it has said.
  static Answer silent(std::string_view events) {
    return {.bytes = events_head() + std::string(events), .stays_open = 1h};
  }
  static std::string said(std::string_view body) {
    std::string out;
    codec::StreamReader reader(codec::Operation::chat);
    while (std::optional<codec::Event> event = reader.next(body)) {
      if (event->kind == codec::EventKind::text) codec::unescape(out, event->text);
    }
    return out;
  }
  static codec::Usage told(std::string_view body) {
    codec::StreamReader reader(codec::Operation::chat);
    while (reader.next(body)) {
    }
    return reader.facts().usage;
  }
  Seen ask(std::string fields = "") {
    return gateway_.post("/v1/chat/completions",
                         R"({"model":"n","stream":true,"stream_options":{"include_usage":true},)"
                         R"("messages":[{"role":"user","content":"say so"}]})",
                         std::move(fields));
  }
  ledger::StoredCall row() { return gateway_.books().back(); }
  std::uint64_t ended(std::string_view target, AttemptEnd end) {
    return standing(target).ends[static_cast<std::size_t>(end)];
  }

  Seen seen_;
};

// Of what was read from a cache, too, and of what was thought.
TEST_F(LeftBehind, TheSumIsToldInAllItsParts) {
  start();
  first_ = stream(broken() +
                  "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
                  "\"completion_tokens\":12,\"prompt_tokens_details\":{\"cached_tokens\":5},"
                  "\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n");
  *others_[0].answer = stream(
      std::string(role) + text(" in the Gulf.") + chunk("{}", ",\"finish_reason\":\"stop\"") +
      "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":7,"
      "\"prompt_tokens_details\":{\"cached_tokens\":30},"
      "\"completion_tokens_details\":{\"reasoning_tokens\":3}}}\n\ndata: [DONE]\n\n");
  codec::Usage sum = told(ask().body);
  EXPECT_EQ(sum.cached_input_tokens, 35u);
  EXPECT_EQ(sum.reasoning_tokens, 5u);
  EXPECT_EQ(row().cached_input_tokens, 35);
  EXPECT_EQ(row().reasoning_tokens, 5);
}

TEST_F(LeftBehind, WhoDoesNotFitIsNotBlamed) {
  start();
  *others_[0].answer = stream(std::string(role) + text("ish fellow left him.") + end());
  EXPECT_THAT(ask().body, HasSubstr("\"error\""));
  EXPECT_EQ(ended("p/one", AttemptEnd::broken), 1u);
  EXPECT_EQ(ended("q/two", AttemptEnd::cancelled), 1u);
}

TEST_F(LeftBehind, AnErrorOfTheSecondStreamMeansWhatItSays) {
  start(3);
  *others_[0].answer =
      stream(std::string(role) + text(" in the") +
             "data: {\"error\":{\"message\":\"slowly\",\"type\":\"rate_limit_error\",\"code\":"
             "\"rate_limit_exceeded\"}}\n\n");
  *others_[1].answer = stream(std::string(role) + text(" Gulf.") + end());
  EXPECT_EQ(said(ask().body), std::string(begun) + " in the Gulf.");
  EXPECT_EQ(ended("q/two", AttemptEnd::rate_limited), 1u);
}

// With its first words a second stream is an answer like any other.
TEST_F(LeftBehind, ASecondStreamThatTellsItsTextWaitsForNothing) {
  start();
  *others_[0].answer = silent(std::string(role) + text(" in the Gulf."));
  others_[0].answer->before = 500ms;
  begin_stream(seen_);
  after(200ms);
  EXPECT_EQ(gateway_.health().find("q/two")->retries().running(), 1u);
  after(1s);
  EXPECT_THAT(seen_.body, HasSubstr("Gulf"));
  EXPECT_EQ(gateway_.health().find("q/two")->retries().running(), 0u);
  EXPECT_GE(standing("q/two").ewma_ttft, 400ms);
  EXPECT_EQ(standing("q/two").running, 1u);
}

// What lacks its blank line is seen by no client: of the end that makes no difference.
TEST_F(LeftBehind, ItsMarkOfTheEndMayLackItsOwn) {
  start();
  std::string all = remaining();
  *others_[0].answer = stream(all.substr(0, all.size() - 2));
  Seen seen = ask();
  EXPECT_EQ(said(seen.body), std::string(begun) + " in the Gulf.");
  EXPECT_THAT(seen.body, HasSubstr("\"finish_reason\":\"stop\""));
  EXPECT_EQ(row().outcome, ledger::Outcome::completed);
}

// Of its last event it does: the client has not heard that the answer is whole.
TEST_F(LeftBehind, NoEndIsTakenForOne) {
  start();
  for (std::string_view what : {" in the Gulf.", " in"}) {
    after(31s);
    std::string cut = std::string(role) + text(what) + chunk("{}", ",\"finish_reason\":\"stop\"");
    *others_[0].answer = stream(cut.substr(0, cut.size() - 2));
    Seen seen = ask();
    EXPECT_THAT(seen.body, HasSubstr("\"error\""));
    EXPECT_EQ(row().outcome, ledger::Outcome::provider_failed);
  }
}

TEST_F(LeftBehind, BehindOneThatAnswersWithNoStreamAThirdIsAsked) {
  start(3);
  *others_[0].answer = json("{}");
  EXPECT_EQ(said(ask().body), std::string(begun) + " in the Gulf.");
  EXPECT_THAT(attempts(), ElementsAre("p/one closed provider_failed",
                                      "q/two not_an_api provider_failed", "r/three - completed"));
  EXPECT_EQ(ended("q/two", AttemptEnd::broken), 1u);
}

// Of an answer that nobody may go on with, what its provider said of its end is for the client.
TEST_F(LeftBehind, AnErrorInTheMidstOfJsonIsToldAsItCame) {
  start();
  std::string begin = std::string(role) + text(R"({\"name\": \"Santiago\", \"age)");
  first_ = stream(begin + std::string(error_in_band));
  EXPECT_EQ(ask().body, begin + std::string(error_in_band));
  EXPECT_EQ(asked(1), 0u);
}

// The next one reads the answer so far as well, and its budget bears that.
TEST_F(LeftBehind, WhatTheNextOneReadsIsHeld) {
  std::string long_text(3000, 'x');
  for (std::size_t at = 5; at < long_text.size(); at += 6) long_text[at] = ' ';
  start();
  first_ = silent(std::string(role) + text(long_text));
  budget::Budget tokens;
  tokens.name = "b";
  tokens.unit = budget::Unit::input_tokens;
  tokens.limit = 1'000'000;
  tokens.reserve = budget::Reserve::upper_bound;
  std::vector<budget::Live*> lives =
      gateway_.budgets().configure({std::make_shared<const budget::Budget>(tokens)});
  auto held = [&] {
    budget::Standing account =
        gateway_.budgets().standing(*lives[0], budget::account_key(*lives[0], ""));
    return account.reserved;
  };
  *others_[0].answer = silent("");
  begin_stream(seen_);
  after(1s);
  budget::Amount of_first = held();
  gateway_.health().drain("p/one", true);
  EXPECT_EQ(gateway_.relay().leave("p/one").switched, 1u);
  after(1s);
  ASSERT_EQ(asked(1), 1u);
  EXPECT_GT(held(), of_first + 3000);
}

// Its end is told for the sum of both, whatever came behind the cut.
TEST_F(LeftBehind, WhatComesBehindACutIsBooked) {
  start();
  budget::Budget tokens;
  tokens.name = "b";
  tokens.unit = budget::Unit::output_tokens;
  tokens.limit = 16;
  tokens.reserve = budget::Reserve::elastic;
  gateway_.budgets().configure({std::make_shared<const budget::Budget>(tokens)});
  *others_[0].answer = stream(
      std::string(role) + text(" in the") +
      text(" Gulf Stream and had caught nothing at all, not one fish") +
      "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"
      "\"usage\":{\"prompt_tokens\":4000,\"completion_tokens\":100}}\n\ndata: [DONE]\n\n");
  EXPECT_THAT(ask().body, HasSubstr("the budget b of 16 output tokens is spent"));
  EXPECT_GT(row().input_tokens, 4000);
  EXPECT_GT(row().output_tokens, 100);
  EXPECT_LT(row().delivered_tokens, 20);
}

// The answer that began anew is counted from its own begin.
TEST_F(LeftBehind, ARestartIsCountedFromItsBegin) {
  start(2, config::Interrupted::restart);
  *others_[0].answer = stream(broken());  // with no word of its usage
  Seen seen = ask("x-recloser-restart: allow\r\n");
  EXPECT_THAT(seen.body, HasSubstr("event: recloser.restart\n"));
  std::int64_t both = row().output_tokens.value_or(0);
  *others_[0].answer = status(500);
  after(61s);
  ask("x-recloser-restart: allow\r\n");
  EXPECT_EQ(both, 2 * row().output_tokens.value_or(0));
}

// The budget has paid for the first answer, and bears so much less of the second.
TEST_F(LeftBehind, ARestartIsCutWhereTheBudgetEnds) {
  start(2, config::Interrupted::restart);
  budget::Budget tokens;
  tokens.name = "b";
  tokens.unit = budget::Unit::output_tokens;
  tokens.limit = 40;
  tokens.reserve = budget::Reserve::elastic;
  gateway_.budgets().configure({std::make_shared<const budget::Budget>(tokens)});
  std::string many(role);
  for (int i = 0; i < 60; ++i) many += text(" word");
  *others_[0].answer = stream(many + end());
  std::string body = ask("x-recloser-restart: allow\r\n").body;
  EXPECT_THAT(body, HasSubstr("the budget b of 40 output tokens is spent"));
  int words = 0;
  for (std::size_t at = 0; (at = body.find("\" word\"", at)) != body.npos; ++at) ++words;
  EXPECT_GT(words, 20);
  EXPECT_LT(words, 33);
}

TEST_F(LeftBehind, ARestartGivesItsRetryBack) {
  start(2, config::Interrupted::restart);
  *others_[0].answer = silent(role);
  std::string head = fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n"
      "x-recloser-restart: allow\r\n",
      test_secret);
  std::string body = R"({"model":"n","stream":true,"messages":[{"role":"user","content":"so"}]})";
  head += fmt::format("content-length: {}\r\n\r\n", body.size());
  gateway_.loop().worker().tasks().spawn("a call",
                                         gateway_.fetch(head, body, seen_, Instant::never()));
  after(1s);
  EXPECT_THAT(seen_.body, HasSubstr("event: recloser.restart\n"));
  EXPECT_EQ(gateway_.health().find("q/two")->retries().running(), 0u);
}

class LeftNow : public LeftBehind {
 protected:
  void begin_silent() {
    first_ = silent(broken());
    begin_stream(seen_);
    after(1s);
  }
  static Task<void> say_and_go_on(net::Exchange& exchange, net::Worker& worker, std::string bytes,
                                  std::string then) {
    exchange.begin(net::AnswerFraming::length);
    std::array<std::string_view, 1> payload{bytes};
    Result<void> sent = co_await exchange.send("", payload, net::Last::no);
    co_await worker.sleep_until(worker.now() + 3s);
    payload = {then};
    sent = co_await exchange.send("", payload, net::Last::no);
    exchange.break_off();
  }
  LeftTarget leave(std::string_view target) {
    gateway_.health().drain(target, true);
    return gateway_.relay().leave(target);
  }
};

TEST_F(LeftNow, OnlyCallsOfThatTarget) {
  start(3);
  begin_silent();
  LeftTarget left = leave("q/two");
  EXPECT_EQ(left.switched + left.staying, 0u);
  left = leave("p/one");
  EXPECT_EQ(left.switched, 1u) << "those that were looked at are found again";
  after(100ms);
  EXPECT_EQ(said(seen_.body), std::string(begun) + " in the Gulf.") << "at once";
  EXPECT_EQ(asked(2), 1u);
  EXPECT_THAT(attempts(), ElementsAre("p/one drained cut", "r/three - completed"));
}

// The one that was asked for the rest has said nothing yet.
TEST_F(LeftNow, NoneThatIsJustAsked) {
  start(3);
  *others_[0].answer = silent("");
  others_[0].answer->before = 5s;
  begin_silent();
  EXPECT_EQ(leave("p/one").switched, 1u);
  after(1s);
  LeftTarget left = leave("q/two");
  EXPECT_EQ(left.switched, 0u);
  EXPECT_EQ(left.staying, 1u);
  left = leave("p/one");
  EXPECT_EQ(left.switched + left.staying, 0u) << "it has been left";
}

TEST_F(LeftNow, NorOneThatHasToldNothing) {
  start();
  first_ = silent(role);
  begin_stream(seen_);
  after(1s);
  LeftTarget left = leave("p/one");
  EXPECT_EQ(left.switched, 0u);
  EXPECT_EQ(left.staying, 1u);
}

TEST_F(LeftNow, NorAnAnswerThatNobodyMayGoOnWith) {
  start();
  first_ = silent(std::string(role) + text(R"({\"name\": \"Santiago\", \"age)"));
  begin_stream(seen_);
  after(1s);
  LeftTarget left = leave("p/one");
  EXPECT_EQ(left.switched, 0u);
  EXPECT_EQ(left.staying, 1u);
}

// Who was to go on is out of use in the same moment: the answer stays where it is, to its end.
TEST_F(LeftNow, WithNobodyLeftItGoesOnWhereItIs) {
  start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return say_and_go_on(exchange, gateway_.loop().worker(), events_head() + broken(),
                         text(" in the Gulf.") + end());
  };
  begin_stream(seen_);
  after(1s);
  EXPECT_EQ(leave("p/one").switched, 1u);
  gateway_.health().drain("q/two", true);
  after(5s);
  EXPECT_EQ(said(seen_.body), std::string(begun) + " in the Gulf.") << seen_.body;
  EXPECT_THAT(seen_.body, Not(HasSubstr("error")));
  EXPECT_EQ(asked(1), 0u);
  EXPECT_THAT(attempts(), ElementsAre("p/one - completed"));
}

}  // namespace
}  // namespace recloser::relay
