// Attempts: what one has come to, and whether another one is made in its place.
#include "codec/seals.h"
#include "core/limits.h"
#include "net/pause.h"
#include "relay/request.h"
#include "route/backoff.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using net::http1::Name;
using net::http1::NameSet;
using route::AttemptEnd;
using route::Candidate;
using route::WhyNot;

// A larger answer is no error that anybody should look into.
constexpr std::size_t error_bytes_max = 64u << 10;

// A client that is told to come back later than that does so itself.
constexpr Duration repeat_wait_max = 10s;

// Whether the call may be served somewhere else than where it is now, after a wait perhaps.
bool has_others(const Request& request) {
  return std::ranges::any_of(request.candidates, [&](const Candidate& each) {
    bool may_be_asked = each.why_not == WhyNot::none || route::is_busy(each.why_not);
    return may_be_asked && each.target != request.target;
  });
}

// A gateway behind us has said no, by a budget or a rule of its own: that is the answer, and no
// fault of the target's.
bool is_decided_behind(const net::http1::ResponseHead& head) {
  return head.has(Name::x_recloser_any) && head.find("x-recloser-decision") &&
         head.find(Name::x_should_retry) == "false";
}

// Whether who answered says that to ask there again is of no use. A gateway has made its own
// attempts before it gave up: tried again here, they would multiply.
bool asks_for_no_more(const net::http1::ResponseHead& head) {
  std::optional<std::string_view> again = head.find(Name::x_should_retry);
  bool is_gateway = head.has(Name::x_recloser_any) && head.find("x-recloser-call");
  return again == "false" || (is_gateway && again != "true");
}

// When to come back, where no `Retry-After` says so: LiteLLM's proxy hands that of the provider
// behind it on by a name of its own, Gemini writes it into its error.
std::optional<Duration> retry_delay(const KeptAnswer& refused, WallTime now) {
  if (auto handed_on = refused.head.find("llm_provider-retry-after")) {
    return route::parse_wait(*handed_on, now);
  }
  return route::retry_delay_in(refused.begun, now);
}

}  // namespace

AttemptEnd end_of(const Error& error, Reached way) {
  if (error.side() != Side::provider) return AttemptEnd::cancelled;
  if (way == Reached::no || error.kind() == Kind::tls) {
    return error.kind() == Kind::timed_out ? AttemptEnd::timed_out : AttemptEnd::unreachable;
  }
  return error.kind() == Kind::timed_out ? AttemptEnd::timed_out : AttemptEnd::broken;
}

// Reads an answer that is to be looked into, as far as that is worth its while. False where it
// breaks off; why is in the call.
Task<bool> Relay::read_error(Call& call, const net::HangupWatch& watch, net::HttpCall& provider,
                             const net::http1::ResponseHead& head) {
  call.kept = std::make_unique<KeptAnswer>(head, std::string(head.bytes()), std::string());
  KeptAnswer& kept = *call.kept;
  kept.head.moved_to(kept.head_bytes.data());
  while (!provider.body_ended() && kept.begun.size() < error_bytes_max) {
    Result<std::string_view> piece = co_await provider.next(provider.idle_deadline());
    if (!piece) {
      call.kept.reset();
      fail_attempt(call, watch, piece.error(), Reached::yes);
      co_return false;
    }
    kept.begun += *piece;
  }
  co_return true;
}

// What the provider says of its limits.
void Relay::note_quota(Call& call, const net::http1::ResponseHead& head) {
  constexpr NameSet limits{Name::anthropic_ratelimit_any, Name::x_ratelimit_any, Name::retry_after,
                           Name::retry_after_ms};
  std::optional<route::QuotaReading> reading;
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    if (!limits.has(head.known(i))) continue;
    if (!reading) reading.emplace();
    net::http1::Field field = head.field(i);
    reading->field(field.name, field.value, worker_.wall());
  }
  if (!reading) return;
  call.retry_after = reading->retry_after();
  // A gateway behind us tells of budgets of one team or one session: the others may go on.
  bool is_gateway = head.has(Name::x_recloser_any);
  if (call.slot.open() && !is_gateway) call.slot.headers(*reading, worker_.now());
}

