#include "route/target_health.h"

#include "core/check.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace recloser::route {

using Why = Admission::Why;

std::string_view name_of(Why why) {
  switch (why) {
    case Why::yes:
      return "yes";
    case Why::drained:
      return "drained";
    case Why::tripped:
      return "tripped";
    case Why::probe_failed:
      return "probe_failed";
    case Why::own_tripped:
      return "own_tripped";
    case Why::cooling:
      return "cooling";
    case Why::loading:
      return "loading";
    case Why::key_tripped:
      return "key_tripped";
    case Why::quota:
      return "quota";
    case Why::full:
      return "full";
  }
  std::unreachable();
}

TargetHealth::TargetHealth(std::string name, std::string_view provider, KeyState& key,
                           std::uint64_t seed, HealthWatcher* watcher)
    : name_(std::move(name)), provider_(provider), key_(key), watcher_(watcher), random_(seed) {}

TargetHealth::Look TargetHealth::look(const Asker& asker, Instant now) const {
  std::lock_guard lock(lock_);
  Look look{.admission = judge_newcomer(asker, now),
            .glance = {.state = breaker_.state(now), .ttft = ewma_.at(now)}};
  if (look.admission.passes() && asker.key_is_ours && !key_.would_admit(now)) {
    look.admission = {.why = Why::key_tripped, .until = std::max(now, key_.standing(now).until)};
  }
  return look;
}

// What lasts longest first, so that it is what a person is told.
Admission TargetHealth::judge(const Asker& asker, Instant now, Panic panic) const {
  auto no = [now](Why why, Instant until) {
    return Admission{.why = why, .until = std::max(now, until)};
  };
  if (drained_) return no(Why::drained, Instant::never());
  if (!breaker_.would_admit(now) && panic == Panic::no) {
    return no(held_by_probes_ ? Why::probe_failed : Why::tripped, breaker_.trip().until());
  }
  if (!own_.would_admit(asker.principal, now)) {
    return no(Why::own_tripped, own_.until(asker.principal));
  }
  if (loading_.holds(now)) return no(Why::loading, loading_.until());
  if (asker.key_is_ours) {
    if (cooldown_.cooling(now)) return no(Why::cooling, cooldown_.until());
    Instant away = gauges_.keeps_away(asker.needs);
    if (away > now) return no(Why::quota, away);
  }
  if (pace_.is_set()) {
    Instant away = pace_.keeps_away(asker.needs);
    if (away > now) return no(Why::quota, away);
  }
  if (!limit_.would_admit(running_)) return no(Why::full, now);
  return {.why = Why::yes, .until = now};
}

// A place that comes free is for those who wait.
Admission TargetHealth::judge_newcomer(const Asker& asker, Instant now) const {
  Admission admission = judge(asker, now, Panic::no);
  if (admission.passes() && !line_.empty()) return {.why = Why::full, .until = now};
  return admission;
}

std::expected<TargetHealth::Slot, Admission> TargetHealth::admit(const Asker& asker, Instant now,
                                                                 Panic panic) {
  trip_if_silent(now);
  Asker bounded = asker;
  bounded.needs = asker.needs.bounded();
  State before{};
  State after{};
  std::expected<Held, Admission> held;
  {
    std::lock_guard lock(lock_);
    Admission admission =
        panic == Panic::no ? judge_newcomer(bounded, now) : judge(bounded, now, panic);
    if (!admission.passes()) return std::unexpected(admission);
    before = breaker_.settled_state();
    held = take(bounded, now);
    after = breaker_.settled_state();
  }
  if (!held) return std::unexpected(held.error());
  if (before != after) tell(before, after, "probing", now, now);
  return Slot(*held);
}

bool TargetHealth::probe_in_need(Instant now) {
  std::lock_guard lock(lock_);
  return breaker_.probe_in_need(now);
}

// A place, for a call that may have one, unless the provider's key is in trouble.
std::expected<TargetHealth::Held, Admission> TargetHealth::take(const Asker& asker, Instant now) {
  Held held{.asker = asker, .begun = now};
  held.in_panic = !breaker_.would_admit(now);
  if (asker.key_is_ours) {
    std::optional<Ticket> key = key_.admit(now);
    if (!key) {
      return std::unexpected(
          Admission{.why = Why::key_tripped, .until = std::max(now, key_.standing(now).until)});
    }
    held.key = *key;
  }
  held.shared = breaker_.admit_anyhow(now);
  held.own = own_.admit_anyhow(asker.principal, now);
  loading_.asked(now);
  gauges_.sent(asker.needs);
  if (pace_.is_set()) pace_.sent(asker.needs, now);
  if (asker.streams) silence_.sent(now);
  if (limit_.limit() != ConcurrencyLimit::none) running_since_.began(now);
  ++running_;
  ++waiting_;
  held.health = this;
  return held;
}

