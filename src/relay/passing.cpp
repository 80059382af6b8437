// The provider's answer on its way to the client: streams event by event, whole answers piece by
// piece.
#include "codec/answer_note.h"
#include "codec/answer_reader.h"
#include "core/ascii.h"
#include "net/http1/head_writer.h"
#include "relay/comments.h"
#include "relay/request.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using net::AnswerFraming;
using net::http1::Name;
using net::http1::NameSet;

constexpr Duration usage_grace =
    1s;  // for the usage of an answer whose client left after its finish
constexpr Duration overheard_for = 1ms;  // of a stream that is cut: what can be read already
constexpr std::size_t overheard_bytes_max = 64u << 10;
constexpr Duration framing_grace = 1s;         // for the end of a body after the end of its stream
constexpr std::size_t busy_bytes = 32u << 10;  // a piece of this size lets others have their turn

constexpr std::size_t own_fields_bytes = 320;  // what we add to a head, nearly always

constexpr NameSet not_passed_on = net::http1::recloser_names;
// Of the gateway's own key: where a limit of ours applies, that is what the client is to heed.
constexpr NameSet limits_of_the_provider{Name::anthropic_ratelimit_any, Name::x_ratelimit_any};

// Whether bytes that have come are still to be decoded.
bool decodes_on(const Call& call) { return call.decoder != nullptr && call.decoder->more(); }

Result<std::string_view> nothing_or_stopped(const Call& call) {
  const Continued* continued = continued_of(call);
  if (continued != nullptr && continued->drained) {
    return fail(Side::gateway, Kind::cancelled, "its target is drained");
  }
  if (is_stopped(call)) return fail(Side::gateway, Kind::cancelled, "stopped");
  return std::string_view();
}

// Trailers may be of the encoded bytes (a digest): with the coding they go.
void set_trailers(Call& call, const net::HttpCall& provider) {
  if (call.decoder == nullptr) call.client.set_trailers(provider.trailers());
}

// What pass_whole() has of an answer that it passes on.
struct WholeAnswer {
  // A larger one passes as it comes, and its head says no cost.
  static constexpr std::size_t held_bytes_max = 256u << 10;

  // Takes the piece, if it can wait. White space before the answer is a provider's way to say that
  // it is at work: that goes on at once.
  bool holds(std::string_view piece) {
    if (head_is_out || held.size() + piece.size() > held_bytes_max) return false;
    bool awake = held.empty() && !piece.empty() &&
                 piece.find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (!awake) held += piece;
    return !awake;
  }

  // The piece is the last one: the note goes into what is held, with it. Of an answer that is out
  // in part, or is to be of a given structure, the reason alone says that it was cut.
  void end_with(std::string_view note, std::string_view& piece, const Call& call) {
    bool fits = !head_is_out && held.size() + piece.size() <= held_bytes_max;
    if (!fits || note.empty() || call.structured_output) return;
    held.append(std::exchange(piece, {}));
    codec::append_answer_note(held, call.route.operation, note);
  }

  std::string head;  // where head_text_ could not keep it
  std::string held;
  bool head_is_out = false;
  std::uint64_t bytes = 0;
  std::uint64_t delivered_text = 0;
};

// Who goes on with an answer answers from there on.
net::HttpCall* answering(Call& call, net::HttpCall* provider) {
  return continued_of(call) == nullptr ? provider : &serving(call, *call.request->provider);
}

// A whole answer that may end at a limit of ours.
bool may_be_noted(const Call& call) {
  return call.held != nullptr && call.held->ends_at_our_limit();
}

}  // namespace

NameSet fields_left_out(const Call& call) {
  bool limits = call.held != nullptr && call.held->has_rate();
  return limits ? not_passed_on | limits_of_the_provider : not_passed_on;
}

AnswerKind answer_kind(const net::http1::ResponseHead& head, bool readable) {
  std::string_view type = head.find(Name::content_type).value_or("");
  if (!readable) return AnswerKind::whole;
  if (ascii::starts_with_ignoring_case(type, "text/event-stream")) return AnswerKind::events;
  bool page = ascii::starts_with_ignoring_case(type, "text/html");
  return page && head.status() < 400 ? AnswerKind::not_an_api : AnswerKind::whole;
}

