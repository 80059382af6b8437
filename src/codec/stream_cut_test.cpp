#include "codec/stream_cut.h"

#include "codec/testing/cut_property.h"

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

// What becomes of each SSE event: '+' on, 'h' held, 'H' held anew.
std::string passes(Operation operation, std::string_view stream) {
  StreamReader reader(operation);
  StreamCut cut(operation);
  std::string told;
  std::string_view bytes = stream;
  while (std::optional<Event> event = reader.next(bytes)) {
    std::string_view frame = stream.substr(event->range.begin, event->range.size());
    StreamCut::Pass pass = cut.see(*event, frame);
    if (!event->last_of_frame) continue;
    told += pass == StreamCut::Pass::on ? '+' : pass == StreamCut::Pass::held ? 'h' : 'H';
  }
  return told;
}

std::string choice(int index, std::string_view delta, std::string_view finish = "null") {
  return fmt::format(R"({{"index":{},"delta":{{{}}},"finish_reason":{}}})", index, delta, finish);
}

std::string call(int index, std::string_view arguments, std::string_view id = "") {
  std::string name = id.empty() ? "" : fmt::format(R"("id":"{}",)", id);
  std::string function = id.empty() ? "" : R"("name":"f",)";
  return fmt::format(R"("tool_calls":[{{"index":{},{}"function":{{{}"arguments":"{}"}}}}])", index,
                     name, function, arguments);
}

std::string chunk(std::string_view choices) {
  return fmt::format("data: {{\"id\":\"c\",\"created\":7,\"model\":\"m\",\"choices\":[{}]}}\n\n",
                     choices);
}

std::string content(int index, std::string_view text) {
  return chunk(choice(index, fmt::format(R"("content":"{}")", text)));
}

std::string tool(int at, int index, std::string_view arguments, std::string_view id = "") {
  return chunk(choice(at, call(index, arguments, id)));
}

std::string finish(int index, std::string_view reason) {
  return chunk(choice(index, "", fmt::format("\"{}\"", reason)));
}

TEST(StreamCut, HoldsACallUntilTheNextOneTheFinishOrTheEnd) {
  std::string begin = content(0, "a") + tool(0, 0, "", "x") + tool(0, 0, "{");
  EXPECT_EQ(passes(Operation::chat, begin), "+hh");
  EXPECT_EQ(passes(Operation::chat, begin + content(0, "b") + ": ping\n\n"), "+hhhh");
  EXPECT_EQ(passes(Operation::chat, begin + tool(0, 1, "", "y") + tool(0, 1, "{")), "+hhHh");
  EXPECT_EQ(passes(Operation::chat, begin + finish(0, "tool_calls") + content(0, "")), "+hh++");
  EXPECT_EQ(passes(Operation::chat, begin + "data: [DONE]\n\n"), "+hh+");
  // Whole in one event, as Mistral and Ollama send it.
  std::string at_once = chunk(choice(0, call(0, "{}", "x"), "\"tool_calls\""));
  EXPECT_EQ(passes(Operation::chat, at_once), "+");
}

TEST(StreamCut, HoldsBothCallsWhereOneEventEndsOneAndBeginsTheNext) {
  std::string both = R"("tool_calls":[{"index":0,"function":{"arguments":"}"}},)"
                     R"({"index":1,"id":"y","function":{"name":"g","arguments":"{"}}])";
  std::string begin = tool(0, 0, "{", "x") + chunk(choice(0, both));
  EXPECT_EQ(passes(Operation::chat, begin), "hh");
  EXPECT_EQ(passes(Operation::chat, begin + tool(0, 2, "", "z")), "hhH");
}

TEST(StreamCut, HoldsTheCallsOfSeveralChoicesTogether) {
  std::string begin = tool(0, 0, "{", "x") + tool(1, 0, "{", "y");
  EXPECT_EQ(passes(Operation::chat, begin + tool(0, 1, "", "z")), "hhh");
  EXPECT_EQ(passes(Operation::chat, begin + finish(1, "tool_calls") + tool(0, 0, "}")), "hhhh");
  EXPECT_EQ(passes(Operation::chat, begin + finish(1, "stop") + finish(0, "tool_calls")), "hhh+");
}

