#include "codec/assembled.h"

#include "codec/json_walk.h"
#include "codec/testing/assembly.h"

#include <string>
#include <string_view>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

namespace json = boost::json;

std::string sse(std::initializer_list<std::string_view> events) {
  std::string stream;
  for (std::string_view event : events) stream.append("data: ").append(event).append("\n\n");
  return stream;
}

// Of the form in which a provider sends what `stream` says; the same at every split.
void expect_assembled(Operation operation, const std::string& stream, std::string_view whole) {
  std::string got = testing::assemble(operation, stream);
  boost::system::error_code bad;
  json::value value = json::parse(got, bad);
  ASSERT_FALSE(bad) << got;
  EXPECT_EQ(value, json::parse(whole)) << got;
  EXPECT_EQ(testing::assemble_bytes(operation, stream), got);
  for (std::size_t at = 1; at < stream.size(); ++at) {
    ASSERT_EQ(testing::assemble(operation, stream, at), got) << "cut at " << at;
  }
}

TEST(AssembledChatTest, TextAndUsage) {
  expect_assembled(
      Operation::chat,
      sse({R"({"id":"c1","object":"chat.completion.chunk","created":5,"model":"m-2026",)"
           R"("service_tier":"default","system_fingerprint":"fp","choices":[{"index":0,)"
           R"("delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,)"
           R"("finish_reason":null}],"usage":null,"obfuscation":"xx"})",
           R"({"id":"c1","object":"chat.completion.chunk","created":5,"model":"m-2026",)"
           R"("choices":[{"index":0,"delta":{"content":"Gr\u00fc\ud83d"},"logprobs":null,)"
           R"("finish_reason":null}],"usage":null})",
           R"({"id":"c1","created":5,"model":"m-2026","choices":[{"index":0,)"
           R"("delta":{"content":"\ude00 \"so\""},"finish_reason":null}],"usage":null})",
           R"({"id":"c1","created":5,"model":"m-2026","choices":[{"index":0,"delta":{},)"
           R"("logprobs":null,"finish_reason":"stop"}],"usage":null})",
           R"({"id":"c1","created":5,"model":"m-2026","choices":[],"usage":{"prompt_tokens":3,)"
           R"("completion_tokens":2,"total_tokens":5}})",
           "[DONE]"}),
      R"({"id":"c1","object":"chat.completion","created":5,"model":"m-2026",)"
      R"("service_tier":"default","system_fingerprint":"fp","choices":[{"index":0,"message":)"
      R"({"role":"assistant","content":"Grü😀 \"so\"","refusal":null},"logprobs":null,)"
      R"("finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,)"
      R"("total_tokens":5}})");
}

TEST(AssembledChatTest, CallsAreMergedByTheirIndex) {
  expect_assembled(
      Operation::chat,
      sse({R"({"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":null,)"
           R"("tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f",)"
           R"("arguments":""}}]},"finish_reason":null}]})",
           R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":)"
           R"({"arguments":"{\"x\":"}}]}}]})",
           R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b",)"
           R"("type":"function","function":{"name":"g","arguments":"{}"}},)"
           R"({"index":0,"function":{"arguments":"1}"}}]}}]})",
           R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})", "[DONE]"}),
      R"({"id":"c","object":"chat.completion","choices":[{"index":0,"message":)"
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function",)"
      R"("function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","type":"function",)"
      R"("function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})");
}

