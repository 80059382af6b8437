#include "route/quota_gauges.h"

#include <initializer_list>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

constexpr Instant begun{1'000'000'000'000};
WallTime wall() { return parse_rfc3339("2026-11-22T18:00:00Z").value(); }

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;
QuotaReading reading_of(Fields fields) {
  QuotaReading reading;
  for (auto [name, value] : fields) reading.field(name, value, wall());
  return reading;
}
QuotaGauges gauges_of(Fields fields) {
  QuotaGauges gauges;
  gauges.read(reading_of(fields), begun);
  return gauges;
}

void expect_gauge(const QuotaGauges& gauges, QuotaUnit unit, std::uint64_t limit,
                  std::uint64_t remaining, Duration full_in) {
  const Gauge& gauge = gauges.of(unit);
  EXPECT_TRUE(gauge.known) << name_of(unit);
  EXPECT_EQ(gauge.limit, limit) << name_of(unit);
  EXPECT_EQ(gauge.remaining, remaining) << name_of(unit);
  EXPECT_EQ(gauge.full - begun, full_in) << name_of(unit);
}

TEST(ParseWait, ReadsEachFormThatProvidersUse) {
  for (auto [text, wait] : std::initializer_list<std::pair<std::string_view, Duration>>{
           {"6m0s", 6min},
           {"17ms", 17ms},
           {"10.33s", 10'330ms},
           {"1h2m3s", 1h},
           {"2m3.5s", 123'500ms},
           {"120us", 120us},
           {"120\xc2\xb5s", 120us},
           {"5ns", 5ns},
           {"0s", 0s},
           {"0", 0s},
           {"7", 7s},
           {" 7 ", 7s},
           {"1.5", 1'500ms},
           {"500", 500s},
           {"-3", 0s},
           {"1795370430", 30s},     // 2026-11-22T18:00:30Z
           {"1795370430000", 30s},  // the same in milliseconds
           {"1795370399", 0s},
           {"2026-11-22T18:00:48Z", 48s},
           {"2026-11-22T17:59:48Z", 0s},
           {"2026-11-22T19:00:10+01:00", 10s},
           {"Sun, 22 Nov 2026 18:02:00 GMT", 2min},
           {"Sun, 22 Nov 2026 17:02:00 GMT", 0s},
           {"Fri, 22 Oct 2027 18:02:00 GMT", 1h},
           {"Fri, 01 Jan 2027 00:00:00 GMT", 1h},
           {"99999999", 1h},
           {"9d", 1h},
           {"2261-12-31T00:00:00Z", 1h},
           {"1969-01-01T00:00:00Z", -1ns}}) {
    EXPECT_EQ(parse_wait(text, wall()).value_or(-1ns), wait) << text;
  }
}

TEST(ParseWait, WhatIsNoWaitIsNone) {
  for (std::string_view text : {"",
                                " ",
                                "s",
                                "ms",
                                "soon",
                                "1x",
                                "1s2",
                                "1m2",
                                "1e5",
                                "0x10",
                                "nan",
                                "inf",
                                "-inf",
                                "+5",
                                "1..2s",
                                "6m 0s",
                                "--1",
                                "Sun, 22 Foo 2026 18:02:00 GMT",
                                "Sun, 22 Nov 2026 18:02:00 CET",
                                "Sun, 22 ovD 2026 18:02:00 GMT",
                                "Sun, 99 Nov 2026 18:02:00 GMT",
                                "Sun. 22 Nov 2026 18:02:00 GMT",
                                "2026-11-22T18:00:48Zx"}) {
    EXPECT_FALSE(parse_wait(text, wall())) << text;
  }
  EXPECT_FALSE(parse_wait(std::string(65, '1'), wall()));
  EXPECT_EQ(parse_wait(std::string(64, '9'), wall()), Duration{1h});
}

TEST(ParseWait, AnyBytesGiveAWaitWithinBoundsOrNone) {
  std::minstd_rand dice(11);
  constexpr std::string_view alphabet = "0123456789.-+eEmsuhdnGMTZ:,T \xc2\xb5\xff";
  for (int i = 0; i < 200'000; ++i) {
    std::string text(dice() % 30, ' ');
    for (char& c : text) c = alphabet[(dice() >> 3) % alphabet.size()];
    std::optional<Duration> wait = parse_wait(text, wall());
    if (wait) ASSERT_TRUE(*wait >= 0s && *wait <= 1h) << text;
  }
}

TEST(QuotaReading, OfOpenAi) {
  QuotaGauges gauges = gauges_of({{"x-ratelimit-limit-requests", "500"},
                                  {"x-ratelimit-limit-tokens", "30000"},
                                  {"x-ratelimit-remaining-requests", "499"},
                                  {"x-ratelimit-remaining-tokens", "29984"},
                                  {"x-ratelimit-reset-requests", "120ms"},
                                  {"x-ratelimit-reset-tokens", "6m0s"},
                                  {"x-ratelimit-remaining-tokens_usage_based", "3"}});
  expect_gauge(gauges, QuotaUnit::requests, 500, 499, 120ms);
  expect_gauge(gauges, QuotaUnit::tokens, 30'000, 29'984, 6min);
  EXPECT_FALSE(gauges.of(QuotaUnit::input_tokens).known);
}

TEST(QuotaReading, OfAzureInSecondsAndWithoutLimits) {
  QuotaGauges gauges = gauges_of({{"X-RateLimit-Limit-Requests", "120"},
                                  {"x-ratelimit-remaining-requests", "119"},
                                  {"x-ratelimit-reset-requests", "500"},
                                  {"x-ratelimit-renewalperiod-requests", "60"},
                                  {"x-ratelimit-remaining-tokens", "119984"},
                                  {"x-ratelimit-abusepenalty-active", "False"}});
  expect_gauge(gauges, QuotaUnit::requests, 120, 119, 500s);
  expect_gauge(gauges, QuotaUnit::tokens, 119'984, 119'984, 60s);
}

TEST(QuotaReading, OfAnthropic) {
  QuotaGauges gauges =
      gauges_of({{"anthropic-ratelimit-requests-limit", "4000"},
                 {"anthropic-ratelimit-requests-remaining", "3999"},
                 {"anthropic-ratelimit-requests-reset", "2026-11-22T18:00:01Z"},
                 {"anthropic-ratelimit-input-tokens-limit", "400000"},
                 {"anthropic-ratelimit-input-tokens-remaining", "398000"},
                 {"anthropic-ratelimit-input-tokens-reset", "2026-11-22T18:00:02Z"},
                 {"anthropic-ratelimit-output-tokens-limit", "80000"},
                 {"anthropic-ratelimit-output-tokens-remaining", "70000"},
                 {"anthropic-ratelimit-output-tokens-reset", "2026-11-22T18:00:03Z"},
                 {"anthropic-ratelimit-tokens-limit", "480000"},
                 {"anthropic-ratelimit-tokens-remaining", "468000"},
                 {"anthropic-ratelimit-tokens-reset", "2026-11-22T18:00:04Z"}});
  expect_gauge(gauges, QuotaUnit::requests, 4'000, 3'999, 1s);
  expect_gauge(gauges, QuotaUnit::input_tokens, 400'000, 398'000, 2s);
  expect_gauge(gauges, QuotaUnit::output_tokens, 80'000, 70'000, 3s);
  expect_gauge(gauges, QuotaUnit::tokens, 480'000, 468'000, 4s);
}

TEST(QuotaReading, OfMistralAndTogether) {
  QuotaGauges mistral = gauges_of({{"x-ratelimit-limit-req-minute", "360"},
                                   {"x-ratelimit-remaining-req-minute", "358"},
                                   {"x-ratelimit-limit-tokens-minute", "200000"},
                                   {"x-ratelimit-remaining-tokens-minute", "199533"},
                                   {"x-ratelimit-remaining-tokens-month", "5"},
                                   {"x-ratelimit-tokens-query-cost", "210"}});
  expect_gauge(mistral, QuotaUnit::requests, 360, 358, 60s);
  expect_gauge(mistral, QuotaUnit::tokens, 200'000, 199'533, 60s);
  QuotaGauges in_ten_seconds = gauges_of(
      {{"x-ratelimit-limit-req-10-second", "60"}, {"x-ratelimit-remaining-req-10-second", "59"}});
  expect_gauge(in_ten_seconds, QuotaUnit::requests, 60, 59, 60s);
  QuotaGauges together = gauges_of({{"x-ratelimit", "false"},
                                    {"x-ratelimit-limit", "30"},
                                    {"x-ratelimit-remaining", "59"},
                                    {"x-ratelimit-reset", "2"}});
  expect_gauge(together, QuotaUnit::requests, 59, 59, 2s);
}

TEST(QuotaReading, WhatCannotBeReadIsNotKnown) {
  QuotaGauges gauges = gauges_of({{"x-ratelimit-remaining-tokens", "many"},
                                  {"x-ratelimit-limit-tokens", "5"},
                                  {"x-ratelimit-remaining-requests", "-1"},
                                  {"x-ratelimit-", "1"},
                                  {"x-ratelimit-remaining-", "1"},
                                  {"anthropic-ratelimit-", "1"},
                                  {"anthropic-ratelimit-x", "1"},
                                  {"anthropic-ratelimit-input-tokens-", "1"},
                                  {"", ""}});
  for (QuotaUnit unit : {QuotaUnit::tokens, QuotaUnit::input_tokens}) {
    EXPECT_FALSE(gauges.of(unit).known) << name_of(unit);
  }
  gauges = gauges_of({{"x-ratelimit-remaining-tokens", "99999999999999999999999999"},
                      {"x-ratelimit-reset-tokens", "99999999999999999999999999"}});
  expect_gauge(gauges, QuotaUnit::tokens, 1'000'000'000'000'000, 1'000'000'000'000'000, 1h);
}

TEST(QuotaReading, SaysWhenToComeBack) {
  EXPECT_FALSE(reading_of({{"date", "7"}}).retry_after());
  EXPECT_EQ(reading_of({{"Retry-After", "7"}}).retry_after(), Duration{7s});
  EXPECT_EQ(reading_of({{"retry-after-ms", "1500"}}).retry_after(), Duration{1500ms});
  EXPECT_EQ(reading_of({{"retry-after", "1"}, {"retry-after-ms", "0"}}).retry_after(),
            Duration{1s});
  EXPECT_EQ(reading_of({{"retry-after-ms", "900"}, {"retry-after", "0"}}).retry_after(),
            Duration{900ms});
  EXPECT_EQ(reading_of({{"retry-after", "Sun, 22 Nov 2026 18:00:05 GMT"}}).retry_after(),
            Duration{5s});
  EXPECT_EQ(reading_of({{"retry-after", "99999999999"}}).retry_after(), Duration{1h});
  EXPECT_FALSE(reading_of({{"retry-after", "soon"}, {"retry-after-ms", "5s"}}).retry_after());
}

TEST(RetryDelay, IsReadFromAnErrorOfGemini) {
  EXPECT_EQ(retry_delay_in(R"({"error":{"details":[{"a":1},{"retryDelay":"38s"}]}})", wall()),
            Duration{38s});
  for (std::string_view body : {"", "{}", R"({"error":{"details":[{"retryDelay":38}]}})",
                                R"({"error":{"details":{}}})", R"({"error":{"details":[{)"}) {
    EXPECT_FALSE(retry_delay_in(body, wall())) << body;
  }
}

TEST(QuotaGauges, KeepNobodyAwayWhoFits) {
  QuotaGauges nothing_known;
  EXPECT_LE(nothing_known.keeps_away({1'000'000, 1'000'000}), begun);
  QuotaGauges gauges = gauges_of({{"x-ratelimit-remaining-tokens", "100"},
                                  {"x-ratelimit-limit-tokens", "1000"},
                                  {"x-ratelimit-reset-tokens", "60s"}});
  EXPECT_LE(gauges.keeps_away({60, 40}), begun);
  EXPECT_GT(gauges.keeps_away({60, 41}), begun);
}

// 900 tokens come back in 60 s: 450 of them in 30 s.
TEST(QuotaGauges, KeepAwayUntilThereIsEnough) {
  QuotaGauges gauges = gauges_of({{"x-ratelimit-remaining-tokens", "100"},
                                  {"x-ratelimit-limit-tokens", "1000"},
                                  {"x-ratelimit-reset-tokens", "60s"}});
  EXPECT_EQ(gauges.keeps_away({550, 0}), begun + 30s);
  EXPECT_EQ(gauges.keeps_away({1'000, 0}), begun + 60s);
  EXPECT_EQ(gauges.keeps_away({5'000'000, 0}), begun + 60s);  // more than there ever is
}

TEST(QuotaGauges, EachUnitIsAskedForItsOwn) {
  QuotaGauges gauges = gauges_of({{"anthropic-ratelimit-input-tokens-remaining", "10"},
                                  {"anthropic-ratelimit-output-tokens-remaining", "20"}});
  EXPECT_LE(gauges.keeps_away({10, 20}), begun);
  EXPECT_EQ(gauges.keeps_away({11, 20}), begun + 60s);
  EXPECT_EQ(gauges.keeps_away({10, 21}), begun + 60s);
  gauges = gauges_of({{"x-ratelimit-remaining-requests", "0"},
                      {"x-ratelimit-limit-requests", "10"},
                      {"x-ratelimit-reset-requests", "10s"}});
  EXPECT_EQ(gauges.keeps_away({}), begun + 1s);
}

TEST(QuotaGauges, CallsOnTheirWayCount) {
  QuotaGauges gauges =
      gauges_of({{"x-ratelimit-remaining-requests", "2"}, {"x-ratelimit-remaining-tokens", "100"}});
  gauges.sent({50, 0});
  EXPECT_LE(gauges.keeps_away({50, 0}), begun);
  EXPECT_GT(gauges.keeps_away({51, 0}), begun);
  gauges.sent({0, 0});
  EXPECT_GT(gauges.keeps_away({0, 0}), begun);
  gauges.arrived({0, 0});
  gauges.arrived({50, 0});
  EXPECT_LE(gauges.keeps_away({100, 0}), begun);
}

// Some servers write zeros, and Azure -1, where there is no limit. No provider answers a call that
// its limit never allows.
TEST(QuotaGauges, ALimitOfNothingIsNone) {
  QuotaGauges gauges = gauges_of({{"x-ratelimit-limit-requests", "0"},
                                  {"x-ratelimit-remaining-requests", "0"},
                                  {"x-ratelimit-reset-requests", "0s"},
                                  {"x-ratelimit-limit-tokens", "-1"},
                                  {"x-ratelimit-remaining-tokens", "-1"},
                                  {"x-ratelimit-reset-tokens", "0"},
                                  {"anthropic-ratelimit-input-tokens-limit", "0"},
                                  {"anthropic-ratelimit-input-tokens-remaining", "0"}});
  EXPECT_LE(gauges.keeps_away({1'000, 1'000}), begun);
  gauges = gauges_of({{"x-ratelimit-remaining-requests", "0"}});
  EXPECT_EQ(gauges.keeps_away({}), begun + 60s) << "what is left is said, and the limit is not";
}

TEST(QuotaGauges, ALaterReadingReplacesAnEarlierOneOfTheSameUnit) {
  QuotaGauges gauges =
      gauges_of({{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-remaining-tokens", "0"}});
  gauges.read(reading_of({{"x-ratelimit-remaining-requests", "5"}}), begun + 1s);
  EXPECT_EQ(gauges.of(QuotaUnit::requests).remaining, 5);
  EXPECT_EQ(gauges.of(QuotaUnit::tokens).remaining, 0);
}

}  // namespace
}  // namespace recloser::route
