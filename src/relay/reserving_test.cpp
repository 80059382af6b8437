#include "relay/testing/budgeted_gateway.h"

#include <array>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using budget::Budget;
using budget::Reserve;
using budget::Unit;

// sim-fast: 0.15 dollars for a million tokens in, 0.60 out.
TEST_F(ReservingTest, WhatACallCostsIsChargedAndTheRestGivenBack) {
  limit({budget_of("b", Unit::usd, 1'000'000, Reserve::upper_bound),
         budget_of("t", Unit::tokens, 10'000, Reserve::upper_bound),
         budget_of("r", Unit::requests, 5, Reserve::upper_bound)});
  EXPECT_EQ(ask(R"(,"max_tokens":100)").status, 200);
  EXPECT_EQ(standing(0).charged, 7 * 150 + 3 * 600);
  EXPECT_EQ(standing(1).charged, 10);
  EXPECT_EQ(standing(2).charged, 1);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(standing(i).reserved, 0);
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.budgets.find("{\"name\":\"b\""), 1u) << call.budgets;
  EXPECT_NE(call.budgets.find("\"charged_usd\":\"0.000002850\""), std::string::npos);
  EXPECT_NE(call.budgets.find("\"name\":\"r\""), std::string::npos);
}

TEST_F(ReservingTest, UpperBoundRefusesBeforeAnythingIsSent) {
  limit({budget_of("tiny", Unit::usd, 30'000, Reserve::upper_bound)});
  Seen seen = ask(R"(,"max_tokens":100)");
  EXPECT_EQ(seen.status, 429);
  EXPECT_NE(seen.head.find("x-should-retry: false"), std::string::npos);
  EXPECT_NE(seen.head.find("x-recloser-decision: budget/tiny"), std::string::npos);
  EXPECT_NE(seen.head.find("x-recloser-budget: \"tiny\";limit=0.00003;remaining=0.00003"),
            std::string::npos);
  EXPECT_NE(seen.body.find("\"budget_exhausted\""), std::string::npos) << seen.body;
  EXPECT_NE(seen.body.find("the budget tiny of $0.00003 has $0.00003 left"), std::string::npos)
      << seen.body;
  EXPECT_EQ(asked(), 0u);
  EXPECT_EQ(standing(0).reserved, 0);
  EXPECT_EQ(standing(0).open_calls, 0u);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::refused);
}

// 429 with `x-should-retry: false` is what most clients stop on; who does not is told by a status
// that nobody tries again.
TEST_F(ReservingTest, WhoDoesNotListenIsRefusedInAnotherForm) {
  limit({budget_of("tiny", Unit::usd, 30'000, Reserve::upper_bound)});
  constexpr std::string_view fields = "x-recloser-session: s\r\n";
  EXPECT_EQ(ask("", fields).status, 429);
  EXPECT_EQ(ask("", fields).status, 429);
  Seen third = ask("", fields);
  EXPECT_EQ(third.status, 400);
  EXPECT_NE(third.body.find("\"budget_exhausted\""), std::string::npos) << third.body;
  EXPECT_EQ(gateway_.books().back().status, 400);
  EXPECT_EQ(ask("", "x-recloser-session: t\r\n").status, 429);
}

TEST_F(ReservingTest, AnAnswerTellsWhatIsLeft) {
  limit({budget_of("b", Unit::usd, 1'000'000, Reserve::upper_bound)});
  Seen seen = ask(R"(,"max_tokens":100)");
  EXPECT_NE(seen.head.find("x-recloser-budget: \"b\";limit=0.001;remaining=0.00099715\n"),
            std::string::npos)
      << seen.head;
  EXPECT_NE(seen.head.find("x-recloser-cost-usd: 0.000002850"), std::string::npos);
}

TEST_F(ReservingTest, OfRatesOursTakeThePlaceOfTheProviders) {
  gateway_.provider().script = [](net::Exchange& exchange, std::string) -> Task<void> {
    co_await exchange.answer(200,
                             "content-type: application/json\r\n"
                             "X-RateLimit-Remaining-Requests: 9999\r\n",
                             R"({"usage":{"prompt_tokens":7,"completion_tokens":3}})");
  };
  EXPECT_NE(ask().head.find("X-RateLimit-Remaining-Requests: 9999"), std::string::npos);
  Budget rpm = budget_of("rpm", Unit::requests, 5, Reserve::upper_bound);
  rpm.window = {.type = budget::WindowType::rate, .duration = 1min, .drain = 5};
  limit({rpm});
  Seen seen = ask();
  EXPECT_EQ(seen.head.find("9999"), std::string::npos) << seen.head;
  EXPECT_NE(seen.head.find("x-ratelimit-remaining-requests: 4\n"), std::string::npos);
  EXPECT_EQ(seen.head.find("x-recloser-budget"), std::string::npos) << "a rate is none";
}

// By a tokenizer that is known.
struct ExactBound : ReservingTest, testing::WithParamInterface<std::size_t> {
  ExactBound() : ReservingTest(config::Dialect::openai) {}

  static std::string text() {
    std::string text;
    while (text.size() < GetParam()) text += "the breaker closes itself again after a fault; ";
    return text;
  }
  Seen ask_long() {
    return gateway_.post("/v1/chat/completions",
                         fmt::format(R"({{"model":"p/gpt-4o-mini","max_tokens":1,"messages":)"
                                     R"([{{"role":"user","content":"{}"}}]}})",
                                     text()));
  }
  std::int64_t bound() { return gateway_.books().back().upper_input_tokens.value_or(0); }
};

// The bound of bytes is what a text of such bytes may be at most; this one is far from it.
TEST_P(ExactBound, IsAskedForWhereThatOfBytesDoesNotFit) {
  limit({budget_of("b", Unit::input_tokens, 1'000'000, Reserve::upper_bound)});
  EXPECT_EQ(ask_long().status, 200);
  std::int64_t by_bytes = bound();
  std::int64_t charged = standing(0).charged;

  limit({budget_of("b", Unit::input_tokens, by_bytes - 1 + charged, Reserve::upper_bound)});
  EXPECT_EQ(ask_long().status, 200);
  std::int64_t exact = bound();
  EXPECT_LT(exact, by_bytes * 9 / 10);
  charged = standing(0).charged;

  limit({budget_of("b", Unit::input_tokens, exact + charged, Reserve::upper_bound)});
  EXPECT_EQ(ask_long().status, 200) << "all that is left";
  charged = standing(0).charged;
  std::size_t before = asked();
  limit({budget_of("b", Unit::input_tokens, exact - 1 + charged, Reserve::upper_bound)});
  EXPECT_EQ(ask_long().status, 429);
  EXPECT_EQ(asked(), before);
  EXPECT_EQ(standing(0).reserved, 0);
}

TEST_P(ExactBound, OfAPromptThatGoesOnElsewhereIsNone) {
  limit({budget_of("b", Unit::input_tokens, 1'000, Reserve::upper_bound)});
  std::string body =
      fmt::format(R"({{"model":"p/gpt-4o-mini","input":"{}","conversation":"conv_1"}})", text());
  EXPECT_EQ(gateway_.post("/v1/responses", body).status, 429);
  EXPECT_GT(bound(), 50'000) << "the context of the model";
}

INSTANTIATE_TEST_SUITE_P(OnTheWorkerAndBesideIt, ExactBound, testing::Values(8'000, 200'000));

struct ShortPrompt : ReservingTest {
  ShortPrompt() : ReservingTest(config::Dialect::openai) {}

  static constexpr std::string_view text = "antidisestablishmentarianism 12345678901 xqjzw";
  std::int64_t expected(bool streams) {
    gateway_.post("/v1/chat/completions",
                  fmt::format(R"({{"model":"p/gpt-4o-mini","stream":{},"messages":)"
                              R"([{{"role":"user","content":"{}"}}]}})",
                              streams, text),
                  fmt::format("x-recloser-session: {}\r\n", streams));
    return gateway_.books().back().expected_input_tokens.value_or(0);
  }
};

// It would be most of what such a call costs.
TEST_F(ShortPrompt, IsEncodedAheadOfAStreamAlone) {
  limit({budget_of("b", Unit::usd, 1'000'000'000, Reserve::clamp)});
  text::EncodingScratch scratch;
  auto exact = static_cast<std::int64_t>(text::Encoding::o200k().count(text, scratch)) + 3 + 4;
  EXPECT_EQ(expected(true), exact);
  EXPECT_NE(expected(false), exact);
  EXPECT_GT(expected(false), 0);
}

TEST_F(ReservingTest, ClampLowersTheLimitThatTheProviderGets) {
  limit({budget_of("b", Unit::output_tokens, 300, Reserve::clamp)});
  EXPECT_EQ(ask(R"(,"max_tokens":1000)").status, 200);
  EXPECT_NE(gateway_.provider().bodies.back().find(R"("max_tokens":300)"), std::string::npos);
  EXPECT_EQ(ask().status, 200) << "what asks for no limit gets one";
  EXPECT_NE(gateway_.provider().bodies.back().find(R"("max_tokens":297)"), std::string::npos)
      << gateway_.provider().bodies.back();
  EXPECT_EQ(ask(R"(,"max_tokens":20)").status, 200);
  EXPECT_NE(gateway_.provider().bodies.back().find(R"("max_tokens":20)"), std::string::npos);
  EXPECT_EQ(standing(0).charged, 9);
}

TEST_F(ReservingTest, ClampDoesNotGoBelowItsFloor) {
  limit({budget_of("b", Unit::output_tokens, 255, Reserve::clamp)});
  EXPECT_EQ(ask(R"(,"max_tokens":1000)").status, 429);
  EXPECT_EQ(ask(R"(,"max_tokens":255)").status, 200) << "who asks for less gets it";
  EXPECT_EQ(asked(), 1u);
}

TEST_F(ReservingTest, SeveralChoicesShareWhatIsLeft) {
  limit({budget_of("b", Unit::output_tokens, 900, Reserve::clamp)});
  EXPECT_EQ(ask(R"(,"max_tokens":1000,"n":3)").status, 200);
  EXPECT_NE(gateway_.provider().bodies.back().find(R"("max_tokens":300)"), std::string::npos);
}

// Else it would hold all that is left, and its provider be told a limit that no provider takes.
TEST_F(ReservingTest, AnAnswerWhoseLengthNobodyKnowsIsLimited) {
  for (Reserve reserve : {Reserve::clamp, Reserve::upper_bound, Reserve::elastic}) {
    limit({budget_of("b", Unit::output_tokens, 1'000'000'000, reserve)});
    constexpr std::string_view body =
        R"({"model":"p/no-such-model","messages":[{"role":"user","content":"so"}],"n":2})";
    budget::Amount held = 0;
    gateway_.provider().script = [&](net::Exchange& exchange, std::string) -> Task<void> {
      held = standing(0).reserved;
      return send(exchange, R"({"usage":{"prompt_tokens":7,"completion_tokens":3}})");
    };
    EXPECT_EQ(gateway_.post("/v1/chat/completions", std::string(body)).status, 200);
    const std::string& sent = gateway_.provider().bodies.back();
    if (reserve == Reserve::elastic) {  // it is streamed to us, and can be ended
      EXPECT_EQ(sent.find("max_tokens"), std::string::npos) << sent;
      EXPECT_LT(held, 1'000);
    } else {
      EXPECT_NE(sent.find(R"("max_tokens":16384)"), std::string::npos) << sent;
      EXPECT_EQ(held, 2 * 16'384);
    }
  }
}

TEST_F(ReservingTest, AModelWithoutAPriceIsNotTakenForFree) {
  limit({budget_of("b", Unit::usd, 1'000'000'000, Reserve::clamp)});
  Seen seen = gateway_.post("/v1/chat/completions",
                            R"({"model":"p/no-such-model","messages":[{"role":"user"}]})");
  EXPECT_EQ(seen.status, 403) << seen.body;
  EXPECT_NE(seen.body.find("model_unpriced"), std::string::npos);
  EXPECT_EQ(asked(), 0u);
}

TEST_F(ReservingTest, ACallThatFailsGivesBackWhatItHeld) {
  limit({budget_of("b", Unit::usd, 1'000'000, Reserve::upper_bound)});
  gateway_.provider().script = [](net::Exchange& exchange, std::string) -> Task<void> {
    static const std::string error = R"({"error":{"message":"no"}})";
    co_await exchange.answer(500, "content-type: application/json\r\n", error);
  };
  EXPECT_EQ(ask(R"(,"max_tokens":100)").status, 500);
  EXPECT_EQ(standing(0).reserved, 0);
  EXPECT_EQ(standing(0).open_calls, 0u);
}

// "users/team/<org>/<team>/requests/month" of long names.
TEST_F(ReservingTest, ABudgetMayHaveALongName) {
  std::string name(255, 'n');
  limit({budget_of(name, Unit::requests, 5, Reserve::upper_bound)});
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(standing(0).charged, 1);
  EXPECT_NE(gateway_.books().back().budgets.find(name), std::string::npos);
}

// Where the ledger has no room for what a call holds, the call is refused and holds nothing.
TEST_F(ReservingTest, WhatCannotBeBookedIsNotHeld) {
  limit({budget_of("b", Unit::usd, 1'000'000, Reserve::upper_bound),
         budget_of(std::string(256, 'n'), Unit::usd, 1'000'000, Reserve::upper_bound),
         budget_of("r", Unit::requests, 5, Reserve::upper_bound)});
  EXPECT_EQ(ask(R"(,"max_tokens":100)").status, 413);
  EXPECT_EQ(asked(), 0u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(standing(i).charged, 0);
    EXPECT_EQ(standing(i).reserved, 0);
    EXPECT_EQ(standing(i).open_calls, 0u);
  }
  EXPECT_NE(gateway_.books().back().budgets.find("\"charged_usd\":\"0.000000000\""),
            std::string::npos)
      << gateway_.books().back().budgets;
}

TEST_F(ReservingTest, EachSessionHasAnAccountOfItsOwn) {
  Budget budget = budget_of("s", Unit::requests, 1, Reserve::upper_bound);
  budget.key = {{budget::KeyPart::session, ""}};
  limit({budget});
  EXPECT_EQ(ask("", "x-recloser-session: one\r\n").status, 200);
  EXPECT_EQ(ask("", "x-recloser-session: one\r\n").status, 429);
  EXPECT_EQ(ask("", "x-recloser-session: two\r\n").status, 200);
}

TEST_F(ReservingTest, ARateSaysWhenToComeBack) {
  Budget rpm = budget_of("rpm", Unit::requests, 2, Reserve::upper_bound);
  rpm.window = {.type = budget::WindowType::rate, .duration = 1min, .drain = 2};
  limit({rpm});
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(ask().status, 200);
  Seen seen = ask();
  EXPECT_EQ(seen.status, 429);
  EXPECT_NE(seen.body.find("rate_limited"), std::string::npos);
  EXPECT_NE(seen.head.find("x-ratelimit-remaining-requests: 0"), std::string::npos);
  EXPECT_NE(seen.head.find("retry-after: 30"), std::string::npos) << seen.head;
  EXPECT_NE(seen.head.find("x-should-retry: true"), std::string::npos) << seen.head;
}

// What ends for its length at a limit that we have lowered, we have cut.
TEST_F(ReservingTest, AWholeAnswerThatEndsAtOurLimitIsACut) {
  limit({budget_of("b", Unit::output_tokens, 300, Reserve::clamp)});
  std::string body =
      R"({"id":"a","model":"sim-fast","choices":[{"index":0,"message":{"content":"so"},)"
      R"("finish_reason":"length"}],"usage":{"prompt_tokens":7,"completion_tokens":)";
  for (bool lowered : {false, true}) {
    std::string all = body + (lowered ? "299" : "1") + "}}";
    gateway_.provider().script = [all](net::Exchange& exchange, std::string) -> Task<void> {
      return send(exchange, all);
    };
    Seen seen = ask(lowered ? R"(,"max_tokens":1000)" : R"(,"max_tokens":1)");
    bool noted = seen.body.find(
                     "so\\n\\n[Recloser: stopped, the budget b of 300 output tokens is spent. "
                     "call ") != seen.body.npos;
    EXPECT_EQ(noted, lowered) << seen.body;
    EXPECT_EQ(seen.body == all, !lowered);
    ledger::StoredCall call = gateway_.books().back();
    EXPECT_EQ(call.outcome, lowered ? ledger::Outcome::cut : ledger::Outcome::completed);
    EXPECT_EQ(call.delivered_tokens, call.output_tokens);
    EXPECT_EQ(call.decisions.find("\"rule\":\"budget/b\"") != std::string::npos, lowered);
  }
}

// A provider that writes a token at a time, and would go on for ever.
class CuttingTest : public ReservingTest {
 protected:
  void streams(std::string piece, int at_most = 100'000) {
    gateway_.provider().script = [this, piece, at_most](net::Exchange& exchange,
                                                        std::string) -> Task<void> {
      return write(exchange, gateway_.loop().worker(), piece, at_most);
    };
  }
  static Task<void> write(net::Exchange& exchange, net::Worker& worker, std::string text,
                          int at_most) {
    std::string event = fmt::format(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"sim-fast\","
        "\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}},\"finish_reason\":null}}]}}"
        "\n\n",
        text);
    std::string head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    exchange.begin(net::AnswerFraming::chunked);
    std::array<std::string_view, 1> payload{event};
    for (int i = 0; i < at_most; ++i) {
      std::string_view now = i == 0 ? std::string_view(head) : std::string_view();
      Result<void> sent = co_await exchange.send(now, payload, net::Last::no);
      if (!sent) co_return;
      co_await worker.sleep_until(worker.now() + 5ms);
    }
    std::string_view done = "data: [DONE]\n\n";
    std::array<std::string_view, 1> end{done};
    Result<void> sent = co_await exchange.send("", end, net::Last::yes);
  }
  // Three hundred words, then the limit goes to ten, then more.
  Task<void> lower_while_it_runs(net::Exchange& exchange, Budget& budget) {
    net::Worker& worker = gateway_.loop().worker();
    std::string head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    exchange.begin(net::AnswerFraming::chunked);
    std::string event =
        "data: {\"id\":\"c\",\"model\":\"sim-fast\",\"choices\":[{\"index\":0,\"delta\":"
        "{\"content\":\" word\"},\"finish_reason\":null}]}\n\n";
    std::array<std::string_view, 1> payload{event};
    for (int i = 0; i < 1000; ++i) {
      if (i == 300) {
        budget.limit = 10;
        limit({budget});
      }
      std::string_view now = i == 0 ? std::string_view(head) : std::string_view();
      Result<void> sent = co_await exchange.send(now, payload, net::Last::no);
      if (!sent) co_return;
      co_await worker.sleep_until(worker.now() + 5ms);
    }
  }
  Task<void> watch_it_run(net::Exchange& exchange) {
    net::Worker& worker = gateway_.loop().worker();
    std::string head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    exchange.begin(net::AnswerFraming::chunked);
    std::string event =
        "data: {\"id\":\"c\",\"model\":\"sim-fast\",\"choices\":[{\"index\":0,\"delta\":"
        "{\"content\":\" word\"},\"finish_reason\":null}]}\n\n";
    std::array<std::string_view, 1> payload{event};
    for (int i = 0; i < 300; ++i) {
      if (i == 200) charged_at_200_ = standing(0).charged;
      std::string_view now = i == 0 ? std::string_view(head) : std::string_view();
      Result<void> sent = co_await exchange.send(now, payload, net::Last::no);
      if (!sent) co_return;
      co_await worker.sleep_until(worker.now() + 5ms);
    }
  }
  budget::Amount charged_at_200_ = 0;

  Seen stream(std::string_view more = "") { return ask(fmt::format(R"(,"stream":true{})", more)); }
};

TEST_F(CuttingTest, AStreamIsCutAtTheLastTokenThatIsPaidFor) {
  streams(" word");
  limit({budget_of("words", Unit::output_tokens, 100, Reserve::elastic)});
  Seen seen = stream();
  EXPECT_NE(seen.head.find("x-recloser-budget: \"words\";limit="), std::string::npos) << seen.head;
  gateway_.settle();
  EXPECT_EQ(seen.status, 200);
  std::size_t words = 0;
  for (std::size_t at = 0; (at = seen.body.find("\" word\"", at)) != std::string::npos; ++at)
    ++words;
  EXPECT_EQ(words, 100u);
  EXPECT_NE(seen.body.find("[Recloser: stopped, the budget words of 100 output tokens is spent."),
            std::string::npos)
      << seen.body.substr(seen.body.size() - 800);
  EXPECT_NE(seen.body.find("\"finish_reason\":\"length\""), std::string::npos);
  EXPECT_NE(seen.body.find(": recloser cut call="), std::string::npos);
  EXPECT_TRUE(seen.body.ends_with("data: [DONE]\n\n"));
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::cut);
  EXPECT_EQ(call.delivered_tokens, 100);
  EXPECT_GE(*call.output_tokens, 101);
  EXPECT_LE(*call.output_tokens, 102) << "what it wrote until it heard of it";
  EXPECT_EQ(call.overshoot_tokens, *call.output_tokens - 100);
  EXPECT_LT(call.upstream_close_ms.value_or(1000), 50);
  EXPECT_TRUE(gateway_.provider().left_at.has_value());
  EXPECT_EQ(standing(0).charged, *call.output_tokens);
  Metrics::Snapshot counted;
  gateway_.relay().metrics().add_to(counted);
  EXPECT_EQ((counted.stream_cuts[{{"budget/words"}}]), 1u);
  EXPECT_EQ(standing(0).reserved, 0);
}

// A threshold is told while the stream that reaches it runs (acceptance 11).
TEST_F(CuttingTest, WhatIsUsedIsToldSliceBySlice) {
  Budget budget = budget_of("words", Unit::output_tokens, 1000, Reserve::elastic);
  budget.slice_tokens = 64;
  limit({budget});
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return watch_it_run(exchange);
  };
  stream();
  gateway_.settle();
  EXPECT_GE(charged_at_200_, 128) << "less than a slice behind";
  EXPECT_LE(charged_at_200_, 210);
}

TEST_F(CuttingTest, MoneyIsCutToTheTokenThatItPaysFor) {
  streams(" word");
  // The bound of the prompt, and 150 tokens at 600 nano-dollars.
  limit({budget_of("b", Unit::usd, 100'000, Reserve::elastic)});
  Seen seen = stream();
  gateway_.settle();
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::cut);
  EXPECT_LE(standing(0).charged, 100'000 + 2 * 600);
  EXPECT_GE(standing(0).charged, 80'000);
  EXPECT_EQ(standing(0).reserved, 0);
  EXPECT_EQ(stream().status, 429) << "and the next one is told so before it begins";
}

TEST_F(CuttingTest, ALimitThatIsLoweredCutsWhatRuns) {
  Budget budget = budget_of("b", Unit::output_tokens, 100'000, Reserve::elastic);
  limit({budget});
  streams(" word");
  gateway_.provider().script = [this, &budget](net::Exchange& exchange, std::string) -> Task<void> {
    return lower_while_it_runs(exchange, budget);
  };
  Seen seen = stream();
  gateway_.settle();
  EXPECT_NE(seen.body.find("[Recloser: stopped, the budget b of 10 output tokens is spent."),
            std::string::npos)
      << seen.body.substr(seen.body.size() - 500);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::cut);
}

TEST_F(CuttingTest, AStreamThatEndsInTimeIsNotTouched) {
  streams(" word", 50);
  limit({budget_of("words", Unit::output_tokens, 100, Reserve::elastic)});
  Seen seen = stream();
  gateway_.settle();
  EXPECT_EQ(seen.body.find("Recloser"), std::string::npos);
  EXPECT_EQ(standing(0).charged, 50);
  EXPECT_EQ(standing(0).reserved, 0);
}

// One that ends at its sentence takes its grace from inside the limit.
TEST_F(CuttingTest, ASentenceEndsWithinTheLimit) {
  Budget budget = budget_of("words", Unit::output_tokens, 100, Reserve::elastic);
  budget.cut = {.at_sentence = true, .grace_tokens = 30, .note = {}};
  limit({budget});
  streams(" seven words and then it ends.\\n");
  Seen seen = stream();
  gateway_.settle();
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::cut);
  EXPECT_GT(call.delivered_tokens, 70);
  EXPECT_LE(call.delivered_tokens, 100);
  EXPECT_EQ(call.delivered_tokens.value_or(0) % 7, 0) << "whole sentences";
  EXPECT_EQ(standing(0).reserved, 0);
}

TEST_F(ReservingTest, WhatIsNearlySpentLowersAnswersAndSaysSo) {
  Budget budget = budget_of("b", Unit::output_tokens, 10'000, Reserve::clamp);
  budget.degrade_at_per_million = 500'000;
  limit({budget});
  EXPECT_EQ(ask(R"(,"max_tokens":1256)").head.find("x-recloser-warning"), std::string::npos);
  gateway_.budgets().set_charged(*lives_[0], budget::account_key(*lives_[0], ""), 7500);
  Seen seen = ask(R"(,"max_tokens":1256)");
  EXPECT_NE(gateway_.provider().bodies.back().find(R"("max_tokens":756)"), std::string::npos)
      << gateway_.provider().bodies.back();
  EXPECT_NE(seen.head.find("x-recloser-warning: 7,500 output tokens of the budget b of 10,000 "
                           "output tokens is used: the answer may have 756 tokens"),
            std::string::npos)
      << seen.head;
  EXPECT_NE(gateway_.books().back().decisions.find("\"action\":\"degrade\""), std::string::npos);
}

}  // namespace
}  // namespace recloser::relay