// An answer with an error status has been read: what it means for its target.
void Relay::end_with_error(Call& call, int status) {
  AttemptEnd end = route::end_of_answer(status, call.kept->begun);
  // Any client could fill the log with these.
  std::string_view of_the_call;
  if (end == AttemptEnd::filtered) of_the_call = "content_policy";
  if (is_decided_behind(call.kept->head)) {
    end = AttemptEnd::rejected;
    of_the_call = "refused_behind";
  }
  if (of_the_call.empty()) note_status(call, status);
  if (end == AttemptEnd::loading) of_the_call = error_class_loading;
  if (!of_the_call.empty()) {
    call.record().set_error_class(*call.record().last_attempt(), of_the_call);
  }
  call.ended = end;
  if (!call.retry_after) call.retry_after = retry_delay(*call.kept, worker_.wall());
}

// The target's health learns how the attempt ended; what we have ended says nothing of it.
void Relay::end_slot(Call& call, ledger::Outcome outcome) {
  if (!call.slot.open()) return;
  AttemptEnd end = outcome == ledger::Outcome::completed         ? AttemptEnd::answered
                   : outcome == ledger::Outcome::provider_failed ? call.ended
                                                                 : AttemptEnd::cancelled;
  if (end == AttemptEnd::answered) note_retry_succeeded(call);
  call.slot.end(end, call.retry_after, worker_.now());
}

void note_retry_succeeded(Call& call) {
  if (call.retry) call.retry->succeeded();
  call.retry.reset();
}

void note_tried(Request& request) {
  for (Candidate& each : request.candidates) {
    if (each.target == request.target) each.why_not = WhyNot::tried;
  }
}

std::size_t attempts_of(const Request& request) {
  return std::min<std::size_t>(request.resolved->model().attempts, limits::attempts_max);
}

// Whether another attempt can still be made for the call: there is somewhere to go, and nothing of
// an answer is out, or it may be gone on with.
bool Relay::may_go_elsewhere(const Call& call) const {
  if (!call.request || call.cancel.cancelled()) return false;
  const Request& request = *call.request;
  bool may =
      call.row.record().attempt_count() < attempts_of(request) && worker_.now() < deadline_of(call);
  if (!may) return false;
  return has_others(request) || request.repeats < call.provider->config->retries;
}

// Of the first piece of the answer, or of the next one where it has broken off.
Instant Relay::deadline_of(const Call& call) const {
  Instant from = call.request->out ? call.request->continued->broke_at : call.begun;
  return from + call.request->resolved->model().deadline;
}

// The attempt has failed. Whether another one is made: then, once all of this one is booked, comes
// leave_attempt().
bool Relay::goes_elsewhere(Call& call, AttemptEnd end) {
  call.ended = end;
  if (end == AttemptEnd::loading) return goes_on_when_loaded(call);
  if (!route::may_be_tried_again(end) || !may_go_elsewhere(call)) return false;
  Request& request = *call.request;
  if (request.panics) return false;  // all targets fail: one attempt is enough to see it
  end_slot(call, ledger::Outcome::provider_failed);
  note_tried(request);
  ask_health(request);
  route::TargetHealth* next = next_of(request);
  if (next == nullptr && repeat(call, end)) next = call.model->health;
  if (next == nullptr) return false;
  call.retry = services_.health.take_retry(*next, worker_.now());
  if (!call.retry) note_no_retry_left(call, *next);
  return call.retry.has_value();
}

void Relay::note_no_retry_left(Call& call, const route::TargetHealth& next) {
  call.record().add_decision(
      {.phase = "request",
       .policy = {},
       .rule = "retries",
       .action = "deny",
       .reason = fmt::format("{} is not asked: second attempts are a tenth of all calls at the "
                             "most, and three at a time beyond that at each target",
                             next.name())});
}