void write_own_fields(Call& call, net::http1::HeadWriter& writer) {
  writer.field("x-recloser-call", call.id());
  if (std::string_view session = call.record().text(ledger::Text::session); !session.empty()) {
    writer.field("x-recloser-session", session);
  }
  if (const ledger::Attempt* attempt = call.record().last_attempt(); attempt != nullptr) {
    writer.field("x-recloser-target", call.record().text_at(attempt->target));
    std::int64_t overhead_us = std::max<std::int64_t>(call.record().overhead_us, 0);
    writer.field("x-recloser-overhead-us", static_cast<std::uint64_t>(overhead_us));
  }
  if (call.held != nullptr && !call.held->warning().empty()) {
    writer.field("x-recloser-warning", call.held->warning());
  }
  if (call.warns_of_idempotency_key) {
    writer.field("x-recloser-warning",
                 "idempotency-key is off here: sent again, the call is made again");
  }
}

// The provider's head with ours in it. It goes out with the first bytes behind it.
void Relay::write_client_head(Call& call, const net::http1::ResponseHead& head, bool streams) {
  net::http1::Body framing = head.body(net::http1::Method::post);
  // A stream may get comments and an error of ours: whatever it announced, it is chunked for the
  // client.
  bool keeps_length = framing.kind == net::http1::Body::Kind::length && !streams &&
                      call.decoder == nullptr && !may_be_noted(call);
  NameSet drop = fields_left_out(call);
  if (!keeps_length) drop.add(Name::content_length);
  head_text_.clear();
  head_text_.reserve(head.size() + own_fields_bytes);
  net::http1::HeadWriter writer(head_text_);
  writer.status_line(head.status(), head.phrase());
  if (call.decoder == nullptr) {
    writer.copy_fields(head, drop);
  } else {
    copy_decoded_fields(head, drop, writer);
  }
  write_own_fields(call, writer);
  if (streams) append_limits(head_text_, call);
  if (call.unreadable) {
    writer.field("x-recloser-warning", "the answer's content-encoding is unknown: it was not read");
  }
  AnswerFraming to_client = AnswerFraming::length;
  if (framing.kind == net::http1::Body::Kind::none) to_client = AnswerFraming::none;
  if (framing.kind != net::http1::Body::Kind::none && !keeps_length) {
    to_client = call.client.streaming_framing();
  }
  if (to_client == AnswerFraming::close) call.client.close_after();
  head_text_ += call.client.connection_field();
  writer.end(to_client == AnswerFraming::chunked ? net::http1::Body::chunked()
             : to_client == AnswerFraming::close ? net::http1::Body::until_close()
             : keeps_length                      ? framing
                                                 : net::http1::Body::none());
  call.client.begin(to_client);
}

StreamPass Relay::begin_stream(Call& call) {
  return StreamPass(call.route.operation, call.hide_usage, meter_of(call), accounts_.meter_room());
}

Meter Relay::meter_of(const Call& call) {
  return Meter(*call.model->family, call.model->overhead.call.about,
               call.model->overhead.answer.about);
}

// The frame of every stream: what can be made elsewhere takes no room on it.
Task<void> Relay::pass_stream(Call& call, net::HangupWatch& watch, net::HttpCall* provider) {
  StreamPass pass = begin_stream(call);
  guard_stream(call, pass);
  call.record().delivered_tokens = 0;
  Metrics::OpenStream open_stream(metrics_);
  bool head_waits = call.assembly == nullptr;
  bool comes_later = !provider->has_unread() && !provider->body_ended();
  if (head_waits && comes_later && nothing_is_out(call)) call.request->opening_head = head_text_;
  if (head_waits && comes_later && !nothing_is_out(call)) {
    std::span<const std::string_view> nothing_yet;
    Result<void> sent = co_await call.client.send(head_text_, nothing_yet, net::Last::no);
    head_waits = false;
  }
  const Duration awake_every = services_.config->keep_alive.every;
  Instant framing_until = Instant::never();  // once the end is told: one time for all that follows
  for (bool more = true; more; provider = answering(call, provider)) {
    if (call.row.settled() && framing_until == Instant::never()) {
      framing_until = worker_.now() + framing_grace;
    }
    Instant silent_until = std::min(provider->idle_deadline(), framing_until);
    Instant first_piece_until = first_piece_due(call);
    silent_until = std::min(silent_until, first_piece_until);
    Result<std::string_view> piece = nothing_or_stopped(call);
    bool comes = piece && !decodes_on(call) && (!provider->body_ended() || provider->has_unread());
    if (call.hedge != nullptr && piece) comes = !take_begun(call, *piece) && comes;
    while (comes) {
      Instant until = std::min(silent_until, worker_.now() + awake_every);
      piece = co_await provider->next(until);
      bool only_quiet = !piece && piece.error().kind() == Kind::timed_out &&
                        worker_.now() < silent_until && !watch.gone();
      if (!only_quiet) break;
      bool listens = co_await keep_client_awake(call, pass, head_waits);
      if (!listens) break;
    }
    if (!piece && worker_.now() >= first_piece_until && !is_stopped(call) && !watch.gone()) {
      piece = fail(Side::provider, Kind::timed_out,
                   "the provider sent no piece of its answer in "
                   "time");
    }
    check_piece(call, *provider, framing_until, piece);
    if (!piece) {
      more = co_await break_off(call, watch, *provider, pass, std::move(piece.error()), head_waits);
      if (!more) co_return;
      continue;
    }
    more = co_await pass_piece(call, watch, *provider, pass, *piece, head_waits);
  }
  provider->finish();
}

