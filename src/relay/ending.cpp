// How calls end otherwise than by their provider's answer, and what every call leaves in the books.
#include "auth/authenticate.h"
#include "codec/refusal.h"
#include "codec/usage_text.h"
#include "net/http1/head_writer.h"
#include "relay/request.h"

#include <algorithm>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using net::http1::Name;

constexpr Duration retry_after_overload = 1s;
constexpr std::string_view upgrade_field = "upgrade: HTTP/1.1\r\nconnection: upgrade\r\n";

// The fields of an answer of ours, as whole lines.
std::string refusal_fields(const codec::RefusalHead& head, std::string_view call_id) {
  std::string fields = fmt::format("content-type: {}\r\n", codec::refusal_content_type);
  if (!call_id.empty()) fields += fmt::format("x-recloser-call: {}\r\n", call_id);
  if (head.should_retry) {
    fields += fmt::format("x-should-retry: {}\r\n", *head.should_retry ? "true" : "false");
  }
  if (head.retry_after_seconds) {
    fields += fmt::format("retry-after: {}\r\n", *head.retry_after_seconds);
  }
  return fields;
}

codec::Notice notice_of(const Refused& why, std::string_view call_id) {
  codec::Notice notice{
      .refusal = why.refusal, .message = why.message, .call = call_id, .param = why.param};
  notice.retry_after = why.retry_after;
  bool soon =
      why.refusal == codec::Refusal::gateway_overloaded || why.refusal == codec::Refusal::draining;
  if (soon && !why.retry_after) {
    notice.retry_after = retry_after_overload;
  }
  return notice;
}

NanoUsd bill_of(const codec::Usage& usage) {
  return usage.rare ? usage.rare->provider_cost.value_or(NanoUsd{}) : NanoUsd{};
}

ledger::Outcome outcome_of(codec::Refusal refusal) {
  switch (refusal) {
    case codec::Refusal::provider_unavailable:
    case codec::Refusal::provider_timeout:
    case codec::Refusal::provider_error:
      return ledger::Outcome::provider_failed;
    default:
      return ledger::Outcome::refused;
  }
}

}  // namespace

net::PlainAnswer Relay::refuse(int status, std::string_view sentence) {
  metrics_.refused_without_row(status);
  codec::Refusal refusal = status == 503   ? codec::Refusal::gateway_overloaded
                           : status == 408 ? codec::Refusal::request_timeout
                           : status == 431 ? codec::Refusal::headers_too_large
                                           : codec::Refusal::invalid_request;
  CallId::Text id = ids_.next(worker_.wall()).text();
  std::string_view call(id.data(), id.size());
  worker_.log().info("a request was refused",
                     {{"call", call}, {"status", status}, {"reason", sentence}});
  std::string message = fmt::format("the request was refused: {}", sentence);
  codec::Notice notice{.refusal = refusal, .message = message, .call = call, .status = status};
  codec::RefusalHead head = codec::head_of(notice, codec::ClientFamily::unknown, false);
  net::PlainAnswer answer{.status = head.status, .fields = refusal_fields(head, call), .body = {}};
  codec::write_refusal(answer.body, codec::Family::openai, notice, head.status);
  return answer;
}

// Whether its client goes on asking what was refused. One that is to come again does as it is told.
bool Relay::is_unheard(const Call& call, const Refused& why) {
  std::string_view session = call.row.record().text(ledger::Text::session);
  if (!codec::is_decision(why.refusal) || why.retry_after || session.empty()) return false;
  return services_.refused_sessions.refuse(call.principal, session, worker_.clock().now());
}

