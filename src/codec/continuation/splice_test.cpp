#include "codec/continuation/splice.h"

#include "codec/testing/delivery.h"
#include "codec/testing/told_answer.h"
#include "core/limits.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

using testing::deliver;
using testing::Delivery;

constexpr Usage paid{.input_tokens = 100, .output_tokens = 50};

std::string spliced(const Delivery& told, Ask ask, std::string_view stream,
                    std::size_t piece_bytes = SIZE_MAX) {
  Splice splice(told.delivered, ask, paid);
  std::string out;
  for (std::size_t at = 0; at < stream.size();) {
    std::string_view piece = stream.substr(at, piece_bytes);
    splice.feed(piece, out);
    at += piece.size();
  }
  splice.finish(out);
  return splice.state() == Seam::State::fits ? out
                                             : "misfits " + std::string(name_of(splice.misfit()));
}

// The same however the stream is split.
std::string splice(const Delivery& told, Ask ask, std::string_view stream) {
  std::string whole = spliced(told, ask, stream);
  for (std::size_t bytes : {1, 7, 64}) EXPECT_EQ(spliced(told, ask, stream, bytes), whole);
  return whole;
}

std::string chunk(std::string_view delta, std::string_view more = R"("finish_reason":null)") {
  return fmt::format(
      "data: {{\"id\":\"b2\",\"object\":\"chat.completion.chunk\",\"created\":9,"
      "\"model\":\"m2\",\"system_fingerprint\":\"f2\",\"odd\":{{\"a\":[1]}},"
      "\"choices\":[{{\"index\":0,\"delta\":{{{}}},{}}}]}}\n\n",
      delta, more);
}
const std::string chat_first =
    "data: {\"id\":\"a1\",\"created\":7,\"model\":\"m1\",\"choices\":[{\"index\":0,\"delta\":{"
    "\"role\":\"assistant\",\"content\":\"The old\"},\"finish_reason\":null}]}\n\n";
constexpr std::string_view chat_end =
    "data: {\"id\":\"b2\",\"model\":\"m2\",\"choices\":[],\"usage\":{\"prompt_tokens\":30,"
    "\"completion_tokens\":9,\"total_tokens\":39}}\n\ndata: [DONE]\n\n";

TEST(SpliceTest, ChunksOfChatGoOnAsOfOneAnswer) {
  std::string stream = chunk(R"("role":"assistant","content":"")") + chunk(R"("reasoning":"hm")") +
                       ": ping\n\n" + chunk(R"("content":" m")") +
                       chunk(R"("role":"assistant","content":"an")") +
                       chunk("", R"("finish_reason":"stop")") + std::string(chat_end);
  EXPECT_EQ(
      splice(deliver(Operation::chat, chat_first), Ask::prefill, stream),
      "data: {\"id\":\"a1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"m1\","
      "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" m\"},\"logprobs\":null,"
      "\"finish_reason\":null}]}\n\n"
      "data: {\"id\":\"a1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"m1\","
      "\"odd\":{\"a\":[1]},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"an\"},"
      "\"finish_reason\":null}]}\n\n"
      "data: {\"id\":\"a1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"m1\","
      "\"odd\":{\"a\":[1]},\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
      "data: {\"id\":\"a1\",\"model\":\"m1\",\"choices\":[],\"usage\":{\"prompt_tokens\":130,"
      "\"completion_tokens\":59,\"total_tokens\":189,\"prompt_tokens_details\":"
      "{\"cached_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0}}}\n\n"
      "data: [DONE]\n\n");
}

TEST(SpliceTest, AllOfAChunkThatDecidesPasses) {
  std::string stream =
      chunk(R"("content":" man.")", R"("logprobs":{"a":1},"finish_reason":"stop")");
  EXPECT_EQ(
      splice(deliver(Operation::chat, chat_first), Ask::prefill, stream),
      "data: {\"id\":\"a1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"m1\","
      "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" man.\"},\"logprobs\":null,"
      "\"finish_reason\":null}]}\n\n"
      "data: {\"id\":\"a1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"m1\","
      "\"odd\":{\"a\":[1]},\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
      "\"finish_reason\":\"stop\"}]}\n\n");
}