// What providers that are compatible send of calls.
TEST(AssembledChatTest, OddToolDeltas) {
  auto calls = [](std::initializer_list<std::string_view> deltas) {
    std::string stream;
    for (std::string_view delta : deltas) {
      stream.append(R"(data: {"choices":[{"index":0,"delta":{"tool_calls":)").append(delta);
      stream += "}}]}\n\n";
    }
    json::value answer = json::parse(testing::assemble(Operation::chat, stream));
    const json::object& message = answer.at("choices").at(0).at("message").as_object();
    return message.contains("tool_calls") ? json::serialize(message.at("tool_calls")) : "none";
  };
  constexpr std::string_view one =
      R"([{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}])";
  EXPECT_EQ(calls({"[]", "[]"}), "none");
  EXPECT_EQ(calls({"null"}), "none");
  EXPECT_EQ(calls({R"([{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\""}}])",
                   "[]", R"([{"function":{"arguments":":1}"}}])"}),
            one)
      << "no index";
  EXPECT_EQ(calls({R"([{"index":0,"id":"a","type":"function","function":{"name":"f",)"
                   R"("arguments":"{\"x\""}}])",
                   R"([{"index":0,"id":"a","type":"function","function":{"name":"f",)"
                   R"("arguments":":1}"}}])"}),
            one)
      << "all of it in every chunk";
  EXPECT_EQ(calls({R"([{"index":0,"id":"a","type":"function","function":{"name":"f",)"
                   R"("arguments":"{\"x\""}}])",
                   R"([{"index":0,"id":"z","type":"function","function":{"name":null,)"
                   R"("arguments":":1}"}}])"}),
            one)
      << "another id in every chunk";
  EXPECT_EQ(calls({R"([{"index":0,"id":"","type":"function","function":{"name":"f",)"
                   R"("arguments":null}}])",
                   R"([{"index":0,"id":"a","function":{"arguments":"{\"x\":1}"}}])"}),
            one)
      << "the id comes later";
  EXPECT_EQ(calls({R"([{"index":0,"id":"a","type":"function","function":{"name":"f",)"
                   R"("arguments":"{}"}},{"index":0,"id":"b","type":"function","function":)"
                   R"({"name":"f","arguments":"{}"}}])"}),
            R"([{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},)"
            R"({"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}])")
      << "one index for all";
  EXPECT_EQ(calls({R"([{"index":0,"id":"a","type":"function","function":{"name":"get_"}}])",
                   R"([{"index":0,"function":{"name":"weather"}}])"}),
            R"([{"id":"a","type":"function","function":{"name":"get_weather","arguments":""}}])");
  EXPECT_EQ(calls({R"([{"index":0,"id":"a","type":"custom","custom":{"name":"py","input":"1"}}])",
                   R"([{"index":0,"custom":{"input":"+1"}}])"}),
            R"([{"id":"a","type":"custom","custom":{"name":"py","input":"1+1"}}])");
}

TEST(AssembledChatTest, ChoicesLogprobsReasoningAudioAndWhatNobodyKnows) {
  expect_assembled(
      Operation::chat,
      sse({R"({"id":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]})",
           R"({"id":"c","choices":[{"index":1,"delta":{"role":"assistant","content":"b",)"
           R"("reasoning_content":"th"},"logprobs":{"content":[{"token":"b"}],"refusal":null}}]})",
           R"({"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"a",)"
           R"("annotations":[{"type":"x"}],"new_text":"one "},"stop_reason":null}]})",
           R"({"id":"c","choices":[{"index":1,"delta":{"content":"c","role":"assistant",)"
           R"("reasoning_content":"ought"},"logprobs":{"content":[{"token":"c"}]},)"
           R"("finish_reason":"length"}]})",
           R"({"id":"c","choices":[{"index":0,"delta":{"annotations":[{"type":"y"}],)"
           R"("new_text":"two","new_number":7,"reasoning_details":[{"index":0,"type":"t",)"
           R"("text":"p"}],"audio":{"id":"au","transcript":"he"}},"finish_reason":"stop",)"
           R"("content_filter_results":{"hate":{"filtered":false}}}]})",
           R"({"id":"c","choices":[{"index":0,"delta":{"reasoning_details":[{"index":0,)"
           R"("type":"t","text":"q"}],"audio":{"transcript":"llo","expires_at":9}},)"
           R"("content_filter_results":{}}]})"}),
      R"({"id":"c","object":"chat.completion","prompt_filter_results":[{"prompt_index":0}],)"
      R"("choices":[{"index":1,"message":{"role":"assistant","content":"bc",)"
      R"("reasoning_content":"thought"},"logprobs":{"content":[{"token":"b"},{"token":"c"}],)"
      R"("refusal":null},"finish_reason":"length"},{"index":0,"message":{"role":"assistant",)"
      R"("content":"a","annotations":[{"type":"x"},{"type":"y"}],"new_text":"one two",)"
      R"("new_number":7,"reasoning_details":[{"index":0,"type":"t","text":"pq"}],)"
      R"("audio":{"id":"au","transcript":"hello","expires_at":9}},"stop_reason":null,)"
      R"("finish_reason":"stop","content_filter_results":{"hate":{"filtered":false}}}]})");
}

TEST(AssembledChatTest, PartsOfThinkingGoOn) {
  expect_assembled(
      Operation::chat,
      sse({R"({"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})",
           R"({"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":)"
           R"([{"type":"text","text":"I "}]}]}}],"p":"abc"})",
           R"({"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":)"
           R"([{"type":"text","text":"think"}],"closed":true},{"type":"text","text":"so"}]}}]})",
           R"({"choices":[{"index":0,"delta":{"content":" it"},"finish_reason":"stop"}]})"}),
      R"({"id":"c","object":"chat.completion","choices":[{"index":0,"message":)"
      R"({"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text",)"
      R"("text":"I think"}],"closed":true},{"type":"text","text":"so it"}]},)"
      R"("finish_reason":"stop"}]})");
}

