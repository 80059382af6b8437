// What the recordings and tests/golden do not hold: limits, odd members, and the reader's own
// rules.
#include "codec/stream_reader.h"

#include "codec/testing/event_text.h"
#include "core/limits.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

std::string chat_delta(std::string_view content) {
  return "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" +
         std::string(content) + "\"}}]}\n\n";
}

TEST(StreamReader, TextIsHeldUpToTheLimitAndCutOnePast) {
  constexpr std::size_t names = 2;  // "c" and "m" are captured of the same event
  for (std::size_t past : {std::size_t{0}, std::size_t{1}}) {
    std::string stream =
        chat_delta(std::string(limits::event_bytes_held_max - names + past, 'x')) + chat_delta("y");
    for (std::size_t at : {std::size_t{3}, stream.size() / 2, stream.size()}) {
      testing::Told told = testing::tell_split(Operation::chat, stream, at);
      EXPECT_EQ(told.facts.text_bytes, limits::event_bytes_held_max - names + 1);
      EXPECT_EQ(told.lines.find(" cut") != std::string::npos, past == 1) << at;
      EXPECT_EQ(told.facts.malformed, 0u);
    }
  }
}

TEST(StreamReader, FramesTileTheStream) {
  std::string stream = ": a\n\n\n" + chat_delta("x") + "\n\ndata: [DONE]\n\n\n";
  StreamReader reader(Operation::chat);
  std::string_view bytes = stream;
  std::uint64_t end = 0;
  while (std::optional<Event> event = reader.next(bytes)) {
    if (event->last_of_frame) {
      EXPECT_EQ(reader.frame().range.begin, end);
      end = reader.frame().range.end;
    }
  }
  EXPECT_EQ(end, stream.size() - 1);  // the last blank line belongs to an event that never came
}

TEST(StreamReader, AMalformedEventChangesNoFact) {
  std::string stream =
      chat_delta("x") +
      "data: {\"id\":\"other\",\"usage\":{\"prompt_tokens\":5},\"choices\":[{\"finish_reason\":"
      "\"length\"}\n\n";
  testing::Told told = testing::tell_whole(Operation::chat, stream);
  EXPECT_EQ(told.facts.malformed, 1u);
  EXPECT_EQ(told.facts.usage_source, UsageSource::none);
  EXPECT_FALSE(told.facts.saw_finish);
  EXPECT_FALSE(told.ended);
}

TEST(StreamReader, OfAMemberThatStandsTwiceTheLastCounts) {
  std::string stream =
      "data: {\"type\":\"response.output_item.added\",\"item\":{\"type\":\"function_call\","
      "\"call_id\":\"one\",\"call_id\":\"two\",\"name\":\"f\"}}\n\n";
  std::string whole = testing::tell_whole(Operation::responses, stream).lines;
  EXPECT_NE(whole.find("id=two name=f"), std::string::npos) << whole;
  EXPECT_EQ(testing::tell_bytes(Operation::responses, stream).lines, whole);
}

// The same sizes however the bytes are cut; the text of a seal is nobody's.
void expect_sealed(Operation operation, std::string_view stream, std::uint32_t items,
                   std::uint64_t bytes) {
  testing::Told whole = testing::tell_whole(operation, stream);
  EXPECT_EQ(whole.facts.sealed_items, items) << whole.lines;
  EXPECT_EQ(whole.facts.sealed_bytes, bytes) << whole.lines;
  EXPECT_EQ(whole.facts.text_bytes + whole.facts.reasoning_bytes, 0u) << whole.lines;
  EXPECT_EQ(testing::tell_bytes(operation, stream).lines, whole.lines);
  for (std::size_t at = 0; at < stream.size(); ++at) {
    ASSERT_EQ(testing::tell_split(operation, stream, at).lines, whole.lines) << at;
  }
}

TEST(StreamReader, ResponsesSealTheirThinkingWhenAnItemIsDone) {
  auto item = [](std::string_view type, std::string_view kind, std::string_view sealed) {
    return R"(data: {"type":"response.)" + std::string(type) + R"(","item":{"type":")" +
           std::string(kind) + R"(","encrypted_content":")" + std::string(sealed) + "\"}}\n\n";
  };
  std::string end = R"(data: {"type":"response.completed","response":{"output":[{"type":)"
                    R"("reasoning","encrypted_content":"gAAAAA"}]}})"
                    "\n\n";
  expect_sealed(Operation::responses,
                item("output_item.added", "reasoning", "gAAA") +
                    item("output_item.done", "reasoning", "gAAAAA") +
                    item("output_item.done", "compaction", "gBBBBBBBBBBB") +
                    item("output_item.done", "reasoning", "gCC") + end,
                2, 6 + 3);
}