TEST(SpliceTest, WhatDoesNotFitAndWhatFailsTellsNothing) {
  Delivery told = deliver(Operation::chat, chat_first);
  std::string failed = "data: {\"error\":{\"message\":\"overloaded\",\"code\":529}}\n\n";
  EXPECT_EQ(splice(told, Ask::prefill, chunk(R"("content":"er man ")")), "misfits word_border");
  Splice broken(told.delivered, Ask::prefill, paid);
  std::string out;
  EXPECT_EQ(broken.feed(chunk(R"("content":" ")") + failed, out), Seam::State::undecided);
  EXPECT_EQ(broken.finish(out), Seam::State::undecided);
  EXPECT_EQ(out, "");
  EXPECT_TRUE(broken.facts().saw_error);
  EXPECT_FALSE(broken.ended());
  std::string late = splice(told, Ask::prefill, chunk(R"("content":" man")") + failed);
  EXPECT_FALSE(late.contains("overloaded"));
  EXPECT_TRUE(late.contains(" man"));
}

TEST(SpliceTest, AnEventThatIsTooLargeToBeKeptFitsNowhere) {
  Delivery told = deliver(Operation::chat, chat_first);
  std::string words(limits::event_bytes_held_max + 1, 'a');
  std::string stream = chunk(fmt::format(R"("content":" {}")", words)) + chunk(R"("content":" b")");
  EXPECT_EQ(spliced(told, Ask::prefill, stream, 1u << 20), "misfits too_large");
  Splice late(told.delivered, Ask::prefill, paid);
  std::string out;
  EXPECT_EQ(late.feed(chunk(R"("content":" man,")"), out), Seam::State::fits);
  std::size_t before = out.size();
  std::string_view bytes = stream;
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 1u << 20))) {
    late.feed(bytes.substr(0, 1u << 20), out);
  }
  EXPECT_EQ(late.state(), Seam::State::misfits);
  EXPECT_EQ(out.size(), before) << "nothing behind it";
}

// Of its last blank line the stream has sent the half.
TEST(SpliceTest, AnEndThatIsToldLastDecides) {
  Delivery told = deliver(Operation::chat, chat_first);
  std::string stream = chunk(R"("content":" ")") + "data: [DONE]\r\n\r";
  EXPECT_TRUE(splice(told, Ask::prefill, stream).contains(R"("content":" ")"));
}

TEST(SpliceTest, WhatIsWrittenHasItsDataInOneLine) {
  std::string stream = chunk(R"("content":" man")") +
                       "data: {\"odd\":[1,\ndata: 2],\"choices\":[{\"index\":0,\"delta\":{}}]}\n\n";
  std::string out = splice(deliver(Operation::chat, chat_first), Ask::prefill, stream);
  EXPECT_TRUE(out.contains("\"odd\":[1, 2]")) << out;
}

TEST(SpliceTest, HalfASurrogatePairWaitsForTheOther) {
  std::string stream = chunk(R"("content":" \ud83d")") + chunk(R"("content":"\ude00 x")");
  std::string out = splice(deliver(Operation::chat, chat_first), Ask::prefill, stream);
  EXPECT_TRUE(out.contains("\xF0\x9F\x98\x80") || out.contains("\\ud83d")) << out;
  EXPECT_FALSE(out.contains("\xEF\xBF\xBD"));
}

TEST(SpliceTest, AnAnswerThatHadNotBegunPassesAsItIs) {
  std::string stream = chunk(R"("role":"assistant","content":"")") + chunk(R"("content":"Hi")");
  EXPECT_EQ(splice(deliver(Operation::chat, ""), Ask::again, stream), stream);
}

std::string event(std::string_view type, std::string_view members) {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}}}\n\n", type, members);
}
std::string block(int index, std::string_view type, std::string_view more = "") {
  return event("content_block_start",
               fmt::format(R"(,"index":{},"content_block":{{"type":"{}"{}}})", index, type, more));
}
std::string says(int index, std::string_view text) {
  return event(
      "content_block_delta",
      fmt::format(R"(,"index":{},"delta":{{"type":"text_delta","text":"{}"}})", index, text));
}
std::string stop(int index) {
  return event("content_block_stop", fmt::format(R"(,"index":{})", index));
}
const std::string start = event("message_start", R"(,"message":{"id":"a1","model":"m1"})");
const std::string other_start =
    event("message_start", R"(,"message":{"id":"b2","model":"m2","usage":{"input_tokens":30}})");
