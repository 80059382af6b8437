// STOP: calls that are ended while they run by what is not in their own stream: their time is used
// up, a limit was lowered, an operator has thrown a switch.
#include "core/limits.h"
#include "core/names.h"
#include "relay/request.h"
#include "session/labels.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using budget::Unit;

constexpr budget::Amount slice_ms =
    1000;  // of time; calls of one account share it second by second

}  // namespace

// Nothing is refused ahead of time, because nobody knows how long a call takes; but where none is
// left, none begins.
std::expected<void, Refused> Relay::begin_time(Call& call) {
  if (!call.held->permit().holds(Unit::seconds)) return {};
  std::expected<budget::Amount, budget::Exhausted> taken =
      call.held->permit().take_up_to(Unit::seconds, slice_ms);
  if (!taken) return std::unexpected(refused_by_budget(taken.error()));
  auto fire = [](net::Timer& timer) {
    auto& clock = static_cast<CallClock&>(timer);
    clock.relay.time_passed(clock);
  };
  call.held->clock() = std::make_unique<CallClock>(fire, *this, call);
  CallClock& clock = *call.held->clock();
  clock.taken_ms = *taken;
  worker_.timers().set(clock, call.held->since() + clock.taken_ms * 1ms);
  return {};
}

// What was taken is used up: more of it, or the call ends here.
void Relay::time_passed(CallClock& clock) {
  Call& call = clock.call;
  if (call.row.settled()) return;
  budget::Permit& permit = call.held->permit();
  budget::Amount used = (worker_.now() - call.held->since()) / 1ms;
  while (clock.taken_ms <= used) {
    std::expected<budget::Amount, budget::Exhausted> more =
        permit.take_up_to(Unit::seconds, slice_ms);
    if (!more) {
      call.held->end(std::move(more.error()));
      return stop(call);
    }
    clock.taken_ms += *more;
  }
  worker_.timers().set(clock, call.held->since() + clock.taken_ms * 1ms);
}

// Whatever it waits for ends now; an answer that comes all the time ends with its next piece. What
// the client is told is said by cutting_of().
void Relay::stop(Call& call) { call.cancel.cancel(net::CancelReason::stopped, worker_.now()); }

// Looks at all that runs: what it runs under is no longer what it was.
void Relay::look_again() {
  net::WaiterList seen;
  while (net::Waiter* running = running_.take()) {
    seen.add(*running);
    Call& call = static_cast<Call::Running&>(*running).call;
    if (call.row.settled() || is_stopped(call)) continue;
    const ledger::Attempt* attempt = call.record().last_attempt();
    std::string_view target = attempt == nullptr ? "" : call.record().text_at(attempt->target);
    if (is_over_limit(call) || is_switched_off(call, target)) stop(call);
  }
  running_.take_all(seen);
}

// `target` is "provider/model", or "" while none is chosen.
bool Relay::is_switched_off(Call& call, std::string_view target) {
  const SwitchSet& switches = *switches_.current();
  if (!switches.stops_any()) return false;
  const ledger::CallRecord& row = call.record();
  std::array<std::string_view, limits::labels_max> labels;
  std::size_t label_count = session::split_labels(row.text(ledger::Text::labels), labels);
  std::string_view provider = row.text(ledger::Text::provider);
  budget::CallFacts facts{.org = row.text(ledger::Text::org),
                          .team = row.text(ledger::Text::team),
                          .user = row.text(ledger::Text::user),
                          .agent = row.text(ledger::Text::agent),
                          .key = row.text(ledger::Text::key_id),
                          .session = row.text(ledger::Text::session),
                          .trace = row.text(ledger::Text::trace),
                          .model = row.text(ledger::Text::model_requested),
                          .provider = provider,
                          .target = target,
                          .labels = std::span(labels).first(label_count)};
  std::string_view model = target.substr(std::min(target.size(), provider.size() + 1));
  const std::string* name = switches.stops(facts, model);
  if (name != nullptr) call.switched_off = std::make_unique<std::string>(*name);
  return name != nullptr;
}

std::expected<void, Refused> Relay::refuse_switched_off(Call& call, const Request& request) {
  if (!is_switched_off(call, request.target_name)) return {};
  Cutting cutting = cutting_of_switch(call);
  return std::unexpected(
      Refused{.refusal = cutting.refusal,
              .message = fmt::format("{}, which refuses {}: ask whoever runs Recloser",
                                     cutting.reason, stopped_by_switch(*call.switched_off)),
              .rule = std::move(cutting.rule)});
}

// Why it was thrown is for operators to know.
Cutting cutting_of_switch(const Call& call) {
  const std::string& name = *call.switched_off;
  return {.rule = "switch/" + name,
          .reason = fmt::format("the switch {} is on", shown(name)),
          .note = fmt::format("[Recloser: stopped by an operator, the switch {} is on. call {}]",
                              shown(name), call.id()),
          .refusal = codec::Refusal::policy_denied};
}

bool is_stopped(const Call& call) { return call.cancel.reason() == net::CancelReason::stopped; }

// One whose answer had not begun: there is nothing to cut, and the client gets an answer of ours.
Refused stopped_unsent(Call& call) {
  Cutting cutting = cutting_of(call);
  return {.refusal = cutting.refusal,
          .message = cutting.reason + ": the call was stopped",
          .rule = std::move(cutting.rule)};
}

}  // namespace recloser::relay