TEST(AssembledChatTest, GroqTellsItsUsageBesideItsId) {
  expect_assembled(Operation::chat,
                   sse({R"({"id":"c","choices":[{"index":0,"delta":{"content":"a"},)"
                        R"("finish_reason":null}],"x_groq":{"id":"r"}})",
                        R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"
                        R"("x_groq":{"id":"r","usage":{"prompt_tokens":1}}})"}),
                   R"({"id":"c","object":"chat.completion","x_groq":{"id":"r"},)"
                   R"("usage":{"prompt_tokens":1},"choices":[{"index":0,"message":)"
                   R"({"role":"assistant","content":"a"},"finish_reason":"stop"}]})");
}

TEST(AssembledChatTest, AMessageThatCameWhole) {
  expect_assembled(Operation::chat,
                   sse({R"({"id":"c","choices":[{"index":0,"message":{"role":"assistant",)"
                        R"("content":"hi"},"delta":{},"finish_reason":"stop"}]})"}),
                   R"({"id":"c","object":"chat.completion","choices":[{"index":0,"message":)"
                   R"({"role":"assistant","content":"hi"},"finish_reason":"stop"}]})");
}

TEST(AssembledChatTest, Completions) {
  expect_assembled(
      Operation::completions,
      sse({R"({"id":"c","object":"text_completion","choices":[{"index":0,"text":"a","logprobs":)"
           R"({"tokens":["a"],"token_logprobs":[-0.5],"text_offset":[0]},)"
           R"("finish_reason":null}],"usage":null})",
           R"({"id":"c","object":"text_completion","choices":[{"index":0,"text":"b","logprobs":)"
           R"({"tokens":["b"],"token_logprobs":[-0.25],"text_offset":[1]},)"
           R"("finish_reason":"stop"}],"usage":{"total_tokens":2}})",
           "[DONE]"}),
      R"({"id":"c","object":"text_completion","choices":[{"index":0,"text":"ab","logprobs":)"
      R"({"tokens":["a","b"],"token_logprobs":[-0.5,-0.25],"text_offset":[0,1]},)"
      R"("finish_reason":"stop"}],"usage":{"total_tokens":2}})");
}

TEST(AssembledChatTest, AnErrorIsWhatTheClientGets) {
  EXPECT_EQ(testing::assemble(Operation::chat,
                              sse({R"({"choices":[]})", R"({"error":{"message":"m","code":3}})"})),
            R"({"error":{"message":"m","code":3}})");
  EXPECT_EQ(testing::assemble(Operation::chat, sse({R"({"error":"m\n"})"})),
            R"({"error":{"message":"m\n","type":"server_error","param":null,"code":null}})");
  EXPECT_EQ(testing::assemble(Operation::messages,
                              sse({R"({"type":"error","error":{"type":"overloaded_error"}})"})),
            R"({"type":"error","error":{"type":"overloaded_error"}})");
  EXPECT_EQ(testing::assemble(Operation::responses,
                              sse({R"({"type":"error","code":"x","message":"m","param":null})"})),
            R"({"error":{"message":"m","type":"server_error","param":null,"code":"x"}})");
  EXPECT_EQ(
      testing::assemble(Operation::responses,
                        sse({R"({"type":"response.failed","response":{"status":"failed","error":)"
                             R"({"code":"server_error","message":"m"}}})"})),
      R"({"error":{"message":"m","type":"server_error","param":null,"code":"server_error"}})");
}

