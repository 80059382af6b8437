// The rules that Recloser is compared with. None of them asks one target twice for a call, and each
// makes up to three attempts.
#include "core/ids.h"
#include "rule.h"

#include <algorithm>
#include <array>
#include <vector>

namespace recloser::resilience {
namespace {

using route::AttemptEnd;

class Usual : public Rule {
 public:
  void first_token(const Asked&, Duration, Instant) override {}
  void end(const Asked&, Instant) override {}
  void forget(const Asked&) override {}
};

// The next one in turn, and the one after it when that fails.
class RoundRobin final : public Usual {
 public:
  std::string_view name() const override { return "round robin"; }

  Next next(const Asked& call, Instant) override {
    if (call.attempts >= attempts_max) return {};
    turn_ = (call.attempts == 0 ? turn_ + 1 : call.target + 1) % target_count;
    return {.target = turn_, .ask_again = {}};
  }

 private:
  std::size_t turn_ = 0;
};

// Always the first, and the second when that fails: what a list of fallbacks does.
class StaticOrder final : public Usual {
 public:
  std::string_view name() const override { return "static order"; }

  Next next(const Asked& call, Instant) override {
    if (call.attempts >= attempts_max) return {};
    return {.target = call.attempts, .ask_again = {}};
  }
};

// LiteLLM's Router as it comes, with two retries: any target that is not cooling down. A 429, a 401
// or a time-out cools one for its Retry-After or 5 s; so do other failures, when more than half of
// the calls of this minute failed and there were five; a connection that fails does not
// (docs.litellm.ai, "Retries, fallbacks and cooldowns"; router_utils/cooldown_handlers.py). With
// all of them cooling, the call fails at once.
class LiteLlm final : public Usual {
 public:
  explicit LiteLlm(std::uint64_t seed) : random_(seed) {}
  std::string_view name() const override { return "LiteLLM's cooldown"; }

  Next next(const Asked& call, Instant now) override {
    if (call.attempts >= attempts_max) return {};
    std::vector<std::size_t> may;
    for (std::size_t i = 0; i < target_count; ++i) {
      if (all_[i].cools_until <= now && !call.has_tried(i)) may.push_back(i);
    }
    if (may.empty()) return {};
    return {.target = may[random_.below(may.size())], .ask_again = {}};
  }

  void end(const Asked& call, Instant now) override {
    One& one = all_[call.target];
    std::int64_t minute = now.ns / Duration(1min).count();
    if (one.minute != minute) one = {.cools_until = one.cools_until, .minute = minute};
    ++one.calls;
    if (call.ended == AttemptEnd::answered) return;
    ++one.failed;
    bool at_once = call.ended == AttemptEnd::rate_limited ||
                   call.ended == AttemptEnd::unauthorized || call.ended == AttemptEnd::timed_out;
    bool too_many = one.calls >= calls_least && one.failed * 2 > one.calls &&
                    call.ended != AttemptEnd::unreachable;
    if (at_once || too_many) one.cools_until = now + call.retry_after.value_or(cooldown);
  }

 private:
  static constexpr Duration cooldown = 5s;
  static constexpr std::uint32_t calls_least = 5;

  struct One {
    Instant cools_until;
    std::int64_t minute = -1;
    std::uint32_t calls = 0;
    std::uint32_t failed = 0;
  };

  Random random_;
  std::array<One, target_count> all_{};
};

}  // namespace

std::unique_ptr<Rule> round_robin() { return std::make_unique<RoundRobin>(); }
std::unique_ptr<Rule> static_order() { return std::make_unique<StaticOrder>(); }
std::unique_ptr<Rule> litellm(std::uint64_t seed) { return std::make_unique<LiteLlm>(seed); }

}  // namespace recloser::resilience
