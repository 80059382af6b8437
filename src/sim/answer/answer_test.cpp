#include "sim/answer/answer.h"

#include "sim/answer/error.h"
#include "sim/read/json.h"
#include "sim/read/read_call.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::sim {
namespace {

using codec::Operation;

constexpr std::string_view unique = "0123456789abcdef0123456789abcdef";
constexpr WallTime created{1'790'000'000'000'000'000};

Call call_of(Operation operation, std::string_view body) {
  std::expected<Call, ApiError> call = read_call(operation, body, 1);
  EXPECT_TRUE(call) << call.error().message;
  return *call;
}

struct SseEvent {
  std::string name;
  Json data;
};

// Every event as the grammar has it: an optional name, one line of data, a blank line.
std::vector<SseEvent> events_of(std::string_view stream) {
  std::vector<SseEvent> events;
  while (!stream.empty()) {
    std::size_t end = stream.find("\n\n");
    EXPECT_NE(end, stream.npos) << stream;
    if (end == stream.npos) break;
    std::string_view frame = stream.substr(0, end);
    stream.remove_prefix(end + 2);
    SseEvent event;
    if (frame.starts_with("event: ")) {
      std::size_t line = frame.find('\n');
      event.name = frame.substr(7, line - 7);
      frame.remove_prefix(line + 1);
    }
    EXPECT_TRUE(frame.starts_with("data: ")) << frame;
    frame.remove_prefix(6);
    EXPECT_EQ(frame.find('\n'), frame.npos) << frame;
    if (frame == "[DONE]") {
      event.name = "[DONE]";
    } else {
      boost::system::error_code error;
      event.data = boost::json::parse(frame, error);
      EXPECT_FALSE(error) << frame;
    }
    events.push_back(std::move(event));
  }
  return events;
}

std::vector<SseEvent> stream_of(const Call& call) {
  Answer answer(call, unique, created);
  std::string out;
  answer.open(out);
  while (answer.next(out)) {
  }
  answer.close(out);
  return events_of(out);
}

Json whole_of(const Call& call) {
  Answer answer(call, unique, created);
  std::string out;
  answer.whole(out);
  return boost::json::parse(out);
}

const Json& at(const Json& value, std::string_view pointer) { return value.at_pointer(pointer); }

std::string text_at(const Json& value, std::string_view pointer) {
  return std::string(at(value, pointer).as_string());
}

std::string request(std::string_view model, std::string_view members) {
  return R"({"model":")" + std::string(model) +
         R"(","max_tokens":1000,"messages":[{"role":"user","content":"hi"}])" +
         std::string(members) + "}";
}

constexpr std::string_view streaming = R"(,"stream":true)";
constexpr std::string_view with_usage = R"(,"stream":true,"stream_options":{"include_usage":true})";

TEST(ChatAnswer, TheGrammarOfAStream) {
  std::vector<SseEvent> events = stream_of(call_of(Operation::chat, request("sim-t3", with_usage)));
  ASSERT_EQ(events.size(), 1u + 3u + 1u + 1u + 1u);
  EXPECT_EQ(text_at(events[0].data, "/choices/0/delta/role"), "assistant");
  EXPECT_EQ(text_at(events[0].data, "/choices/0/delta/content"), "");
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(text_at(events[i].data, "/choices/0/delta/content").front(), ' ');
    EXPECT_TRUE(at(events[i].data, "/choices/0/finish_reason").is_null());
  }
  for (std::size_t i = 0; i <= 4; ++i) EXPECT_TRUE(at(events[i].data, "/usage").is_null());
  EXPECT_EQ(text_at(events[4].data, "/choices/0/finish_reason"), "stop");
  EXPECT_TRUE(at(events[4].data, "/choices/0/delta").as_object().empty());
  EXPECT_TRUE(at(events[5].data, "/choices").as_array().empty());
  EXPECT_EQ(at(events[5].data, "/usage/completion_tokens").as_int64(), 3);
  EXPECT_EQ(at(events[5].data, "/usage/total_tokens").as_int64(), 5 + 3);
  EXPECT_EQ(events[6].name, "[DONE]");
}