TEST(AssembledMessagesTest, EveryKindOfBlock) {
  expect_assembled(
      Operation::messages,
      sse({R"({"type":"message_start","message":{"id":"m","type":"message","role":"assistant",)"
           R"("model":"claude","content":[],"stop_reason":null,"stop_sequence":null,)"
           R"("container":null,"usage":{"input_tokens":9,"cache_read_input_tokens":4,)"
           R"("output_tokens":1,"service_tier":"standard"}}})",
           R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking",)"
           R"("thinking":"","signature":""}})",
           R"({"type":"ping"})",
           R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta",)"
           R"("thinking":"I "}})",
           R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta",)"
           R"("thinking":"think"}})",
           R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta",)"
           R"("signature":"Eq"}})",
           R"({"type":"content_block_stop","index":0})",
           R"({"type":"content_block_start","index":1,"content_block":)"
           R"({"type":"redacted_thinking","data":"xyz"}})",
           R"({"type":"content_block_stop","index":1})",
           R"({"type":"content_block_start","index":2,"content_block":{"type":"text","text":"",)"
           R"("citations":[]}})",
           R"({"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"a"}})",
           R"({"type":"content_block_delta","index":2,"delta":{"type":"citations_delta",)"
           R"("citation":{"cited_text":"q"}}})",
           R"({"type":"content_block_delta","index":2,"delta":{"type":"text_delta",)"
           R"("text":"b\n"}})",
           R"({"type":"content_block_stop","index":2})",
           R"({"type":"content_block_start","index":3,"content_block":{"type":"tool_use",)"
           R"("id":"t1","name":"f","input":{}}})",
           R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta",)"
           R"("partial_json":""}})",
           R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta",)"
           R"("partial_json":"{\"x\": \"\\u00e4"}})",
           R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta",)"
           R"("partial_json":"\\n\"}"}})",
           R"({"type":"content_block_stop","index":3})",
           R"({"type":"content_block_start","index":4,"content_block":{"type":"tool_use",)"
           R"("id":"t2","name":"g","input":{}}})",
           R"({"type":"content_block_stop","index":4})",
           R"({"type":"content_block_start","index":5,"content_block":{"type":"compaction",)"
           R"("content":null,"encrypted_content":null}})",
           R"({"type":"content_block_delta","index":5,"delta":{"type":"compaction_delta",)"
           R"("content":"short","encrypted_content":"zz"}})",
           R"({"type":"content_block_stop","index":5})",
           R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null,)"
           R"("container":{"id":"c"}},"usage":{"output_tokens":30,"input_tokens":null,)"
           R"("iterations":[{"type":"message"}]},"context_management":{"applied_edits":[]}})",
           R"({"type":"message_stop"})"}),
      R"({"id":"m","type":"message","role":"assistant","model":"claude","content":[)"
      R"({"type":"thinking","thinking":"I think","signature":"Eq"},)"
      R"({"type":"redacted_thinking","data":"xyz"},)"
      R"({"type":"text","text":"ab\n","citations":[{"cited_text":"q"}]},)"
      R"({"type":"tool_use","id":"t1","name":"f","input":{"x":"ä\n"}},)"
      R"({"type":"tool_use","id":"t2","name":"g","input":{}},)"
      R"({"type":"compaction","content":"short","encrypted_content":"zz"}],)"
      R"("stop_reason":"tool_use","stop_sequence":null,"container":{"id":"c"},)"
      R"("context_management":{"applied_edits":[]},"usage":{"input_tokens":9,)"
      R"("cache_read_input_tokens":4,"output_tokens":30,"service_tier":"standard",)"
      R"("iterations":[{"type":"message"}]}})");
}

// A provider that stops for length within a call: half an input would look like a whole one.
TEST(AssembledMessagesTest, HalfAnInputIsNone) {
  std::string got = testing::assemble(
      Operation::messages,
      sse({R"({"type":"message_start","message":{"id":"m","content":[]}})",
           R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use",)"
           R"("id":"t","name":"rm","input":{}}})",
           R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta",)"
           R"("partial_json":"{\"path\":\"/\""}})",
           R"({"type":"content_block_stop","index":0})",
           R"({"type":"message_delta","delta":{"stop_reason":"max_tokens"}})",
           R"({"type":"message_stop"})"}));
  EXPECT_NE(got.find(R"("input":{})"), std::string::npos) << got;
  EXPECT_EQ(got.find("path"), std::string::npos) << got;
}

constexpr std::string_view response_begun =
    R"({"type":"response.created","response":{"id":"r","object":"response","status":)"
    R"("in_progress","temperature":0.5,"output":[],"usage":null,"error":null,)"
    R"("incomplete_details":null}})";
constexpr std::string_view item_done =
    R"({"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"i"}})";

TEST(AssembledResponsesTest, TheLastEventHoldsIt) {
  expect_assembled(Operation::responses,
                   sse({response_begun, item_done,
                        R"({"type":"response.completed","response":{"id":"r","status":)"
                        R"("completed","output":[{"id":"i","x":1.50}],"usage":{"a":1}}})"}),
                   R"({"id":"r","status":"completed","output":[{"id":"i","x":1.50}],)"
                   R"("usage":{"a":1}})");
  expect_assembled(Operation::responses,
                   sse({response_begun, item_done,
                        R"({"type":"response.completed","response":{"id":"r","output":[]}})"}),
                   R"({"id":"r","output":[{"type":"message","id":"i"}]})");
}