// One that answers nobody any more is not sent more calls until theirs run into their limits. Seen
// when another one comes.
void TargetHealth::trip_if_silent(Instant now) {
  Rings rings;
  Instant until;
  {
    std::lock_guard lock(lock_);
    bool silent = silence_.lasts(now, [this] { return forecast_.within(95); });
    if (!silent || breaker_.state(now) != State::passing) return;
    last_failure_ = name_of(AttemptEnd::timed_out);  // which its calls will come to
    held_by_probes_ = false;
    own_.clear();
    breaker_.trip(now, random_);
    until = breaker_.trip().until();
    serve(now, rings);
  }
  tell(State::passing, State::tripped, name_of(AttemptEnd::timed_out), now, until);
}

void TargetHealth::probed(const ProbeReport& report, Instant now) {
  State before{};
  {
    Rings rings;
    std::lock_guard lock(lock_);
    probe_ = report;
    if (report.says == ProbeReport::Says::works) {
      breaker_.release(now);
      held_by_probes_ = false;
    }
    if (report.says != ProbeReport::Says::fails) return serve(now, rings);
    before = breaker_.settled_state();
    held_by_probes_ = true;
    if (!breaker_.hold(report.good_until, now)) return;
    last_failure_ = name_of(Why::probe_failed);
    own_.clear();
    serve(now, rings);
  }
  tell(before, State::tripped, name_of(Why::probe_failed), now, report.good_until);
}

double TargetHealth::cost(Instant now) const {
  std::lock_guard lock(lock_);
  return ewma_.cost(waiting_, now);
}

std::optional<Duration> TargetHealth::first_token_within(std::uint32_t of_hundred,
                                                         std::uint64_t prompt_tokens) const {
  std::lock_guard lock(lock_);
  return forecast_.within(of_hundred, prompt_tokens);
}

void TargetHealth::drain(bool drained) {
  Rings rings;
  std::lock_guard lock(lock_);
  drained_ = drained;
  serve(line_now_, rings);
}

void TargetHealth::configure(const TargetSettings& settings) {
  Rings rings;
  std::lock_guard lock(lock_);
  limit_.configure(settings.limits.concurrency.value_or(ConcurrencyLimit::none));
  pace_.configure(settings.limits.rpm, settings.limits.tpm);
  queue_ = settings.queue;
  serve(line_now_, rings);
}

TargetHealth::Standing TargetHealth::standing(Instant now) const {
  Standing out;
  out.key = key_.standing(now);
  std::lock_guard lock(lock_);
  const Trip& trip = breaker_.trip();
  out.name = name_;
  out.state = trip.state(now);
  out.since = trip.since();
  out.until = trip.until();
  if (trip.ever_tripped()) out.why = last_failure_;
  out.trips_in_a_row = trip.in_a_row(now);
  out.trips = trip.trips();
  out.drained = drained_;
  out.probe = probe_;
  out.running = running_;
  out.limit = limit_.limit();
  out.waiting = static_cast<std::uint32_t>(line_.size());
  out.turned_away = turned_away_;
  out.lately = breaker_.lately(now);
  out.own_breakers = own_.size();
  out.ewma_ttft = ewma_.at(now);
  out.p50_ttft = forecast_.within(50);
  out.p95_ttft = forecast_.within(95);
  out.cooling_until = cooldown_.until();
  for (std::size_t i = 0; i < quota_unit_count; ++i) {
    out.gauges[i] = gauges_.of(static_cast<QuotaUnit>(i));
  }
  out.ends = ends_;
  return out;
}

void TargetHealth::headers(Held& held, const QuotaReading& reading, Instant now) {
  Rings rings;
  std::lock_guard lock(lock_);
  arrived(held);
  if (held.asker.key_is_ours) gauges_.read(reading, now);
  serve(now, rings);
}

void TargetHealth::first_token(Held& held, Duration ttft, std::uint64_t prompt_tokens,
                               Instant now) {
  State before{};
  State after{};
  {
    Rings rings;
    std::lock_guard lock(lock_);
    arrived(held);
    if (!held.waits) return;
    no_longer_waits(held);
    silence_.heard(now);
    before = breaker_.settled_state();
    breaker_.first_token(held.shared, held.asker.principal, now);
    after = breaker_.settled_state();
    own_.first_token(held.own, held.asker.principal, now);
    loading_.is_over();
    ewma_.observe(ttft, now);
    limit_.first_token(forecast_.by_average(ttft, prompt_tokens), running_, now);
    forecast_.learn(ttft, prompt_tokens);
    serve(now, rings);
  }
  if (before != after) tell(before, after, "recovered", now, now);
  if (held.asker.key_is_ours && key_.first_token(held.key, now)) {
    tell_of_key(State::probing, "recovered", now);
  }
}