TEST(ChatAnswer, UsageOnlyForThoseWhoAsked) {
  std::vector<SseEvent> events = stream_of(call_of(Operation::chat, request("sim-t1", streaming)));
  ASSERT_EQ(events.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(events[i].data.as_object().contains("usage"));
    EXPECT_FALSE(at(events[i].data, "/choices").as_array().empty());
  }
}

TEST(ChatAnswer, StreamAndWholeSayTheSame) {
  Call call = call_of(Operation::chat, request("sim-t20", R"(,"n":3)"));
  Json whole = whole_of(call);
  call.stream = true;
  call.include_usage = true;
  std::vector<std::string> texts(3);
  Json usage;
  for (const SseEvent& event : stream_of(call)) {
    if (event.data.is_null()) continue;
    if (!at(event.data, "/usage").is_null()) usage = at(event.data, "/usage");
    for (const Json& choice : at(event.data, "/choices").as_array()) {
      if (const Json* content = member(at(choice, "/delta"), "content")) {
        texts[static_cast<std::size_t>(at(choice, "/index").as_int64())] +=
            std::string(content->as_string());
      }
    }
  }
  EXPECT_EQ(usage, at(whole, "/usage"));
  EXPECT_EQ(at(usage, "/completion_tokens").as_int64(), 60);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(texts[i], text_at(whole, "/choices/" + std::to_string(i) + "/message/content"));
  }
  EXPECT_NE(texts[0], texts[1]);
}

TEST(ChatAnswer, ALimitEndsItWithLength) {
  Json whole = whole_of(call_of(Operation::chat, request("sim-t2000", "")));
  EXPECT_EQ(text_at(whole, "/choices/0/finish_reason"), "length");
  EXPECT_EQ(at(whole, "/usage/completion_tokens").as_int64(), 1'000);
  // A text that is just as long as the limit has ended by itself.
  whole = whole_of(call_of(Operation::chat, request("sim-t1000", "")));
  EXPECT_EQ(text_at(whole, "/choices/0/finish_reason"), "stop");
}

TEST(ChatAnswer, TheBillOfPiecesStaysWithinTheLimit) {
  Json whole = whole_of(call_of(Operation::chat, request("sim-t2000-x146", "")));
  EXPECT_EQ(text_at(whole, "/choices/0/finish_reason"), "length");
  EXPECT_EQ(at(whole, "/usage/completion_tokens").as_int64(), 999);  // 684 pieces: 998.64
}

constexpr std::string_view chat_tool =
    R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object",
      "properties":{"q":{"const":"a\"\\b"}},"required":["q"]}}}])";

TEST(ChatAnswer, AToolCallStreamedIsTheToolCallWhole) {
  Call call = call_of(Operation::chat, request("sim-tool", chat_tool));
  Json whole = whole_of(call);
  EXPECT_EQ(text_at(whole, "/choices/0/finish_reason"), "tool_calls");
  EXPECT_TRUE(at(whole, "/choices/0/message/content").is_null());
  call.stream = true;
  std::string arguments;
  std::vector<SseEvent> events = stream_of(call);
  EXPECT_EQ(text_at(events[0].data, "/choices/0/delta/tool_calls/0/id"),
            text_at(whole, "/choices/0/message/tool_calls/0/id"));
  EXPECT_EQ(text_at(events[0].data, "/choices/0/delta/tool_calls/0/function/name"), "f");
  for (std::size_t i = 1; i + 2 < events.size(); ++i) {
    arguments += text_at(events[i].data, "/choices/0/delta/tool_calls/0/function/arguments");
  }
  EXPECT_EQ(arguments, text_at(whole, "/choices/0/message/tool_calls/0/function/arguments"));
  EXPECT_EQ(boost::json::serialize(boost::json::parse(arguments)), R"({"q":"a\"\\b"})");
}

TEST(CompletionsAnswer, StreamAndWholeSayTheSame) {
  Call call = call_of(Operation::completions, R"({"model":"sim-t9","prompt":["a","b"]})");
  Json whole = whole_of(call);
  EXPECT_EQ(at(whole, "/usage/completion_tokens").as_int64(), 18);
  call.stream = true;
  std::vector<std::string> texts(2);
  for (const SseEvent& event : stream_of(call)) {
    if (event.data.is_null()) continue;
    texts[static_cast<std::size_t>(at(event.data, "/choices/0/index").as_int64())] +=
        text_at(event.data, "/choices/0/text");
  }
  EXPECT_EQ(texts[0], text_at(whole, "/choices/0/text"));
  EXPECT_EQ(texts[1], text_at(whole, "/choices/1/text"));
}

