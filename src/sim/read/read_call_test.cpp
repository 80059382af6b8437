#include "sim/read/read_call.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::sim {
namespace {

using codec::Operation;

Call good(Operation operation, std::string_view body) {
  std::expected<Call, ApiError> call = read_call(operation, body, 1);
  EXPECT_TRUE(call) << call.error().message;
  return call ? *call : Call{};
}

ApiError bad(Operation operation, std::string_view body) {
  std::expected<Call, ApiError> call = read_call(operation, body, 1);
  EXPECT_FALSE(call) << body;
  return call ? ApiError{.status = 0} : call.error();
}

std::string chat(std::string_view members) {
  return R"({"model":"sim-t5","messages":[{"role":"user","content":"hi"}])" + std::string(members) +
         "}";
}
std::string messages(std::string_view members) {
  return R"({"model":"sim-t5","max_tokens":9,"messages":[{"role":"user","content":"hi"}])" +
         std::string(members) + "}";
}

TEST(ReadCall, BodiesThatAreNoObject) {
  for (std::string_view body : {"", "{", "[]", "nul", "{\"a\":1}x", "\xff\xfe"}) {
    ApiError error = bad(Operation::chat, body);
    EXPECT_EQ(error.status, 400);
    EXPECT_TRUE(error.message.starts_with("The request body is not valid JSON: ")) << body;
  }
}

TEST(ReadCall, DepthAtTheLimitAndOnePast) {
  auto nested = [](std::size_t depth) {
    return chat(R"(,"metadata":)" + std::string(depth, '[') + std::string(depth, ']'));
  };
  good(Operation::chat, nested(255));  // the body itself is the first level
  EXPECT_EQ(bad(Operation::chat, nested(256)).status, 400);
}

TEST(ReadCall, TheModelIsWhatItSays) {
  EXPECT_EQ(bad(Operation::chat, R"({"messages":[]})").param, "model");
  EXPECT_EQ(bad(Operation::chat, R"({"model":5,"messages":[]})").code, "invalid_type");
  ApiError unknown = bad(Operation::chat, R"({"model":"gpt-4o","messages":[]})");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.code, "model_not_found");
  EXPECT_EQ(bad(Operation::messages, R"({"model":"claude"})").message.substr(0, 13),
            "model: claude");
  EXPECT_EQ(good(Operation::moderations, R"({"input":"x"})").model, "sim");
}