std::string end(int input, int output, bool sum = false) {
  std::string usage = sum ? fmt::format(R"({{"input_tokens":{},"cache_creation_input_tokens":0,)"
                                        R"("cache_read_input_tokens":0,"output_tokens":{}}})",
                                        input, output)
                          : fmt::format(R"({{"output_tokens":{}}})", output);
  return event("message_delta",
               R"(,"delta":{"stop_reason":"end_turn"},"usage":)" + usage + R"(,"odd":1)") +
         event("message_stop", "");
}

TEST(SpliceTest, BlocksOfAnthropicGoOn) {
  std::string first =
      start + block(0, "thinking") + stop(0) + block(1, "text") + says(1, "The old");
  std::string tool = R"(,"id":"t","name":"f","input":{})";
  std::string stream = other_start + event("ping", "") + block(0, "thinking") + stop(0) +
                       block(1, "text", R"(,"text":"")") + says(1, " m") + says(1, "an") + stop(1) +
                       block(2, "tool_use", tool) + stop(2) + end(0, 9);
  EXPECT_EQ(splice(deliver(Operation::messages, first), Ask::prefill, stream),
            says(1, " m") + says(1, "an") + stop(1) + block(2, "tool_use", tool) + stop(2) +
                end(130, 59, true));
}

TEST(SpliceTest, ABlockThatIsOpenIsClosedBeforeAnother) {
  std::string first = start + block(0, "text") + says(0, "The old");
  std::string tool = R"(,"id":"t","name":"f","input":{})";
  std::string stream = other_start + block(0, "tool_use", tool) + stop(0) + end(0, 9);
  EXPECT_EQ(splice(deliver(Operation::messages, first), Ask::prefill, stream),
            stop(0) + block(1, "tool_use", tool) + stop(1) + end(130, 59, true));
  stream = other_start + end(0, 9);
  EXPECT_EQ(splice(deliver(Operation::messages, first), Ask::prefill, stream),
            stop(0) + end(130, 59, true));
}

TEST(SpliceTest, BehindAClosedBlockTextBeginsAnother) {
  std::string first = start + block(0, "text") + says(0, "The old") + stop(0);
  std::string stream =
      other_start + block(0, "text", R"(,"text":"")") + says(0, " man") + stop(0) + end(0, 9);
  EXPECT_EQ(splice(deliver(Operation::messages, first), Ask::prefill, stream),
            block(1, "text", R"(,"text":"")") + says(1, " man") + stop(1) + end(130, 59, true));
}

TEST(SpliceTest, ThinkingPassesOnlyWhereThereWasNone) {
  std::string stream = other_start + block(0, "thinking") + stop(0) +
                       block(1, "text", R"(,"text":"")") + says(1, "Hi") + stop(1) + end(0, 9);
  EXPECT_EQ(splice(deliver(Operation::messages, start), Ask::again, stream),
            block(0, "thinking") + stop(0) + block(1, "text", R"(,"text":"")") + says(1, "Hi") +
                stop(1) + end(130, 59, true));
  std::string thought = start + block(0, "thinking") +
                        event("content_block_delta",
                              R"(,"index":0,"delta":{"type":"signature_delta","signature":"s"})") +
                        stop(0);
  EXPECT_EQ(splice(deliver(Operation::messages, thought), Ask::again, stream),
            block(1, "text", R"(,"text":"")") + says(1, "Hi") + stop(1) + end(130, 59, true));
}

