// WAIT: for a place at a target that works, and takes no more calls for the moment.
#include "core/names.h"
#include "relay/request.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {

using route::Admission;
using route::Candidate;
using route::TargetHealth;
using route::WhyNot;

bool any_is_busy(const Request& request) {
  return std::ranges::any_of(request.candidates,
                             [](const Candidate& each) { return route::is_busy(each.why_not); });
}

// The next place that comes free, where nothing is left but targets that are busy. Error: none is
// likely to in time, which is said at once, or the call has ended meanwhile.
Task<std::expected<void, Refused>> Relay::wait_for_place(Call& call, Request& request) {
  while (Candidate* next = soonest_of(call, request)) {
    if (request.target != nullptr) request.begin_again();
    point_at(call, request, *next->target);
    std::expected<void, Refused> may = may_be_asked(call, request);
    if (!may) {
      next->why_not = WhyNot::refused;
      continue;
    }
    Instant begun = worker_.now();
    Instant until = std::min(deadline_of(call), begun + call.provider->config->queue.wait);
    std::uint64_t ticket = waiting_calls_.next_ticket();
    std::expected<TargetHealth::Turn, Admission> turn =
        next->health->line_up(request.asker, waiting_as(call, ticket), until, begun);
    if (!turn) {
      note_not_admitted(*next, turn.error());
      if (turn.error().is_busy()) break;  // and every other one takes longer
      continue;
    }
    std::expected<TargetHealth::Slot, Admission> place =
        co_await stand_in_line(call, *turn, ticket, until);
    note_wait(call, turn->ahead(), worker_.now() - begun);
    if (call.cancel.cancelled()) co_return std::unexpected(ended_while_waiting(call));
    if (place) {
      call.slot = std::move(*place);
      request.panics = false;
      co_return std::expected<void, Refused>();
    }
    note_not_admitted(*next, place.error());
    if (place.error().is_busy()) break;  // it took longer than was to be expected
    ask_health(request);
    std::expected<void, Refused> taken = take_target(call, request);
    if (taken || !any_is_busy(request)) co_return taken;
  }
  if (probe_in_need(call, request)) co_return std::expected<void, Refused>();
  co_return std::unexpected(no_target(request));
}

// A call that would be refused, because the targets that work take no more, may find out instead
// whether a tripped one has recovered.
bool Relay::probe_in_need(Call& call, Request& request) {
  for (Candidate& each : request.candidates) {
    if (each.why_not != WhyNot::tripped || !each.health->probe_in_need(worker_.now())) continue;
    if (request.target != nullptr) request.begin_again();
    point_at(call, request, *each.target);
    if (!may_be_asked(call, request)) continue;
    if (take_place(call, request, each, route::Panic::no)) return true;
  }
  return false;
}

// A place, or why there is none: still busy, where it is too late or the call has ended.
Task<std::expected<TargetHealth::Slot, Admission>> Relay::stand_in_line(Call& call,
                                                                        TargetHealth::Turn& turn,
                                                                        std::uint64_t ticket,
                                                                        Instant until) {
  for (;;) {
    std::expected<TargetHealth::Slot, Admission> place = turn.look(worker_.now());
    if (!turn.waits() || call.cancel.cancelled() || worker_.now() >= until) co_return place;
    net::Pause pause(worker_, std::min(until, place.error().until));
    WaitingCalls::During rung(waiting_calls_, ticket, pause);
    net::CancelPoint::During waiting(call.cancel, pause);
    co_await pause;
  }
}

// Of the busy ones, that where a place comes free first; null where none does.
Candidate* Relay::soonest_of(const Call& call, Request& request) {
  Candidate* soonest = nullptr;
  for (Candidate& each : request.candidates) {
    if (!route::is_busy(each.why_not)) continue;
    request.asker.key_is_ours = key_is_ours(services_.providers->at(each.target->provider));
    Instant free = each.health->soonest(request.asker, waiting_as(call, 0), worker_.now());
    if (free == Instant::never()) continue;
    each.until = free;
    if (soonest == nullptr || free < soonest->until) soonest = &each;
  }
  if (soonest != nullptr) {
    request.asker.key_is_ours = key_is_ours(services_.providers->at(soonest->target->provider));
  }
  return soonest;
}

// The calls of a team take turns with those of others, as do those of a principal without one.
route::Waiting Relay::waiting_as(const Call& call, std::uint64_t ticket) {
  const ledger::CallRecord& row = call.row.record();
  std::string_view team = row.text(ledger::Text::team);
  std::uint64_t of_team = hash_.of(team, hash_.of(row.text(ledger::Text::org)));
  return {.tenant = team.empty() ? call.principal.low : of_team,
          .priority = call.request->priority,
          .bell = &waiting_calls_,
          .ticket = ticket};
}

// In the row, and no time of Recloser's own.
void Relay::note_wait(Call& call, std::size_t ahead, Duration waited) {
  call.request->waited += waited;
  std::string reason = fmt::format("it waited {} ms for {}, behind {}", waited / 1ms,
                                   shown(call.request->target_name), ahead);
  call.record().add_decision(
      {.phase = "request", .rule = "targets", .action = "wait", .reason = reason});
}

}  // namespace recloser::relay
