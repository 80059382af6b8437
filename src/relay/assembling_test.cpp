// Calls without a stream that can be stopped at a token, because their provider is asked for one.
#include "relay/testing/test_gateway.h"

#include <array>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using budget::Budget;
using budget::Reserve;
using budget::Unit;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-provider: p1\r\n"
    "transfer-encoding: chunked\r\n\r\n";

class AssemblingTest : public testing::Test {
 protected:
  AssemblingTest()
      : gateway_(testing::TempDir() + "recloser-assembling-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {
    gateway_.config().providers[0].dialect = config::Dialect::simulated;
  }

  void start(budget::Amount output_tokens = 100) {
    if (std::exchange(started_, true)) return;
    gateway_.start();
    if (output_tokens == 0) return;
    auto words = std::make_shared<Budget>();
    words->name = "small";
    words->unit = Unit::output_tokens;
    words->limit = output_tokens;
    words->reserve = Reserve::elastic;
    lives_ = gateway_.budgets().configure({words});
  }

  // The provider's events from now on, one a millisecond, and how it ends.
  enum class End { well, early, never };
  void streams(std::vector<std::string> events, End end = End::well) {
    gateway_.provider().script = [this, events, end](net::Exchange& exchange,
                                                     std::string) -> Task<void> {
      return write(exchange, gateway_.loop().worker(), events, end);
    };
  }
  static Task<void> write(net::Exchange& exchange, net::Worker& worker,
                          std::vector<std::string> events, End end) {
    exchange.begin(net::AnswerFraming::chunked);
    std::string_view head = stream_head;
    for (std::size_t i = 0; i < events.size() || end == End::never; ++i) {
      std::string event = "data: " + events[std::min(i, events.size() - 1)] + "\n\n";
      std::array<std::string_view, 1> payload{event};
      Result<void> sent = co_await exchange.send(std::exchange(head, ""), payload, net::Last::no);
      if (!sent) co_return;
      co_await worker.sleep_until(worker.now() + 1ms);
    }
    if (end == End::early) {
      exchange.break_off();
      co_return;
    }
    std::span<const std::string_view> nothing;
    Result<void> sent = co_await exchange.send("", nothing, net::Last::yes);
  }
  void answers(int status, std::string body) {
    gateway_.provider().script = [status, body](net::Exchange& exchange,
                                                std::string) -> Task<void> {
      return answer(exchange, status, body);
    };
  }
  static Task<void> answer(net::Exchange& exchange, int status, std::string body) {
    co_await exchange.answer(status, "content-type: application/json\r\n", body);
  }

  static std::string delta(std::string_view text) {
    return fmt::format(R"({{"id":"c","object":"chat.completion.chunk","model":"sim-fast",)"
                       R"("choices":[{{"index":0,"delta":{{"content":"{}"}},)"
                       R"("finish_reason":null}}]}})",
                       text);
  }
  std::vector<std::string> so_it_is() const {
    return {R"({"id":"c","object":"chat.completion.chunk","model":"sim-fast","choices":)"
            R"([{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})",
            delta("so"),
            delta(" it is"),
            R"({"id":"c","model":"sim-fast","choices":[{"index":0,"delta":{},)"
            R"("finish_reason":"stop"}]})",
            R"({"id":"c","model":"sim-fast","choices":[],"usage":{"prompt_tokens":7,)"
            R"("completion_tokens":3,"total_tokens":10}})",
            "[DONE]"};
  }

  Seen ask(std::string_view more = "", std::string_view fields = "") {
    start();
    return gateway_.post("/v1/chat/completions",
                         fmt::format(R"({{"model":"sim-fast","messages":[{{"role":"user",)"
                                     R"("content":"say so"}}]{}}})",
                                     more),
                         std::string(fields));
  }
  std::string asked_last() { return gateway_.provider().bodies.back(); }
  budget::Standing standing() {
    return gateway_.budgets().standing(*lives_[0], budget::account_key(*lives_[0], ""));
  }

  TestGateway gateway_;
  std::vector<budget::Live*> lives_;
  bool started_ = false;
};