TEST(AssembledResponsesTest, OurEndKeepsWhatTheBeginTold) {
  Assembled assembled(Operation::responses, testing::assembly_bytes_max);
  ASSERT_TRUE(assembled.feed(sse({response_begun, item_done})));
  ASSERT_TRUE(assembled.feed("data: {\"half\":"));
  assembled.ends_by_us();
  ASSERT_TRUE(assembled.feed(
      ": recloser cut\n\n" +
      sse({R"({"type":"response.output_item.done","output_index":1,"item":{"id":"note"}})",
           R"({"type":"response.incomplete","response":{"id":"r","status":"incomplete",)"
           R"("temperature":null,"error":null,"incomplete_details":{"reason":"x"},)"
           R"("output":[],"usage":{"a":1}}})"})));
  ASSERT_TRUE(assembled.finish());
  std::string out;
  assembled.write(out);
  EXPECT_EQ(json::parse(out),
            json::parse(R"({"id":"r","object":"response","status":"incomplete","temperature":0.5,)"
                        R"("error":null,"incomplete_details":{"reason":"x"},"usage":{"a":1},)"
                        R"("output":[{"type":"message","id":"i"},{"id":"note"}]})"))
      << out;
}

TEST(AssembledTest, WhatIsTooLargeIsRefused) {
  std::string text(1000, 'x');
  std::string stream;
  for (int i = 0; i < 100; ++i) {
    stream += R"(data: {"choices":[{"index":0,"delta":{"content":")" + text + "\"}}]}\n\n";
  }
  EXPECT_EQ(testing::assemble(Operation::chat, stream, 0, 50'000), "too large");
  EXPECT_NE(testing::assemble(Operation::chat, stream, 0, 150'000), "too large");
  std::string one_event = "data: {\"a\":\"" + std::string(60'000, 'x');
  EXPECT_EQ(testing::assemble(Operation::chat, one_event, 0, 50'000), "too large");
  std::string members = "{\"choices\":[{\"index\":0,\"delta\":{";
  for (int i = 0; i < 2000; ++i) members += "\"k" + std::to_string(i) + "\":1,";
  members.back() = '}';
  EXPECT_EQ(testing::assemble(Operation::chat, sse({members + "}]}"})), "too large");
}

// Identities are told in every chunk: they must not add up.
TEST(AssembledTest, WhatIsToldAgainTakesNoRoom) {
  std::string stream;
  for (int i = 0; i < 10'000; ++i) {
    stream += sse({R"({"id":"0123456789","system_fingerprint":"0123456789","usage":{"a":1},)"
                   R"("choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})"});
  }
  EXPECT_NE(testing::assemble(Operation::chat, stream, 0, 4'000), "too large");
}

TEST(AssembledTest, WhatIsNoJsonIsLeftOut) {
  EXPECT_EQ(
      testing::assemble(Operation::chat,
                        "data: {\"id\":\n\nevent: x\ndata: [1]\n\n: c\n\ndata: {\"id\":\"a\"}"),
      R"({"id":"a","object":"chat.completion","choices":[]})");
}

TEST(JsonWalkTest, MembersAndElements) {
  constexpr std::string_view object =
      R"({ "a" : [1, {"b":"}\"]"}] , "c\"":"x,y" ,"d":-1.5e3,"a":null})";
  std::string seen;
  for (JsonChildren each(object); each.next();) {
    seen.append(each.key()).append("=").append(each.value()).append(";");
  }
  EXPECT_EQ(seen, R"(a=[1, {"b":"}\"]"}];c\"="x,y";d=-1.5e3;a=null;)");
  EXPECT_EQ(json_member(object, "a"), "null");
  EXPECT_EQ(json_member(object, "z"), "");
  std::string elements;
  for (JsonChildren each(R"([ 1 ,"b",[],{} ])"); each.next();) {
    elements.append(each.value()).append(";");
  }
  EXPECT_EQ(elements, R"(1;"b";[];{};)");
  EXPECT_FALSE(JsonChildren("12").next());
  EXPECT_TRUE(is_json_object(" {} "));
  EXPECT_FALSE(is_json_object("[]"));
  EXPECT_FALSE(is_json_object("{\"a\":}"));
}

}  // namespace
}  // namespace recloser::codec
