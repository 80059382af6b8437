#include "relay/stream_pass.h"

#include "core/limits.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

constexpr std::string_view event =
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
constexpr std::string_view finish =
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
constexpr std::string_view begun = "data: {\"id\":\"c\",\"cho";

class StreamPassTest : public testing::Test {
 protected:
  std::string take(std::string_view piece, bool last = false) {
    return std::string(pass_.take(piece, last, room_));
  }

  MeterRoom meter_room_;
  StreamPass pass_{codec::Operation::chat, false, Meter(text::token_family("gpt-4o"), 7),
                   meter_room_};
  std::string room_;
};

TEST_F(StreamPassTest, APieceOfWholeEventsIsNotCopied) {
  std::string piece = std::string(event) + std::string(event);
  std::string_view out = pass_.take(piece, false, room_);
  EXPECT_EQ(out.data(), piece.data());
  EXPECT_EQ(out.size(), piece.size());
}

TEST_F(StreamPassTest, TheBeginOfAnEventWaitsForItsEnd) {
  EXPECT_EQ(take(std::string(event) + std::string(event.substr(0, 30))), event);
  EXPECT_TRUE(pass_.between_events());
  EXPECT_EQ(pass_.bytes_held(), 30u);
  EXPECT_EQ(take(event.substr(30, 10)), "");
  EXPECT_EQ(take(event.substr(40)), event);
  EXPECT_EQ(pass_.bytes_held(), 0u);
}

TEST_F(StreamPassTest, CutAnywhereOnlyWholeEventsAreOut) {
  for (std::string_view end : {"\n", "\r\n", "\r"}) {
    std::string one =
        "event: x" + std::string(end) + "data: {}" + std::string(end) + std::string(end);
    std::string stream = one + one + std::string(begun);
    for (std::size_t at = 0; at < stream.size(); ++at) {
      StreamPass pass(codec::Operation::chat, false, Meter(text::token_family("gpt-4o"), 7),
                      meter_room_);
      std::string out(pass.take(std::string_view(stream).substr(0, at), false, room_));
      EXPECT_EQ(out.size() % one.size(), 0u) << "cut at " << at;
      EXPECT_LE(at - out.size(), one.size()) << "cut at " << at;
      out += pass.take(std::string_view(stream).substr(at), false, room_);
      EXPECT_EQ(out, one + one) << "cut at " << at;
    }
  }
}

TEST_F(StreamPassTest, ByteByByteNothingIsLost) {
  std::string stream = "\xEF\xBB\xBF: hello\n\n" + std::string(event) + ": ping\r\n" +
                       "data: a\r\n\r\n\n\ndata\r\r" + std::string(finish);
  std::string out;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    out += take(std::string_view(stream).substr(i, 1), i + 1 == stream.size());
  }
  EXPECT_EQ(out, stream);
}

TEST_F(StreamPassTest, AnUnfinishedEventIsDroppedFromABrokenStream) {
  EXPECT_EQ(take(event), event);
  EXPECT_EQ(take(begun, true), "");
  EXPECT_TRUE(pass_.between_events());
  EXPECT_FALSE(pass_.whole());
}

TEST_F(StreamPassTest, AWholeAnswerKeepsItsLastEventWithoutBlankLine) {
  std::string_view last = finish.substr(0, finish.size() - 1);
  EXPECT_EQ(take(last), "");
  EXPECT_EQ(take("", true), last);
  EXPECT_TRUE(pass_.whole());
}

TEST_F(StreamPassTest, ALineFeedThatNeverCameHoldsNoEventBack) {
  EXPECT_EQ(take("data: {}\r\n\r"), "");
  EXPECT_EQ(take("data: {"), "data: {}\r\n\r");
}

TEST_F(StreamPassTest, CommentsDoNotWait) {
  EXPECT_EQ(take(": ping\n"), ": ping\n");
  EXPECT_TRUE(pass_.between_lines());
  EXPECT_EQ(take(": pi"), "");
  EXPECT_EQ(take("ng\ndata"), ": ping\n");
  EXPECT_EQ(take(": {}\n: ping\n"), "");  // an event has begun
  EXPECT_EQ(take("\n"), "data: {}\n: ping\n\n");
}

