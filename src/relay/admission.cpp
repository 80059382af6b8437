// WHO calls, WHAT is asked for, and in which SESSION.
#include "auth/local_only.h"
#include "codec/refusal.h"
#include "core/ascii.h"
#include "core/limits.h"
#include "relay/request.h"
#include "session/attribution.h"
#include "session/trace.h"

#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using net::http1::Field;
using net::http1::Name;

session::Claims claims_of(const net::http1::RequestHead& head) {
  return {.user = head.find(Name::x_recloser_user).value_or(""),
          .agent = head.find(Name::x_recloser_agent).value_or(""),
          .labels = head.find(Name::x_recloser_labels).value_or("")};
}

auth::Whence whence_of(const net::http1::RequestHead& head) {
  return {.host = head.find(Name::host).value_or(""),
          .origin = head.find(Name::origin).value_or(""),
          .sec_fetch_site = head.find("sec-fetch-site").value_or("")};
}

// Of a header or of what a body says; whatever is wrong with it, the request is.
Refused invalid(const Error& error) {
  return {.refusal = codec::Refusal::invalid_request, .message = error.message()};
}

// What INTERFACES lets a client ask for and this version does not do: said, not ignored.
std::string not_built(const net::http1::RequestHead& head) {
  std::string_view cache = head.find(Name::x_recloser_cache).value_or("");
  if (!cache.empty() && !ascii::equal_ignoring_case(cache, "off")) {
    return "x-recloser-cache is not supported in this version; leave it out, or send off";
  }
  if (!head.find(Name::x_recloser_route).value_or("").empty()) {
    return "x-recloser-route is not supported in this version; leave it out";
  }
  return {};
}

Refused in_a_circle(Way way) {
  return {.refusal = codec::Refusal::forwarding_loop,
          .message = way == Way::cycle
                         ? "this call was forwarded by this gateway before: a provider behind it "
                           "leads back to it; whoever runs Recloser can correct the baseUrl"
                         : fmt::format("this call came through more than {} gateways: one of them "
                                       "leads back to another; whoever runs Recloser can correct "
                                       "their baseUrls",
                                       gateways_per_call_max)};
}

// Every header that may say which session this is, or which program calls. (`baggage` may not: no
// hop in front of us is trusted in this version.)
void read_identity_headers(const net::http1::RequestHead& head, session::Headers& session,
                           codec::ClientMarks& marks) {
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    switch (head.known(i)) {
      case Name::x_recloser_session:
      case Name::x_claude_code_session_id:
      case Name::thread_id:
      case Name::session_id:
      case Name::x_session_id:
      case Name::x_session_affinity: {
        Field field = head.field(i);
        session.see(field.name, field.value);
        marks.see(field.name, field.value);
        break;
      }
      case Name::user_agent:
        marks.see_user_agent(head.field(i).value);
        break;
      case Name::other: {
        Field field = head.field(i);
        marks.see(field.name, field.value);
        break;
      }
      default:
        break;
    }
  }
}

}  // namespace

auth::Admission Relay::authenticate(const net::http1::RequestHead& head) {
  auth::Credentials sent;
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    switch (head.known(i)) {
      case Name::authorization:
        sent.see_authorization(head.field(i).value);
        break;
      case Name::x_api_key:
      case Name::api_key:
        sent.see_api_key(head.field(i).value);
        break;
      case Name::x_recloser_key:
        sent.see_recloser_key(head.field(i).value);
        break;
      default:
        break;
    }
  }
  if (services_.config->auth.mode == config::AuthMode::open && !auth::is_local(whence_of(head))) {
    return {.rejection = auth::Rejection::not_local};
  }
  auth::jwt::Tokens* tokens = tokens_ ? &*tokens_ : nullptr;
  return auth::authenticate(services_.config->auth.mode, keys_.current(), secrets_, sent,
                            worker_.wall(), tokens);
}

// The row of a call: from here on it is in the books.
std::expected<Admitted, Refused> Relay::admit(net::Exchange& client, const Route& route,
                                              const auth::Principal& principal) {
  const net::http1::RequestHead& head = client.head();
  session::Holder holder{.org = principal.org,
                         .team = principal.team,
                         .user = principal.user,
                         .agent = principal.agent,
                         .key_id = principal.key_id,
                         .labels = principal.labels};
  Result<session::Attribution> who =
      session::attribute(holder, claims_of(head), services_.config->reserved_labels);
  // What it claims of itself may be wrong, and refused; whose key it came with is known.
  std::unique_ptr<Refused> unfit;
  if (!who) {
    unfit = std::make_unique<Refused>(invalid(who.error()));
    who = session::attribute(holder, session::Claims(), services_.config->reserved_labels);
  }
  if (!who) return std::unexpected(invalid(who.error()));

  ledger::CallOpening opening{.operation = codec::name_of(route.operation),
                              .client_dialect = codec::name_of(route.family),
                              .key_id = who->key_id,
                              .org = who->org,
                              .team = who->team,
                              .user = who->user,
                              .agent = who->agent};
  Instant now = worker_.clock().now();
  WallTime wall = worker_.wall();
  std::string_view whose = who->team.empty() ? who->key_id : who->team;
  FairShare::Tenant tenant = FairShare::tenant_of(hash_.of(whose, hash_.of(who->org)));
  client.client().set_flow(FairShare::flow_of(tenant));
  std::optional<Refused> no_room = too_much(client, tenant, now);
  // A row is what there is least room for.
  if (no_room && overload_.level(Strain::ledger) == Level::full) {
    return std::unexpected(std::move(*no_room));
  }
  if (no_room) unfit = std::make_unique<Refused>(std::move(*no_room));
  Result<ledger::OpenCall> row = services_.ledger.begin(ids_.next(wall), now, wall, opening);
  if (!row) {
    // Why is in the log: files of the gateway's are nothing for its clients.
    return std::unexpected(
        Refused{.refusal = codec::Refusal::gateway_overloaded,
                .message = "the gateway cannot book calls at present, and makes none that it "
                           "cannot book: try again later"});
  }
  row->record().set(ledger::Text::labels, who->labels.joined());
  share_.begin(tenant, unfit == nullptr, now);
  return Admitted{.row = std::move(*row),
                  .principal = who->principal_key(),
                  .begun = now,
                  .unfit = std::move(unfit),
                  .tenant = tenant};
}