// A piece may pass as it is, decoded, or not at all.
void Relay::check_piece(Call& call, net::HttpCall& provider, Instant framing_until,
                        Result<std::string_view>& piece) {
  bool over = worker_.now() >= framing_until;
  if (piece && over) piece = fail(Side::provider, Kind::timed_out, "sent on after its end");
  if (piece && call.decoder != nullptr) piece = decode(call, provider, *piece, true);
}

// Nothing more comes, or may come. True: of this stream, and another one goes on with it.
Task<bool> Relay::break_off(Call& call, net::HangupWatch& watch, net::HttpCall& provider,
                            StreamPass& pass, Error&& cause, bool head_waits) {
  if (head_waits) {
    book_stream(call, pass);
    co_await fail_unsent(call, watch, std::move(cause));
    co_return false;
  }
  bool cuts = is_stopped(call) && !call.row.settled() && pass.may_be_cut();
  if (cuts) {
    pass.close_gate(call.route.operation);
    co_await cut_stream(call, watch, provider, pass, "", "");
    co_return false;
  }
  if (is_stopped(call)) provider.close();
  bool goes_on = co_await go_on_or_fail(call, watch, pass, std::move(cause));
  co_return goes_on;
}

// True while there is more to come.
Task<bool> Relay::pass_piece(Call& call, net::HangupWatch& watch, net::HttpCall& provider,
                             StreamPass& pass, std::string_view piece, bool& head_waits) {
  bool last = provider.body_ended() && !decodes_on(call);
  if (is_over_limit(call) && pass.may_be_cut()) pass.close_gate(call.route.operation);
  bool may_change_place = call.request != nullptr;
  std::string_view out =
      may_change_place ? take_piece(call, pass, piece, last) : pass.take(piece, last, piece_text_);
  if (may_start_over(call, pass) && fails_at_start(call, pass, last)) co_return false;
  if (call.assembly != nullptr) {
    Result<void> fits = assemble(call, std::exchange(out, {}), pass.facts());
    if (!fits) {
      provider.close();
      co_await fail_stream(call, watch, pass, std::move(fits.error()));
      co_return false;
    }
  }
  Opening opening;
  if (may_change_place) opening = hold_opening(call, pass, last, head_waits, out);
  std::string_view head;
  if (!opening.held && std::exchange(head_waits, false)) head = opening.head_or(head_text_);
  if (pass.cut() && !call.row.settled() && !watch.gone()) {
    if (!opening.bytes.empty()) out = opening.bytes.append(out);
    co_await cut_stream(call, watch, provider, pass, out, head);
    co_return false;
  }
  if (pass.strays()) {
    // The books are closed and the client has its whole answer: this is no part of it.
    provider.close();
    metrics_.malformed_events(1);
    co_await fail_stream(call, watch, pass,
                         Error(Side::provider, Kind::malformed, "sent on after its end"));
    co_return false;
  }
  bool whole = book_piece(call, watch, provider, pass, last);
  bool truncated = !whole && (last || breaks_off(call));
  if (watch.gone() && !breaks_off(call)) co_return !last && !whole;
  std::array<std::string_view, 2> payload{opening.bytes, out};
  bool busy = piece.size() >= busy_bytes || decodes_on(call);
  bool nothing = opening.held || (head.empty() && out.empty() && !last) || call.assembly != nullptr;
  if (!nothing) {
    net::Last end = last && !truncated ? net::Last::yes : net::Last::no;
    if (last) set_trailers(call, provider);
    Result<void> sent = co_await call.client.send(head, payload, end);
    if (!sent) {
      if (!call.row.settled()) {
        book_stream(call, pass);
        settle(call, ledger::Outcome::client_gone);
      }
      co_return false;
    }
    note_delivered(call);
  }
  if (truncated) {
    Error cause(Side::provider, Kind::closed,
                "the provider ended the stream before its answer was complete");
    bool goes_on = co_await go_on_or_fail(call, watch, pass, std::move(cause));
    co_return goes_on;
  }
  if (last && call.assembly != nullptr) co_await send_assembled(call);
  if (busy) co_await let_others(call);
  co_return !last;
}