TEST(StreamReader, AnthropicSealsThinkingInSignaturesAndRedactedBlocks) {
  expect_sealed(Operation::messages,
                R"(data: {"type":"content_block_start","index":0,"content_block":)"
                R"({"type":"redacted_thinking","data":"EsAC0123"}})"
                "\n\n"
                R"(data: {"type":"content_block_delta","index":1,"delta":)"
                R"({"type":"signature_delta","signature":"Eu4="}})"
                "\n\n",
                2, 8 + 4);
}

TEST(StreamReader, ChatsSealThinkingInDetailsAndBesideCalls) {
  expect_sealed(Operation::chat,
                R"(data: {"choices":[{"index":0,"delta":{"reasoning_details":[{"type":)"
                R"("reasoning.encrypted","data":"gAAAA"}]}}]})"
                "\n\n"
                R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c",)"
                R"("extra_content":{"google":{"thought_signature":"CiQB"}},)"
                R"("function":{"name":"f","arguments":"{}"}}]}}]})"
                "\n\n",
                2, 5 + 4);
}

// What is kept of an event, for those that are like it, holds no seal.
TEST(StreamReader, ASealThatComesTwiceIsTwo) {
  std::string event = R"(data: {"choices":[{"index":0,"delta":{"reasoning_details":[{"data":)"
                      R"("gAAAA"}],"tool_calls":[{"index":0,"function":{"arguments":" "}}]}}]})"
                      "\n\n";
  expect_sealed(Operation::chat, event + event + event, 3, 15);
}

TEST(StreamReader, DataMayBeginWithAnEmptyLine) {
  std::string stream = "data:\n" + chat_delta("x") + "event: e\ndata\n" + chat_delta("yz");
  testing::Told told = testing::tell_whole(Operation::chat, stream);
  EXPECT_EQ(told.facts.text_bytes, 3u);
  EXPECT_EQ(told.facts.model, "m");
  EXPECT_EQ(testing::tell_bytes(Operation::chat, stream).lines, told.lines);
}

TEST(StreamReader, WithoutDoneAChatEndsWithItsFinishAndOthersDoNot) {
  std::string finish = "data: {\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]}\n\n";
  EXPECT_TRUE(testing::tell_whole(Operation::chat, finish).ended);
  std::string delta =
      "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n";
  EXPECT_FALSE(testing::tell_whole(Operation::messages, delta).ended);
  EXPECT_TRUE(
      testing::tell_whole(Operation::messages, delta + "data: {\"type\":\"message_stop\"}\n\n")
          .ended);
}

TEST(StreamReader, TheTypeMayComeLastOrOnlyInTheEventLine) {
  std::string last =
      "data: {\"delta\":\"a\",\"output_index\":2,\"type\":\"response.output_text.delta\"}\n\n";
  std::string line = "event: response.output_text.delta\ndata: {\"delta\":\"a\"}\n\n";
  EXPECT_EQ(testing::tell_whole(Operation::responses, last).facts.text_bytes, 1u);
  EXPECT_EQ(testing::tell_whole(Operation::responses, line).facts.text_bytes, 1u);
}

TEST(StreamReader, TextBytesCountWhatTheEscapesStandFor) {
  testing::Told told =
      testing::tell_whole(Operation::chat, chat_delta("\\u00e9\\n\\uD83C\\uDF89\\\""));
  EXPECT_EQ(told.facts.text_bytes, 2u + 1 + 4 + 1);
}