TEST_F(StreamPassTest, ALargeEventGoesAsItComes) {
  std::string text(limits::event_tail_bytes_max - 10, 'x');
  std::string head = "data: \"";
  EXPECT_EQ(take(head), "");
  EXPECT_EQ(take(text), "");
  EXPECT_EQ(pass_.bytes_held(), limits::event_tail_bytes_max - 3);
  EXPECT_EQ(take("123"), "");  // the last bytes that are held
  EXPECT_EQ(take("4"), head + text + "1234");
  EXPECT_EQ(pass_.bytes_held(), 0u);
  EXPECT_FALSE(pass_.between_lines());
  EXPECT_EQ(take("5"), "5");
  EXPECT_EQ(take("\"\n\n" + std::string(begun)), "\"\n\n");
  EXPECT_TRUE(pass_.between_events());
}

TEST_F(StreamPassTest, HiddenUsageDoesNotLetAnUnfinishedEventOut) {
  StreamPass hides(codec::Operation::chat, true, Meter(text::token_family("gpt-4o"), 7),
                   meter_room_);
  EXPECT_EQ(hides.take(event, false, room_), event);
  EXPECT_EQ(hides.take(begun, true, room_), "");
  EXPECT_TRUE(hides.between_events());
}

// Lets so many tokens pass, and says how often it was asked.
struct CountingGate final : OutputGate {
  explicit CountingGate(std::uint64_t l, std::uint64_t s) : limit(l), slice(s) {}
  std::uint64_t let_through(std::uint64_t tokens) override {
    ++asked;
    return std::min(limit, tokens + slice - 1);
  }
  std::uint64_t limit;
  std::uint64_t slice;
  int asked = 0;
};

std::string word(std::string_view text) {
  return "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" +
         std::string(text) + "\"}}],\"usage\":null}\n\n";
}

// The event that would be too much, and all behind it, does not pass: however the bytes come.
TEST(GuardedStream, NothingPassesBeyondTheGate) {
  const std::vector<std::string> words{" one", " two", " three", " four", " five"};
  std::string stream;
  for (const std::string& each : words) stream += word(each);
  for (bool hide : {false, true}) {
    std::string shown;
    for (int i = 0; i < 3; ++i) shown += word(words[static_cast<std::size_t>(i)]);
    if (hide) {
      constexpr std::string_view null_usage = ",\"usage\":null";
      for (std::size_t at; (at = shown.find(null_usage)) != std::string::npos;) {
        shown.erase(at, null_usage.size());
      }
    }
    for (std::size_t step = 1; step <= stream.size(); step += step < 200 ? 1 : 97) {
      MeterRoom meter_room;
      CountingGate gate(3, 1);
      StreamPass pass(codec::Operation::chat, hide, Meter(text::token_family("gpt-4o"), 7),
                      meter_room);
      pass.guard(codec::Operation::chat, gate);
      std::string room;
      std::string out;
      for (std::size_t at = 0; at < stream.size(); at += step) {
        std::string_view piece = std::string_view(stream).substr(at, step);
        if (pass.cut()) {
          pass.overhear(piece);
        } else {
          out += pass.take(piece, false, room);
        }
      }
      ASSERT_EQ(out, shown) << "in pieces of " << step;
      ASSERT_TRUE(pass.cut());
      ASSERT_TRUE(pass.between_events());
      EXPECT_EQ(pass.tokens_passed(), 3u);
      pass.close_meter();
      EXPECT_EQ(pass.meter().output_tokens(), 5u) << "what was written is counted to its end";
    }
  }
}

TEST(GuardedStream, TheGateIsAskedOnceASlice) {
  MeterRoom meter_room;
  CountingGate gate(1000, 10);
  StreamPass pass(codec::Operation::chat, false, Meter(text::token_family("gpt-4o"), 7),
                  meter_room);
  pass.guard(codec::Operation::chat, gate);
  std::string room;
  for (int i = 0; i < 100; ++i) pass.take(word(" next"), false, room);
  EXPECT_FALSE(pass.cut());
  EXPECT_GE(gate.asked, 10);
  EXPECT_LE(gate.asked, 14);
}

// The usage at the end may say more than was counted: that answer is whole, and not cut.
TEST(GuardedStream, AUsageAtTheEndIsNotCut) {
  MeterRoom meter_room;
  CountingGate gate(2, 1);
  StreamPass pass(codec::Operation::chat, false, Meter(text::token_family("gpt-4o"), 7),
                  meter_room);
  pass.guard(codec::Operation::chat, gate);
  std::string room;
  std::string stream = word(" one") + word(" two") + std::string(finish) +
                       "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
                       "\"completion_tokens\":9}}\n\ndata: [DONE]\n\n";
  EXPECT_EQ(pass.take(stream, true, room), stream);
  EXPECT_FALSE(pass.cut());
}