// What the piece adds to the books. Whether the answer is whole with it.
bool Relay::book_piece(Call& call, const net::HangupWatch& watch, net::HttpCall& provider,
                       StreamPass& pass, bool last) {
  const codec::StreamFacts& facts = pass.facts();
  if (!call.row.settled() && call.record().ttft_ns < 0 && pass.saw_content()) {
    Instant now = worker_.clock().now();
    call.record().ttft_ns = (now - call.begun).count();
    note_retry_succeeded(call);
    if (call.slot.open()) {
      call.slot.first_token(now - call.sent, call.expected_input_tokens, worker_.now());
    }
  }
  if (!call.row.settled()) book_so_far(call, pass, Price::when_grown);
  bool whole = (facts.saw_done || (last && pass.whole())) && !breaks_off(call);
  // Certain in the journal before the client can see the end.
  if (whole && !call.row.settled()) settle_stream(call, watch, pass);
  if (facts.saw_finish && facts.usage_source != codec::UsageSource::final) {
    provider.set_grace(usage_grace);
  }
  if (watch.gone() && last && !whole && !breaks_off(call) && !call.row.settled()) {
    book_stream(call, pass);
    settle(call, ledger::Outcome::client_gone);
  }
  return whole;
}

void Relay::settle_stream(Call& call, const net::HangupWatch& watch, StreamPass& pass) {
  const codec::StreamFacts& facts = pass.facts();
  book_stream(call, pass);
  if (call.assembly != nullptr) {
    finish_assembly(call, facts.saw_error ? &facts : nullptr);
  } else if (!watch.gone()) {
    note_delivered(call);  // what is left of it goes out now
  }
  if (facts.saw_error)
    attempt_failed(call, "error_in_answer", "it told an error in its stream", pass.error_end());
  settle(call, facts.saw_error ? ledger::Outcome::provider_failed
               : watch.gone()  ? ledger::Outcome::client_gone
                               : outcome_of_status(call.record().status));
}

// Ends a stream that may not go on: visibly for the client, at once for the provider, and in the
// books with all that it had written until it heard of it.
Task<void> Relay::cut_stream(Call& call, net::HangupWatch& watch, net::HttpCall& provider,
                             StreamPass& pass, std::string_view out, std::string_view head) {
  std::string ending(out);  // over a wait, in which other calls use the room it lies in
  std::string beginning(head);
  Instant crossed = worker_.clock().now();
  co_await overhear_rest(call, provider, pass);
  provider.close();
  ledger::CallRecord& row = call.record();
  row.upstream_close_ms = (worker_.clock().now() - crossed) / 1ms;
  book_stream(call, pass);
  row.delivered_tokens = static_cast<std::int64_t>(pass.tokens_passed());
  Cutting cutting = cutting_of(call);
  note_cut(call, cutting);
  codec::Usage usage = usage_told(call);
  codec::CutOrder order{.note = cutting.note,
                        .call = call.id(),
                        .rule = cutting.rule,
                        .model = row.text(ledger::Text::model_requested),
                        .created_at_s = worker_.wall().ns / 1'000'000'000,
                        .client = call.client_family,
                        .finish = cutting.finish,
                        .structured = call.structured_output,
                        .usage = call.wants_usage ? &usage : nullptr};
  pass.write_cut(ending, order);
  if (call.assembly != nullptr) {
    call.assembly->answer.ends_by_us();
    call.assembly->answer.feed(ending);
    finish_assembly(call, nullptr);
  }
  if (watch.gone()) {
    settle(call, ledger::Outcome::client_gone);
    co_return;
  }
  settle(call, ledger::Outcome::cut);
  if (call.assembly != nullptr) {
    co_await send_assembled(call, cutting.rule);
    co_return;
  }
  std::array<std::string_view, 1> payload{ending};
  Result<void> sent = co_await call.client.send(beginning, payload, net::Last::yes);
}

