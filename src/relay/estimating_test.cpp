#include "relay/testing/test_gateway.h"

#include <string>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

class EstimatingTest : public testing::Test {
 protected:
  explicit EstimatingTest(config::Dialect dialect = config::Dialect::simulated)
      : gateway_(testing::TempDir() + "recloser-estimating-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {
    gateway_.config().providers[0].dialect = dialect;
    gateway_.start();
  }

  // The provider says from now on that it read so many tokens; 0: it says nothing.
  void reads(std::uint64_t tokens) {
    std::string events =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"so it is\"},"
        "\"finish_reason\":\"stop\"}]}\n\n";
    if (tokens > 0) {
      events += fmt::format(
          "data: "
          "{{\"choices\":[],\"usage\":{{\"prompt_tokens\":{},\"completion_tokens\":3}}}}\n\n",
          tokens);
    }
    events += "data: [DONE]\n\n";
    answer(std::move(events));
  }
  // The same in Anthropic's words, with what of its tools was used.
  void reads_with_tools(std::uint64_t tokens, std::string_view tools) {
    answer(
        fmt::format("event: message_start\ndata: {{\"type\":\"message_start\",\"message\":"
                    "{{\"id\":\"a\",\"model\":\"m-large\",\"usage\":{{\"input_tokens\":{},"
                    "\"output_tokens\":1}}}}}}\n\nevent: message_delta\ndata: {{\"type\":"
                    "\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\"}},\"usage\":"
                    "{{\"output_tokens\":3{}}}}}\n\nevent: message_stop\ndata: {{\"type\":"
                    "\"message_stop\"}}\n\n",
                    tokens, tools));
  }
  void answer(std::string events) {
    gateway_.provider().script = [events](net::Exchange& exchange, std::string) -> Task<void> {
      return send(exchange, events);
    };
  }
  static Task<void> send(net::Exchange& exchange, std::string events) {
    co_await exchange.answer(200, "content-type: text/event-stream\r\n", events);
  }

  ledger::StoredCall ask(std::string_view content, std::string_view session,
                         std::string_view model = "m",
                         std::string_view path = "/v1/chat/completions") {
    std::string body = fmt::format(
        R"({{"model":"{}","stream":true,"messages":[{{"role":"user","content":"{}"}}]}})", model,
        content);
    return ask_body(body, session, path);
  }
  ledger::StoredCall ask_body(const std::string& body, std::string_view session,
                              std::string_view path) {
    gateway_.post(std::string(path), body, fmt::format("x-recloser-session: {}\r\n", session));
    return gateway_.books().back();
  }

  static std::string lines(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += fmt::format("Line {} of a long story. ", i);
    return text;
  }

  TestGateway gateway_;
};

