// Failures on the way to a provider and in its answer: what the client is told, what the books
// keep.
#include "codec/refusal.h"
#include "relay/hedging.h"
#include "relay/request.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

// Where a provider lies is the operator's business: addresses stand in the books, not here.
std::string not_reached(Kind kind, std::string_view provider) {
  switch (kind) {
    case Kind::name_lookup:
      return fmt::format(
          "provider {} cannot be reached, because no address was found for the name "
          "in its baseUrl: try again or use another model; whoever runs Recloser "
          "can check the baseUrl and the name servers",
          provider);
    case Kind::refused:
      return fmt::format(
          "provider {} lies at a link-local or metadata address, to which Recloser "
          "does not connect: whoever runs Recloser can correct its baseUrl, or set "
          "allowLinkLocal if this is meant",
          provider);
    case Kind::tls:
      return fmt::format(
          "provider {} cannot be reached over TLS: whoever runs Recloser can check "
          "its baseUrl, its certificate and its tls settings",
          provider);
    case Kind::timed_out:
      return fmt::format(
          "provider {} did not take a connection in time: try again or use another "
          "model; whoever runs Recloser can check its baseUrl and the network, or "
          "raise its timeouts",
          provider);
    default:
      return fmt::format(
          "provider {} cannot be reached: try again or use another model; whoever "
          "runs Recloser can check its baseUrl and whether it runs",
          provider);
  }
}

// Other 4xx than those that are about the provider's key or its load.
constexpr std::string_view request_rejected = "request_rejected";

std::string_view advice(Kind kind) {
  switch (kind) {
    case Kind::timed_out:
      return "try again; whoever runs Recloser can raise its timeouts";
    case Kind::malformed:
    case Kind::too_large:
    case Kind::unsupported:
      return "try again; if it stays so, whoever runs Recloser can check that its baseUrl is that "
             "of the API";
    default:
      return "try again or use another model";
  }
}

// "the provider ended the connection" becomes "provider p ended the connection: try again ..".
std::string reached(const Error& error, std::string_view provider) {
  constexpr std::string_view anybody = "the provider ";
  std::string_view what = error.message();
  if (what.starts_with(anybody)) {
    what.remove_prefix(anybody.size());
    return fmt::format("provider {} {}: {}", provider, what, advice(error.kind()));
  }
  return fmt::format("the answer of provider {} cannot be passed on ({}): {}", provider, what,
                     advice(error.kind()));
}

// Without addresses, like what the client is told, but without advice: the row has the rest.
std::string in_the_log(const Error& error, Reached way) {
  bool names_hosts = way == Reached::no || error.kind() == Kind::tls;
  if (error.side() == Side::gateway || !names_hosts) return error.message();
  switch (error.kind()) {
    case Kind::name_lookup:
      return "no address was found for its name";
    case Kind::refused:
      return "its address is a link-local or metadata address";
    case Kind::tls:
      return "TLS with it failed";
    case Kind::timed_out:
      return "it did not take a connection in time";
    default:
      return "no connection to it could be made";
  }
}

bool is_drain(const Error& error) {
  return error.side() == Side::gateway && error.kind() == Kind::unavailable;
}

// Descriptors, memory: no fault of the provider's.
bool is_ours(const Error& error) {
  return error.side() == Side::gateway && error.kind() != Kind::cancelled;
}

}  // namespace

Refused draining() {
  return {.refusal = codec::Refusal::draining, .message = "Recloser is shutting down; try again"};
}

void note_ended_by_us(Call& call, const Refused& why) {
  bool ours = why.refusal == codec::Refusal::draining || is_stopped(call);
  if (!ours) return;
  call.record().add_decision(
      {.phase = "response_chunk",
       .policy = {},
       .rule = why.rule.empty() ? codec::name_of(why.refusal) : std::string_view(why.rule),
       .action = "terminate",
       .reason = why.message});
}

Call::Call(net::Exchange& c, const Route& r, Admitted&& admitted)
    : client(c),
      route(r),
      row(std::move(admitted.row)),
      id_text(row.id().text()),
      begun(admitted.begun),
      principal(admitted.principal),
      refused(std::move(admitted.unfit)),
      tenant(admitted.tenant) {}

Call::~Call() { note_if_dropped(); }