// A usage that comes with a chunk says what the chunk takes: STYLE's sample, deltas of 40 tokens
// under a limit of 100.
TEST(GuardedStream, AChunkWhoseUsageCrossesIsWithheld) {
  MeterRoom meter_room;
  CountingGate gate(100, 1);
  StreamPass pass(codec::Operation::chat, false, Meter(text::token_family("gpt-4o"), 7),
                  meter_room);
  pass.guard(codec::Operation::chat, gate);
  auto delta = [](std::string_view text, int usage) {
    return "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" +
           std::string(text) +
           "\"}}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":" + std::to_string(usage) +
           "}}\n\n";
  };
  std::string room;
  EXPECT_EQ(pass.take(delta("hello", 40), false, room), delta("hello", 40));
  EXPECT_EQ(pass.take(delta("world", 80), false, room), delta("world", 80));
  EXPECT_EQ(pass.take(delta("!", 120), false, room), "");
  EXPECT_TRUE(pass.cut());
  EXPECT_EQ(pass.tokens_passed(), 80u);
  pass.close_meter();
  EXPECT_EQ(pass.meter().output_tokens(), 120u);
}

std::string words(int count, std::string_view each = " word") {
  std::string text;
  for (int i = 0; i < count; ++i) text += each;
  return text;
}

// One delta of text in the grammar of each kind of stream.
std::string delta_of(codec::Operation operation, std::string_view text) {
  std::string quoted = "\"" + std::string(text) + "\"";
  switch (operation) {
    case codec::Operation::completions:
      return "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"text\":" + quoted + "}]}\n\n";
    case codec::Operation::responses:
      return "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\","
             "\"item_id\":\"m\",\"output_index\":0,\"content_index\":0,\"delta\":" +
             quoted + "}\n\n";
    case codec::Operation::messages:
      return "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
             "\"delta\":{\"type\":\"text_delta\",\"text\":" +
             quoted + "}}\n\n";
    default:
      return "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":" + quoted +
             "}}]}\n\n";
  }
}

constexpr codec::Operation kinds_of_stream[] = {
    codec::Operation::chat, codec::Operation::completions, codec::Operation::responses,
    codec::Operation::messages};

// What of a crossing chunk is paid for is delivered, in every grammar.
TEST(GuardedStream, AChunkOfTextIsSplitAtTheLimit) {
  for (codec::Operation kind : kinds_of_stream) {
    MeterRoom meter_room;
    CountingGate gate(100, 1);
    StreamPass pass(kind, false, Meter(text::token_family("gpt-4o"), 7), meter_room);
    pass.guard(kind, gate);
    std::string room;
    std::string out;
    for (int i = 0; i < 3; ++i) out += pass.take(delta_of(kind, words(40)), false, room);
    EXPECT_EQ(out,
              delta_of(kind, words(40)) + delta_of(kind, words(40)) + delta_of(kind, words(20)));
    EXPECT_TRUE(pass.cut());
    EXPECT_EQ(pass.tokens_passed(), 100u);
    pass.write_cut(out, {.note = "[cut]", .call = "x", .rule = "r", .model = "m"});
    std::size_t delivered = 0;
    for (std::size_t at = 0; (at = out.find(" word", at)) != std::string::npos; ++at) ++delivered;
    // Responses says all of its text again: when the part, the item and the answer end.
    EXPECT_EQ(delivered % 100, 0u) << out;
  }
}

TEST(GuardedStream, ACharacterIsNotSplit) {
  MeterRoom meter_room;
  CountingGate gate(3, 1);
  StreamPass pass(codec::Operation::chat, false, Meter(text::token_family("gpt-4o"), 7),
                  meter_room);
  pass.guard(codec::Operation::chat, gate);
  std::string room;
  pass.take(delta_of(codec::Operation::chat, "a"), false, room);
  std::string out(
      pass.take(delta_of(codec::Operation::chat, words(9, "\\ud83d\\ude00")), false, room));
  ASSERT_NE(out, "");
  std::size_t begin = out.find("content\":\"") + 10;
  EXPECT_EQ((out.find('"', begin) - begin) % 12, 0u) << out;
}

