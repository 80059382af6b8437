#include "codec/continuation/delivered.h"

#include "codec/testing/delivery.h"
#include "core/limits.h"

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

using testing::deliver;

std::string chunk(std::string_view delta, std::string_view finish = "null", int index = 0) {
  return fmt::format(
      "data: {{\"id\":\"c1\",\"created\":7,\"model\":\"m\",\"system_fingerprint\":"
      "\"fp\",\"choices\":[{{\"index\":{},\"delta\":{{{}}},\"finish_reason\":{}}}]"
      "}}\n\n",
      index, delta, finish);
}
std::string says(std::string_view text) { return chunk(fmt::format(R"("content":"{}")", text)); }
std::string calls(std::string_view arguments, std::string_view id = "") {
  std::string begin = id.empty() ? "" : fmt::format(R"("id":"{}",)", id);
  std::string name = id.empty() ? "" : R"("name":"f",)";
  return chunk(fmt::format(R"("tool_calls":[{{"index":0,{}"function":{{{}"arguments":"{}"}}}}])",
                           begin, name, arguments));
}
const std::string role = chunk(R"("role":"assistant","content":"")");

Resumption of(Operation operation, const std::string& stream, const RequestFacts& asked = {},
              bool guarded = false) {
  return deliver(operation, stream, SIZE_MAX, guarded).delivered.resumption(asked);
}
Resumption of_chat(const std::string& stream, const RequestFacts& asked = {}) {
  return of(Operation::chat, stream, asked);
}
constexpr Resumption go_on{.resume = Resume::go_on};
constexpr Resumption again{.resume = Resume::ask_again};
constexpr Resumption no(Obstacle why) { return {.resume = Resume::no, .obstacle = why}; }

TEST(DeliveredTest, OpenTextGoesOnAndAPreambleIsAskedForAgain) {
  EXPECT_EQ(of_chat(""), again);
  EXPECT_EQ(of_chat(role), again);
  EXPECT_EQ(of_chat(role + says("\\n\\n")), again);
  EXPECT_EQ(of_chat(role + says("Hello")), go_on);
  EXPECT_EQ(of_chat(role + chunk(R"("reasoning":"hm")")), again);
  EXPECT_EQ(of_chat(role + chunk(R"("reasoning":"hm")") + says("Hello")), go_on);
}

TEST(DeliveredTest, TextIsJoinedAsItReads) {
  Delivered told =
      deliver(Operation::chat, role + says("a \\\"b\\n") + says("\\ud83d") + says("\\ude00 c"))
          .delivered;
  EXPECT_EQ(told.text(), "a \"b\n\xF0\x9F\x98\x80 c");
  EXPECT_EQ(told.raw_text(), "a \\\"b\\n\\ud83d\\ude00 c");
  EXPECT_EQ(told.preamble().id, "c1");
  EXPECT_EQ(told.preamble().model, "m");
  EXPECT_EQ(told.preamble().created, 7u);
  EXPECT_EQ(told.preamble().fingerprint, "fp");
  EXPECT_EQ(of_chat(says("a \\ud83d")), no(Obstacle::half_character));
}

TEST(DeliveredTest, WhatHasEndedIsNotContinued) {
  std::string all = says("Hello") + chunk("", "\"stop\"");
  EXPECT_EQ(of_chat(all), no(Obstacle::ended));
  EXPECT_EQ(of_chat(says("Hello") + "data: [DONE]\n\n"), no(Obstacle::ended));
}

TEST(DeliveredTest, SeveralChoicesAreNot) {
  RequestFacts two;
  two.n = 2;
  EXPECT_EQ(of_chat(says("a"), two), no(Obstacle::several_choices));
  EXPECT_EQ(of_chat(says("a") + chunk(R"("content":"b")", "null", 1)),
            no(Obstacle::several_choices));
}

TEST(DeliveredTest, ACallThatTheClientHasIsNot) {
  EXPECT_EQ(of_chat(says("a") + calls("{", "x")), no(Obstacle::tool_call));
  EXPECT_EQ(of_chat(calls("{}", "x")), no(Obstacle::tool_call));
}

