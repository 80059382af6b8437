#include "relay/relay.h"

#include "core/limits.h"
#include "relay/hedging.h"
#include "relay/request.h"

#include <algorithm>
#include <utility>

namespace recloser::relay {

const net::http1::ResponseHead* refused(Call& call, Refused&& why) {
  call.refused = std::make_unique<Refused>(std::move(why));
  return nullptr;
}

bool not_made(Call& call, Refused&& why) {
  refused(call, std::move(why));
  return false;
}

Relay::Relay(const Services& services, net::Worker& worker, std::uint64_t seed, std::uint8_t lane)
    : services_(services),
      worker_(worker),
      pool_(worker, services.resolver),
      keys_(services.keys),
      model_lists_(services.model_lists),
      resolver_(*services.config),
      scopes_(services.budgets.scopes()),
      switches_(services.switches.current()),
      via_(services.config->instance, services.instance_seed),
      ids_(seed, lane),
      random_(seed ^ 0x5bd1e995),
      accounts_(services.prices, *services.providers, services.health),
      known_targets_(accounts_, *services.providers),
      hash_(services.hash_seed),
      log_(worker, *services.providers),
      waiting_calls_(worker),
      beside_(worker) {
  if (services.token_issuers != nullptr) tokens_.emplace(*services.token_issuers);
}

Task<void> Relay::handle(net::Exchange& client) {
  Route route = find_route(client.head());
  switch (route.kind) {
    case RouteKind::call:
      return begin(client, route);
    case RouteKind::models:
      return list_models(client, route);
    case RouteKind::health:
    case RouteKind::ready:
    case RouteKind::not_built:
    case RouteKind::wrong_method:
    case RouteKind::not_found:
      return answer_route(client, route);
  }
  std::unreachable();
}

std::size_t Relay::end_calls() {
  ending_ = true;
  std::size_t ended = 0;
  while (net::Waiter* running = running_.take()) {
    Call& call = static_cast<Call::Running&>(*running).call;
    if (call.row.settled()) continue;
    ++ended;
    call.cancel.cancel(net::CancelReason::draining, worker_.now());
  }
  return ended;
}

// WHO calls, and the row of the call: what is not known or not booked goes no further. What is
// needed for that alone takes no room beside a stream.
Task<void> Relay::begin(net::Exchange& client, Route route) {
  auth::Admission who = authenticate(client.head());
  // No row: there is nobody to book it on.
  if (!who.admitted()) return refuse_unknown(client, route, std::move(who));
  bool of_nobody = client.client().flow() == net::FairQueue::nobody;
  std::expected<Admitted, Refused> admitted = admit(client, route, *who.principal);
  if (!admitted) return refuse_unbooked(client, route, std::move(admitted.error()));
  auto request = std::make_unique<Request>(route.operation, rooms_);
  request->came_as_nobody = of_nobody;
  request->admitted = std::move(*admitted);
  request->who = std::move(who);
  return relay(client, route, std::move(request));
}

// The life of a call.
Task<void> Relay::relay(net::Exchange& client, Route route, std::unique_ptr<Request> request) {
  Call call(client, route, std::move(*request->admitted));  // it has its row, whatever happens
  call.request = std::move(request);
  running_.add(call.running);

  std::optional<net::HangupWatch> watch;  // from the end of the request on
  std::optional<net::HttpCall> provider;
  call.request->watch = &watch;
  call.request->provider = &provider;
  bool may_be_made = co_await prepare(call);
  if (may_be_made && call.keyed != nullptr && call.keyed->sent_again()) {
    co_await answer_again(call);
    co_return;
  }
  do {
    if (provider) provider->close();  // of an attempt that came to nothing
    const net::http1::ResponseHead* head = nullptr;
    if (may_be_made) head = co_await ask(call, watch, provider);
    bool gone = call.left || (watch && watch->gone());
    if (head == nullptr && gone) {
      settle(call, ledger::Outcome::client_gone);
      co_return;
    }
    if (head == nullptr) {
      co_await refuse_call(call, *call.refused);
      co_return;
    }
    call.goes_elsewhere = false;
    co_await pass_on(call, *watch, serving(call, provider), *head);
  } while (call.goes_elsewhere);
}

// From the client's body to where it may be served. False, and why in the call, where it is not to
// be made.
Task<bool> Relay::prepare(Call& call) {
  Request& request = *call.request;
  if (request.came_as_nobody && worker_.others_wait()) {
    call.client.keep();
    co_await let_others(call);
  }
  std::expected<void, Refused> readable = may_be_read(call);
  if (!readable) co_return not_made(call, std::move(readable.error()));
  Result<void> read;
  request.came_whole = call.client.body_is_here() &&
                       call.client.body().size() <= services_.config->limits.body.count;
  if (request.came_whole) {
    read = request.see(call.client.body());
  } else {
    read = co_await read_body(call, request);
  }
  std::expected<void, Refused> understood = understand(call, request, read);
  if (!understood) co_return not_made(call, std::move(understood.error()));
  std::expected<void, Refused> identified = identify(call, request);
  if (!identified) co_return not_made(call, std::move(identified.error()));
  std::expected<void, Refused> found = find_targets(call, *request.who.principal, request);
  request.who.keeper.reset();
  if (!found) co_return not_made(call, std::move(found.error()));
  std::expected<void, Refused> may_begin = find_answer(call);
  if (!may_begin) co_return not_made(call, std::move(may_begin.error()));
  if (call.keyed != nullptr && call.keyed->claim()) co_await claim_key(call);
  co_return true;
}

// The head of the answer that is to be passed on, of the first target that has one; null, and why
// in the call, where there is none.
Task<const net::http1::ResponseHead*> Relay::ask(Call& call, std::optional<net::HangupWatch>& watch,
                                                 std::optional<net::HttpCall>& provider) {
  Request& request = *call.request;
  for (;;) {
    if (call.hedge != nullptr) call.hedge->end();
    if (request.not_before > worker_.now()) {
      watch_client(call, watch);
      bool goes_on = co_await wait_for_target(call);
      if (!goes_on) co_return refused(call, ended_while_waiting(call));
    }
    std::expected<void, Refused> aimed = co_await aim(call, request, &watch);
    if (!aimed && awaits_loading(call, request)) continue;
    // What the last one answered is more than that there is no other.
    if (!aimed && call.kept) co_return &call.kept->head;
    if (!aimed) co_return refused(call, std::move(aimed.error()));
    const net::http1::ResponseHead* head = co_await send(call, request, watch, provider);
    bool plainly = head != nullptr && call.assembly != nullptr && head->status() == 400;
    if (plainly) head = co_await ask_plainly(call, request, watch, provider, *head);
    if (head == nullptr) {
      if (!goes_elsewhere(call, call.ended)) co_return nullptr;
      leave_attempt(call);
      continue;
    }
    int status = head->status();
    if (status < 400) co_return head;
    bool read = call.kept != nullptr;
    if (!read) read = co_await read_error(call, *watch, serving(call, provider), *head);
    if (read) end_with_error(call, status);
    bool goes_on = (read && goes_on_without_seals(call)) || goes_elsewhere(call, call.ended);
    if (!goes_on) co_return read ? &call.kept->head : nullptr;
    net::HttpCall& answered = serving(call, provider);
    if (!answered.body_ended()) call.kept.reset();  // a part of it is nothing to be told
    answered.finish();
    leave_attempt(call);
  }
}

// The next target: what the call may cost there, and what is held for it. Without a watch of its
// client the call does not wait for its turn.
Task<std::expected<void, Refused>> Relay::aim(Call& call, Request& request,
                                              std::optional<net::HangupWatch>* watch) {
  std::expected<void, Refused> taken = take_target(call, request);
  if (!taken && watch != nullptr && any_is_busy(request)) {
    watch_client(call, *watch);
    taken = co_await wait_for_place(call, request);
  }
  if (!taken) co_return taken;
  find_budgets(call, request);
  choose_form(call, request);
  bool estimated = is_estimated(call) || !request.scopes.empty();
  if (estimated && !codec::only_counts(call.route.operation)) co_await estimate(call, request);
  std::expected<void, Refused> reserved = reserve(call, request);
  if (!reserved && request.may_fit) {
    co_await count_exactly(call, request);
    reserved = reserve(call, request);
  }
  if (!reserved) co_return reserved;
  write_request(call, request);
  call.client.keep();
  co_return std::expected<void, Refused>();
}

// From the first wait on.
void Relay::watch_client(Call& call, std::optional<net::HangupWatch>& watch) {
  if (watch) return;
  call.client.keep();
  watch.emplace(call.client.client(), call.client.read_ahead(), call.cancel,
                call.keyed == nullptr ? net::HangupWatch::Call::ends_with_client
                                      : net::HangupWatch::Call::outlives_it);
}

net::HttpTimeouts Relay::timeouts_of(const Call& call) const {
  const config::ProviderTimeouts& timeouts = call.provider->config->timeouts;
  Instant now = worker_.now();
  return {.first_byte = std::min(timeouts.first_byte, deadline_of(call) - now),
          .idle = timeouts.idle,
          .total = now + timeouts.total};
}

// One try of a request that is written.
Task<const net::http1::ResponseHead*> Relay::send(Call& call, Request& request,
                                                  std::optional<net::HangupWatch>& watch,
                                                  std::optional<net::HttpCall>& provider) {
  watch_client(call, watch);
  call.hedge.reset();
  call.kept.reset();
  call.retry_after.reset();
  call.ended = route::AttemptEnd::cancelled;
  Instant now = worker_.now();
  call.sent = worker_.clock().now();
  call.first_piece_until = deadline_of(call);
  if (call.record().attempt_count() == 0) {
    services_.health.count_call(now);
    call.record().overhead_us = (call.sent - call.begun - request.waited) / 1us;
  }
  ledger::Attempt* attempt = begin_attempt(call, request.target_name);
  if (std::optional<Duration> late = hedged_after(call, request)) {
    const net::http1::ResponseHead* first = co_await send_hedged(call, request, *watch, *late);
    co_return first;
  }
  provider.emplace(pool_, call.provider->dial, timeouts_of(call), call.cancel);
  std::array<std::string_view, codec::BodyEdits::pieces_max> room;
  net::HttpRequest outgoing{.method = net::http1::Method::post,
                            .head = request.head,
                            .body = request.edits.pieces(call.client.body(), room),
                            .may_replay = call.record().attempt_count() < limits::attempts_max,
                            .flow = FairShare::flow_of(call.tenant)};
  Result<const net::http1::ResponseHead*> head = co_await provider->start(outgoing);
  if (provider->replayed()) {
    note_replay(call, provider->first_request_sent());
    attempt = call.record().begin_attempt(request.target_name, worker_.wall());
  }
  if (!head) {
    if (provider->request_sent()) book_unanswered(call);
    co_return fail_attempt(call, *watch, head.error(),
                           provider->reached() ? Reached::yes : Reached::no);
  }
  attempt->status = static_cast<std::uint16_t>((*head)->status());
  attempt->ttft_ns = (worker_.clock().now() - call.sent).count();
  note_request_id(call, *attempt, **head);
  note_quota(call, **head);
  co_return *head;
}

// Null, for there is no answer.
const net::http1::ResponseHead* Relay::fail_attempt(Call& call, const net::HangupWatch& watch,
                                                    const Error& error, Reached way) {
  Error cause = cause_of(call, error);
  if (!watch.gone()) {  // else it is no fault of the provider's
    attempt_failed(call, cause, way);
    call.record().last_attempt()->outcome = outcome_of(call, cause);
  }
  return refused(call, refused_by(call, cause, way));
}

Task<void> Relay::refuse_page(Call& call, net::HttpCall& provider,
                              const net::http1::ResponseHead& head) {
  attempt_failed(call, "not_an_api", "it answered with a page of HTML", route::AttemptEnd::broken);
  provider.close();
  if (goes_elsewhere(call, route::AttemptEnd::broken)) {
    leave_attempt(call);
    co_return;
  }
  Refused why = not_an_api(head, *call.provider);
  co_await refuse_call(call, why);
}

// Whether what comes is a stream of events is for the provider to say, not for the request.
Task<void> Relay::pass_on(Call& call, net::HangupWatch& watch, net::HttpCall& provider,
                          const net::http1::ResponseHead& head) {
  begin_decoding(call, head);
  AnswerKind kind = answer_kind(head, !call.unreadable);
  if (head.status() >= 300 || !may_go_elsewhere(call)) commit(call);
  call.record().status = static_cast<std::uint16_t>(head.status());
  if (kind == AnswerKind::not_an_api) {
    return refuse_page(call, provider, head);
  }
  if (is_beyond_plan(call, head)) return refuse_beyond_plan(call, provider);
  int status = head.status();
  if (status < 400) note_status(call, status);
  // One that was looked into is an error, whatever it says it is.
  bool events = kind == AnswerKind::events && call.kept == nullptr;
  if (events && call.assembly != nullptr) {
    write_assembled_fields(call, head);
    return pass_stream(call, watch, &provider);
  }
  if (call.assembly != nullptr) note_whole(call);
  write_client_head(call, head, events);
  if (events) return pass_stream(call, watch, &provider);
  return pass_whole(call, watch, provider, status);
}

}  // namespace recloser::relay