TEST(StreamReader, AUsageThatNoCallCanHaveIsNotSaid) {
  auto chat = [](std::string_view output) {
    return chat_delta("x") + R"(data: {"choices":[],"usage":{"prompt_tokens":7e0,)" +
           R"("completion_tokens":)" + std::string(output) + "}}\n\ndata: [DONE]\n\n";
  };
  testing::Told told = testing::tell_whole(Operation::chat, chat("3.0"));
  EXPECT_EQ(told.facts.usage_source, UsageSource::final);
  EXPECT_EQ(told.facts.usage, (Usage{.input_tokens = 7, .output_tokens = 3}));
  for (std::string_view odd : {"-3", "0.5", "1e13"}) {
    EXPECT_EQ(testing::tell_whole(Operation::chat, chat(odd)).facts.usage_source,
              UsageSource::none);
  }
  std::string start = R"(data: {"type":"message_start","message":{"usage":{"input_tokens":9,)"
                      R"("output_tokens":1}}})"
                      "\n\n";
  std::string odd = R"(data: {"type":"message_delta","usage":{"output_tokens":-4}})"
                    "\n\n";
  std::string good = R"(data: {"type":"message_delta","usage":{"output_tokens":4}})"
                     "\n\n";
  told = testing::tell_whole(Operation::messages, start + odd);
  EXPECT_EQ(told.facts.usage_source, UsageSource::running);
  EXPECT_EQ(told.facts.usage, (Usage{.input_tokens = 9, .output_tokens = 1}));
  told = testing::tell_whole(Operation::messages, start + odd + good);
  EXPECT_EQ(told.facts.usage_source, UsageSource::final);
  EXPECT_EQ(told.facts.usage, (Usage{.input_tokens = 9, .output_tokens = 4}));
}

// One list of figures is read wherever a dialect sends usage.
TEST(StreamReader, EveryFigureIsReadWhereverUsageStands) {
  std::string usage = R"("usage":{"input_tokens":9,"output_tokens":5,"cache_read_input_tokens":2,)"
                      R"("cache_creation_input_tokens":3,)"
                      R"("output_tokens_details":{"thinking_tokens":4}})";
  Usage all{.input_tokens = 14,
            .output_tokens = 5,
            .cached_input_tokens = 2,
            .cache_write_tokens = 3,
            .reasoning_tokens = 4};
  std::string start = R"(data: {"type":"message_start","message":{)" + usage + "}}\n\n";
  testing::Told told = testing::tell_whole(Operation::messages, start);
  EXPECT_EQ(told.facts.usage, all);
  std::string end = R"(data: {"type":"message_delta",)" + usage + "}\n\n";
  told = testing::tell_whole(Operation::messages, end);
  EXPECT_EQ(told.facts.usage, all);
}

TEST(StreamReader, AUsageWithoutAFigureIsNotSaid) {
  auto source = [](Operation operation, std::string_view event) {
    std::string stream = "data: " + std::string(event) + "\n\n";
    return testing::tell_whole(operation, stream).facts.usage_source;
  };
  for (std::string usage : {"{}", R"({"prompt_tokens":null})", R"({"cached_tokens":0})"}) {
    EXPECT_EQ(source(Operation::chat, R"({"choices":[],"usage":)" + usage + "}"),
              UsageSource::none);
    EXPECT_EQ(source(Operation::completions, R"({"choices":[],"usage":)" + usage + "}"),
              UsageSource::none);
    EXPECT_EQ(source(Operation::responses,
                     R"({"type":"response.completed","response":{"usage":)" + usage + "}}"),
              UsageSource::none);
  }
  // What an earlier event said is not the last word because an empty one follows.
  std::string start = R"(data: {"type":"message_start","message":{"usage":{"input_tokens":9,)"
                      R"("output_tokens":1}}})"
                      "\n\n";
  std::string empty = "data: {\"type\":\"message_delta\",\"usage\":{}}\n\n";
  testing::Told told = testing::tell_whole(Operation::messages, start + empty);
  EXPECT_EQ(told.facts.usage_source, UsageSource::running);
  EXPECT_EQ(told.facts.usage, (Usage{.input_tokens = 9, .output_tokens = 1}));
}

TEST(Unescape, GivesTheTextAndItsSize) {
  for (auto [raw, text] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"plain", "plain"},
           {R"(a\"b\\c\/d\b\f\n\r\t)", "a\"b\\c/d\b\f\n\r\t"},
           {R"(\u0041\u00e9\u4e2D)", "Aé中"},
           {R"(\ud83c\udf89!)", "🎉!"},
           {R"(\ud83c!)", "\uFFFD!"},
           {R"(\udf89)", "\uFFFD"},
           {R"(\ud83c\u0041)", "\uFFFDA"},
           {R"(\ud83c\ud83c\udf89)", "\uFFFD🎉"},
       }) {
    std::string out = ">";
    unescape(out, raw);
    EXPECT_EQ(out, ">" + std::string(text));
    EXPECT_EQ(unescaped_size(raw), text.size());
  }
}