TEST_F(AssemblingTest, TheClientGetsTheAnswerThatItAskedFor) {
  streams(so_it_is());
  Seen seen = ask();
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.body,
            R"({"id":"c","model":"sim-fast","usage":{"prompt_tokens":7,"completion_tokens":3,)"
            R"("total_tokens":10},"object":"chat.completion","choices":[{"index":0,"message":)"
            R"({"role":"assistant","content":"so it is"},"finish_reason":"stop"}]})");
  EXPECT_THAT(seen.head, HasSubstr("content-type: application/json\n"));
  EXPECT_THAT(seen.head, Not(HasSubstr("event-stream")));
  EXPECT_THAT(seen.head, HasSubstr("x-provider: p1\n"));
  EXPECT_THAT(seen.head, HasSubstr("x-recloser-cost-usd: 0.000002850\n"));
  EXPECT_THAT(asked_last(), HasSubstr(R"("stream":true)"));
  EXPECT_THAT(asked_last(), HasSubstr(R"("stream_options":{"include_usage":true})"));
  EXPECT_THAT(asked_last(), Not(HasSubstr("max_tokens"))) << "it holds a slice, not its worst case";
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::completed);
  EXPECT_EQ(call.status, 200);
  EXPECT_EQ(call.output_tokens, 3);
  EXPECT_EQ(call.delivered_tokens, 3);
  EXPECT_EQ(standing().charged, 3);
  EXPECT_EQ(standing().reserved, 0);
}

TEST_F(AssemblingTest, ItIsCutAtTheLastTokenThatIsPaidFor) {
  streams({delta(" word")}, End::never);
  Seen seen = ask();
  gateway_.settle();
  EXPECT_EQ(seen.status, 200);
  std::size_t words = 0;
  for (std::size_t at = 0; (at = seen.body.find(" word", at)) != std::string::npos; ++at) ++words;
  EXPECT_EQ(words, 100u);
  EXPECT_THAT(seen.body, HasSubstr("[Recloser: stopped, the budget small of 100 output tokens is "
                                   "spent. call "));
  EXPECT_THAT(seen.body, HasSubstr(R"("finish_reason":"length")"));
  EXPECT_THAT(seen.body, HasSubstr(R"("usage":{"prompt_tokens":)"));
  EXPECT_THAT(seen.head, HasSubstr("x-recloser-decision: budget/small\n"));
  EXPECT_THAT(seen.head, HasSubstr("x-recloser-cost-usd: "));
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::cut);
  EXPECT_EQ(call.delivered_tokens, 100);
  EXPECT_GE(*call.output_tokens, 101);
  EXPECT_LE(*call.output_tokens, 103) << "what it wrote until it heard of it";
  EXPECT_EQ(call.overshoot_tokens, *call.output_tokens - 100);
  EXPECT_LT(call.upstream_close_ms.value_or(1000), 50);
  EXPECT_TRUE(gateway_.provider().left_at.has_value());
  EXPECT_EQ(standing().charged, *call.output_tokens);
  EXPECT_EQ(ask().status, 429) << "and the next one is told so before it begins";
}

TEST_F(AssemblingTest, ACutDropsTheCallThatIsOpen) {
  std::string begun =
      R"({"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"I will",)"
      R"("tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"rm",)"
      R"("arguments":"{\"path\":\""}}]}}]})";
  std::string more =
      R"({"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":)"
      R"({"arguments":" word word"}}]}}]})";
  streams({begun, more}, End::never);
  Seen seen = ask();
  gateway_.settle();
  EXPECT_THAT(seen.body, Not(HasSubstr("tool_calls")));
  EXPECT_THAT(seen.body, HasSubstr(R"("finish_reason":"length")"));
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::cut);
}

TEST_F(AssemblingTest, MessagesEndAsTheirAgentsTakeIt) {
  std::string begun =
      R"({"type":"message_start","message":{"id":"m","type":"message","role":"assistant",)"
      R"("model":"sim-fast","content":[],"stop_reason":null,"usage":{"input_tokens":5,)"
      R"("output_tokens":1}}})";
  std::string block =
      R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})";
  std::string word =
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" word"}})";
  streams({begun, block, word}, End::never);
  start();
  Seen seen = gateway_.post("/v1/messages",
                            R"({"model":"sim-fast","max_tokens":5000,"messages":[{"role":"user",)"
                            R"("content":"say so"}]})",
                            "user-agent: claude-cli/2.1.0 (external, cli)\r\n");
  gateway_.settle();
  EXPECT_EQ(seen.status, 200);
  EXPECT_THAT(seen.body, HasSubstr(R"("stop_reason":"end_turn")"));
  EXPECT_THAT(seen.body, HasSubstr(" word word"));
  EXPECT_THAT(seen.body, HasSubstr("[Recloser: stopped, "));
  EXPECT_THAT(asked_last(), HasSubstr(R"("stream":true)"));
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::cut);
}

