// Recloser's rule: the health, the plan and the budgets of the room route, asked as the relay asks
// them (relay/targets.cpp, relay/attempts.cpp, relay/waiting.cpp).
#include "route/backoff.h"
#include "route/health.h"
#include "route/plan.h"
#include "rule.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace recloser::resilience {
namespace {

using route::AttemptEnd;
using route::Candidate;
using route::TargetHealth;
using route::WhyNot;

constexpr std::uint32_t repeats_max = 1;  // `retries`
constexpr Duration repeat_wait_max = 10s;

// Tickets that were called, of calls that look when they are next asked.
class Bell final : public route::LineBell {
 public:
  void ring(std::uint64_t ticket) override { rung.push_back(ticket); }
  std::vector<std::uint64_t> rung;
};

class Ours final : public Rule {
 public:
  Ours(std::uint64_t seed, bool by_latency)
      : health_(seed, nullptr),
        random_(seed),
        balance_(by_latency ? config::Balance::least_latency : config::Balance::weights) {
    for (std::size_t i = 0; i < target_count; ++i) {
      all_[i].provider = i;
      healths_[i] = &health_.of(targets[i].name, "model");
    }
  }

  std::string_view name() const override {
    return balance_ == config::Balance::weights ? "Recloser, weights" : "Recloser, least latency";
  }

  Next next(const Asked& call, Instant now) override {
    if (calls_.size() <= call.id) calls_.resize(call.id + 1);
    Own& own = calls_[call.id];
    if (own.turn) return look(call, own, now);
    if (call.attempts == 0) {
      health_.count_call(now);
      begin(call, own, now);
    } else if (!own.repeats_now && !tries_again(call, own, now)) {
      return {};
    } else if (own.not_before > now) {
      own.repeats_now = true;
      return {.target = {}, .ask_again = own.not_before};
    }
    own.repeats_now = false;
    std::optional<std::size_t> taken = take(call, own, now);
    if (!taken && is_busy(own)) return line_up(call, own, now);
    return {.target = taken, .ask_again = {}};
  }

  void first_token(const Asked& call, Duration ttft, Instant now) override {
    Own& own = calls_[call.id];
    if (own.retry) own.retry->succeeded();
    own.retry.reset();
    own.slot.first_token(ttft, call.what.prompt_tokens, now);
  }

  void end(const Asked& call, Instant now) override {
    calls_[call.id].slot.end(call.ended, call.retry_after, now);
  }

  void forget(const Asked& call) override {
    if (call.id < calls_.size()) calls_[call.id] = Own();
  }

  std::optional<std::uint32_t> woken() override {
    while (!bell_.rung.empty()) {
      std::uint64_t ticket = bell_.rung.back();
      bell_.rung.pop_back();
      auto id = static_cast<std::uint32_t>(ticket % ticket_step);
      if (calls_[id].turn && calls_[id].ticket == ticket) return id;
    }
    return std::nullopt;
  }

 private:
  static constexpr std::uint64_t ticket_step = 1u << 24;  // above any Asked::id

  struct Own {
    std::array<Candidate, target_count> candidates;
    TargetHealth::Slot slot;
    std::optional<route::RetryToken> retry;
    std::uint32_t repeats = 0;
    bool repeats_now = false;
    bool panics = false;
    Instant not_before;
    std::optional<TargetHealth::Turn> turn;  // in the line of ..
    std::size_t lined_up_at = 0;
    Instant until;
    std::uint64_t ticket = 0;
  };

  static route::Asker asker_of(const Asked& call) {
    return {.principal = call.what.principal + 1,
            .needs = {.input_tokens = call.what.prompt_tokens, .output_tokens = 1024},
            .streams = true};
  }

  void ask_health(const Asked& call, Own& own, Instant now) const {
    for (Candidate& each : own.candidates) {
      if (each.why_not != WhyNot::none && !route::passes_by_itself(each.why_not)) continue;
      route::Admission admission = each.health->would_admit(asker_of(call), now);
      each.why_not = route::why_not(admission.why);
      each.until = admission.until;
      each.cost = each.health->cost(now);
    }
  }

  void begin(const Asked& call, Own& own, Instant now) {
    for (std::size_t i = 0; i < target_count; ++i) {
      own.candidates[i] = {.target = &all_[i], .health = healths_[i]};
    }
    ask_health(call, own, now);
    route::arrange(own.candidates, {.balance = balance_, .session = {}}, random_);
  }

