#include "relay/plan_quota.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

constexpr WallTime at(std::int64_t seconds) { return {seconds * 1'000'000'000}; }

struct Answer {
  explicit Answer(std::string_view fields)
      : text("HTTP/1.1 200 OK\r\n" + std::string(fields) + "content-length: 0\r\n\r\n") {
    EXPECT_EQ(head.read(text), net::http1::Progress::complete);
  }
  std::string text;
  net::http1::ResponseHead head;
};

PlanNews news(std::string_view fields) { return plan_news(Answer(fields).head); }

TEST(PlanQuota, AnAnswerToAKeySaysNothingOfAPlan) {
  PlanNews of_a_key = news("anthropic-ratelimit-requests-remaining: 0\r\n");
  EXPECT_FALSE(of_a_key.of_a_plan);
  EXPECT_FALSE(of_a_key.used_up);
}

TEST(PlanQuota, AWindowThatIsUsedUpSaysUntilWhen) {
  PlanNews half = news(
      "anthropic-ratelimit-unified-status: allowed\r\n"
      "anthropic-ratelimit-unified-5h-utilization: 0.5\r\n");
  EXPECT_TRUE(half.of_a_plan);
  EXPECT_FALSE(half.used_up);
  PlanNews both = news(
      "anthropic-ratelimit-unified-status: allowed_warning\r\n"
      "anthropic-ratelimit-unified-5h-utilization: 1.0\r\n"
      "anthropic-ratelimit-unified-5h-reset: 1000\r\n"
      "anthropic-ratelimit-unified-7d-utilization: 1.2\r\n"
      "anthropic-ratelimit-unified-7d-reset: 9000\r\n");
  EXPECT_TRUE(both.used_up);
  EXPECT_FALSE(both.beyond);
  EXPECT_EQ(both.until->ns, at(9000).ns);
  PlanNews codex = news("x-codex-primary-used-percent: 100\r\nx-codex-primary-reset-at: 7\r\n");
  EXPECT_TRUE(codex.of_a_plan && codex.used_up);
  EXPECT_EQ(codex.until->ns, at(7).ns);
  EXPECT_FALSE(news("x-codex-secondary-used-percent: 99.9\r\n").used_up);
}

TEST(PlanQuota, WhatIsPaidBeyondThePlanIsSeen) {
  PlanNews beyond = news(
      "anthropic-ratelimit-unified-status: allowed\r\n"
      "anthropic-ratelimit-unified-overage-in-use: true\r\n"
      "anthropic-ratelimit-unified-reset: 50\r\n");
  EXPECT_TRUE(beyond.beyond && beyond.used_up);
  EXPECT_EQ(beyond.until->ns, at(50).ns);
  EXPECT_TRUE(news("anthropic-ratelimit-unified-status: rejected\r\n").used_up);
}

TEST(PlanQuota, NumbersThatAreNone) {
  for (std::string_view value : {"", "nan", "inf", "1e999", "100 %", "-", "0x64"}) {
    PlanNews strange = news("x-codex-primary-used-percent: " + std::string(value) + "\r\n");
    EXPECT_FALSE(strange.used_up) << value;
  }
  for (std::string_view reset : {"-5", "1e300", "soon"}) {
    PlanNews strange = news("x-codex-primary-used-percent: 100\r\nx-codex-primary-reset-at: " +
                            std::string(reset) + "\r\n");
    EXPECT_TRUE(strange.used_up);
    EXPECT_FALSE(strange.until) << reset;
  }
}

TEST(PlanQuota, OnlyThePlanOfThatProviderAndOnlyUntilItBeginsAnew) {
  PlanQuota quota(true);
  EXPECT_FALSE(quota.any_of_a_plan());
  Answer full("x-codex-primary-used-percent: 100\r\nx-codex-primary-reset-at: 1000\r\n");
  quota.see(1, full.head);
  EXPECT_TRUE(quota.any_of_a_plan());
  EXPECT_FALSE(quota.refuses(0, at(1)));
  EXPECT_FALSE(quota.refuses(2, at(1)));
  EXPECT_EQ(quota.refuses(1, at(999))->until->ns, at(1000).ns);
  EXPECT_FALSE(quota.refuses(1, at(1000)));
  Answer room("x-codex-primary-used-percent: 3\r\n");
  quota.see(1, room.head);
  EXPECT_FALSE(quota.refuses(1, at(999)));
  Answer of_a_key("");
  quota.see(1, full.head);
  quota.see(1, of_a_key.head);
  EXPECT_TRUE(quota.refuses(1, at(999))) << "a call with a key says nothing of the plan";
}

TEST(PlanQuota, WithoutPlanOnlyNothingIsRefused) {
  PlanQuota quota(false);
  Answer full("x-codex-primary-used-percent: 100\r\n");
  quota.see(0, full.head);
  EXPECT_FALSE(quota.refuses(0, at(1)));
  EXPECT_TRUE(quota.any_of_a_plan());
}

}  // namespace
}  // namespace recloser::relay