TEST_F(AssemblingTest, AResponseKeepsWhatItsBeginTold) {
  std::string begun =
      R"({"type":"response.created","response":{"id":"r","object":"response","status":)"
      R"("in_progress","model":"sim-fast","temperature":0.5,"output":[],"usage":null}})";
  std::string item =
      R"({"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":)"
      R"("message","status":"in_progress","role":"assistant","content":[]}})";
  std::string part =
      R"({"type":"response.content_part.added","item_id":"i","output_index":0,)"
      R"("content_index":0,"part":{"type":"output_text","text":"","annotations":[]}})";
  std::string word = R"({"type":"response.output_text.delta","item_id":"i","output_index":0,)"
                     R"("content_index":0,"delta":" word"})";
  streams({begun, item, part, word}, End::never);
  start();
  Seen seen = gateway_.post("/v1/responses", R"({"model":"sim-fast","input":"say so"})");
  gateway_.settle();
  EXPECT_EQ(seen.status, 200);
  EXPECT_THAT(seen.body, HasSubstr(R"("temperature":0.5)"));
  EXPECT_THAT(seen.body, HasSubstr(R"("status":"incomplete")"));
  EXPECT_THAT(seen.body, HasSubstr(R"("incomplete_details":{"reason":"max_output_tokens"})"));
  EXPECT_THAT(seen.body, HasSubstr(R"("output":[{"id":"i",)"));
  EXPECT_THAT(seen.body, HasSubstr(" word word"));
  EXPECT_THAT(seen.body, HasSubstr("[Recloser: stopped, the budget small of 100 output tokens"));
  EXPECT_THAT(seen.body, HasSubstr(R"("output_tokens":)"));
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::cut);
}

TEST_F(AssemblingTest, AProviderThatIsGoneLeavesNoHalfAnswer) {
  streams({delta("half an answer")}, End::early);
  Seen seen = ask();
  EXPECT_EQ(seen.status, 503);
  EXPECT_THAT(seen.body, HasSubstr(R"("code":"provider_unavailable")"));
  EXPECT_THAT(seen.body, Not(HasSubstr("half")));
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::provider_failed);
  EXPECT_EQ(call.delivered_tokens, 0);
  EXPECT_GT(*call.output_tokens, 0) << "what it wrote is paid for";
  EXPECT_EQ(standing().reserved, 0);
}

TEST_F(AssemblingTest, AStreamThatIsNotWholeIsNoAnswer) {
  streams({delta("half an answer")});
  EXPECT_EQ(ask().status, 503);
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::provider_failed);
}

TEST_F(AssemblingTest, AnAnswerWithAHoleInItIsNoAnswer) {
  std::vector<std::string> events = so_it_is();
  events[2] = events[2].substr(0, events[2].size() / 2);
  streams(events);
  Seen seen = ask();
  EXPECT_EQ(seen.status, 502);
  EXPECT_THAT(seen.body, HasSubstr(R"("code":"provider_error")"));
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::provider_failed);
  EXPECT_THAT(call.attempts, HasSubstr(R"("error_class":"malformed")"));
  EXPECT_EQ(call.delivered_tokens, 0);
}

TEST_F(AssemblingTest, AnErrorInTheStreamIsTheAnswer) {
  streams({delta("so"), R"({"error":{"message":"busy","type":"rate_limit_error","code":null}})"});
  Seen seen = ask();
  EXPECT_EQ(seen.status, 429);
  EXPECT_EQ(seen.body, R"({"error":{"message":"busy","type":"rate_limit_error","code":null}})");
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::provider_failed);
  EXPECT_EQ(gateway_.books().back().status, 429);
}

TEST_F(AssemblingTest, AnErrorAnswerPassesAsItIs) {
  answers(400, R"({"error":{"message":"max_tokens is too large"}})");
  Seen seen = ask();
  EXPECT_EQ(seen.status, 400);
  EXPECT_EQ(seen.body, R"({"error":{"message":"max_tokens is too large"}})");
  EXPECT_EQ(gateway_.provider().bodies.size(), 1u) << "it is not asked again";
}

constexpr std::string_view plain_answer =
    R"({"id":"a","model":"sim-fast","choices":[{"index":0,"message":{"content":"so"},)"
    R"("finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}})";

TEST_F(AssemblingTest, AJsonAnswerPassesAsItIsAndTheNextCallHoldsItsWorstCase) {
  answers(200, std::string(plain_answer));
  EXPECT_EQ(ask().body, plain_answer);
  EXPECT_THAT(asked_last(), HasSubstr(R"("stream":true)"));
  EXPECT_EQ(ask(R"(,"max_tokens":80)").body, plain_answer);
  EXPECT_THAT(asked_last(), Not(HasSubstr("stream")));
  EXPECT_EQ(ask(R"(,"max_tokens":99)").status, 429) << "94 are left, and nothing could stop it";
}