// What a provider had sent before it can know: it is paid for. Where the answer is over, its usage
// is waited for.
Task<void> Relay::overhear_rest(Call& call, net::HttpCall& provider, StreamPass& pass) {
  Instant until = worker_.now() + (pass.facts().saw_finish ? usage_grace : overheard_for);
  for (std::size_t bytes = 0; bytes < overheard_bytes_max && !provider.body_ended();) {
    if (pass.facts().saw_done) co_return;
    Result<std::string_view> piece = co_await provider.next(until);
    if (!piece) co_return;
    bytes += piece->size();
    overhear(call, pass, *piece);
  }
}

// A comment, where one may stand: the client's own time limit and the proxies in between see life.
// False when the client takes nothing any more.
Task<bool> Relay::keep_client_awake(Call& call, const StreamPass& pass, bool& head_waits) {
  if (call.assembly != nullptr || !pass.between_lines()) co_return true;
  Opening opening = take_opening(call);
  std::string_view head = std::exchange(head_waits, false) ? opening.head_or(head_text_) : "";
  std::array<std::string_view, 2> bytes{
      opening.bytes, pass.between_events() ? keep_alive_comment : ": keep-alive\n"};
  Result<void> sent = co_await call.client.send(head, bytes, net::Last::no);
  co_return sent.has_value();
}

// The client is told in its own grammar; a stream that broke off is never passed on as a whole one.
Task<void> Relay::fail_stream(Call& call, net::HangupWatch& watch, StreamPass& pass,
                              Error&& error) {
  if (call.row.settled()) {
    // Its end had been passed on already: only the provider's framing is missing.
    std::span<const std::string_view> nothing_more;
    if (watch.gone()) co_return;
    if (call.assembly != nullptr) {
      co_await send_assembled(call);
    } else {
      co_await call.client.send("", nothing_more, net::Last::yes);
    }
    co_return;
  }
  book_stream(call, pass);
  if (call.assembly != nullptr) {  // half an answer is none
    co_await fail_unsent(call, watch, std::move(error));
    co_return;
  }
  if (watch.gone() || call.client.is_unheard()) {
    settle(call, ledger::Outcome::client_gone);
    co_return;
  }
  Error cause = cause_of(call, std::move(error));
  Refused refused = refused_by(call, cause, Reached::yes);
  attempt_failed(call, cause, Reached::yes);
  co_await tell_failure(call, pass, refused, outcome_of(call, cause));
}

Task<void> Relay::tell_failure(Call& call, StreamPass& pass, const Refused& why,
                               ledger::Outcome outcome) {
  note_ended_by_us(call, why);
  codec::StreamFailure failure;
  failure.notice = {.refusal = why.refusal, .message = why.message, .call = call.id()};
  if (is_stopped(call)) {
    failure.notice.rule = why.rule;
    failure.notice.decision = "terminate";
  }
  failure.within_event = !pass.between_events();
  failure.within_line = !pass.between_lines();
  failure.response_id = pass.facts().response_id;
  failure.model = pass.facts().model;
  failure.created_at_s = worker_.wall().ns / 1'000'000'000;
  failure.sequence_number = pass.facts().events;
  piece_text_.clear();
  codec::write_stream_failure(piece_text_, call.route.operation, failure);
  settle(call, outcome);
  std::array<std::string_view, 1> payload{piece_text_};
  Result<void> sent = co_await call.client.send("", payload, net::Last::yes);
}

