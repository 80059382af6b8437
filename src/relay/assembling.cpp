// Calls whose client wants the answer whole and whose provider is asked for a stream, so that they
// can be stopped at a token.
#include "codec/provider_error.h"
#include "codec/refusal.h"
#include "net/http1/head_writer.h"
#include "relay/assembly.h"
#include "relay/hedging.h"
#include "relay/request.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using budget::Unit;
using net::http1::Name;
using net::http1::NameSet;

// Targets that do not stream are asked again after a while: what was refused once may have been the
// call's own fault.
constexpr Duration remembered_for = 1h;
constexpr std::size_t remembered_max = 1024;

// Whether something may stop the answer while it is being written.
bool may_be_stopped(std::span<const budget::Ask::Scope> scopes, const codec::RequestFacts& facts) {
  bool calls = facts.has_tools();
  return std::ranges::any_of(scopes, [calls](const budget::Ask::Scope& scope) {
    const budget::Budget& budget = scope.budget->document();
    bool of_output = budget.unit == Unit::usd || budget.unit == Unit::tokens ||
                     budget.unit == Unit::output_tokens;
    bool elastic = budget.reserve == budget::Reserve::elastic && of_output;
    return elastic || budget.unit == Unit::seconds ||
           (budget.unit == Unit::tool_calls && budget.reserve != budget::Reserve::none && calls);
  });
}

}  // namespace

void Relay::choose_form(Call& call, const Request& request) {
  using config::StreamUpstream;
  if (!codec::may_ask_for_stream(call.route.operation, request.facts)) return;
  bool streams = request.resolved->model().stream_upstream == StreamUpstream::always ||
                 (request.resolved->model().stream_upstream == StreamUpstream::automatic &&
                  may_be_stopped(request.scopes, request.facts));
  if (!streams || answers_whole(request.target_name)) return;
  call.assembly = std::make_unique<Assembly>(call.route.operation);
  call.wants_usage = true;  // whole answers tell it
}

bool Relay::answers_whole(const std::string& target) const {
  auto known = answer_whole_.find(target);
  return known != answer_whole_.end() && worker_.now() < known->second;
}

void Relay::remember_whole(std::string_view target) {
  if (answer_whole_.size() >= remembered_max) answer_whole_.clear();
  answer_whole_[std::string(target)] = worker_.now() + remembered_for;
}

// A target that answers a request for a stream with JSON: it passes as it is, and the next call
// holds all that it may take.
void Relay::note_whole(Call& call) {
  const ledger::Attempt* attempt = call.record().last_attempt();
  if (attempt->status < 300) remember_whole(call.record().text_at(attempt->target));
}

// Of an answer with status 400: where it is a refusal to stream, the target is asked for the whole
// answer, for which the call has to hold all that it may take.
Task<const net::http1::ResponseHead*> Relay::ask_plainly(Call& call, Request& request,
                                                         std::optional<net::HangupWatch>& watch,
                                                         std::optional<net::HttpCall>& provider,
                                                         const net::http1::ResponseHead& head) {
  bool read = co_await read_error(call, *watch, serving(call, provider), head);
  if (!read) co_return nullptr;
  bool may =
      serving(call, provider).body_ended() && call.record().attempt_count() < limits::attempts_max;
  if (!may || !codec::refuses_stream(call.kept->begun)) co_return &call.kept->head;
  serving(call, provider).finish();
  call.hedge.reset();
  ledger::Attempt* attempt = call.record().last_attempt();
  attempt->outcome = ledger::Outcome::provider_failed;
  call.record().set_error_class(*attempt, error_class_of_status(attempt->status));
  call.assembly.reset();
  request.edits = codec::BodyEdits();
  request.head.clear();
  std::expected<void, Refused> held = hold_whole(call, request);
  if (!held) co_return refused(call, std::move(held.error()));
  write_request(call, request);
  const net::http1::ResponseHead* plain = co_await send(call, request, watch, provider);
  if (plain != nullptr && plain->status() < 300) remember_whole(request.target_name);
  co_return plain;
}

// The provider's fields, for an answer that is not as it sent it.
void Relay::write_assembled_fields(Call& call, const net::http1::ResponseHead& head) {
  NameSet drop = fields_left_out(call) | NameSet{Name::content_length, Name::content_type};
  std::string& fields = call.assembly->fields;
  net::http1::HeadWriter writer(fields);
  if (call.decoder == nullptr) {
    writer.copy_fields(head, drop);
  } else {
    copy_decoded_fields(head, drop, writer);
  }
  writer.field(Name::content_type, "application/json");
  write_own_fields(call, writer);
}

// What a client of the stream would get now.
Result<void> Relay::assemble(Call& call, std::string_view bytes, const codec::StreamFacts& facts) {
  Assembly& assembly = *call.assembly;
  if (!assembly.body.empty()) return {};  // it is over
  // A client of the stream sees that something is wrong there; in a whole answer nobody would.
  if (facts.malformed > 0) {
    return fail(Side::provider, Kind::malformed, "it has an event that is no JSON");
  }
  if (!assembly.answer.feed(bytes)) {
    return fail(Side::provider, Kind::too_large,
                fmt::format("it is larger than {} MiB, the most that is put together for a call "
                            "without a stream",
                            limits::assembled_bytes_max >> 20));
  }
  std::size_t decoding = call.decoder == nullptr ? 0 : call.decoder->memory_bytes();
  if (!call.client.hold_for_answer(assembly.answer.memory_bytes() + decoding)) {
    return fail(Side::gateway, Kind::full,
                "its answer is put together here, and `limits.bufferedBytes` leaves no memory for "
                "it");
  }
  return {};
}

// The stream is over, by its provider's word or by ours: from here on the answer is as it will be.
// `failed`: what the stream was, where it told of a failure.
void Relay::finish_assembly(Call& call, const codec::StreamFacts* failed) {
  Assembly& assembly = *call.assembly;
  ledger::CallRecord& row = call.record();
  bool fits = assembly.answer.finish();
  if (failed != nullptr) {
    row.status = failed->error_status;
    assembly.answer.write_error(assembly.body);
  } else if (fits) {
    assembly.answer.write(assembly.body);
  }
  assembly.status = row.status;
  if (!assembly.body.empty()) return;
  codec::Notice notice{.refusal = codec::Refusal::provider_error,
                       .message = "the provider ended its answer with an error",
                       .call = call.id()};
  if (row.status < 400)
    row.status = static_cast<std::uint16_t>(codec::default_status(notice.refusal));
  assembly.status = row.status;
  codec::write_refusal(assembly.body, call.route.family, notice, row.status);
}

Task<void> Relay::send_assembled(Call& call, std::string_view decision) {
  Assembly& assembly = *call.assembly;
  net::http1::HeadWriter writer(assembly.fields);
  if (!decision.empty()) writer.field("x-recloser-decision", decision);
  append_limits(assembly.fields, call);
  if (call.cost) {
    std::string cost;
    append_text(cost, *call.cost);
    writer.field("x-recloser-cost-usd", cost);
  }
  Result<void> sent = co_await call.client.answer(assembly.status, assembly.fields, assembly.body);
}

}  // namespace recloser::relay