// A provider that has no streams.
TEST_F(AssemblingTest, ATargetThatRefusesToStreamIsAskedPlainlyOnceAndRemembered) {
  gateway_.provider().script = [](net::Exchange& exchange, std::string body) -> Task<void> {
    if (!body.contains("stream")) return answer(exchange, 200, std::string(plain_answer));
    return answer(exchange, 400, R"({"error":{"message":"Streaming is not supported"}})");
  };
  start(1000);
  Seen seen = ask();
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.body, plain_answer);
  ASSERT_EQ(gateway_.provider().bodies.size(), 2u);
  EXPECT_THAT(gateway_.provider().bodies[0], HasSubstr(R"("stream":true)"));
  EXPECT_THAT(gateway_.provider().bodies[1], HasSubstr(R"("max_tokens":1000)")) << "what is left";
  EXPECT_THAT(gateway_.books().back().attempts, HasSubstr(R"("n":2)"));
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::completed);
  EXPECT_EQ(standing().charged, 3);
  EXPECT_EQ(standing().reserved, 0);
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(gateway_.provider().bodies.size(), 3u) << "remembered";
}

TEST_F(AssemblingTest, WhatCannotBeHeldWholeIsNotAskedForPlainly) {
  answers(400, R"({"error":{"message":"Streaming is not supported"}})");
  Seen seen = ask();  // 100 tokens are left, and the answer may have thousands
  EXPECT_EQ(seen.status, 429);
  EXPECT_THAT(seen.body, HasSubstr("budget_exhausted"));
  EXPECT_EQ(gateway_.provider().bodies.size(), 1u);
  EXPECT_EQ(standing().reserved, 0);
}

TEST_F(AssemblingTest, ARefusalThatHasAnotherReasonIsNotRemembered) {
  answers(400, R"({"error":{"message":"bad stream_options","param":"stream_options"}})");
  start(1000);
  EXPECT_EQ(ask().status, 400);
  EXPECT_EQ(gateway_.provider().bodies.size(), 2u);
  streams(so_it_is());
  EXPECT_EQ(ask().status, 200);
  EXPECT_THAT(asked_last(), HasSubstr(R"("stream":true)"));
}

TEST_F(AssemblingTest, AClientThatLeavesEndsItsProvider) {
  streams({delta(" word")}, End::never);
  start(100'000);
  Seen seen;
  std::string body = R"({"model":"sim-fast","messages":[{"role":"user","content":"x"}]})";
  std::string head = fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n"
      "content-type: application/json\r\ncontent-length: {}\r\n\r\n",
      test_secret, body.size());
  net::Worker& worker = gateway_.loop().worker();
  worker.tasks().spawn("client", gateway_.fetch(head, body, seen, worker.now() + 200ms));
  worker.run_until([&] { return gateway_.provider().left_at.has_value(); });
  gateway_.settle();
  ledger::StoredCall call = gateway_.books().back();
  EXPECT_EQ(call.outcome, ledger::Outcome::client_gone);
  EXPECT_GT(*call.output_tokens, 10);
  EXPECT_EQ(call.delivered_tokens, 0);
  EXPECT_EQ(standing().charged, *call.output_tokens);
}

TEST_F(AssemblingTest, WithoutAnythingThatMayStopItACallGoesThroughAsItIs) {
  answers(200, std::string(plain_answer));
  start(0);
  EXPECT_EQ(ask().body, plain_answer);
  EXPECT_EQ(asked_last(),
            R"({"model":"sim-fast","messages":[{"role":"user","content":"say so"}]})");
}

TEST_F(AssemblingTest, AModelMaySayAlwaysOrNever) {
  gateway_.config().models = {{.name = "streamed",
                               .targets = {{.provider = "p", .model = "sim-fast"}},
                               .stream_upstream = config::StreamUpstream::always},
                              {.name = "whole",
                               .targets = {{.provider = "p", .model = "sim-fast"}},
                               .stream_upstream = config::StreamUpstream::never}};
  streams(so_it_is());
  start(1000);
  auto ask_model = [&](std::string_view model) {
    return gateway_.post("/v1/chat/completions",
                         fmt::format(R"({{"model":"{}","messages":[{{"role":"user"}}]}})", model));
  };
  EXPECT_THAT(ask_model("streamed").body, HasSubstr("so it is"));
  EXPECT_THAT(asked_last(), HasSubstr(R"("stream":true)"));
  answers(200, std::string(plain_answer));
  EXPECT_EQ(ask_model("whole").body, plain_answer);
  EXPECT_THAT(asked_last(), Not(HasSubstr("stream")));
  EXPECT_THAT(asked_last(), HasSubstr("max_tokens")) << "it holds all that it may take";
}

}  // namespace
}  // namespace recloser::relay
