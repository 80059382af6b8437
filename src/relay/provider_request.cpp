// What a provider gets: its own credential, our span, and the client's bytes.
#include "codec/seals.h"
#include "core/ascii.h"
#include "net/http1/head_writer.h"
#include "relay/request.h"
#include "session/trace.h"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using net::http1::Name;
using net::http1::NameSet;

// Never passed on as the client sent them. (Hop-by-hop fields go by themselves.)
constexpr NameSet ours =
    net::http1::recloser_names | NameSet{Name::host,   Name::content_length,  Name::accept_encoding,
                                         Name::expect, Name::idempotency_key, Name::traceparent};
constexpr NameSet credentials{Name::authorization, Name::x_api_key, Name::api_key,
                              Name::x_goog_api_key};

// The client's fields, without those that the operator sets himself for this provider.
void copy_fields(const net::http1::RequestHead& head, NameSet drop, const Provider& provider,
                 net::http1::HeadWriter& writer) {
  const std::vector<config::Header>& fixed = provider.config->headers;
  if (fixed.empty()) {
    writer.copy_fields(head, drop);
    return;
  }
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    net::http1::Field field = head.field(i);
    bool dropped = drop.has(field.known) || net::http1::hop_by_hop.has(field.known) ||
                   head.connection_names(field.name);
    for (const config::Header& header : fixed) {
      dropped |= ascii::equal_ignoring_case(header.name, field.name);
    }
    if (!dropped) writer.field_named(field.name, field.value);
  }
}

// Whose call it is, as it stands in our row: what the client said, and what its key said for it. A
// gateway behind us has one principal for all of ours, so the key that makes a call one is told
// apart by whose it is.
void write_attribution(const Call& call, net::http1::HeadWriter& writer) {
  using ledger::Text;
  const ledger::CallRecord& row = call.row.record();
  constexpr std::array<std::pair<Name, Text>, 5> told{{{Name::x_recloser_session, Text::session},
                                                       {Name::x_recloser_trace, Text::trace},
                                                       {Name::x_recloser_user, Text::user},
                                                       {Name::x_recloser_agent, Text::agent},
                                                       {Name::x_recloser_labels, Text::labels}}};
  for (auto [name, text] : told) {
    if (!row.text(text).empty()) writer.field(name, row.text(text));
  }
  if (call.keyed == nullptr) return;
  std::string_view key = call.client.head().find(Name::idempotency_key).value_or("");
  auto whose = call.principal.text();
  std::string told_key = fmt::format("{}-{}", std::string_view(whose), key);
  if (told_key.size() > idempotency_key_bytes_max) return;  // it would refuse the call
  writer.field(Name::idempotency_key, told_key);
}

// A call is first sent as its client wrote it: what is sealed in it is taken to be of that
// provider, and is not for another one.
bool leaves_out_seals(const Call& call, Request& request) {
  if (call.row.record().attempt_count() == 0) request.asked_first = call.provider;
  return request.seals_refused || request.asked_first != call.provider;
}

}  // namespace

// The bytes of the body go as they are, but for these edits: the model's name where the target has
// another, the request for usage that a client left out, that for a stream where the answer is put
// together here, and what an attempt after another one changes.
void Relay::write_request(Call& call, Request& request) {
  if (!request.facts.model_value.empty() && request.facts.model != request.provider_model) {
    codec::replace_model(request.edits, request.facts, request.provider_model);
  }
  if (call.assembly != nullptr) codec::ask_for_stream(request.edits, request.facts);
  if (request.out) limit_the_rest(call, request);
  if (leaves_out_seals(call, request)) {
    codec::take_out_seals(request.edits, call.route.operation, call.client.body(), request.facts);
  }
  if (codec::must_ask_for_usage(call.route.operation, request.facts, call.is_streamed())) {
    codec::ask_for_usage(request.edits, request.facts);
    call.hide_usage = call.streams;
  }
  const net::http1::RequestHead& head = call.client.head();
  const Provider& provider = *call.provider;
  bool anthropic = call.route.family == codec::Family::anthropic;
  request.head.reserve(call.client.head_bytes().size() + 256);
  net::http1::HeadWriter writer(request.head);
  writer.request_line("POST", {.base = anthropic ? provider.anthropic_base : provider.openai_base,
                               .path = call.route.provider_path,
                               .query = head.query()});
  writer.field(Name::host, provider.host_field);
  write_provider_fields(call, head, request.head);
  writer.end(net::http1::Body::length(request.edits.size_after(call.client.body().size())));
}

void Relay::write_provider_fields(Call& call, const net::http1::RequestHead& head,
                                  std::string& out) {
  const Provider& provider = *call.provider;
  net::http1::HeadWriter writer(out);
  bool forwards_credentials = provider.config->api_key.source == config::ApiKey::Source::client;
  copy_fields(head, forwards_credentials ? ours : ours | credentials, provider, writer);
  writer.field(Name::accept_encoding, "identity");
  call.warns_of_idempotency_key = head.has(Name::idempotency_key) && services_.answers == nullptr;
  if (!forwards_credentials) {
    out += call.route.family == codec::Family::anthropic ? provider.anthropic_credential
                                                         : provider.openai_credential;
  }
  out += provider.extra_fields;
  out += via_.line();
  if (provider.config->chained) write_attribution(call, writer);
  std::optional<std::string_view> parent = head.find(Name::traceparent);
  if (!parent) return;
  std::optional<session::TraceParent> trace = session::TraceParent::parse(*parent);
  if (trace) {
    auto child = trace->child(random_).text();
    writer.field(Name::traceparent, {child.data(), child.size()});
  } else {
    writer.field(Name::traceparent, *parent);  // not ours to judge
  }
}

}  // namespace recloser::relay