TEST(DeliveredTest, ACallThatWasHeldHasNeverBeen) {
  std::string open = role + says("a") + calls("{", "x") + says("b");
  Delivered told = deliver(Operation::chat, open, SIZE_MAX, true).delivered;
  EXPECT_EQ(told.resumption({}), go_on);
  EXPECT_EQ(told.text(), "a");
  std::string both = role + says("a") +
                     chunk(R"("content":"b","tool_calls":[{"index":0,"id":"x",)"
                           R"("function":{"name":"f","arguments":"{"}}])");
  told = deliver(Operation::chat, both, SIZE_MAX, true).delivered;
  EXPECT_EQ(told.text(), "a");
  // When the next one begins the first one goes out.
  std::string next = chunk(R"("tool_calls":[{"index":1,"id":"y","function":{"name":"f"}}])");
  EXPECT_EQ(of(Operation::chat, open + next, {}, true), no(Obstacle::tool_call));
}

// What is seen after it is as if the call had not come.
TEST(DeliveredTest, AHeldCallMayBeDropped) {
  std::string open = role + says("a") + calls("{", "x") + says("b");
  Delivered told = deliver(Operation::chat, open, SIZE_MAX, true).delivered;
  told.drop();
  StreamReader reader(Operation::chat);
  std::string more = says("c");
  std::string_view bytes = more;
  while (std::optional<Event> event = reader.next(bytes)) told.see(*event, more);
  EXPECT_EQ(told.text(), "ac");
  EXPECT_EQ(told.resumption({}), go_on);
}

TEST(DeliveredTest, OneThatWasReleasedIsWithTheClient) {
  std::string open = role + says("a") + calls("{", "x");
  Delivered told = deliver(Operation::chat, open, SIZE_MAX, true).delivered;
  told.release();
  EXPECT_EQ(told.resumption({}), no(Obstacle::tool_call));
  told.drop();
  EXPECT_EQ(told.resumption({}), no(Obstacle::tool_call));
}

TEST(DeliveredTest, JsonIsNot) {
  RequestFacts structured;
  structured.structured_output = true;
  EXPECT_EQ(of_chat(says("a"), structured), no(Obstacle::structured_output));
  EXPECT_EQ(of_chat(role, structured), again);
  EXPECT_EQ(of_chat(says("{\\\"a\\\": [1,")), no(Obstacle::json));
  EXPECT_EQ(of_chat(says("[a](b) is a link")), go_on);
}

TEST(DeliveredTest, JsonIsSeenInFences) {
  EXPECT_TRUE(ends_in_json("{"));
  EXPECT_TRUE(ends_in_json(" {\"a\": tr"));
  EXPECT_FALSE(ends_in_json("{a}"));
  EXPECT_FALSE(ends_in_json("{\"a\": 1} is what you asked for"));
  EXPECT_TRUE(ends_in_json("Here:\n```json\n{\"a\""));
  EXPECT_TRUE(ends_in_json("Here:\n```json"));
  EXPECT_TRUE(ends_in_json("Here:\n```\n[1, 2"));
  EXPECT_FALSE(ends_in_json("Here:\n```json\n{}\n```\nand"));
  EXPECT_FALSE(ends_in_json("Here:\n```c\nint a[] = {1, 2"));
  EXPECT_FALSE(ends_in_json("Here:\n```c\nint a;\n```\n[1]"));
  EXPECT_TRUE(ends_in_json("Here:\n~~~json\n{\"a\""));
  EXPECT_FALSE(ends_in_json(""));
}

TEST(DeliveredTest, MoreThanIsKeptIsNot) {
  std::string half(Delivered::bytes_max / 2, 'a');
  EXPECT_EQ(of_chat(says(half) + says(half)), go_on);
  EXPECT_EQ(of_chat(says(half) + says(half) + says("b")), no(Obstacle::too_long));
  // Of one event the reader keeps so much, and no text behind that.
  std::string thoughts(limits::event_bytes_held_max, 'a');
  EXPECT_EQ(of_chat(chunk(fmt::format(R"("reasoning":"{}","content":"b")", thoughts))),
            no(Obstacle::too_long));
}

std::string event(std::string_view type, std::string_view members) {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}}}\n\n", type, members);
}
std::string block(int index, std::string_view type, std::string_view more = "") {
  return event("content_block_start",
               fmt::format(R"(,"index":{},"content_block":{{"type":"{}"{}}})", index, type, more));
}
std::string delta(int index, std::string_view members) {
  return event("content_block_delta", fmt::format(R"(,"index":{},"delta":{{{}}})", index, members));
}
std::string stop(int index) {
  return event("content_block_stop", fmt::format(R"(,"index":{})", index));
}
const std::string start =
    event("message_start", R"(,"message":{"id":"msg_1","role":"assistant","model":"claude"})");

Resumption of_messages(const std::string& stream) { return of(Operation::messages, stream); }