std::expected<void, Refused> Relay::may_be_read(Call& call) const {
  const net::http1::RequestHead& head = call.client.head();
  if (call.refused) return std::unexpected(std::move(*call.refused));
  if (call.client.late() || ending_) return std::unexpected(draining());
  if (Way way = via_.judge(head); way != Way::forward) return std::unexpected(in_a_circle(way));
  if (head.asks_for_websocket()) return std::unexpected(no_websocket());
  if (std::string wish = not_built(head); !wish.empty()) {
    return std::unexpected(
        Refused{.refusal = codec::Refusal::invalid_request, .message = std::move(wish)});
  }
  if (std::optional<std::string_view> coding = head.find(Name::content_encoding);
      coding && *coding != "identity") {
    return std::unexpected(
        Refused{.refusal = codec::Refusal::unsupported_media_type,
                .message = "a request body with a content-encoding is not supported in this "
                           "version; send it uncompressed"});
  }
  return {};
}

// A body that did not come with its head, looked through as it comes.
Task<Result<void>> Relay::read_body(Call& call, Request& request) {
  struct StopReading final : net::Cancellable {
    explicit StopReading(net::Exchange& c) : client(c) {}
    void cancel() override { client.stop_reading_body(); }
    net::Exchange& client;
  } stop_reading(call.client);
  net::CancelPoint::During reading(call.cancel, stop_reading);
  Instant before = worker_.clock().now();
  Result<void> read = co_await call.client.read_body(services_.config->limits.body.count, request);
  request.waited = worker_.clock().now() - before;
  co_return read;
}

std::expected<void, Refused> Relay::understand(Call& call, Request& request,
                                               const Result<void>& read) {
  if (!read && is_stopped(call)) return std::unexpected(stopped_unsent(call));
  if (!read && call.cancel.cancelled()) return std::unexpected(draining());
  if (!read) {
    call.left = read.error().side() == Side::client && read.error().kind() == Kind::closed;
    return std::unexpected(
        Refused{.refusal = codec::refusal_of(read.error()), .message = read.error().message()});
  }
  Result<void> ended = request.reader.end();
  if (!ended) return std::unexpected(invalid(ended.error()));
  call.streams = request.facts.streams();
  call.structured_output = request.facts.structured_output;
  call.wants_usage = request.facts.wants_usage();
  call.record().set(ledger::Text::model_requested, request.facts.model);
  return {};
}

std::expected<void, Refused> Relay::identify(Call& call, Request& request) {
  const net::http1::RequestHead& head = call.client.head();
  session::Headers headers;
  codec::ClientMarks marks;
  read_identity_headers(head, headers, marks);
  call.client_family = marks.family();
  const codec::RequestFacts& facts = request.facts;
  session::BodyHints hints{.conversation = facts.conversation,
                           .previous_response_id = facts.previous_response_id,
                           .metadata_session_id = facts.metadata_session_id,
                           .metadata_user_session = facts.metadata_user_session,
                           .prompt_cache_key = facts.prompt_cache_key,
                           .fingerprint = {}};
  request.session_is_named = session::names_session(headers, hints);
  if (!request.session_is_named) {
    if (request.came_whole) {
      request.fingerprint.feed_whole(call.client.body(), facts.messages_at);
    }
    hints.fingerprint = request.fingerprint.value();
  }
  Result<session::Session> session =
      session::identify(headers, hints, call.principal, services_.responses);
  if (!session) return std::unexpected(invalid(session.error()));
  call.record().set(ledger::Text::session, session->id());

  std::optional<session::TraceParent> parent =
      session::TraceParent::parse(head.find(Name::traceparent).value_or(""));
  Result<std::string_view> trace =
      session::trace_of(head.find(Name::x_recloser_trace).value_or(""), parent);
  if (!trace) return std::unexpected(invalid(trace.error()));
  call.record().set(ledger::Text::trace, *trace);
  return {};
}

}  // namespace recloser::relay