Task<void> Relay::refuse_call(Call& call, const Refused& why) {
  bool ended_by_us = is_stopped(call);
  // The error and the row name the same rule: whoever looks one up by the other finds it.
  ledger::Decision decision{
      .phase = "request",
      .policy = {},
      .rule = why.rule.empty() ? codec::name_of(why.refusal) : std::string_view(why.rule),
      .action = ended_by_us ? "terminate" : "deny",
      .reason = why.detail.empty() ? why.message : why.detail};
  codec::Notice notice = notice_of(why, call.id());
  notice.rule = decision.rule;
  notice.decision = decision.action;
  codec::RefusalHead head = codec::head_of(notice, call.client_family, is_unheard(call, why));
  std::string body;
  codec::write_refusal(body, call.route.family, notice, head.status);
  std::string fields = refusal_fields(head, {});
  net::http1::HeadWriter writer(fields);
  write_own_fields(call, writer);
  if (why.limit) {
    append_limit_fields(fields, call.route.family, std::span(&*why.limit, 1), worker_.wall());
  }
  if (why.refusal == codec::Refusal::upgrade_required) fields += upgrade_field;
  if (codec::is_decision(why.refusal)) {
    fields += fmt::format("x-recloser-decision: {}\r\n", decision.rule);
  }
  call.record().status = static_cast<std::uint16_t>(head.status);
  call.record().add_decision(decision);
  ledger::Outcome outcome = outcome_of(why.refusal);
  // What a provider had answered was not refused, whatever became of the answer here; nor what we
  // ended while it waited for one.
  const ledger::Attempt* attempt = call.record().last_attempt();
  bool begun = attempt != nullptr && (attempt->status != 0 || call.cancel.cancelled());
  if (begun && outcome == ledger::Outcome::refused) {
    outcome = why.refusal == codec::Refusal::budget_exhausted ? ledger::Outcome::cut
                                                              : ledger::Outcome::gateway_failed;
  }
  if (begun && ended_by_us) outcome = ledger::Outcome::cut;
  settle(call, outcome);
  Result<void> sent = co_await call.client.answer(head.status, fields, body);
}

Task<void> Relay::refuse_without_row(net::Exchange& client, const Route& route, const Refused& why,
                                     std::string_view reason, std::string_view key_id) {
  bool wrong_method = route.kind == RouteKind::wrong_method;
  std::string allowed = wrong_method ? allowed_methods(client.head().path()) : std::string();
  // It has an id all the same: what a client quotes is to be found in the log.
  CallId::Text id = ids_.next(worker_.wall()).text();
  std::string_view call(id.data(), id.size());
  codec::Notice notice = notice_of(why, call);
  codec::RefusalHead head = codec::head_of(notice, codec::ClientFamily::unknown, false);
  metrics_.refused_without_row(head.status);
  worker_.log().info("a request was refused",
                     {{"call", call},
                      {"status", head.status},
                      {"reason", reason.empty() ? codec::name_of(why.refusal) : reason},
                      {"key", key_id},
                      {"client", client.client().peer().address_text()}});
  std::string body;
  codec::write_refusal(body, route.family, notice, head.status);
  std::string fields = refusal_fields(head, call);
  if (!allowed.empty()) fields += fmt::format("allow: {}\r\n", allowed);
  if (why.refusal == codec::Refusal::upgrade_required) fields += upgrade_field;
  Result<void> sent = co_await client.answer(head.status, fields, body);
}

Task<void> Relay::refuse_unbooked(net::Exchange& client, Route route, Refused why) {
  co_await refuse_without_row(client, route, why);
}

Task<void> Relay::refuse_unknown(net::Exchange& client, Route route, auth::Admission who) {
  bool not_local = who.rejection == auth::Rejection::not_local;
  Refused why{.refusal = not_local ? codec::Refusal::policy_denied : codec::Refusal::invalid_key,
              .message = std::string(auth::message_for_client(who.rejection))};
  std::string reason(auth::name_of(who.rejection));
  if (!who.by.empty()) reason = fmt::format("{} {}", who.by, reason);
  co_await refuse_without_row(client, route, why, reason, who.key_id);
}

Task<void> Relay::answer_route(net::Exchange& client, Route route) {
  const auth::jwt::Issuers* issuers = services_.token_issuers;
  bool admits = !draining_ && services_.ledger.admitting() && (!issuers || issuers->asked());
  bool ready = route.kind == RouteKind::health || admits;
  if (route.kind == RouteKind::health || route.kind == RouteKind::ready) {
    std::string_view body = ready ? "ok\n" : "not ready\n";
    int status = ready ? 200 : 503;
    co_await client.answer(status, "content-type: text/plain\r\n", body);
    co_return;
  }
  std::string_view path = client.head().path().substr(0, 80);
  Refused why{.refusal = codec::Refusal::not_found,
              .message = fmt::format("Recloser does not serve {}; the routes it serves are listed "
                                     "in its documentation",
                                     path)};
  if (route.kind == RouteKind::not_built) {
    why.message = fmt::format("{} is not supported in this version of Recloser", path);
  }
  if (route.kind == RouteKind::wrong_method) {
    why = {.refusal = codec::Refusal::method_not_allowed,
           .message = fmt::format("{} is served, but not for the method {}", path,
                                  client.head().method_text().substr(0, 20))};
    if (client.head().asks_for_websocket()) why = no_websocket();  // its handshake is a GET
  }
  co_await refuse_without_row(client, route, why);
}