TEST(ReadCall, ChatFields) {
  Call call = good(Operation::chat, chat(R"(,"n":2,"max_tokens":7,"max_completion_tokens":5,
      "stream":true,"stream_options":{"include_usage":true})"));
  EXPECT_EQ(call.choices, 2u);
  EXPECT_EQ(call.output_limit, 5u);
  EXPECT_TRUE(call.stream);
  EXPECT_TRUE(call.include_usage);
  EXPECT_EQ(good(Operation::chat, chat("")).output_limit, endless);
  EXPECT_FALSE(
      good(Operation::chat, chat(R"(,"stream":true,"stream_options":{"include_usage":false})"))
          .include_usage);
}

TEST(ReadCall, ChatFaults) {
  EXPECT_EQ(bad(Operation::chat, R"({"model":"sim"})").code, "missing_required_parameter");
  EXPECT_EQ(bad(Operation::chat, R"({"model":"sim","messages":[]})").code, "empty_array");
  EXPECT_EQ(bad(Operation::chat, R"({"model":"sim","messages":"x"})").code, "invalid_type");
  EXPECT_EQ(bad(Operation::chat, R"({"model":"sim","messages":[{"role":"x"}]})").param,
            "messages[0].role");
  EXPECT_EQ(bad(Operation::chat, R"({"model":"sim","messages":[7]})").param, "messages[0].role");
  EXPECT_EQ(bad(Operation::chat, chat(R"(,"n":0)")).code, "integer_below_min_value");
  EXPECT_EQ(bad(Operation::chat, chat(R"(,"n":129)")).code, "integer_above_max_value");
  EXPECT_EQ(bad(Operation::chat, chat(R"(,"n":1.5)")).code, "invalid_type");
  EXPECT_EQ(bad(Operation::chat, chat(R"(,"max_tokens":0)")).param, "max_tokens");
  EXPECT_EQ(bad(Operation::chat, chat(R"(,"temperature":2.1)")).code, "decimal_above_max_value");
  EXPECT_EQ(bad(Operation::chat, chat(R"(,"stream":"yes")")).param, "stream");
  EXPECT_EQ(bad(Operation::chat, chat(R"(,"stream_options":{})")).param, "stream_options");
}

TEST(ReadCall, MessagesFaultsAreInTheWordsOfThatFamily) {
  EXPECT_EQ(bad(Operation::messages, R"({"model":"sim","messages":[]})").message,
            "max_tokens: Field required");
  EXPECT_EQ(bad(Operation::messages, R"({"model":"sim","max_tokens":1})").message,
            "messages: Field required");
  EXPECT_EQ(bad(Operation::messages, messages(R"(,"temperature":1.5)")).message,
            "temperature: it must be at most 1");
  EXPECT_EQ(bad(Operation::messages,
                R"({"model":"sim","max_tokens":1,"messages":[{"role":"system","content":"x"}]})")
                .message,
            "messages.0.role: Input should be 'user' or 'assistant'");
  good(Operation::count_tokens, R"({"model":"sim","messages":[{"role":"user","content":"x"}]})");
}

TEST(ReadCall, SystemTextBetweenTheTurnsOfMessagesIsNobodysTurn) {
  constexpr std::string_view system = R"(,{"role":"system","content":"1234"})";
  auto ask = [&](std::string_view turns) {
    return good(Operation::messages,
                R"({"model":"sim-tool","max_tokens":9,"tools":[{"name":"t","input_schema":{}}],)"
                R"("messages":[{"role":"user","content":"go [[tool t {\"a\":1}]]"})" +
                    std::string(turns) + "]}");
  };
  Call call = ask(system);
  EXPECT_EQ(call.content, Content::tool_call);
  EXPECT_EQ(call.json, R"({"a":1})");
  EXPECT_EQ(call.input_tokens, ask("").input_tokens + 5);
  std::string answered = R"(,{"role":"assistant","content":[]},)"
                         R"({"role":"user","content":[{"type":"tool_result","content":"x"}]})";
  EXPECT_EQ(ask(answered).content, Content::text);
  EXPECT_EQ(ask(answered + std::string(system)).content, Content::text);
}

TEST(ReadCall, InputTokensFollowTheStatedRule) {
  auto tokens = [](std::string_view content) {
    return good(Operation::chat, R"({"model":"sim","messages":[{"role":"user","content":)" +
                                     std::string(content) + "}]}")
        .input_tokens;
  };
  EXPECT_EQ(tokens(R"("")"), 4u);
  EXPECT_EQ(tokens(R"("1234")"), 5u);
  EXPECT_EQ(tokens(R"("12345")"), 6u);
  EXPECT_EQ(tokens(R"("\u20ac\u20ac")"), 6u) << "bytes of UTF-8, not characters";
  EXPECT_EQ(tokens(R"([{"type":"text","text":"12345"},{"type":"text","text":"1"}])"), 7u);
  EXPECT_EQ(tokens(R"([{"type":"image_url","image_url":{"url":"data:x"}}])"), 89u);
  Call with_tool = good(Operation::chat, chat(R"(,"tools":[{"type":"x"}])"));
  EXPECT_EQ(with_tool.input_tokens, 5u + 3u);  // {"type":"x"} has 12 bytes
  EXPECT_EQ(good(Operation::responses, R"({"model":"sim","input":"12345"})").input_tokens, 6u);
  EXPECT_EQ(good(Operation::messages, messages(R"(,"system":"1234")")).input_tokens, 10u);
  EXPECT_EQ(good(Operation::embeddings, R"({"model":"sim","input":[1,2,3]})").input_tokens, 3u);
  EXPECT_EQ(good(Operation::embeddings, R"({"model":"sim","input":["a","bcdef"]})").input_tokens,
            3u);
}

TEST(ReadCall, TheSeedFollowsWhatWasAskedAndNothingElse) {
  std::uint64_t plain = good(Operation::chat, chat("")).seed;
  EXPECT_EQ(plain, good(Operation::chat, chat(R"(,"stream":true,"n":3,"user":"u")")).seed);
  EXPECT_NE(plain, good(Operation::chat,
                        R"({"model":"sim-t5","messages":[{"role":"user","content":"ho"}]})")
                       .seed);
  EXPECT_NE(plain, read_call(Operation::chat, chat(""), 2)->seed);
}

constexpr std::string_view two_tools = R"(,"tools":[
    {"type":"function","function":{"name":"first","parameters":{"type":"object",
      "properties":{"city":{"type":"string"}},"required":["city"]}}},
    {"type":"function","function":{"name":"second"}}])";