TEST(StreamCut, GoesOnInTheStateThatTheClientSaw) {
  std::string stream = content(0, "a") + tool(0, 0, "{", "x") + content(1, "b");
  testing::CutStream cut = testing::cut_stream(Operation::chat, stream, 3, {.note = "N"});
  EXPECT_EQ(cut.held_events, 2u);
  EXPECT_EQ(cut.passed, content(0, "a").size());
  EXPECT_FALSE(cut.out.contains("\"index\":1")) << "a choice that the client has not seen";
}

TEST(StreamCut, WhatWasReleasedStaysOpenToTheClient) {
  std::string stream = tool(0, 0, "{", "x") + tool(0, 0, "}") + tool(0, 1, "{", "y");
  CutOrder stop{.note = "N", .finish = CutFinish::stop};
  auto out = [&](std::size_t events) {
    return testing::cut_stream(Operation::chat, stream, events, stop, testing::Passing::releases)
        .out;
  };
  EXPECT_TRUE(out(1).contains(R"("finish_reason":"length")"));
  EXPECT_TRUE(out(2).contains(R"("finish_reason":"length")"));
  StreamReader reader(Operation::chat);
  StreamCut cut(Operation::chat);
  std::string_view bytes = stream;
  std::string told;
  while (std::optional<Event> event = reader.next(bytes)) {
    std::string_view frame =
        std::string_view(stream).substr(event->range.begin, event->range.size());
    StreamCut::Pass pass = cut.see(*event, frame);
    if (event->last_of_frame) told += pass == StreamCut::Pass::on ? '+' : 'h';
    if (told.size() == 1) cut.release();
  }
  EXPECT_EQ(told, "h+h") << "the next call is held again";
  std::string end;
  cut.write(end, stop, reader.facts());
  EXPECT_TRUE(end.contains(R"("finish_reason":"stop")")) << "the first is whole by then";
}

// The second text of the chunk was too much: the first one stays behind as well.
TEST(StreamCut, WhatIsSeenOfAnEventThatDoesNotPassIsForgotten) {
  std::string stream =
      content(0, "a") + chunk(choice(1, R"("content":"b")") + "," + choice(0, R"("content":"c")"));
  StreamReader reader(Operation::chat);
  StreamCut cut(Operation::chat);
  std::string_view bytes = stream;
  std::string seen;
  while (seen != "ab") {
    std::optional<Event> event = reader.next(bytes);
    ASSERT_TRUE(event);
    if (event->kind == EventKind::text) seen += event->text;
    std::string_view frame =
        std::string_view(stream).substr(event->range.begin, event->range.size());
    cut.see(*event, frame);
  }
  std::string end;
  cut.write(end, {.note = "N"}, reader.facts());
  EXPECT_TRUE(end.contains(R"("index":0)"));
  EXPECT_FALSE(end.contains(R"("index":1)"));
}

TEST(StreamCut, ARoleIsSaidOnceForEachChoice) {
  std::string role = R"("role":"assistant","content":"")";
  std::string stream = chunk(choice(0, role)) + chunk(choice(1, role));
  std::string out = testing::cut_stream(Operation::chat, stream, 2, {.note = "N"}).out;
  std::string_view ours = std::string_view(out).substr(stream.size());
  EXPECT_FALSE(ours.contains("role"));
  EXPECT_TRUE(ours.contains(R"("index":1)"));
}