void note_overshoot(ledger::CallRecord& row) {
  if (row.output_tokens < 0 || row.delivered_tokens < 0) return;
  // What was delivered may be an estimate beyond what the provider says of all.
  row.delivered_tokens = std::min(row.delivered_tokens, row.output_tokens);
  row.overshoot_tokens = row.output_tokens - row.delivered_tokens;
}

void Relay::settle(Call& call, ledger::Outcome outcome) {
  ledger::CallRecord& row = call.record();
  if (ledger::Attempt* attempt = row.last_attempt();
      attempt != nullptr && attempt->outcome == ledger::Outcome::open) {
    attempt->outcome = outcome;
  }
  if (outcome == ledger::Outcome::completed && call.client.client().writable()) {
    row.delivered_tokens = tokens_for_client(call);
  }
  note_overshoot(row);
  end_slot(call, outcome);
  settle_budgets(call);
  // By now the provider's connection is closed, or read to its end.
  if (call.cancel.cancelled() && row.attempt_count() > 0) {
    row.upstream_close_ms = (worker_.clock().now() - call.cancel.cancelled_at()) / 1ms;
  }
  // Any client can send any name: one that led to no provider has no series at all.
  bool resolved = !row.text(ledger::Text::provider).empty();
  metrics_.call_ended({.dialect = codec::name_of(call.route.family),
                       .model = resolved ? row.text(ledger::Text::model_requested) : "",
                       .provider = row.text(ledger::Text::provider),
                       .team = row.text(ledger::Text::team),
                       .outcome = ledger::name_of(outcome),
                       .model_known = call.model_known,
                       .answered = outcome == ledger::Outcome::completed,
                       .usage = row.attempt_count() > 0 ? &call.usage : nullptr,
                       .cost = {std::max<std::int64_t>(row.cost_nano_usd, 0)},
                       .billed = bill_of(call.usage),
                       .by_catalogue = call.catalogue_cost,
                       .unpriced = row.cost_source == ledger::CostSource::unpriced,
                       .overhead = row.overhead_us * 1us,
                       .ttft = Duration(row.ttft_ns)});
  if (outcome == ledger::Outcome::completed) learn(call);
  if (std::string rare = codec::text_of_rare(call.usage); !rare.empty()) {
    row.set(ledger::Text::rare_usage, rare);
  }
  if (row.cost_source == ledger::CostSource::unpriced) log_.booked_unpriced(call);
  log_.call_ended(call, outcome);
  if (call.keyed != nullptr) call.keyed->call_ended(outcome);
  share_.end(call.tenant);
  call.row.settle(outcome, worker_.clock().now());
}

Refused no_websocket() {
  return {.refusal = codec::Refusal::upgrade_required,
          .message =
              "this route is served over plain HTTP, not WebSocket: send the same request "
              "as a POST, with \"stream\": true for events"};
}

void Relay::note_replay(Call& call, bool was_sent) {
  ledger::Attempt* dead = call.record().last_attempt();
  // The provider had it all before its connection ended: it may bill what it read.
  if (was_sent && !codec::only_counts(call.route.operation)) {
    book_usage(call, codec::Usage{.input_tokens = prompt_tokens(call)}, false);
    keep_booked(call);
  }
  attempt_failed(call, "closed", "a kept connection had ended, and the request was sent again",
                 route::AttemptEnd::broken);
  dead->outcome = ledger::Outcome::provider_failed;
}

void note_request_id(Call& call, ledger::Attempt& attempt, const net::http1::ResponseHead& head) {
  std::optional<std::string_view> id;
  // A gateway behind us: its row leads on.
  if (call.provider->config->chained) id = head.find("x-recloser-call");
  if (!id) id = head.find(Name::x_request_id);
  if (!id) id = head.find(Name::request_id);
  if (!id) {
    for (std::string_view name : {"apim-request-id", "x-amzn-requestid", "mistral-correlation-id",
                                  "x-generation-id", "x-ds-trace-id", "inference-id"}) {
      if (id = head.find(name); id) break;
    }
  }
  if (id) call.record().set_provider_request_id(attempt, *id);
}

}  // namespace recloser::relay
