#include "codec/sse.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

// Events as "name|data@end", comments as "#"; read in pieces of `size`, or whole.
std::string read(std::string_view stream, std::size_t first, std::size_t size) {
  SseReader reader;
  std::string told;
  std::string name;
  std::string data;
  auto event = [&] {
    told += name + "|" + data + "@" + std::to_string(reader.offset()) + " ";
    name.clear();
    data.clear();
  };
  std::size_t at = 0;
  while (at < stream.size()) {
    std::string_view piece = stream.substr(at, at == 0 ? first : size);
    at += piece.size();
    for (SseToken token = reader.next(piece); token != SseToken::none; token = reader.next(piece)) {
      if (token == SseToken::data) data += reader.text();
      if (token == SseToken::name && reader.text_begins()) name.clear();
      if (token == SseToken::name) name += reader.text();
      if (token == SseToken::comment) told += "# ";
      if (token == SseToken::event_end) event();
    }
  }
  if (reader.finish() == SseToken::event_end) event();
  if (reader.inside_event()) told += "unfinished";
  return told;
}

void expect_told(std::string_view stream, std::string_view expected) {
  EXPECT_EQ(read(stream, stream.size(), 1), expected);
  EXPECT_EQ(read(stream, 1, 1), expected) << "byte by byte";
  for (std::size_t at = 1; at < stream.size(); ++at) {
    EXPECT_EQ(read(stream, at, stream.size()), expected) << "cut at " << at;
  }
}

TEST(Sse, ReadsEventsOfEveryLineEnd) {
  expect_told("data: a\n\ndata: b\n\n", "|a@9 |b@18 ");
  expect_told("data: a\r\n\r\ndata: b\r\n\r\n", "|a@11 |b@22 ");
  expect_told("data: a\r\rdata: b\r\r", "|a@9 |b@18 ");
  expect_told("event: x\ndata: a\r\n\r\ndata: b\n\r", "x|a@20 |b@29 ");
}

TEST(Sse, AnEventOfCrlfLinesIncludesItsLastLineFeed) {
  expect_told("data: a\r\n\r\n", "|a@11 ");
  expect_told("data: a\r\n\r", "|a@10 ");  // the stream may end there
}

TEST(Sse, TakesOneSpaceAfterTheColonAndNoMore) {
  expect_told("data:a\n\ndata: a\n\ndata:  a\n\n", "|a@8 |a@17 | a@27 ");
}

TEST(Sse, JoinsDataLinesWithLineFeeds) {
  expect_told("data: a\ndata: b\n\n", "|a\nb@17 ");
  expect_told("data: a\ndata:\ndata\ndata: b\n\n", "|a\n\n\nb@28 ");
}

TEST(Sse, ReadsOverCommentsAndFieldsItDoesNotKnow) {
  expect_told(": hi\n\n: there\ndata: a\n\n", "# |@6 # |a@23 ");
  expect_told("id: 7\nretry: 5\ndatax: no\ndat: no\nxdata: no\neventx: no\ndata: a\n\n", "|a@63 ");
}

TEST(Sse, ANameIsTheLastOneSent) {
  expect_told("event: a\ndata: 1\nevent: bc\n\n", "bc|1@28 ");
  expect_told("event\ndata: 1\n\n", "|1@15 ");
}

TEST(Sse, SkipsAByteOrderMarkAtTheStartOnly) {
  expect_told(
      "\xEF\xBB\xBF"
      "data: a\n\n",
      "|a@12 ");
  expect_told(
      "\xEF\xBB"
      "data: a\ndata: b\n\n",
      "|b@19 ");
  expect_told(
      "data: a\n\n\xEF\xBB\xBF"
      "data: b\n\n",
      "|a@9 |@21 ");
}

TEST(Sse, BlankLinesBetweenEventsAreNoEvents) {
  expect_told("\n\n\ndata: a\n\n\n\ndata: b\n\n", "|a@12 |b@23 ");
}

TEST(Sse, BlankLinesOfEveryKindAreReadOver) {
  expect_told("data: a\r\n\r\r?\rdata: b\r\r", "|a@10 |b@22 ");
  expect_told("\r\n\r\r\ndata: b\n\n", "|b@14 ");
}

// How far `stream` may be passed on, read at once and byte by byte.
std::uint64_t safe(std::string_view stream) {
  SseReader whole;
  std::string_view piece = stream;
  while (whole.next(piece) != SseToken::none) {
  }
  SseReader bytes;
  for (std::size_t at = 0; at < stream.size(); ++at) {
    std::string_view one = stream.substr(at, 1);
    while (bytes.next(one) != SseToken::none) {
    }
  }
  EXPECT_EQ(bytes.safe_offset(), whole.safe_offset()) << stream;
  return whole.safe_offset();
}

TEST(Sse, AnUnfinishedEventIsNotSafe) {
  EXPECT_EQ(safe("data: a\n\n"), 9u);
  EXPECT_EQ(safe("data: a\n\n\n"), 10u);
  EXPECT_EQ(safe("data: a\n\nd"), 9u);
  EXPECT_EQ(safe("data: a\n\ndata: b\n"), 9u);
  EXPECT_EQ(safe("data: a\r\n\r"), 0u);
  EXPECT_EQ(safe("data: a\r\r"), 9u);
  EXPECT_EQ(safe("\xEF\xBB"), 0u);
  EXPECT_EQ(safe("\xEF\xBB\xBF"), 3u);
}

TEST(Sse, CommentsAreSafeByTheLine) {
  EXPECT_EQ(safe(": a\n"), 4u);
  EXPECT_EQ(safe(": a\n: b"), 4u);
  EXPECT_EQ(safe(": a\r\n: b\r\nid"), 10u);
  EXPECT_EQ(safe("id: 1\n: a\n"), 0u);
}

TEST(Sse, SaysWhenTheLastBlankLineIsMissing) {
  expect_told("data: a\n\ndata: b\n", "|a@9 unfinished");
  expect_told("data: a", "unfinished");
  expect_told("dat", "unfinished");
  expect_told("data: a\n\n", "|a@9 ");
  expect_told("\n", "");
}

}  // namespace
}  // namespace recloser::codec