TEST(ResponsesAnswer, TheGrammarOfAStream) {
  Call call = call_of(Operation::responses, R"({"model":"sim-t2","input":"hi","stream":true})");
  std::vector<SseEvent> events = stream_of(call);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < events.size(); ++i) {
    names.push_back(events[i].name);
    EXPECT_EQ(text_at(events[i].data, "/type"), events[i].name);
    EXPECT_EQ(at(events[i].data, "/sequence_number").as_int64(), static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"response.created", "response.in_progress",
                                      "response.output_item.added", "response.content_part.added",
                                      "response.output_text.delta", "response.output_text.delta",
                                      "response.output_text.done", "response.content_part.done",
                                      "response.output_item.done", "response.completed"}));
  EXPECT_TRUE(at(events[0].data, "/response/usage").is_null());
  call.stream = false;
  EXPECT_EQ(at(events.back().data, "/response"), whole_of(call));
  EXPECT_EQ(at(events.back().data, "/response/usage/output_tokens").as_int64(), 2);
  EXPECT_EQ(text_at(events[4].data, "/delta") + text_at(events[5].data, "/delta"),
            text_at(events[6].data, "/text"));
}

TEST(ResponsesAnswer, AFunctionCallAndAnIncompleteOne) {
  constexpr std::string_view body =
      R"({"model":"sim-tool","input":"x","stream":true,"tools":[{"type":"function","name":"f"}])";
  std::vector<SseEvent> events = stream_of(call_of(Operation::responses, std::string(body) + "}"));
  EXPECT_EQ(text_at(events[2].data, "/item/type"), "function_call");
  EXPECT_EQ(text_at(events[3].data, "/delta"), "{}");
  EXPECT_EQ(events[4].name, "response.function_call_arguments.done");
  EXPECT_EQ(text_at(events.back().data, "/response/output/0/name"), "f");

  events =
      stream_of(call_of(Operation::responses,
                        R"({"model":"sim-t99","input":"x","stream":true,"max_output_tokens":16})"));
  EXPECT_EQ(events.back().name, "response.incomplete");
  EXPECT_EQ(text_at(events.back().data, "/response/incomplete_details/reason"),
            "max_output_tokens");
  EXPECT_EQ(text_at(events.back().data, "/response/output/0/status"), "incomplete");
}

TEST(MessagesAnswer, TheGrammarOfAStream) {
  Call call = call_of(Operation::messages, request("sim-t2", streaming));
  std::vector<SseEvent> events = stream_of(call);
  std::vector<std::string> names;
  for (const SseEvent& event : events) {
    names.push_back(event.name);
    EXPECT_EQ(text_at(event.data, "/type"), event.name);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"message_start", "content_block_start", "ping",
                                      "content_block_delta", "content_block_delta",
                                      "content_block_stop", "message_delta", "message_stop"}));
  EXPECT_EQ(at(events[0].data, "/message/usage/input_tokens").as_int64(), 5);
  EXPECT_EQ(at(events[6].data, "/usage/output_tokens").as_int64(), 2);
  EXPECT_EQ(text_at(events[6].data, "/delta/stop_reason"), "end_turn");
  call.stream = false;
  Json whole = whole_of(call);
  EXPECT_EQ(text_at(events[3].data, "/delta/text") + text_at(events[4].data, "/delta/text"),
            text_at(whole, "/content/0/text"));
  EXPECT_EQ(at(whole, "/usage/output_tokens").as_int64(), 2);
}