Call tool_chat(std::string_view model, std::string_view text, std::string_view more = {}) {
  return good(Operation::chat,
              R"({"model":")" + std::string(model) + R"(","messages":[{"role":"user","content":")" +
                  std::string(text) + "\"}]" + std::string(two_tools) + std::string(more) + "}");
}

TEST(ReadCall, AToolIsTheFirstOfferedOrTheMarkedOne) {
  Call call = tool_chat("sim-tool", "go");
  EXPECT_EQ(call.content, Content::tool_call);
  EXPECT_EQ(call.tool_name, "first");
  EXPECT_EQ(call.json, R"({"city":"example"})");

  call = tool_chat("sim-tool", R"(do [[tool second {\"a\":[[1]]}]] now)");
  EXPECT_EQ(call.tool_name, "second");
  EXPECT_EQ(call.json, R"({"a":[[1]]})");

  call = tool_chat("sim-tool", "[[tool first]]");
  EXPECT_EQ(call.json, R"({"city":"example"})");
  call = tool_chat("sim-tool", "[[tool elsewhere]]");
  EXPECT_EQ(call.tool_name, "elsewhere");
  EXPECT_EQ(call.json, "{}");

  // What is no mark is text.
  for (std::string_view text : {"[[tool ", "[[tool ]]", "[[tool x {]]", "[[tool x"}) {
    EXPECT_EQ(tool_chat("sim-tool", text).tool_name, "first") << text;
  }
}

TEST(ReadCall, ToolChoiceDecidesBeforeTheModelsName) {
  EXPECT_EQ(tool_chat("sim-tool", "x", R"(,"tool_choice":"none")").content, Content::text);
  EXPECT_EQ(tool_chat("sim-t5", "x").content, Content::text);
  EXPECT_EQ(tool_chat("sim-t5", "x", R"(,"tool_choice":"required")").tool_name, "first");
  Call named = tool_chat("sim-t5", "x",
                         R"(,"tool_choice":{"type":"function","function":{"name":"second"}})");
  EXPECT_EQ(named.tool_name, "second");
  EXPECT_EQ(
      bad(Operation::chat, chat(R"(,"tool_choice":{"type":"function","function":{"name":"no"}})"))
          .param,
      "tool_choice");
}

