#include "relay/stream_pass.h"

#include "core/limits.h"

#include <array>
#include <string>
#include <string_view>

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

}  // namespace
}  // namespace recloser::relay
