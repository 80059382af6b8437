#include "relay/plan_quota.h"

#include "core/ascii.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

namespace recloser::relay {
namespace {

using net::http1::ResponseHead;

// The least part of a window that has a limit of its own: how much is used (1 or 100 is all), and
// when it begins anew, in seconds since 1970.
struct WindowFields {
  std::string_view used;
  std::string_view resets;
  double all;
};
constexpr auto windows = std::to_array<WindowFields>({
    {"anthropic-ratelimit-unified-5h-utilization", "anthropic-ratelimit-unified-5h-reset", 1},
    {"anthropic-ratelimit-unified-7d-utilization", "anthropic-ratelimit-unified-7d-reset", 1},
    {"x-codex-primary-used-percent", "x-codex-primary-reset-at", 100},
    {"x-codex-secondary-used-percent", "x-codex-secondary-reset-at", 100},
});

std::optional<double> number(const ResponseHead& head, std::string_view name) {
  std::string_view text = ascii::trim(head.find(name).value_or(""));
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<WallTime> time(const ResponseHead& head, std::string_view name) {
  constexpr double last_second = 9e9;  // of 64 bits of nanoseconds
  std::optional<double> seconds = number(head, name);
  if (!seconds || *seconds <= 0 || *seconds > last_second) return std::nullopt;
  return WallTime{static_cast<std::int64_t>(*seconds) * 1'000'000'000};
}

// The later of two: more is to be had when both windows have begun anew.
void until_at_least(PlanNews& news, std::optional<WallTime> time) {
  if (time && (!news.until || news.until->ns < time->ns)) news.until = time;
}

bool says(const ResponseHead& head, std::string_view name, std::string_view value) {
  return ascii::equal_ignoring_case(ascii::trim(head.find(name).value_or("")), value);
}

}  // namespace

PlanNews plan_news(const ResponseHead& head) {
  PlanNews news;
  for (const WindowFields& window : windows) {
    std::optional<double> used = number(head, window.used);
    news.of_a_plan |= used.has_value();
    if (!used || *used < window.all) continue;
    news.used_up = true;
    until_at_least(news, time(head, window.resets));
  }
  constexpr std::string_view status = "anthropic-ratelimit-unified-status";
  if (!head.find(status)) return news;
  news.of_a_plan = true;
  news.beyond = says(head, "anthropic-ratelimit-unified-overage-in-use", "true");
  if (news.beyond || says(head, status, "rejected")) {
    news.used_up = true;
    until_at_least(news, time(head, "anthropic-ratelimit-unified-reset"));
  }
  return news;
}

PlanNews PlanQuota::see(std::size_t provider, const ResponseHead& head) {
  PlanNews news = plan_news(head);
  if (!news.of_a_plan) return news;
  std::lock_guard lock(mutex_);
  if (plans_.size() <= provider) plans_.resize(provider + 1);
  plans_[provider] = {.known = true, .used_up = news.used_up, .until = news.until};
  return news;
}

std::optional<PlanQuota::UsedUp> PlanQuota::refuses(std::size_t provider, WallTime now) const {
  if (!plan_only_) return std::nullopt;
  std::lock_guard lock(mutex_);
  if (provider >= plans_.size() || !plans_[provider].used_up) return std::nullopt;
  const Plan& plan = plans_[provider];
  if (plan.until && plan.until->ns <= now.ns) return std::nullopt;
  return UsedUp{.until = plan.until};
}

bool PlanQuota::any_of_a_plan() const {
  std::lock_guard lock(mutex_);
  return std::ranges::any_of(plans_, &Plan::known);
}

}  // namespace recloser::relay