TEST_F(EstimatingTest, ALongPromptIsBoundedByWhatItSaysNotByItsBytes) {
  reads(0);
  std::string text = lines(8'000);
  text::EncodingScratch scratch;
  auto exact = static_cast<double>(text::Encoding::o200k().count(text, scratch));
  ledger::StoredCall call = ask(text, "s", "p/gpt-4o");
  EXPECT_NEAR(static_cast<double>(*call.expected_input_tokens), exact, exact * 0.2);
  EXPECT_GE(static_cast<double>(*call.upper_input_tokens), exact);
  EXPECT_LT(*call.upper_input_tokens, static_cast<std::int64_t>(text.size()));
  EXPECT_EQ(call.input_tokens, call.expected_input_tokens);  // nobody said better
}

TEST_F(EstimatingTest, AConversationIsExpectedToGoOnAsItsProviderSaidOfIt) {
  reads(1'500);
  std::string text = lines(100);
  std::int64_t counted = *ask(text, "s").expected_input_tokens;
  EXPECT_LT(counted, 1'300);
  EXPECT_EQ(*ask(text, "s").expected_input_tokens, 1'500);
  EXPECT_GE(*ask(text, "s").upper_input_tokens, 1'500);
  EXPECT_EQ(*ask(text, "another").expected_input_tokens, counted);
  EXPECT_EQ(*ask(text, "s", "p/another-model").expected_input_tokens, counted);
  // What nobody says of the next prompt is booked by it.
  reads(0);
  EXPECT_EQ(ask(text, "s").input_tokens, 1'500);
}

TEST_F(EstimatingTest, WhatAToolOfTheProvidersReadIsNoneOfThePrompt) {
  auto expected = [this](std::string_view session) {
    return *ask(lines(100), session, "m", "/v1/messages").expected_input_tokens;
  };
  reads_with_tools(1'500, R"(,"server_tool_use":{"web_search_requests":1})");
  std::int64_t counted = expected("s");
  EXPECT_EQ(gateway_.books().back().input_tokens, 1'500);
  EXPECT_EQ(expected("s"), counted);
  reads_with_tools(1'500, R"(,"server_tool_use":{"web_search_requests":0})");
  EXPECT_EQ(expected("s"), counted);
  EXPECT_EQ(expected("s"), 1'500);
}

TEST_F(EstimatingTest, WhereTheTokenizerIsKnownAShortPromptIsCountedAllTheSame) {
  reads(40);
  ask("one two three", "s", "p/gpt-4o");
  reads(0);
  EXPECT_EQ(ask("one two three", "s", "p/gpt-4o").input_tokens, 3 + 3 + 4);
}

// Where prices and limits are known.
class EstimatingAtOpenAi : public EstimatingTest {
 protected:
  EstimatingAtOpenAi() : EstimatingTest(config::Dialect::openai) {}
};

TEST_F(EstimatingAtOpenAi, WhatLiesElsewhereIsBoundedByWhatTheModelReads) {
  reads(0);
  constexpr std::int64_t most = 128'000 - 16'384;  // gpt-4o's context, less its longest answer
  const std::string file =
      R"({"model":"p/gpt-4o","stream":true,"messages":[{"role":"user","content":[)"
      R"({"type":"file","file":{"file_id":"file-1"}}]}]})";
  for (int i = 0; i < 2; ++i) {  // the second time, the message could be remembered
    ledger::StoredCall call = ask_body(file, "s", "/v1/chat/completions");
    EXPECT_GE(call.upper_input_tokens.value_or(0), most);
    EXPECT_LT(call.expected_input_tokens.value_or(most), 50);
  }
  const std::string chained =
      R"({"model":"p/gpt-4o","stream":true,"input":"go on","previous_response_id":"resp_1"})";
  EXPECT_GE(ask_body(chained, "s", "/v1/responses").upper_input_tokens.value_or(0), most);
  EXPECT_LT(ask("go on", "s", "p/gpt-4o").upper_input_tokens.value_or(most), 100);
}

TEST_F(EstimatingTest, NothingBoundsWhatLiesElsewhereForAModelThatNobodyKnows) {
  reads(0);
  const std::string chained =
      R"({"model":"p/unheard-of","stream":true,"input":"go on","previous_response_id":"resp_1"})";
  ledger::StoredCall call = ask_body(chained, "s", "/v1/responses");
  EXPECT_FALSE(call.upper_input_tokens.has_value());
  EXPECT_TRUE(call.expected_input_tokens.has_value());
}

TEST_F(EstimatingTest, ASchemaOfTheAnswerIsInTheBound) {
  reads(0);
  std::string fields;
  for (int i = 0; i < 200; ++i) fields += fmt::format(R"(,"field_{}":{{"type":"string"}})", i);
  std::string body = fmt::format(
      R"({{"model":"p/gpt-4o","stream":true,"messages":[{{"role":"user","content":"go"}}],)"
      R"("response_format":{{"type":"json_schema","json_schema":{{"name":"x"{}}}}}}})",
      fields);
  text::EncodingScratch scratch;
  auto tokens = static_cast<std::int64_t>(text::Encoding::o200k().count(fields, scratch));
  EXPECT_GE(ask_body(body, "s", "/v1/chat/completions").upper_input_tokens.value_or(0), tokens);
}

}  // namespace
}  // namespace recloser::relay