// The reader leaps over what an event has alike with the one before; cut into bytes it reads every
// event as if it were the first.
TEST(StreamReader, EventsThatAreNearlyAlikeAreReadAsIfEachWereTheFirst) {
  const std::vector<std::string> heads{
      R"({"id":"c","model":"m","choices":[{"index":0,"delta":{"content":")",
      R"({"id":"c","model":"m","choices":[{"index":1,"delta":{"content":")",
      R"({"usage":null,"choices":[{"delta":{"content":")",
      R"({"choices":[{"delta":{"tool_calls":[{"index":2,"function":{"arguments":")"};
  const std::vector<std::string> texts{"", "a", "two words", R"(\u00e9\n)", "\xC3\xA9", "\xFF"};
  const std::string end = R"(},"finish_reason":null}])";
  const std::vector<std::string> tails{
      end + R"(,"usage":null})",
      end + R"(,"usage":null,"obfuscation":"a"})",
      end + R"(,"usage":null,"obfuscation":"bcd"})",
      end + R"( , "usage" : null})",
      end + R"(,"usage":null,"usage":{"prompt_tokens":3,"completion_tokens":2}})",
      end + R"(,"usage":nul})",
      end + R"(,"usage":null)",
      end + "}",
      R"(,"reasoning":"b"},"index":3}],"usage":null})",
      R"(,"content":[{"text":"b")" + end + R"(,"usage":null})",
      R"(},"usage":null,"index":3}],"usage":null})",
      R"(},"index":4,"finish_reason":"stop"}],"usage":null})",
      R"(},"finish_reason":null}],"error":{"code":429},"usage":null})"};
  std::minstd_rand random(7);
  auto one_of = [&random](const std::vector<std::string>& all, unsigned usual) {
    return all[random() % 4 < usual ? 0 : random() % all.size()];
  };
  for (int round = 0; round < 600; ++round) {
    std::string stream;
    testing::StreamTeller by_event(Operation::chat);
    for (int i = 0; i < 8; ++i) {
      bool call = random() % 8 == 0;
      std::string event = "data: " + (call ? heads[3] : one_of(heads, 3)) + one_of(texts, 1) +
                          (call ? "\"}}]" : "\"") + one_of(tails, 2) + "\n\n";
      by_event.feed(event);
      stream += event;
    }
    testing::Told in_bytes = testing::tell_bytes(Operation::chat, stream);
    for (testing::Told told :
         {by_event.finish(), testing::tell_whole(Operation::chat, stream),
          testing::tell_split(Operation::chat, stream, random() % stream.size())}) {
      ASSERT_EQ(told.lines, in_bytes.lines) << stream;
      ASSERT_EQ(told.shown, in_bytes.shown) << stream;
    }
  }
}

// A large text is counted as it comes: the count is that of the whole, wherever escapes are cut.
TEST(StreamReader, ALargeTextIsCountedTheSameInPieces) {
  constexpr std::string_view unit = R"(ab\n\u00e9\ud83c\udf89\ud83c!\"\\)";
  std::string text;
  while (text.size() < (300u << 10)) text += unit;
  std::string stream =
      R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":")" + text + "\"}}]}\n\n";
  for (std::size_t step : {stream.size(), std::size_t{1}, std::size_t{997}, std::size_t{65536}}) {
    StreamReader reader(Operation::chat);
    for (std::size_t at = 0; at < stream.size(); at += step) {
      std::string_view piece = std::string_view(stream).substr(at, step);
      while (reader.next(piece)) {
      }
    }
    EXPECT_EQ(reader.facts().text_bytes, unescaped_size(text)) << "in pieces of " << step;
  }
}

// A provider may put any number of deltas into one event: what is kept of them is bounded, what is
// counted is not.
TEST(StreamReader, OneEventOfManyDeltasKeepsFewAndCountsAll) {
  constexpr int deltas = 20'000;
  std::string event = R"(data: {"id":"c","choices":[)";
  for (int i = 0; i < deltas; ++i) event += R"({"delta":{"content":"ab"}},)";
  event += R"({"delta":{},"finish_reason":"stop"}]})";
  event += "\n\n";
  for (std::size_t piece : {event.size(), std::size_t{1000}}) {
    StreamReader reader(Operation::chat);
    int told = 0;
    for (std::size_t at = 0; at < event.size(); at += piece) {
      std::string_view bytes = std::string_view(event).substr(at, piece);
      while (reader.next(bytes)) ++told;
    }
    EXPECT_EQ(told, 4097) << "with the start of the answer";
    EXPECT_EQ(reader.facts().text_bytes, 2u * deltas);
    EXPECT_TRUE(reader.facts().saw_finish);
  }
}

}  // namespace
}  // namespace recloser::codec