TEST(ReadCall, AfterAToolResultTheAnswerIsText) {
  EXPECT_EQ(good(Operation::chat,
                 R"({"model":"sim-tool","messages":[{"role":"user","content":"[[tool a]]"},
                    {"role":"assistant","tool_calls":[{}]},
                    {"role":"tool","tool_call_id":"1","content":"42"}]})")
                .content,
            Content::text);
  EXPECT_EQ(good(Operation::responses,
                 R"({"model":"sim-tool","input":[{"role":"user","content":"[[tool a]]"},
                    {"type":"function_call_output","call_id":"1","output":"42"}]})")
                .content,
            Content::text);
  std::string result = R"([{"type":"tool_result","tool_use_id":"1","content":"[[tool b]]"}])";
  std::string history = R"({"model":"sim-tool","max_tokens":9,"messages":[
      {"role":"user","content":"[[tool a]]"},{"role":"user","content":)";
  EXPECT_EQ(good(Operation::messages, history + result + "}]}").content, Content::text);
  // The next thing that the user says may ask for a tool again.
  Call again =
      good(Operation::messages, history + result + R"(},{"role":"user","content":"[[tool c]]"}]})");
  EXPECT_EQ(again.tool_name, "c");
}

TEST(ReadCall, StructuredOutputOfEachDialect) {
  constexpr std::string_view schema =
      R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]})";
  std::string chat_form =
      chat(R"(,"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":)" +
           std::string(schema) + "}}");
  std::string responses_form =
      R"({"model":"sim","input":"x","text":{"format":{"type":"json_schema","name":"x","schema":)" +
      std::string(schema) + "}}}";
  std::string messages_form = messages(
      R"(,"output_config":{"format":{"type":"json_schema","schema":)" + std::string(schema) + "}}");
  EXPECT_EQ(good(Operation::chat, chat_form).json, R"({"n":1})");
  EXPECT_EQ(good(Operation::responses, responses_form).json, R"({"n":1})");
  EXPECT_EQ(good(Operation::messages, messages_form).json, R"({"n":1})");
  Call any = good(Operation::chat, chat(R"(,"response_format":{"type":"json_object"})"));
  EXPECT_EQ(any.content, Content::structured);
  EXPECT_EQ(any.json, "{}");
}

TEST(ReadCall, CompletionsTakeSeveralPrompts) {
  Call call = good(Operation::completions, R"({"model":"sim","prompt":["a","b"],"n":3})");
  EXPECT_EQ(call.choices, 6u);
  EXPECT_EQ(call.output_limit, 16u) << "the API's own default";
  EXPECT_EQ(good(Operation::completions, R"({"model":"sim"})").choices, 1u);
  EXPECT_EQ(bad(Operation::completions, R"({"model":"sim","prompt":["a","b"],"n":65})").param,
            "prompt");
}

TEST(ReadCall, EmbeddingsOfTheSameTextAreTheSame) {
  Call call = good(Operation::embeddings, R"({"model":"sim","input":["a","b","a"]})");
  ASSERT_EQ(call.inputs.size(), 3u);
  EXPECT_EQ(call.inputs[0], call.inputs[2]);
  EXPECT_NE(call.inputs[0], call.inputs[1]);
  EXPECT_EQ(call.dimensions, 1'536u);
  EXPECT_EQ(bad(Operation::embeddings, R"({"model":"sim","input":[]})").param, "input");
  EXPECT_EQ(bad(Operation::embeddings, R"({"model":"sim","input":"x","dimensions":0})").param,
            "dimensions");
  EXPECT_EQ(
      bad(Operation::embeddings, R"({"model":"sim","input":"x","encoding_format":"hex"})").param,
      "encoding_format");
}

TEST(ReadCall, AResponseRepeatsItsRequest) {
  Call call = good(Operation::responses,
                   R"({"model":"sim","input":"x","metadata":{"a":"b"},"temperature":0.5})");
  EXPECT_NE(call.echoed.find(R"("metadata":{"a":"b"},)"), call.echoed.npos);
  EXPECT_NE(call.echoed.find(R"("temperature":5E-1,)"), call.echoed.npos) << call.echoed;
  EXPECT_EQ(bad(Operation::responses, R"({"model":"sim"})").param, "input");
  EXPECT_EQ(bad(Operation::responses, R"({"model":"sim","input":"x","max_output_tokens":15})").code,
            "integer_below_min_value");
  good(Operation::responses, R"({"model":"sim","previous_response_id":"resp_1"})");
}

}  // namespace
}  // namespace recloser::sim