TEST(DeliveredTest, BlocksOfAnthropic) {
  std::string thinking = start + block(0, "thinking");
  std::string text = block(0, "text") + delta(0, R"("type":"text_delta","text":"Hi")");
  EXPECT_EQ(of_messages(start), again);
  EXPECT_EQ(of_messages(start + text), go_on);
  EXPECT_EQ(of_messages(thinking), no(Obstacle::unfinished_thinking));
  thinking += delta(0, R"("type":"thinking_delta","thinking":"hm")");
  EXPECT_EQ(of_messages(thinking), no(Obstacle::unfinished_thinking));
  EXPECT_EQ(of_messages(thinking + stop(0)), no(Obstacle::unfinished_thinking));
  thinking += delta(0, R"("type":"signature_delta","signature":"abc")");
  EXPECT_EQ(of_messages(thinking + stop(0)), again);
  EXPECT_EQ(of_messages(start + block(0, "redacted_thinking", R"(,"data":"x")") + stop(0)), again);
  EXPECT_TRUE(deliver(Operation::messages, start + block(0, "redacted_thinking", R"(,"data":"x")"))
                  .delivered.thought());
  EXPECT_EQ(of_messages(start + block(0, "tool_use", R"(,"id":"t","name":"f")")),
            no(Obstacle::tool_call));
  EXPECT_EQ(of_messages(start + block(0, "server_tool_use", R"(,"id":"t","name":"web_search")")),
            no(Obstacle::server_tool));

  Delivered told = deliver(Operation::messages, thinking + stop(0) + block(1, "text")).delivered;
  EXPECT_EQ(told.blocks().next, 2u);
  EXPECT_TRUE(told.blocks().open);
  EXPECT_TRUE(told.blocks().text);
  EXPECT_TRUE(told.thought());
  told = deliver(Operation::messages, start + text + stop(0)).delivered;
  EXPECT_EQ(told.blocks().next, 1u);
  EXPECT_FALSE(told.blocks().open);
}

// The client knows the answer by its first begin.
TEST(DeliveredTest, ASecondBeginChangesNothing) {
  auto begin = [](std::string_view id) {
    return event("response.created",
                 fmt::format(R"(,"response":{{"id":"{}","model":"gpt","created_at":9}})", id));
  };
  EXPECT_EQ(deliver(Operation::responses, begin("r1") + begin("r2")).delivered.preamble().id, "r1");
}

TEST(DeliveredTest, ItemsOfResponses) {
  std::string begin =
      event("response.created", R"(,"response":{"id":"r1","model":"gpt","created_at":9})");
  std::string reasoning = event("response.output_item.added",
                                R"(,"output_index":0,"item":{"id":"rs","type":"reasoning"})");
  std::string thought = event("response.output_item.done",
                              R"(,"output_index":0,"item":{"id":"rs","type":"reasoning"})");
  std::string message =
      event("response.output_item.added",
            R"(,"output_index":1,"item":{"id":"m1","type":"message","status":"in_progress"})");
  std::string text = event("response.output_text.delta",
                           R"(,"item_id":"m1","output_index":1,"content_index":0,"delta":"Hi")");
  std::string refusal = event("response.refusal.delta",
                              R"(,"item_id":"m1","output_index":1,"content_index":0,"delta":"no")");
  std::string call = event("response.output_item.added",
                           R"(,"output_index":1,"item":{"id":"f","type":"function_call",)"
                           R"("call_id":"x","name":"f","status":"in_progress"})");
  auto of_responses = [](const std::string& stream, bool guarded = false) {
    return of(Operation::responses, stream, {}, guarded);
  };
  EXPECT_EQ(of_responses(begin), again);
  EXPECT_EQ(of_responses(begin + reasoning), no(Obstacle::unfinished_thinking));
  EXPECT_EQ(of_responses(begin + reasoning + thought), again);
  EXPECT_EQ(of_responses(begin + reasoning + thought + message + text), go_on);
  EXPECT_EQ(of_responses(begin + message + refusal), no(Obstacle::refusal));
  EXPECT_EQ(of_responses(begin + call), no(Obstacle::tool_call));
  EXPECT_EQ(of_responses(begin + call, true), again);
  // A call that went out is there to stay, whatever is held after it.
  std::string called = event("response.output_item.done",
                             R"(,"output_index":1,"item":{"id":"f","type":"function_call",)"
                             R"("call_id":"x","name":"f","status":"completed"})");
  std::string second = call;
  second.replace(second.find(":1,"), 3, ":2,");
  Delivered told =
      deliver(Operation::responses, begin + call + called + second, SIZE_MAX, true).delivered;
  EXPECT_EQ(told.resumption({}), no(Obstacle::tool_call));
  EXPECT_EQ(told.items().items.size(), 1u);
  told = deliver(Operation::responses, begin + call, SIZE_MAX, true).delivered;
  EXPECT_TRUE(told.items().items.empty());
  EXPECT_EQ(told.preamble().id, "r1");
  EXPECT_EQ(told.preamble().created, 9u);
  Delivered released = told;
  released.release();
  EXPECT_EQ(released.items().items.size(), 1u);
  // Without it the answer goes on.
  told.drop();
  StreamReader reader(Operation::responses);
  std::string_view bytes = message;
  while (std::optional<Event> next = reader.next(bytes)) told.see(*next, message);
  ASSERT_EQ(told.items().items.size(), 1u);
  EXPECT_EQ(told.items().items[0].id, "m1");
}

TEST(DeliveredTest, ItemsThatHaveNoRoomAreMissed) {
  std::string large(ResponseItems::bytes_max, 'a');
  std::string item = event("response.output_item.added",
                           R"(,"output_index":0,"item":{"id":"m","type":"message","status":)"
                           R"("in_progress","metadata":")" +
                               large + "\"}");
  EXPECT_EQ(of(Operation::responses, item), no(Obstacle::too_long));
}

}  // namespace
}  // namespace recloser::codec
