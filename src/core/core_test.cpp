// Small things of core/: times, ids, JSON text, names, the queue, the log.
#include "core/ascii.h"
#include "core/bounded_queue.h"
#include "core/ids.h"
#include "core/json_writer.h"
#include "core/log.h"
#include "core/time.h"

#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser {
namespace {

TEST(Time, Rfc3339RoundTrips) {
  Result<WallTime> at = parse_rfc3339("2026-11-21T10:15:30.123Z");
  ASSERT_TRUE(at);
  EXPECT_EQ(rfc3339(*at), "2026-11-21T10:15:30.123Z");
  EXPECT_EQ(parse_rfc3339("2026-11-21T12:15:30.123+02:00")->ns, at->ns);
  EXPECT_EQ(rfc3339(*parse_rfc3339("2026-11-21")), "2026-11-21T00:00:00.000Z");
  EXPECT_EQ(rfc3339(*parse_rfc3339("2016-12-31T23:59:60Z")), "2017-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(*parse_rfc3339("2026-11-21T23:30:00-01:00")), "2026-11-22T00:30:00.000Z");
}

TEST(Time, WhatIsNoTimeIsRefused) {
  for (std::string_view text :
       {"", "2026", "2026-13-01", "2026-00-10", "2027-02-29", "2027-02-31", "2026-11-21T",
        "2026-11-21T24:00:00Z", "2026-11-21T10:15:30", "2026-11-21T10:15:30Zjunk", "2026-11-21junk",
        "2026-11-21T10:15:30+24:00", "2026-11-21T10:15:30+02:60"}) {
    Result<WallTime> at = parse_rfc3339(text);
    ASSERT_FALSE(at) << text;
    EXPECT_THAT(at.error().message(), testing::HasSubstr("is not a time")) << text;
  }
}

TEST(Time, TimesBeyondSixtyFourBitsOfNanosecondsAreRefused) {
  EXPECT_EQ(parse_rfc3339("1970-01-01")->ns, 0);
  EXPECT_EQ(rfc3339(*parse_rfc3339("2261-12-31T23:59:59.999Z")), "2261-12-31T23:59:59.999Z");
  for (std::string_view text : {"1969-12-31T23:59:59Z", "2262-01-01", "9999-12-31", "0000-01-01"}) {
    Result<WallTime> at = parse_rfc3339(text);
    ASSERT_FALSE(at) << text;
    EXPECT_THAT(at.error().message(), testing::HasSubstr("out of range")) << text;
  }
}

TEST(Time, Rfc3339RoundTripsAtAnyTime) {
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    auto ms = static_cast<std::int64_t>(random.below(9'000'000'000'000));  // to the year 2255
    WallTime at{ms * 1'000'000};
    Result<WallTime> read = parse_rfc3339(rfc3339(at));
    ASSERT_TRUE(read) << rfc3339(at);
    ASSERT_EQ(read->ns, at.ns);
  }
  EXPECT_EQ(rfc3339({951'782'400'000'000'000}), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(rfc3339({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339({-1}), "1969-12-31T23:59:59.999Z");
}

TEST(Time, WhatIsNoTimeSaysHowToWriteOne) {
  for (const char* text :
       {"", "yesterday", "2026-13-01", "2026-11-21T25:00:00Z", "2026-11-21T10:15",
        "2026-11-21T10:15:30Zjunk", "2026-11-21T10:15:30+2:00"}) {
    Result<WallTime> at = parse_rfc3339(text);
    ASSERT_FALSE(at) << text;
    EXPECT_NE(at.error().message().find("2026-11-21T10:15:30Z"), std::string::npos);
  }
}

TEST(Time, Durations) {
  EXPECT_EQ(*parse_duration("150ms"), 150ms);
  EXPECT_EQ(*parse_duration("30s"), 30s);
  EXPECT_EQ(*parse_duration("1d"), 24h);
  for (const char* text : {"", "5", "s", "-1s", "1.5s", "5 m", "99999999999999999d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(human_duration(24h), "1d");
  EXPECT_EQ(human_duration(90s), "90s");
}

TEST(CallId, TextRoundTripsAndSortsByTime) {
  CallIdMaker maker(7);
  CallId first = maker.next({1'790'000'000'000'000'000});
  CallId second = maker.next({1'790'000'000'001'000'000});
  EXPECT_LT(first.str(), second.str());
  EXPECT_EQ(CallId::parse(first.str()), first);
  EXPECT_FALSE(CallId::parse("01JD"));
  EXPECT_FALSE(CallId::parse("U1JD3Z8QK6T2V9M4B7XHPW5RNC"));
}

TEST(CallId, NeverRepeatsNorGoesBackWithTheClock) {
  CallIdMaker maker(7);
  CallId last;
  for (int i = 0; i < 10'000; ++i) {
    std::int64_t ms = i % 3 == 0 ? 5'000 - i : 5'000 + i / 100;
    CallId id = maker.next({ms * 1'000'000});
    ASSERT_GT(id, last);
    last = id;
  }
}

TEST(CallId, UpperHalvesAreUnlikeInAMillisecondOfAllLanes) {
  std::set<std::uint64_t> seen;
  for (unsigned lane = 0; lane < 256; ++lane) {
    CallIdMaker maker(7, static_cast<std::uint8_t>(lane));
    for (int i = 0; i < 256; ++i) seen.insert(maker.next({5'000'000'000}).high);
  }
  EXPECT_EQ(seen.size(), 256u * 256u);
  EXPECT_EQ(*seen.rbegin() >> 16, 5'000u) << "and none is of another millisecond";
}

TEST(Json, EscapesWhatJsonMustEscape) {
  std::string out;
  append_json_string(out, std::string_view("a\"\\\n\x01\xc3\xa9\xff\0z", 10));
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\u0001\xc3\xa9\xef\xbf\xbd\\u0000z\"");
}

TEST(Json, WritesNestedValues) {
  std::string out;
  JsonWriter json(out);
  json.open_object().member("a", 1).key("b").open_array().value("x").value(true).null();
  json.open_object().close_object().close_array().member("c", 2.5).close_object();
  EXPECT_EQ(out, R"({"a":1,"b":["x",true,null,{}],"c":2.5})");
}

TEST(Ascii, NearestName) {
  std::vector<std::string> names{"listen", "admin", "providers"};
  EXPECT_EQ(ascii::nearest("lisetn", names), "listen");
  EXPECT_EQ(ascii::nearest("zzz", names), "");
}

TEST(BoundedQueue, RefusesWhenFullAndKeepsOrder) {
  BoundedQueue<int> queue(4);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.push(int{i}));
  EXPECT_FALSE(queue.push(9));
  EXPECT_EQ(queue.size(), 4u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(queue.pop(), i);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, ManyProducersLoseNothing) {
  constexpr int producers = 4;
  constexpr int each = 20'000;
  BoundedQueue<int> queue(256);
  std::vector<std::thread> threads;
  for (int p = 0; p < producers; ++p) {
    threads.emplace_back([&queue, p] {
      for (int i = 0; i < each; ++i) {
        while (!queue.push(p * each + i)) std::this_thread::yield();
      }
    });
  }
  std::vector<int> last(producers, -1);
  for (int taken = 0; taken < producers * each;) {
    std::optional<int> value = queue.pop();
    if (!value) continue;
    ++taken;
    int producer = *value / each;
    ASSERT_GT(*value, last[static_cast<std::size_t>(producer)]);
    last[static_cast<std::size_t>(producer)] = *value;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(queue.pop(), std::nullopt);
}

struct MemorySink final : LogSink {
  explicit MemorySink(std::string& text) : out(text) {}
  void write(std::string_view lines) override { out += lines; }
  std::string& out;
};

TEST(Log, TextAndJsonLines) {
  VirtualClock clock;
  std::string text;
  {
    Log log(LogLevel::info, LogFormat::text, clock, std::make_unique<MemorySink>(text));
    log.debug("not written");
    log.info("listening", {{"address", "127.0.0.1:1"}, {"tls", false}, {"note", "a b"}});
  }
  EXPECT_EQ(
      text,
      "2026-09-21T14:13:20.000Z info    listening address=127.0.0.1:1 tls=false note=\"a b\"\n");
  text.clear();
  {
    Log log(LogLevel::info, LogFormat::json, clock, std::make_unique<MemorySink>(text));
    log.error("x", {{"n", 3}});
  }
  EXPECT_EQ(
      text,
      "{\"at\":\"2026-09-21T14:13:20.000Z\",\"level\":\"error\",\"message\":\"x\",\"n\":3}\n");
}

}  // namespace
}  // namespace recloser
