// Commands of targets against a real admin port: what they print, and what is drained afterwards.
#include "cli/test_process.h"

#include <string>

#include <gmock/gmock.h>

namespace recloser::cli {
namespace {

using route::AttemptEnd;
using testing::HasSubstr;
using testing::Not;

struct NoBell final : route::LineBell {
  void ring(std::uint64_t) override {}
};

class TargetCommandsTest : public RemoteTest {
 protected:
  TargetCommandsTest() { clock_.advance(1h); }

  // One call after the other; those that fail each by another principal.
  void call(route::TargetHealth& target, AttemptEnd end, int times = 1,
            std::optional<Duration> retry_after = std::nullopt) {
    for (int i = 0; i < times; ++i) {
      bool answered = end == AttemptEnd::answered;
      auto slot = target.admit({.principal = answered ? 1 : ++principal_}, clock_.now());
      ASSERT_TRUE(slot);
      if (answered) slot->first_token(120ms, 100, clock_.now());
      slot->end(end, retry_after, clock_.now());
    }
  }
  bool is_drained(std::string_view name) {
    return health_.find(name)->standing(clock_.now()).drained;
  }

  std::uint64_t principal_ = 1;
};

TEST_F(TargetCommandsTest, AsATable) {
  EXPECT_THAT(run({"targets"}).out, HasSubstr("There are no targets"));
  call(health_.of("openai", "gpt-4o-mini"), AttemptEnd::answered, 30);
  call(health_.of("azure-eu", "gpt-4o-mini"), AttemptEnd::server_error, 5);
  call(health_.of("groq", "llama-3.3-70b"), AttemptEnd::rate_limited, 1, 12s);
  health_.of("local", "llama").configure({.limits = {.concurrency = 2}});
  auto running = health_.of("local", "llama").admit({}, clock_.now());
  auto more = health_.of("local", "llama").admit({}, clock_.now());
  NoBell bell;
  Instant later = clock_.now() + 1min;
  auto waits = health_.of("local", "llama").line_up({}, {.bell = &bell}, later, clock_.now());
  call(health_.of("mistral", "small"), AttemptEnd::unauthorized);
  clock_.advance(500ms);
  Ran ran = run({"targets"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  std::size_t at = ran.out.find("probed in ");
  ASSERT_NE(at, ran.out.npos) << ran.out;
  ran.out.replace(at + 10, ran.out.find('\n', at) - at - 10, "..");
  EXPECT_EQ(
      ran.out,
      "TARGET                STATE       FOR  RUNNING  CALLS  FAILED   FIRST     P95  HELD BY\n"
      "azure-eu/gpt-4o-mini  tripped  500 ms        0      5       5  4.76 s       -  tripped: "
      "server_error; probed in ..\n"
      "groq/llama-3.3-70b    passing       -     0/18      0       0       -       -  too many "
      "calls (429), for 11.50 s\n"
      "local/llama           passing       -      2/2      0       0       -       -  as many "
      "calls run as may; 1 wait\n"
      "mistral/small         passing       -        0      0       0       -       -  the "
      "provider's key: unauthorized; tried in 29.50 s\n"
      "openai/gpt-4o-mini    passing       -        0     30       0  114 ms  141 ms  -\n");
  EXPECT_THAT(run({"targets", "--json"}).out, HasSubstr(R"({"data":[{"target":"azure-eu/)"));
}

TEST_F(TargetCommandsTest, OneWithAllThatIsKnown) {
  route::TargetHealth& target = health_.of("openai", "gpt-4o-mini");
  call(target, AttemptEnd::answered, 30);
  auto slot = target.admit({}, clock_.now());
  route::QuotaReading reading;
  reading.field("x-ratelimit-limit-requests", "500", clock_.wall());
  reading.field("x-ratelimit-remaining-requests", "499", clock_.wall());
  reading.field("x-ratelimit-reset-requests", "2s", clock_.wall());
  slot->headers(reading, clock_.now());
  call(target, AttemptEnd::timed_out, 5);
  clock_.advance(500ms);
  Ran ran = run({"targets", "show", "openai/gpt-4o-mini"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  std::size_t at = ran.out.find("probed in ");
  ASSERT_NE(at, ran.out.npos) << ran.out;
  ran.out.replace(at + 10, ran.out.find('\n', at) - at - 10, "..");
  EXPECT_EQ(ran.out,
            "target          openai/gpt-4o-mini\n"
            "state           tripped for 500 ms\n"
            "tripped         1 in all, last by timed_out\n"
            "held by         tripped: timed_out; probed in ..\n"
            "running         1\n"
            "calls of late   35 in 30 s, 5 failed\n"
            "first token     4.76 s of late; half within 127 ms, 95 of 100 within 141 ms\n"
            "since start     answered 30, timed_out 5\n"
            "rate limits     499 of 500 requests were left 500 ms ago; full in 1.50 s\n");
  EXPECT_THAT(run({"targets", "show", "openai/gpt-4o-mini"}).out,
              testing::Not(HasSubstr("turned away")));
  call(health_.of("local", "llama"), AttemptEnd::broken);
  call(health_.of("local", "llama"), AttemptEnd::rate_limited);
  NoBell bell;
  Instant past = clock_.now() - 1ns;
  auto no = health_.of("local", "llama").line_up({}, {.bell = &bell}, past, clock_.now());
  EXPECT_THAT(run({"targets", "show", "local/llama"}).out,
              HasSubstr("\nturned away     1 call since the start, of too long a wait\n"));
  EXPECT_THAT(run({"targets", "show", "local/llama"}).out,
              HasSubstr("\nfailing for     1 principal of late\n"));
  Ran json = run({"targets", "show", "openai/gpt-4o-mini", "--json"});
  EXPECT_THAT(json.out, HasSubstr(R"({"target":"openai/gpt-4o-mini","state":"tripped")"));
  Ran unknown = run({"targets", "show", "openai/gpt-4o-min"});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean openai/gpt-4o-mini?"));
}

TEST_F(TargetCommandsTest, AHealthCheckIsToldWithItsAge) {
  health_.of("vllm", "llama");
  config::ProviderProbe rule{.path = {}, .unhealthy = 2};
  auto probe = [&](std::uint16_t status) {
    Instant now = clock_.now();
    health_.probed("vllm", {.at = now, .status = status, .passed = status == 200}, rule, now);
    clock_.advance(1500ms);
    return run({"targets", "show", "vllm/llama"}).out;
  };
  EXPECT_THAT(run({"targets", "show", "vllm/llama"}).out, Not(HasSubstr("health check")));
  EXPECT_THAT(probe(200), HasSubstr("\nhealth check    passed 1 time in a row, last 1.50 s ago "
                                    "with status 200\n"));
  probe(503);
  std::string out = probe(0);
  EXPECT_THAT(out, HasSubstr("\nheld by         its health check: failed 2 times in a row, last "
                             "1.50 s ago without an answer\n"));
  EXPECT_THAT(out, HasSubstr("\ntripped         1 in all, last by probe_failed\n"));
  EXPECT_THAT(run({"targets"}).out, HasSubstr("tripped  1.50 s        0      0       0      -    "
                                              "-  its health check: failed 2 times in a row"));
}

TEST_F(TargetCommandsTest, OneIsDrainedAndTakesCallsAgain) {
  route::TargetHealth& target = health_.of("local", "meta/llama 3");
  auto slot = target.admit({}, clock_.now());
  Ran ran = run({"targets", "drain", "local/meta/llama 3", "--reason", "it moves", "--who", "ada"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "The target local/meta/llama 3 is drained: no new calls go there; 1 call is still "
            "there.\n");
  EXPECT_TRUE(is_drained("local/meta/llama 3"));
  EXPECT_THAT(run({"targets"}).out, HasSubstr("  drained by ada: it moves\n"));
  EXPECT_EQ(run({"targets", "undrain", "local/meta/llama 3"}).out,
            "The target local/meta/llama 3 takes calls again.\n");
  EXPECT_FALSE(is_drained("local/meta/llama 3"));
  slot = {};
  EXPECT_THAT(run({"targets", "drain", "local/meta/llama 3"}).out,
              HasSubstr("0 calls are still there"));
  EXPECT_THAT(run({"targets"}).out, HasSubstr("  drained by admin\n"));
  EXPECT_THAT(run({"targets", "undrain", "local/meta/llama 3", "--json"}).out,
              HasSubstr(R"("drained":false,"drain":null)"));
}

TEST_F(TargetCommandsTest, WhatRunsLeavesAtOnceIfThatIsAskedFor) {
  health_.of("openai", "gpt-4o-mini");
  Ran ran = run({"targets", "drain", "openai/gpt-4o-mini", "--now"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "The target openai/gpt-4o-mini is drained: no new calls go there; 1 call goes on "
            "elsewhere, 3 calls stay to their end.\n");
}

TEST_F(TargetCommandsTest, WhatIsWrongChangesNothing) {
  health_.of("openai", "gpt-4o-mini");
  EXPECT_EQ(run({"targets", "drain", "openai/gpt"}).exit, 1);
  EXPECT_EQ(run({"targets", "drain"}).exit, 2);
  EXPECT_EQ(run({"targets", "drain", "openai/gpt-4o-mini", "--reason", "a\nb"}).exit, 2);
  EXPECT_FALSE(is_drained("openai/gpt-4o-mini"));
  for (const char* name : {"../keys", "?x=1", "a\r\nx: 1", "\xff"}) {
    EXPECT_EQ(run({"targets", "show", name}).exit, 1) << name;
  }
}

TEST_F(TargetCommandsTest, HelpOfTheTableNamesTheOthers) {
  Ran ran = run({"targets", "--help"});
  EXPECT_THAT(ran.out, HasSubstr("recloser targets [OPTIONS]"));
  EXPECT_THAT(ran.out, HasSubstr("targets drain    Send no new calls to a target"));
  EXPECT_THAT(run({"key", "--help"}).out, Not(HasSubstr("NAME\n")));
}

}  // namespace
}  // namespace recloser::cli