// Asks for the end of a sentence once `limit` tokens are out.
struct SentenceGate final : OutputGate {
  std::uint64_t let_through(std::uint64_t tokens) override {
    grace = tokens > 4;
    return grace ? 4 + grace_tokens : 4;
  }
  bool may_end_at_sentence() const override { return true; }
  bool in_grace() const override { return grace; }
  bool grace = false;
  std::uint64_t grace_tokens = 6;
};

std::string delivered_of(SentenceGate& gate, const std::vector<std::string>& texts) {
  MeterRoom meter_room;
  StreamPass pass(codec::Operation::chat, false, Meter(text::token_family("gpt-4o"), 7),
                  meter_room);
  pass.guard(codec::Operation::chat, gate);
  std::string room;
  std::string out;
  for (const std::string& text : texts) {
    if (pass.cut()) break;
    out += pass.take(delta_of(codec::Operation::chat, text), false, room);
  }
  EXPECT_TRUE(pass.cut());
  std::string said;
  constexpr std::string_view mark = "\"content\":\"";
  for (std::size_t at = 0; (at = out.find(mark, at)) != std::string::npos; ++at) {
    std::size_t begin = at + mark.size();
    said += out.substr(begin, out.find('"', begin) - begin);
  }
  return said;
}

TEST(GuardedStream, ASentenceMayEndWithinTheGrace) {
  SentenceGate gate;
  EXPECT_EQ(delivered_of(gate, {"One. Two", " three", " four", " five", " six.", " Seven", " x"}),
            "One. Two three four five six.");
  gate = {};
  EXPECT_EQ(delivered_of(gate, {" a b c d", " e f. Then g", " h"}), " a b c d e f.");
  gate = {};
  EXPECT_EQ(delivered_of(gate, {" one two three", " four. five six seven eight nine ten eleven"}),
            " one two three four.")
      << "it crosses the grace as well";
  gate = {};
  EXPECT_EQ(delivered_of(gate, {" one", " two", " three", " four", " five", " six", " seven",
                                " eight", " nine", " ten", " eleven", " twelve"}),
            " one two three four five six seven eight nine ten")
      << "no sentence: the grace ends it";
}

std::string call_delta(int index, std::string_view name, std::string_view arguments) {
  std::string id = name.empty() ? "" : "\"id\":\"call_" + std::string(name) + "\",";
  std::string named = name.empty() ? "" : "\"name\":\"" + std::string(name) + "\",";
  return "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":" +
         std::to_string(index) + "," + id + "\"function\":{" + named + "\"arguments\":\"" +
         std::string(arguments) + "\"}}]}}]}\n\n";
}

struct CallGate final : OutputGate {
  std::uint64_t let_through(std::uint64_t) override { return UINT64_MAX; }
  bool let_call_begin() override { return ++begun <= 2; }
  int begun = 0;
};

// The call that would be one too many is not delivered, and those before it are, whole.
TEST(GuardedStream, ACallTooManyIsDroppedWhole) {
  std::string first = call_delta(0, "a", "{\\\"x\\\":") + call_delta(0, "", "1}");
  std::string second = call_delta(1, "b", "{\\\"y\\\":") + call_delta(1, "", "2}");
  std::string third = call_delta(2, "c", "{\\\"z\\\":") + call_delta(2, "", "3}");
  std::string stream = first + second + third;
  for (std::size_t step : {std::size_t{1}, std::size_t{50}, stream.size()}) {
    MeterRoom meter_room;
    CallGate gate;
    StreamPass pass(codec::Operation::chat, false, Meter(text::token_family("gpt-4o"), 7),
                    meter_room);
    pass.guard(codec::Operation::chat, gate);
    std::string room;
    std::string out;
    for (std::size_t at = 0; at < stream.size() && !pass.cut(); at += step) {
      out += pass.take(std::string_view(stream).substr(at, step), false, room);
    }
    EXPECT_TRUE(pass.cut());
    EXPECT_EQ(gate.begun, 3);
    EXPECT_EQ(out, first + second) << "in pieces of " << step;
    pass.write_cut(out, {.note = "[cut]", .call = "x", .rule = "r", .model = "m"});
    EXPECT_EQ(out.find("call_c"), std::string::npos);
    EXPECT_NE(out.find("\"finish_reason\":\"length\""), std::string::npos) << out;
  }
}

}  // namespace
}  // namespace recloser::relay
