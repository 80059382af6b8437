// Streams of our own and recorded ones, cut behind every event: the rest reads as whole, and no
// half of a call looks like a whole one.
#include "codec/testing/cut_property.h"

#include "codec/testing/recording.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

struct Stream {
  std::string name;
  Operation operation;
  std::string bytes;
};

std::vector<Stream> own_streams() {
  std::vector<Stream> streams;
  for (const auto& entry : std::filesystem::directory_iterator("tests/golden/streams")) {
    if (entry.path().extension() != ".sse") continue;
    std::string name = entry.path().stem();
    Operation operation = operation_named(name.substr(0, name.find('-'))).value_or(Operation::chat);
    std::ifstream in(entry.path(), std::ios::binary);
    streams.push_back({name, operation, {std::istreambuf_iterator<char>(in), {}}});
  }
  return streams;
}

std::size_t events_of(const Stream& stream) {
  StreamReader reader(stream.operation);
  std::string_view bytes = stream.bytes;
  std::size_t events = 0;
  while (std::optional<Event> event = reader.next(bytes)) events += event->last_of_frame ? 1 : 0;
  return events;
}

using Calls = std::map<std::pair<std::uint32_t, std::uint32_t>, std::string>;

// The arguments of each call that the client runs, put together as clients do.
Calls calls_of(Operation operation, std::string_view bytes) {
  Calls calls;
  StreamReader reader(operation);
  while (std::optional<Event> event = reader.next(bytes)) {
    if (event->kind != EventKind::tool_call) continue;
    unescape(calls[{event->choice, event->index}], event->text);
  }
  return calls;
}

// Blocks of messages that were begun and not ended, or the reverse.
int open_blocks(std::string_view bytes) {
  auto times = [&](std::string_view what) {
    int count = 0;
    for (std::size_t at = 0; (at = bytes.find(what, at)) != std::string_view::npos; ++at) ++count;
    return count;
  };
  return times("event: content_block_start\n") - times("event: content_block_stop\n");
}

constexpr int ways = 7;

std::string fault(const Stream& stream, std::size_t at, int way) {
  CutOrder order{.note = "[Recloser: stopped]", .call = "01JD", .rule = "budget/x"};
  order.structured = way == 1;
  order.client = way == 2 ? ClientFamily::codex : ClientFamily::unknown;
  if (way == 3) order.client = ClientFamily::claude_code;
  order.finish = way == 4 ? CutFinish::stop : CutFinish::by_default;
  testing::Passing passing = way == 5   ? testing::Passing::releases
                             : way == 6 ? testing::Passing::unseen
                                        : testing::Passing::holds;
  return testing::fault_of_cut(stream.operation, stream.bytes, at, order, passing);
}

// Behind every event in every way; of a long one `cuts_max` places, each in one way.
void check(const Stream& stream, std::size_t cuts_max) {
  SCOPED_TRACE(stream.name);
  Calls whole = calls_of(stream.operation, stream.bytes);
  bool messages = stream.operation == Operation::messages;
  constexpr std::string_view start = "event: message_start";
  bool spliced = messages && stream.bytes.find(start) != stream.bytes.rfind(start);
  bool balanced = open_blocks(stream.bytes) == 0 && !stream.bytes.contains('\r');
  std::size_t events = events_of(stream);
  std::size_t stride = 1 + events / cuts_max;
  for (std::size_t at = 0; at <= events; at += stride) {
    for (int way = 0; way < ways; ++way) {
      if (stride > 1 && way != static_cast<int>(at / stride % ways)) continue;
      ASSERT_EQ(fault(stream, at, way), "") << "behind " << at << " events, way " << way;
    }
    if (spliced) continue;  // two answers in one: no client takes it
    testing::CutStream cut = testing::cut_stream(stream.operation, stream.bytes, at, CutOrder{});
    for (const auto& [call, arguments] : calls_of(stream.operation, cut.out)) {
      ASSERT_EQ(arguments, whole[call]) << "half a call, behind " << at << " events";
    }
    if (messages && balanced) {
      ASSERT_EQ(open_blocks(cut.out), 0) << "behind " << at << " events";
      cut = testing::cut_unseen(stream.operation, stream.bytes, at, CutOrder{});
      ASSERT_EQ(open_blocks(cut.out), 0) << "behind " << at << " events, unseen";
    }
  }
}

TEST(Cuts, OfOurOwnStreamsReadAsWhole) {
  std::size_t streams = 0;
  for (const Stream& stream : own_streams()) {
    check(stream, 1000);
    ++streams;
  }
  EXPECT_GE(streams, 30u);
}

TEST(Cuts, OfRecordedStreamsReadAsWhole) {
  if (recordings::folder().empty()) GTEST_SKIP() << "the recordings are not here";
  std::size_t streams = 0;
  for (const recordings::Recording& each : recordings::load(recordings::folder())) {
    if (!each.stream || each.status != 200 || !can_stream(each.operation)) continue;
    check({each.name, each.operation, each.body}, 100);
    ++streams;
  }
  EXPECT_GE(streams, 30u);
}

}  // namespace
}  // namespace recloser::codec