TEST(MessagesAnswer, AToolUse) {
  constexpr std::string_view tool =
      R"(,"tools":[{"name":"f","input_schema":{"type":"object","properties":{"n":{"const":7}},
        "required":["n"]}}])";
  Call call = call_of(Operation::messages, request("sim-tool", tool));
  Json whole = whole_of(call);
  EXPECT_EQ(text_at(whole, "/stop_reason"), "tool_use");
  EXPECT_EQ(at(whole, "/content/0/input/n").as_int64(), 7);
  call.stream = true;
  std::string input;
  for (const SseEvent& event : stream_of(call)) {
    if (event.name == "content_block_delta") input += text_at(event.data, "/delta/partial_json");
  }
  EXPECT_EQ(input, R"({"n":7})");
  // Cut short, a whole answer has no room for half of an object.
  call.stream = false;
  call.output_limit = 1;
  whole = whole_of(call);
  EXPECT_EQ(text_at(whole, "/stop_reason"), "max_tokens");
  EXPECT_TRUE(at(whole, "/content/0/input").as_object().empty());
}

// Each dialect's error in its stream, where the real ones have it.
TEST(Answer, AnErrorComesInPlaceOfTheRest) {
  struct Case {
    Operation operation;
    std::string_view body;
    std::string_view name;
    std::string_view type;  // where it stands
    std::string_view said;
  };
  constexpr Case cases[] = {
      {Operation::chat, R"({"model":"sim-t5","messages":[{"role":"user","content":"x"}],)", "",
       "/error/code", "rate_limit_exceeded"},
      {Operation::completions, R"({"model":"sim-t5","prompt":"x",)", "", "/error/type", "requests"},
      {Operation::responses, R"({"model":"sim-t5","input":"x",)", "response.failed",
       "/response/error/code", "rate_limit_exceeded"},
      {Operation::messages,
       R"({"model":"sim-t5","max_tokens":9,"messages":[{"role":"user","content":"x"}],)", "error",
       "/error/type", "rate_limit_error"},
  };
  for (const Case& one : cases) {
    Call call = call_of(one.operation, std::string(one.body) + R"("stream":true})");
    Answer answer(call, unique, created);
    std::string out;
    answer.open(out);
    ASSERT_TRUE(answer.next(out));
    std::size_t before = events_of(out).size();
    answer.fail(out, scripted_error(429, codec::family_of(one.operation)), "req_1");
    std::vector<SseEvent> events = events_of(out);
    ASSERT_EQ(events.size(), before + 1) << out;
    EXPECT_EQ(events.back().name, one.name);
    EXPECT_EQ(text_at(events.back().data, one.type), one.said);
    if (one.operation != Operation::responses) continue;
    EXPECT_EQ(text_at(events.back().data, "/response/status"), "failed");
    EXPECT_EQ(at(events.back().data, "/sequence_number").as_int64(),
              static_cast<std::int64_t>(before));
  }
}

TEST(Answer, WhatIsHostileInANameStaysInside) {
  Call call = call_of(Operation::chat, request("sim-tool", R"(,"tools":[{"type":"function",
      "function":{"name":"a\"},{\"\n\u0000"}}])"));
  for (bool stream : {false, true}) {
    call.stream = stream;
    Json name = stream ? at(stream_of(call)[0].data, "/choices/0/delta/tool_calls/0/function/name")
                       : at(whole_of(call), "/choices/0/message/tool_calls/0/function/name");
    EXPECT_EQ(name.as_string(), std::string_view("a\"},{\"\n\0", 8));
  }
}

TEST(Answer, AWholeAnswerHasAnEnd) {
  Call call = call_of(Operation::chat, R"({"model":"sim-inf","messages":[{"role":"user",
      "content":"x"}],"n":128})");
  Answer answer(call, unique, created);
  EXPECT_EQ(answer.pieces() * 128, whole_pieces_max / 128 * 128);
}

TEST(Answer, TheBillGrowsWithEachRound) {
  Call call = call_of(Operation::chat, request("sim-t9-x150", R"(,"n":2,"stream":true)"));
  Answer answer(call, unique, created);
  std::string out;
  answer.open(out);
  EXPECT_EQ(answer.billed(answer.rounds()), 0u);
  answer.next(out);
  EXPECT_EQ(answer.billed(answer.rounds()), 4u);
  answer.next(out);
  EXPECT_EQ(answer.billed(answer.rounds()), 6u);
}

}  // namespace
}  // namespace recloser::sim