// Nothing of the answer is out: the failure is an answer of its own.
Task<void> Relay::fail_unsent(Call& call, net::HangupWatch& watch, Error&& error) {
  if (watch.gone()) {
    settle(call, ledger::Outcome::client_gone);
    co_return;
  }
  Error cause = cause_of(call, std::move(error));
  attempt_failed(call, cause, Reached::yes);
  if (goes_elsewhere(call, end_of(cause, Reached::yes))) {
    leave_attempt(call);
    co_return;
  }
  Refused why = refused_by(call, cause, Reached::yes);
  co_await refuse_call(call, why);
}

// Into a head that is complete, before the empty line: what was not known when it was written.
void Relay::end_head(const Call& call, std::string& head, bool cost_is_known) {
  constexpr std::string_view end = "\r\n";
  head.resize(head.size() - end.size());
  append_limits(head, call);
  if (cost_is_known && call.cost) {
    head += "x-recloser-cost-usd: ";
    append_text(head, *call.cost);
    head += end;
  }
  head += end;
}

// A JSON answer is of use to nobody before its end, so that a small one is held until then: its
// head can tell its cost, and one that breaks off is an error and not half an answer.
Task<void> Relay::pass_whole(Call& call, net::HangupWatch& watch, net::HttpCall& provider,
                             int status) {
  codec::AnswerReader reader(call.route.operation);
  WholeAnswer answer;
  std::string_view begun;  // what was read of it already
  if (call.kept != nullptr) begun = call.kept->begun;
  bool waits = call.decoder != nullptr || (!provider.has_unread() && !provider.body_ended());
  if (waits) answer.head = head_text_;  // over a wait, in which other calls use head_text_
  for (bool last = false; !last;) {
    Result<std::string_view> piece = std::string_view(begun);
    if (is_stopped(call)) {
      piece = fail(Side::gateway, Kind::cancelled, "stopped");
    } else if (begun.empty() && !decodes_on(call) && !provider.body_ended()) {
      piece = co_await provider.next(provider.idle_deadline());
    }
    begun = {};
    if (piece && call.decoder != nullptr) piece = decode(call, provider, *piece, false);
    if (!piece) book_broken(call, reader, answer.bytes, answer.delivered_text, status);
    if (!piece && !answer.head_is_out) {
      co_await fail_unsent(call, watch, std::move(piece.error()));
      co_return;
    }
    if (!piece) {
      break_whole(call, watch, piece.error());
      co_return;
    }
    last = provider.body_ended() && !decodes_on(call);
    answer.bytes += piece->size();
    if (!call.unreadable) reader.feed(*piece);
    if (last && fails_whole(call, reader, answer.bytes, status)) co_return;
    std::string& head = answer.head.empty() ? head_text_ : answer.head;
    if (last && !answer.head_is_out) correct_status(call, reader, head);
    // Before the client can see the end.
    if (last && book_whole(call, reader, answer.bytes, status)) {
      answer.end_with(cutting_of(call).note, *piece, call);
    }
    bool busy = piece->size() >= busy_bytes || decodes_on(call);
    if (!last && (piece->empty() || answer.holds(*piece))) {
      if (answer.head.empty()) answer.head = head_text_;
      if (busy) co_await let_others(call);
      continue;
    }
    commit(call);
    if (!answer.head_is_out) end_head(call, head, last);
    std::array<std::string_view, 2> payload{answer.held, *piece};
    if (last) set_trailers(call, provider);
    net::Last end = last ? net::Last::yes : net::Last::no;
    std::string_view head_now;
    if (!std::exchange(answer.head_is_out, true)) head_now = head;
    Result<void> sent = co_await call.client.send(head_now, payload, end);
    if (!sent) {
      if (!call.row.settled()) {
        book_broken(call, reader, answer.bytes, answer.delivered_text, status);
        settle(call, ledger::Outcome::client_gone);
      }
      co_return;
    }
    std::string().swap(answer.held);
    answer.delivered_text = call.unreadable ? answer.bytes : reader.facts().text_bytes;
    if (busy) co_await let_others(call);
  }
  provider.finish();
}

// Half an answer is out: only a broken connection can say so now.
void Relay::break_whole(Call& call, net::HangupWatch& watch, const Error& failure) {
  if (watch.gone()) {
    settle(call, ledger::Outcome::client_gone);
    return;
  }
  Error error = cause_of(call, failure);
  note_ended_by_us(call, refused_by(call, error, Reached::yes));
  attempt_failed(call, error, Reached::yes);
  settle(call, outcome_of(call, error));
  call.client.break_off();
}

}  // namespace recloser::relay