void TargetHealth::end(Held& held, AttemptEnd end, std::optional<Duration> retry_after,
                       Instant now) {
  State before{};
  State after{};
  Instant until{};
  {
    Rings rings;
    std::lock_guard lock(lock_);
    before = breaker_.settled_state();
    learn(held, end, retry_after, now);
    after = breaker_.settled_state();
    until = breaker_.trip().until();
    if (end == AttemptEnd::answered) stays_.learn(now - held.begun);
    give_back(held, now, rings);
  }
  if (before != after) {
    tell(before, after, after == State::passing ? "recovered" : name_of(end), now, until);
  }
  if (!held.asker.key_is_ours) return;
  State key_before = held.key.probe == 0 ? State::passing : State::probing;
  if (!key_.end(held.key, end, now)) return;
  tell_of_key(key_before, end == AttemptEnd::answered ? "recovered" : name_of(end), now);
}

// What a principal breaks for itself is learnt only of calls that say something of the target, too:
// while it is tripped or probing, who is let in is not to blame.
void TargetHealth::learn(Held& held, AttemptEnd end, std::optional<Duration> retry_after,
                         Instant now) {
  if (retry_after <= Duration{0}) retry_after.reset();  // a time that is over tells none
  ++ends_[static_cast<std::size_t>(end)];
  // How an answer ends that had begun says nothing of those that wait.
  bool spoke = end != AttemptEnd::cancelled && end != AttemptEnd::timed_out;
  if (held.waits && spoke) silence_.heard(now);
  PrincipalHash principal = held.asker.principal;
  if (breaker_.trip().counts(held.shared)) own_.end(held.own, principal, end, now, random_);
  if (counts_as_failure(end)) {
    last_failure_ = name_of(end);
    Duration waited = held.waits ? now - held.begun : Duration{0};
    ewma_.observe(std::max<Duration>(waited, failure_cost), now);
  }
  if (breaker_.end(held.shared, principal, end, now, random_)) {
    own_.clear();
    held_by_probes_ = false;
  }
  if (end == AttemptEnd::rate_limited && held.asker.key_is_ours) {
    limit_.rate_limited(running_, now);
    // Where it says nothing of a time, fewer calls at once are enough, if the limit keeps any away.
    bool fewer = limit_.limit() < running_;
    if (retry_after || !fewer) cooldown_.rate_limited(now, retry_after, random_);
  }
  if (end == AttemptEnd::answered) cooldown_.answered();
  if (end == AttemptEnd::loading) {
    loading_.not_yet(now, retry_after);
  } else if (end != AttemptEnd::cancelled) {
    loading_.is_over();
  }
}

void TargetHealth::arrived(Held& held) {
  if (!held.on_its_way) return;
  held.on_its_way = false;
  gauges_.arrived(held.asker.needs);
}

void TargetHealth::give_back(Held& held, Instant now, Rings& rings) {
  CHECK(running_ > 0, "a slot is given back once");
  arrived(held);
  if (held.waits) no_longer_waits(held);
  running_since_.ended(held.begun);
  --running_;
  serve(now, rings);
}

void TargetHealth::no_longer_waits(Held& held) {
  held.waits = false;
  --waiting_;
  if (held.asker.streams) silence_.left();
}

void TargetHealth::tell(State from, State to, std::string_view why, Instant now,
                        Instant until) const {
  if (watcher_ == nullptr) return;
  watcher_->changed({.name = name_, .from = from, .to = to, .why = why, .at = now, .until = until});
}

void TargetHealth::tell_of_key(State from, std::string_view why, Instant now) const {
  if (watcher_ == nullptr) return;
  KeyState::Standing key = key_.standing(now);
  watcher_->changed({.of = StateChange::Of::key,
                     .name = provider_,
                     .from = from,
                     .to = key.state,
                     .why = why,
                     .at = now,
                     .until = key.until});
}

TargetHealth::Slot::Slot(Slot&& other) noexcept : held_(other.held_) {
  other.held_.health = nullptr;
}

TargetHealth::Slot& TargetHealth::Slot::operator=(Slot&& other) noexcept {
  if (this == &other) return *this;
  if (open()) end(AttemptEnd::cancelled, std::nullopt, held_.begun);
  held_ = other.held_;
  other.held_.health = nullptr;
  return *this;
}

TargetHealth::Slot::~Slot() {
  if (open()) end(AttemptEnd::cancelled, std::nullopt, held_.begun);
}

void TargetHealth::Slot::headers(const QuotaReading& reading, Instant now) {
  CHECK(open(), "a call that has ended gets no answer");
  held_.health->headers(held_, reading, now);
}

void TargetHealth::Slot::first_token(Duration ttft, std::uint64_t prompt_tokens, Instant now) {
  CHECK(open(), "a call that has ended gets no answer");
  held_.health->first_token(held_, ttft, prompt_tokens, now);
}

void TargetHealth::Slot::end(AttemptEnd end, std::optional<Duration> retry_after, Instant now) {
  CHECK(open(), "a call ends once");
  std::exchange(held_.health, nullptr)->end(held_, end, retry_after, now);
}

}  // namespace recloser::route