TEST(StreamCut, KeepsTheNamesOfTheStreamAsTheyAre) {
  std::string stream =
      "data: {\"id\":\"i\\\"\\n\",\"created\":8,\"model\":\"\\u00e9\\\\\",\"system_fingerprint\":"
      "\"f\\\"p\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
  std::string out = testing::cut_stream(Operation::chat, stream, 1, {.note = "\"\n"}).out;
  std::string_view ours = std::string_view(out).substr(stream.size());
  EXPECT_TRUE(ours.contains(R"("id":"i\"\n")")) << ours;
  EXPECT_TRUE(ours.contains(R"("created":8,)"));
  EXPECT_TRUE(ours.contains("\"model\":\"\u00e9\\\\\"")) << ours;
  EXPECT_TRUE(ours.contains(R"("system_fingerprint":"f\"p")"));
  EXPECT_TRUE(ours.contains(R"("content":"\n\n\"\n")"));
}

TEST(StreamCut, NoNameEndsTheCommentLine) {
  CutOrder order{.note = "N", .call = "c\ndata: 1", .rule = "a b\r\n\ndata: [DONE]"};
  std::string out = testing::cut_stream(Operation::chat, "", 0, order).out;
  EXPECT_TRUE(out.starts_with(": recloser cut call=c?data: 1 rule=a_b???data:_[DONE]\n\n")) << out;
}

// What a known agent takes for an end has to say what it is.
TEST(StreamCut, EndsByLengthWhereNoNoteIsWritten) {
  CutOrder order{.client = ClientFamily::claude_code};
  std::string out = testing::cut_stream(Operation::messages, "", 0, order).out;
  EXPECT_TRUE(out.contains("max_tokens"));
  order.finish = CutFinish::stop;
  out = testing::cut_stream(Operation::messages, "", 0, order).out;
  EXPECT_TRUE(out.contains("max_tokens"));
  order.note = "N";
  out = testing::cut_stream(Operation::messages, "", 0, order).out;
  EXPECT_TRUE(out.contains("end_turn"));
}

// The end of its block does not show a call to be whole: it stands behind half of one, too, where
// the provider stops for length.
TEST(StreamCut, AnthropicHoldsACallUntilSomethingFollows) {
  auto event = [](std::string_view type, std::string_view rest) {
    return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}}}\n\n", type, rest);
  };
  auto block = [&](int index, std::string_view type) {
    return event(
        "content_block_start",
        fmt::format(R"(,"index":{0},"content_block":{{"type":"{1}","id":"t{0}"}})", index, type));
  };
  auto stop = [&](int index) {
    return event("content_block_stop", fmt::format(R"(,"index":{})", index));
  };
  std::string begin = event("message_start", R"(,"message":{"id":"m"})") + block(0, "tool_use") +
                      event("ping", "") + stop(1) + stop(0);
  std::string end = event("message_delta", R"(,"delta":{"stop_reason":"tool_use"})");
  EXPECT_EQ(passes(Operation::messages, begin + event("ping", "")), "+hhhhh");
  EXPECT_EQ(passes(Operation::messages, begin + end), "+hhhh+");
  EXPECT_EQ(passes(Operation::messages, begin + block(1, "text")), "+hhhh+");
  EXPECT_EQ(passes(Operation::messages, begin + block(1, "tool_use") + stop(1) + end), "+hhhhHh+");
  CutOrder order{.note = "N", .client = ClientFamily::claude_code};
  std::string out = testing::cut_stream(Operation::messages, begin, 5, order).out;
  EXPECT_FALSE(out.contains("tool_use"));
  EXPECT_TRUE(out.contains("max_tokens"));
  out = testing::cut_stream(Operation::messages, begin, 5, order, testing::Passing::releases).out;
  EXPECT_TRUE(out.contains("max_tokens")) << "released, it may be half a call";
}

std::string response_event(std::string_view type, std::string_view rest) {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}}}\n\n", type, rest);
}

std::string item_added(int index, std::string_view type) {
  return response_event(
      "response.output_item.added",
      fmt::format(R"(,"output_index":{0},"item":{{"id":"i{0}","type":"{1}","status":"x"}})", index,
                  type));
}

std::string item_done(int index, std::string_view item) {
  return response_event("response.output_item.done",
                        fmt::format(R"(,"output_index":{},"item":{})", index, item));
}

TEST(StreamCut, ResponsesHoldsWhileAnyCallIsOpen) {
  std::string begin =
      item_added(0, "message") + item_added(1, "function_call") + item_added(2, "custom_tool_call");
  EXPECT_EQ(passes(Operation::responses, begin + item_done(1, "{}")), "+hhh");
  EXPECT_EQ(passes(Operation::responses, begin + item_done(1, "{}") + item_done(2, "{}")), "+hhh+");
  EXPECT_EQ(passes(Operation::responses, item_added(0, "web_search_call")), "+");
  std::string half = item_done(1, R"({"status":"incomplete"})") + item_done(2, "{}");
  EXPECT_EQ(passes(Operation::responses, begin + half), "+hhhh") << "the provider's own cut";
}