  bool tries_again(const Asked& call, Own& own, Instant now) {
    if (!route::may_be_tried_again(call.ended) || call.attempts >= attempts_max || own.panics ||
        now >= call.deadline) {
      return false;
    }
    for (Candidate& each : own.candidates) {
      if (each.target->provider == call.target) each.why_not = WhyNot::tried;
    }
    ask_health(call, own, now);
    auto next = std::ranges::find(own.candidates, WhyNot::none, &Candidate::why_not);
    if (next == own.candidates.end()) {
      next = std::ranges::find_if(own.candidates, route::is_busy, &Candidate::why_not);
    }
    TargetHealth* health = next == own.candidates.end() ? nullptr : next->health;
    if (health == nullptr && repeats(call, own, now)) health = healths_[call.target];
    if (health == nullptr) return false;
    own.retry = health_.take_retry(*health, now);
    return own.retry.has_value();
  }

  bool repeats(const Asked& call, Own& own, Instant now) {
    if (!route::may_be_tried_again_here(call.ended) || own.repeats >= repeats_max) return false;
    std::optional<Duration> wait = call.retry_after;
    route::Admission admission = healths_[call.target]->would_admit(asker_of(call), now);
    if (!admission.passes()) {
      if (!admission.is_busy()) return false;
      wait = std::max(wait.value_or(Duration{}), admission.until - now);
    }
    wait = route::backoff(own.repeats + 1, wait, now, call.deadline, random_);
    if (!wait || *wait > repeat_wait_max) return false;
    ++own.repeats;
    own.not_before = now + *wait;
    for (Candidate& each : own.candidates) {
      if (each.target->provider == call.target) each.why_not = WhyNot::none;
    }
    return true;
  }

  std::optional<std::size_t> take(const Asked& call, Own& own, Instant now) const {
    for (route::Panic panic : {route::Panic::no, route::Panic::yes}) {
      if (panic == route::Panic::yes && is_busy(own)) break;
      for (Candidate& each : own.candidates) {
        bool tripped = each.why_not == WhyNot::tripped || each.why_not == WhyNot::own_tripped;
        if (panic == route::Panic::no ? each.why_not != WhyNot::none : !tripped) continue;
        std::expected<TargetHealth::Slot, route::Admission> slot =
            each.health->admit(asker_of(call), now, panic);
        if (!slot) {
          each.why_not = route::why_not(slot.error().why);
          each.until = slot.error().until;
          continue;
        }
        own.slot = std::move(*slot);
        own.panics = panic == route::Panic::yes;
        return each.target->provider;
      }
    }
    return std::nullopt;
  }

  static bool is_busy(const Own& own) {
    return std::ranges::any_of(own.candidates,
                               [](const Candidate& each) { return route::is_busy(each.why_not); });
  }

  // Where a place comes free first; nothing, where none does in time.
  Next line_up(const Asked& call, Own& own, Instant now) {
    route::Waiting as{.tenant = call.what.principal, .bell = &bell_};
    const Candidate* soonest = nullptr;
    Instant at = Instant::never();
    for (const Candidate& each : own.candidates) {
      if (!route::is_busy(each.why_not)) continue;
      Instant free = each.health->soonest(asker_of(call), as, now);
      if (free < at) soonest = &each;
      at = std::min(at, free);
    }
    if (soonest == nullptr) return {};
    as.ticket = own.ticket = ticket_step * ++tickets_ + call.id;
    own.until = now + config::ProviderQueue().wait;
    auto turn = soonest->health->line_up(asker_of(call), as, own.until, now);
    if (!turn) return {};
    own.turn = std::move(*turn);
    own.lined_up_at = soonest->target->provider;
    return look(call, own, now);
  }

  Next look(const Asked& call, Own& own, Instant now) {
    auto place = own.turn->look(now);
    if (!place && place.error().is_busy() && now < own.until) {
      return {.target = {}, .ask_again = std::min(own.until, place.error().until)};
    }
    own.turn.reset();
    if (place) {
      own.slot = std::move(*place);
      own.panics = false;
      return {.target = own.lined_up_at, .ask_again = {}};
    }
    if (place.error().is_busy()) return {};
    ask_health(call, own, now);
    std::optional<std::size_t> taken = take(call, own, now);
    if (!taken && is_busy(own)) return line_up(call, own, now);
    return {.target = taken, .ask_again = {}};
  }

  route::Health health_;
  Random random_;
  config::Balance balance_;
  std::array<route::Target, target_count> all_{};
  std::array<TargetHealth*, target_count> healths_{};
  Bell bell_;
  std::uint64_t tickets_ = 0;
  std::vector<Own> calls_;  // by Asked::id; goes before the bell
};

}  // namespace

std::unique_ptr<Rule> ours(std::uint64_t seed, bool by_latency) {
  return std::make_unique<Ours>(seed, by_latency);
}

}  // namespace recloser::resilience
