#include "relay/limit_fields.h"

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using budget::Budget;
using budget::Unit;

constexpr WallTime now{1'790'000'000'000'000'000};  // 2026-09-21T14:13:20Z

Budget budget_of(std::string name, Unit unit, budget::Amount limit) {
  Budget budget;
  budget.name = std::move(name);
  budget.unit = unit;
  budget.limit = limit;
  return budget;
}

Budget rate_of(std::string name, Unit unit, budget::Amount limit) {
  Budget budget = budget_of(std::move(name), unit, limit);
  budget.window.type = budget::WindowType::rate;
  budget.window.duration = 1min;
  budget.window.drain = limit;
  return budget;
}

std::string fields(std::vector<LimitState> limits, codec::Family family = codec::Family::openai) {
  std::string out;
  append_limit_fields(out, family, limits, now);
  return out;
}

TEST(LimitFields, TheTightestBudgetIsTold) {
  Budget session = budget_of("session-usd", Unit::usd, 2'000'000'000);
  Budget day = budget_of("day", Unit::usd, 5'000'000'000);
  EXPECT_EQ(fields({{&day, day.limit, 1'000'000'000}, {&session, session.limit, 370'000'000}}),
            "x-recloser-budget: \"session-usd\";limit=2.00;remaining=0.37\r\n");
  EXPECT_EQ(fields({{&day, day.limit, 100'000'000}, {&session, session.limit, 370'000'000}}),
            "x-recloser-budget: \"day\";limit=5.00;remaining=0.10\r\n");
}

TEST(LimitFields, OtherUnitsAreNamedAndNothingIsLessThanNothing) {
  Budget tokens = budget_of("a \"b\\c\x01", Unit::tokens, 300);
  EXPECT_EQ(fields({{&tokens, tokens.limit, -20}}),
            "x-recloser-budget: \"a \\\"b\\\\c?\";limit=300;remaining=0;unit=tokens\r\n");
}

TEST(LimitFields, WhatRunsAtOnceIsNeither) {
  Budget calls = budget_of("at-once", Unit::calls, 4);
  EXPECT_EQ(fields({{&calls, calls.limit, 3}}), "");
  EXPECT_EQ(fields({}), "");
}

TEST(LimitFields, RatesAreToldAsClientsOfOpenAiReadThem) {
  Budget requests = rate_of("rpm", Unit::requests, 60);
  Budget tokens = rate_of("tpm", Unit::tokens, 90'000);
  Budget tighter = rate_of("team-tpm", Unit::tokens, 30'000);
  EXPECT_EQ(fields({{&requests, 60, 37},
                    {&tokens, 90'000, 45'000},
                    {&tighter, 30'000, 29'990},
                    {&tokens, 90'000, 90'000}}),
            "ratelimit-policy: \"rpm\";q=60;w=60\r\n"
            "ratelimit: \"rpm\";r=37;t=23\r\n"
            "x-ratelimit-limit-requests: 60\r\n"
            "x-ratelimit-remaining-requests: 37\r\n"
            "x-ratelimit-reset-requests: 23s\r\n"
            "x-ratelimit-limit-tokens: 90000\r\n"
            "x-ratelimit-remaining-tokens: 45000\r\n"
            "x-ratelimit-reset-tokens: 30s\r\n");
}

TEST(LimitFields, TheTimeUntilAllIsThereAgainIsWrittenAsOpenAiDoes) {
  auto reset = [](budget::Amount used) {
    Budget tokens = rate_of("tpm", Unit::tokens, 60'000);
    tokens.window.duration = 10min;
    std::string all = fields({{&tokens, 60'000, 60'000 - used}});
    std::size_t at = all.rfind(": ") + 2;
    return all.substr(at, all.size() - at - 2);
  };
  EXPECT_EQ(reset(0), "0ms");
  EXPECT_EQ(reset(2), "20ms");
  EXPECT_EQ(reset(150), "1.5s");
  EXPECT_EQ(reset(36'000), "6m0s");
  EXPECT_EQ(reset(70'000), "10m0s") << "never more than all of it";
}

TEST(LimitFields, RatesAreToldAsClientsOfAnthropicReadThem) {
  Budget requests = rate_of("rpm", Unit::requests, 60);
  Budget output = rate_of("otpm", Unit::output_tokens, 6'000);
  EXPECT_EQ(fields({{&requests, 60, 59}, {&output, 6'000, 0}}, codec::Family::anthropic),
            "ratelimit-policy: \"rpm\";q=60;w=60\r\n"
            "ratelimit: \"rpm\";r=59;t=1\r\n"
            "anthropic-ratelimit-requests-limit: 60\r\n"
            "anthropic-ratelimit-requests-remaining: 59\r\n"
            "anthropic-ratelimit-requests-reset: 2026-09-21T14:13:21.000Z\r\n"
            "anthropic-ratelimit-output-tokens-limit: 6000\r\n"
            "anthropic-ratelimit-output-tokens-remaining: 0\r\n"
            "anthropic-ratelimit-output-tokens-reset: 2026-09-21T14:14:20.000Z\r\n");
  EXPECT_EQ(fields({{&output, 6'000, 0}}), "") << "a field of Anthropic's alone";
}

}  // namespace
}  // namespace recloser::relay