// The provider has been sent as its own what another one had sealed in the conversation. It is
// asked once more without that; it did nothing wrong, and this is no retry.
bool Relay::goes_on_without_seals(Call& call) {
  if (!call.request || call.cancel.cancelled() || call.ended != AttemptEnd::rejected) return false;
  Request& request = *call.request;
  bool may = call.record().attempt_count() < attempts_of(request) &&
             worker_.now() < deadline_of(call) && !request.seals_refused &&
             request.asked_first == call.provider && codec::refuses_seals(call.kept->begun);
  codec::BodyEdits without;
  if (!may ||
      !codec::take_out_seals(without, call.route.operation, call.client.body(), request.facts)) {
    return false;
  }
  request.seals_refused = true;
  call.record().set_error_class(*call.record().last_attempt(), "seals_refused");
  return true;
}

// The target that would be asked next, at once or after a wait.
route::TargetHealth* Relay::next_of(const Request& request) const {
  auto next = std::ranges::find(request.candidates, WhyNot::none, &Candidate::why_not);
  if (next == request.candidates.end()) {
    next = std::ranges::find_if(request.candidates, route::is_busy, &Candidate::why_not);
  }
  return next == request.candidates.end() ? nullptr : next->health;
}

// The same target once more, after a while, where no other one is left.
bool Relay::repeat(Call& call, AttemptEnd end) {
  Request& request = *call.request;
  if (!route::may_be_tried_again_here(end)) return false;
  if (request.repeats >= call.provider->config->retries) return false;
  if (call.kept && asks_for_no_more(call.kept->head)) return false;
  Instant now = worker_.now();
  std::optional<Duration> wait = call.retry_after;
  route::Admission admission = call.model->health->would_admit(request.asker, now);
  if (!admission.passes()) {
    if (!admission.is_busy()) return false;
    wait = std::max(wait.value_or(Duration{}), admission.until - now);
  }
  wait = route::backoff(request.repeats + 1, wait, now, deadline_of(call), random_);
  if (!wait || *wait > repeat_wait_max) return false;
  ++request.repeats;
  request.not_before = now + *wait;
  for (Candidate& each : request.candidates) {
    if (each.target == request.target) each.why_not = WhyNot::none;
  }
  return true;
}

// What it may be billed stays in the books; all else of it is gone. The life of the call goes on
// with ask(); of one whose client has some of it, with switch_target().
void Relay::leave_attempt(Call& call) {
  bool out = call.request->out;
  call.goes_elsewhere = !out;
  end_slot(call, ledger::Outcome::provider_failed);
  call.request->opening_head.clear();
  call.request->opening.clear();
  ledger::Attempt* attempt = call.record().last_attempt();
  if (attempt->outcome == ledger::Outcome::open)
    attempt->outcome = ledger::Outcome::provider_failed;
  keep_booked(call);
  std::int64_t passed = 0;
  if (out) {
    passed = static_cast<std::int64_t>(call.request->continued->tokens_out);
  }
  call.earlier->lost_output_tokens =
      std::max<std::int64_t>(call.earlier->output_tokens - passed, 0);
  release_budgets(call);
  call.refused.reset();
  call.assembly.reset();
  call.decoder.reset();
  call.usage = codec::Usage();
  call.is_estimate = call.served_said = call.unreadable = call.hide_usage = false;
  if (out) return;
  call.record().ttft_ns = ledger::absent;
  call.request->continued.reset();  // it is of this stream, of which nothing is out
}

Refused ended_while_waiting(Call& call) {
  return is_stopped(call) ? stopped_unsent(call) : draining();
}

// Until the target may be asked again. False when the call has ended meanwhile.
Task<bool> Relay::wait_for_target(Call& call) {
  Instant begun = worker_.now();
  net::Pause pause(worker_, call.request->not_before);
  net::CancelPoint::During waiting(call.cancel, pause);
  co_await pause;
  call.request->waited += worker_.now() - begun;
  co_return !call.cancel.cancelled();
}

}  // namespace recloser::relay