void Call::note_if_dropped() {
  if (row.settled() || cancel.reason() != net::CancelReason::draining) return;
  if (ledger::Attempt* attempt = record().last_attempt(); attempt != nullptr) {
    record().set_error_class(*attempt, "draining");
    attempt->outcome = ledger::Outcome::gateway_failed;
  }
  note_ended_by_us(*this, relay::draining());
  note_overshoot(record());
}

Error cause_of(const Call& call, Error error) {
  if (call.cancel.reason() != net::CancelReason::draining) return error;
  return Error(Side::gateway, Kind::unavailable, "Recloser is shutting down");
}

Refused refused_by(const Error& error, const Provider& provider, Reached way) {
  if (is_drain(error)) return draining();
  if (is_ours(error)) {
    return {.refusal = codec::Refusal::gateway_overloaded,
            .message = error.kind() == Kind::full
                           ? error.message()
                           : "Recloser could not connect to a provider, for a reason of its own: "
                             "try again; whoever runs Recloser finds the reason in the call's row",
            .detail = error.message()};
  }
  codec::Refusal refusal = codec::Refusal::provider_unavailable;
  if (error.side() == Side::provider) refusal = codec::refusal_of(error);
  std::string_view name = provider.config->name;
  // What TLS has to say names hosts, whenever it says it.
  bool was_reached = way == Reached::yes && error.kind() != Kind::tls;
  return {
      .refusal = refusal,
      .message = was_reached ? reached(error, name) : not_reached(error.kind(), name),
      .detail = error.message(),
  };
}

ledger::Outcome outcome_of(const Error& error) {
  return is_ours(error) ? ledger::Outcome::gateway_failed : ledger::Outcome::provider_failed;
}

Refused refused_by(Call& call, const Error& error, Reached way) {
  return is_stopped(call) ? stopped_unsent(call) : refused_by(error, *call.provider, way);
}

ledger::Outcome outcome_of(const Call& call, const Error& error) {
  return is_stopped(call) ? ledger::Outcome::cut : outcome_of(error);
}

std::string_view error_class_of(const Error& error) {
  if (is_drain(error)) return "draining";
  if (is_ours(error)) return "gateway_overloaded";
  switch (error.kind()) {
    case Kind::timed_out:
      return "timeout";
    case Kind::closed:
      return "closed";
    case Kind::cancelled:
      return "cancelled";
    case Kind::unreachable:
      return "unreachable";
    case Kind::name_lookup:
      return "name_lookup";
    case Kind::refused:
      return "address_forbidden";
    case Kind::tls:
      return "tls";
    case Kind::malformed:
      return "malformed";
    case Kind::too_large:
      return "too_large";
    case Kind::unsupported:
      return "unsupported";
    default:
      return "io";
  }
}

std::string_view error_class_of_status(int status) {
  if (status < 300) return {};
  if (status < 400) return "redirect";
  switch (status) {
    case 401:
    case 403:
      return "unauthorized";
    case 429:
      return "rate_limited";
    case 503:
    case 529:
      return "overloaded";
    default:
      return status >= 500 ? "server_error" : request_rejected;
  }
}

// What we have ended ourselves is told once for all calls (cli/gateway.cpp).
void Relay::attempt_failed(Call& call, const Error& error, Reached way) {
  call.record().set_error_class(*call.record().last_attempt(),
                                is_stopped(call) ? "stopped" : error_class_of(error));
  call.ended = end_of(error, way);
  if (!call.cancel.cancelled()) log_.attempt_failed(call, in_the_log(error, way));
}

void Relay::attempt_failed(Call& call, std::string_view error_class, std::string_view what,
                           route::AttemptEnd end) {
  call.ended = end;
  call.record().set_error_class(*call.record().last_attempt(), error_class);
  log_.attempt_failed(call, what);
}

void Relay::note_status(Call& call, int status) {
  std::string_view error_class = error_class_of_status(status);
  if (error_class.empty()) return;
  call.record().set_error_class(*call.record().last_attempt(), error_class);
  call.ended = route::end_of_answer(status, "");
  // That is the client's to correct; any client could fill the log with it.
  if (error_class != request_rejected) log_.attempt_failed(call, "it answered with an error");
}

Refused not_an_api(const net::http1::ResponseHead& head, const Provider& provider) {
  return {.refusal = codec::Refusal::provider_error,
          .message = fmt::format("provider {} answered {} with a page of HTML instead of JSON: "
                                 "whoever runs Recloser should check that its baseUrl is that of "
                                 "the API",
                                 provider.config->name, head.status())};
}

}  // namespace recloser::relay