// The number of an event that is not read is one more than that of the one before.
TEST(StreamCut, ResponsesGoesOnCounting) {
  std::string stream =
      response_event("response.in_progress", R"(,"sequence_number":40)") +
      response_event("response.output_text.delta", R"(,"sequence_number":41,"delta":"x")") +
      ": comment\n\n";
  std::string out = testing::cut_stream(Operation::responses, stream, 3, {}).out;
  EXPECT_TRUE(out.substr(stream.size()).contains("\"sequence_number\":42")) << out;
}

TEST(StreamCut, ResponsesKeepsNoMoreThanItsLimit) {
  std::string stream = item_added(0, "message");
  std::string delta = response_event(
      "response.output_text.delta",
      fmt::format(R"(,"output_index":0,"delta":"{}")", std::string(100u << 10, 'a')));
  for (int i = 0; i < 5; ++i) stream += delta;
  stream += item_added(1, "message") +
            item_done(1, fmt::format(R"({{"id":"{}"}})", std::string(200u << 10, 'b')));
  testing::CutStream cut = testing::cut_stream(Operation::responses, stream, 9, {.note = "N"});
  std::string_view ours = std::string_view(cut.out).substr(cut.passed);
  std::size_t begin = ours.find("\"text\":\"a") + 8;
  EXPECT_EQ(ours.find('"', begin) - begin, 200u << 10) << "the front of the text, whole deltas";
  EXPECT_FALSE(ours.contains("bbb")) << "an item that found no room";
  EXPECT_TRUE(ours.contains(R"("output_index":2,"item":{"id":"msg_")")) << "behind what was seen";
}

// A status of another object than the item that is kept: it must not be written over.
TEST(StreamCut, ResponsesTakesNothingFromAnItemThatStandsTwice) {
  std::string stream = response_event(
      "response.output_item.added",
      R"(,"output_index":0,"item":{"pad":"xxxxxxxxxxxx","status":"s"},"item":{"type":"other"})");
  std::string fault = testing::fault_of_cut(Operation::responses, stream, 1, {.note = "N"},
                                            testing::Passing::holds);
  EXPECT_EQ(fault, "");
}

TEST(StreamCut, ResponsesTakesNoPartThatIsNoObject) {
  std::string part = response_event("response.content_part.done", R"(,"output_index":0,"part":1)");
  std::string whole = response_event("response.content_part.done",
                                     R"(,"output_index":0,"part":{"type":"output_text"})");
  std::string stream = item_added(0, "message") + whole + part;
  std::string fault = testing::fault_of_cut(Operation::responses, stream, 3, {.note = "N"},
                                            testing::Passing::holds);
  EXPECT_EQ(fault, "");
}

TEST(TextFront, KeepsTheEventAndCutsItsText) {
  std::string frame = content(0, "Hello you");
  std::string out;
  EXPECT_EQ(write_text_front(out, frame, "Hello you", 5), 5u);
  EXPECT_EQ(out, content(0, "Hello"));
  out.clear();
  EXPECT_EQ(write_text_front(out, frame, "Hello you", 100), 9u);
  EXPECT_EQ(out, frame);
}

TEST(TextFront, NeverCutsACharacter) {
  auto front = [](std::string_view text, std::size_t bytes) {
    std::string frame = "data: {\"content\":\"" + std::string(text) + "\"}\n\n";
    std::string out;
    return write_text_front(out, frame, text, bytes);
  };
  EXPECT_EQ(front("a\u00e9b", 2), 1u);
  EXPECT_EQ(front("a\u00e9b", 3), 3u);
  EXPECT_EQ(front("a\\nb", 2), 1u);
  EXPECT_EQ(front("a\\u00e9b", 6), 1u);
  EXPECT_EQ(front("a\\u00e9b", 7), 7u);
  EXPECT_EQ(front("a\\ud83d\\ude00b", 7), 1u) << "half a pair";
  EXPECT_EQ(front("a\\ud83d\\ude00b", 13), 13u);
  EXPECT_EQ(front("\u00e9", 1), 0u);
}

TEST(TextFront, IsNotWrittenWhereTheTextCannotBeFound) {
  std::string out;
  EXPECT_EQ(write_text_front(out, content(0, "content"), "content", 3), 0u) << "a name is like it";
  EXPECT_EQ(write_text_front(out, "data: {}\n\n", "content", 3), 0u);
  EXPECT_EQ(write_text_front(out, content(0, "x"), "", 3), 0u);
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace recloser::codec