// In the dialect whose last event repeats everything, by what its clients put together.
TEST(SpliceTest, ItemsOfResponsesGoOn) {
  Random random(7);
  testing::ToldAnswer first{.id = "a1", .model = "m1", .thinking = "hm", .text = "The old"};
  testing::ToldAnswer second{.id = "b2",
                             .model = "m2",
                             .thinking = "so",
                             .text = " man sat.",
                             .tool_arguments = "{\"a\":1}",
                             .input_tokens = 30,
                             .output_tokens = 9};
  std::string before;
  for (const std::string& each : testing::tell(Operation::responses, first, random)) {
    if (each.contains("response.output_text.done")) break;
    before += each;
  }
  std::string stream;
  for (const std::string& each : testing::tell(Operation::responses, second, random)) {
    stream += each;
  }
  std::string out = splice(deliver(Operation::responses, before), Ask::prefill, stream);
  EXPECT_FALSE(out.contains("response.created"));
  EXPECT_FALSE(out.contains("rs_b2"));
  EXPECT_FALSE(out.contains("msg_b2"));
  EXPECT_TRUE(out.contains(R"("type":"response.output_text.done","sequence_number")"));
  EXPECT_TRUE(out.contains(R"("item_id":"msg_a1","output_index":1,"content_index":0,)"
                           R"("text":"The old man sat.")"));
  EXPECT_TRUE(out.contains(R"("output_index":2,"item":{"id":"fc_b2")"));
  std::string_view last = std::string_view(out).substr(out.find("event: response.completed"));
  EXPECT_TRUE(last.contains(R"("response":{"id":"a1")"));
  EXPECT_TRUE(last.contains(R"("model":"m1","output":[{"id":"rs_a1")"));
  EXPECT_TRUE(last.contains(R"("text":"The old man sat.")"));
  EXPECT_TRUE(last.contains(R"("input_tokens":130,)"));
  EXPECT_TRUE(last.contains(R"("output_tokens":59,)"));
}

TEST(SpliceTest, AnItemThatIsOpenIsClosedBeforeACall) {
  Random random(7);
  testing::ToldAnswer first{.id = "a1", .model = "m1", .text = "Let me look."};
  testing::ToldAnswer second{.id = "b2", .model = "m2", .tool_arguments = "{\"a\":1}"};
  std::string before;
  for (const std::string& each : testing::tell(Operation::responses, first, random)) {
    if (each.contains("response.output_text.done")) break;
    before += each;
  }
  std::string stream;
  for (const std::string& each : testing::tell(Operation::responses, second, random)) {
    stream += each;
  }
  std::string out = splice(deliver(Operation::responses, before), Ask::prefill, stream);
  std::size_t closed = out.find(R"("item":{"id":"msg_a1","type":"message","status":"completed")");
  std::size_t call = out.find(R"("output_index":1,"item":{"id":"fc_b2")");
  EXPECT_NE(closed, std::string::npos);
  EXPECT_NE(call, std::string::npos);
  EXPECT_LT(closed, call);
}

TEST(SpliceTest, WhatBelongsToNothingIsLeftOut) {
  std::string first = start + block(0, "text") + says(0, "The old");
  std::string stream = other_start + block(0, "text") + says(0, " man") + stop(0) + says(0, "x") +
                       stop(0) + end(0, 9);
  EXPECT_EQ(splice(deliver(Operation::messages, first), Ask::prefill, stream),
            says(0, " man") + stop(0) + end(130, 59, true));
  std::string begun = event("response.created", R"(,"response":{"id":"a1","model":"m1"})");
  std::string stray = event("response.output_text.delta", R"(,"output_index":9,"delta":"x")");
  EXPECT_EQ(splice(deliver(Operation::responses, begun), Ask::again, stray), "");
}

TEST(SpliceTest, OwnUsageStaysApart) {
  Delivery told = deliver(Operation::chat, chat_first);
  Splice splice(told.delivered, Ask::prefill, paid);
  std::string out;
  splice.feed(chunk(R"("content":" man ")"), out);
  splice.feed(chat_end, out);
  EXPECT_EQ(splice.facts().usage.output_tokens, 9u);
  EXPECT_TRUE(splice.ended());
}

TEST(SpliceTest, WhatWasSplicedIsContinuedAgain) {
  Delivery told = deliver(Operation::chat, chat_first);
  std::string out = chat_first + splice(told, Ask::prefill, chunk(R"("content":" man and")"));
  Delivery again = deliver(Operation::chat, out);
  EXPECT_EQ(again.delivered.text(), "The old man and");
  EXPECT_EQ(again.delivered.preamble().id, "a1");
}

}  // namespace
}  // namespace recloser::codec
