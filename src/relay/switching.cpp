// SWITCH: an answer of which the client has some goes on from another target. Its stream stays one.
#include "codec/continuation/prefill.h"
#include "relay/comments.h"
#include "relay/continued.h"
#include "relay/hedging.h"
#include "relay/request.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using codec::Resume;
using route::AttemptEnd;
using route::Candidate;
using route::WhyNot;

// What the request for the rest says beside the text: an instruction, and the last words again.
constexpr text::TokenRange instruction_tokens{.about = 100, .max = 1000};

codec::Prefill prefill_at(const Call& call, const Request& request) {
  const config::Provider& provider = *call.provider->config;
  switch (provider.prefill) {
    case config::Prefill::automatic:
      if (provider.dialect == config::Dialect::simulated) return codec::Prefill::plain;
      return codec::prefill_of(call.route.operation, provider.base_url.host, provider.base_url.path,
                               request.provider_model);
    case config::Prefill::none:
      return codec::Prefill::no;
    case config::Prefill::plain:
      return codec::Prefill::plain;
    case config::Prefill::prefix:
      return codec::Prefill::prefix;
    case config::Prefill::partial:
      return codec::Prefill::partial;
    case config::Prefill::final_message:
      return codec::Prefill::final_message;
  }
  std::unreachable();
}

// What the client is told at the end is the sum over all attempts.
codec::Usage usage_before(const Call& call) {
  codec::Usage usage;
  if (!call.earlier) return usage;
  const Earlier& earlier = *call.earlier;
  auto tokens = [](std::int64_t figure) { return static_cast<std::uint64_t>(figure); };
  usage.input_tokens = tokens(earlier.input_tokens);
  usage.output_tokens = tokens(earlier.output_tokens);
  usage.cached_input_tokens = tokens(earlier.cached_input_tokens);
  usage.cache_write_tokens = tokens(earlier.cache_write_tokens);
  usage.reasoning_tokens = tokens(earlier.reasoning_tokens);
  return usage;
}

Leaving misfits() {
  return {.cause = Error(Side::provider, Kind::malformed,
                         "the provider did not go on where the answer had broken off"),
          .error_class = "misfit",
          .end = AttemptEnd::cancelled};
}

Leaving drained() {
  return {.cause = Error(Side::provider, Kind::closed, "the provider was taken out of use"),
          .error_class = "drained",
          .end = AttemptEnd::cancelled,
          .by_operator = true};
}

bool takes_restarts(const Call& call) {
  return call.client.head().find("x-recloser-restart") == "allow";
}

Leaving tells_error(AttemptEnd end) {
  return {.cause = Error(Side::provider, Kind::closed, "the provider told an error in its stream"),
          .error_class = "error_in_answer",
          .end = end};
}

}  // namespace

codec::Usage usage_told(const Call& call) {
  const Continued* continued = continued_of(call);
  if (continued == nullptr || continued->splice == nullptr) return call.usage;
  codec::Usage sum = usage_before(call);
  sum.input_tokens += call.usage.input_tokens;
  sum.output_tokens += call.usage.output_tokens;
  sum.cached_input_tokens += call.usage.cached_input_tokens;
  sum.cache_write_tokens += call.usage.cache_write_tokens;
  sum.reasoning_tokens += call.usage.reasoning_tokens;
  return sum;
}

Continued* continued_of(const Call& call) {
  return call.request ? call.request->continued.get() : nullptr;
}

// Whether the request is kept for the case that the stream breaks off.
bool Relay::may_be_continued(const Call& call) const {
  using config::Interrupted;
  bool kept = call.streams && call.assembly == nullptr && codec::can_stream(call.route.operation);
  Interrupted interrupted = call.request->resolved->model().interrupted;
  if (!kept || interrupted == Interrupted::error) return false;
  if (interrupted == Interrupted::restart && !takes_restarts(call)) return false;
  return call.row.record().attempt_count() < attempts_of(*call.request);
}

void Relay::guard_stream(Call& call, StreamPass& pass) {
  if (call.request && may_be_continued(call)) {
    call.request->continued = std::make_unique<Continued>(call);
    Continued& continued = *call.request->continued;
    continued.stream = &pass;
    continued.restarts =
        call.request->resolved->model().interrupted == config::Interrupted::restart;
    return pass.guard(call.route.operation, continued, &continued.delivered);
  }
  if (call.held != nullptr) pass.guard(call.route.operation, *call.held);
}

// What the client gets of a piece: of a second stream, as part of the answer that it has.
std::string_view Relay::take_piece(Call& call, StreamPass& pass, std::string_view piece,
                                   bool last) {
  Continued* continued = continued_of(call);
  if (continued == nullptr) return pass.take(piece, last, piece_text_);
  if (continued->splice != nullptr) return take_spliced(call, *continued, pass, piece, last);
  bool failed = pass.facts().saw_error;
  std::string_view out = pass.take(piece, last, piece_text_);
  bool fails_here = !failed && pass.facts().saw_error;
  bool kept_back = fails_here && !may_start_over(call, pass) && may_switch(call, pass);
  if (!kept_back) return out;
  continued->leaving = tells_error(pass.error_end());
  return out.substr(0, pass.bytes_before_error());
}

std::string_view Relay::take_spliced(Call& call, Continued& continued, StreamPass& pass,
                                     std::string_view piece, bool last) {
  codec::Splice& splice = *continued.splice;
  bool undecided = splice.state() == codec::Seam::State::undecided;
  spliced_.clear();
  codec::Seam::State state = splice.feed(piece, spliced_);
  if (last) state = splice.finish(spliced_);
  if (undecided && state == codec::Seam::State::fits) note_seam(call);
  if (state == codec::Seam::State::misfits) {
    continued.leaving = misfits();
  } else if (splice.facts().saw_error) {
    continued.leaving = tells_error(route::end_of_answer(splice.facts().error_status, "", ""));
  }
  return pass.take(spliced_, last, piece_text_);
}

// Something of what the second target says is for the client.
void Relay::note_seam(Call& call) {
  note_retry_succeeded(call);
  Duration ttft = worker_.clock().now() - call.sent;
  if (call.slot.open()) call.slot.first_token(ttft, call.expected_input_tokens, worker_.now());
}

const codec::StreamFacts& facts_of_attempt(const Call& call, const StreamPass& pass) {
  const Continued* continued = continued_of(call);
  bool goes_on = continued != nullptr && continued->splice != nullptr;
  return goes_on ? continued->splice->facts() : pass.facts();
}

// A second stream is read as a part of the first one.
void Relay::overhear(Call& call, StreamPass& pass, std::string_view piece) {
  Continued* continued = continued_of(call);
  if (continued == nullptr || continued->splice == nullptr) return pass.overhear(piece);
  spliced_.clear();
  continued->splice->feed(piece, spliced_);
  pass.overhear(spliced_);
}

bool breaks_off(const Call& call) {
  const Continued* continued = continued_of(call);
  return continued != nullptr && continued->leaving.has_value();
}

// The stream has ended before its answer. True: another one goes on with it.
Task<bool> Relay::go_on_or_fail(Call& call, net::HangupWatch& watch, StreamPass& pass,
                                Error&& cause) {
  Continued* continued = continued_of(call);
  if (continued == nullptr) {
    co_await fail_stream(call, watch, pass, std::move(cause));
    co_return false;
  }
  Leaving why{.cause = std::move(cause), .error_class = {}, .end = AttemptEnd::broken};
  why.error_class = error_class_of(why.cause);
  why.end = end_of(why.cause, Reached::yes);
  bool is_drained = std::exchange(continued->drained, false);  // of this target alone
  if (continued->leaving) {
    why = *std::exchange(continued->leaving, std::nullopt);
  } else if (is_drained) {
    why = drained();
  }
  bool goes_on = co_await switch_target(call, watch, pass, why);
  if (goes_on) co_return true;
  // One that nobody else goes on with has its end where it is.
  if (why.by_operator && continued->streams && !call.cancel.cancelled()) co_return true;
  if (continued->first == nullptr) {
    co_await fail_stream(call, watch, pass, std::move(why.cause));
  } else {
    co_await end_interrupted(call, watch, pass, why);
  }
  co_return false;
}

// The one way from target to target while the client reads. The target that was asked is left and
// booked, the next one is judged and has what it may cost held, and goes on in the same stream, or
// begins anew there for a client that asked for that.
// False: it does not go on; then, once its target has been left, Continued::first says why.
Task<bool> Relay::switch_target(Call& call, net::HangupWatch& watch, StreamPass& pass,
                                const Leaving& why) {
  if (watch.gone() || !may_switch(call, pass) || !leave_target(call, pass, why)) co_return false;
  Request& request = *call.request;
  for (;;) {
    Comments comments(call.client, worker_, services_.config->keep_alive.every);
    const net::http1::ResponseHead* head = co_await ask(call, *request.watch, *request.provider);
    std::unique_ptr<KeptAnswer> kept;  // over a wait, in which others use the worker's scratch
    if (head != nullptr && comments.is_sending()) {
      kept = std::make_unique<KeptAnswer>(*head, std::string(head->bytes()), std::string());
      kept->head.moved_to(kept->head_bytes.data());
      head = &kept->head;
      serving(call, *request.provider).keep_unread();
    }
    co_await comments.end();
    if (head == nullptr) co_return false;
    if (begin_splice(call, pass, *head)) {
      if (!request.continued->restarts) co_return true;
      bool listens = co_await restart(call, pass);
      co_return listens;
    }
    if (head->status() < 300) book_unanswered(call);
    if (call.kept == nullptr) {
      attempt_failed(call, "not_an_api", "it answered with no stream of events",
                     AttemptEnd::broken);
    }
    serving(call, *request.provider).close();
    if (call.kept != nullptr || !goes_elsewhere(call, AttemptEnd::broken)) co_return false;
    leave_attempt(call);
  }
}

// Whether what is out can be gone on with, by anybody.
bool Relay::may_switch(const Call& call, const StreamPass& pass) const {
  const Continued* continued = continued_of(call);
  if (continued == nullptr || call.row.settled() || call.cancel.cancelled()) return false;
  if (call.row.record().attempt_count() >= attempts_of(*call.request)) return false;
  if (!pass.may_go_on()) return false;
  return continued->restarts ||
         continued->delivered.resumption(call.request->facts).resume != Resume::no;
}

// The attempt comes to its end here, and is booked; what is out of it stays. False: there is no
// other one, and nothing has changed.
bool Relay::leave_target(Call& call, StreamPass& pass, const Leaving& why) {
  Request& request = *call.request;
  Continued& continued = *request.continued;
  continued.broke_at = worker_.now();
  std::uint64_t passed = pass.tokens_out();
  std::string_view text = continued.delivered.raw_text();
  if (!continued.restarts) {
    continued.added = {.about = passed + instruction_tokens.about,
                       .max = text.size() + instruction_tokens.max};
    judge_context(request);
  }
  Refused told = refused_by(call, why.cause, Reached::yes);
  if (!finds_another(call, why)) return false;
  book_stream(call, pass);
  if (why.by_operator) {
    ledger::Attempt* attempt = call.record().last_attempt();
    call.record().set_error_class(*attempt, why.error_class);
    attempt->outcome = ledger::Outcome::cut;
  } else {
    attempt_failed(call, why.error_class, why.cause.message(), why.end);
  }
  continued.streams = false;
  continued.tokens_before = pass.meter().exact_tokens(accounts_.meter_room());
  continued.bytes_before = visible_bytes(pass.facts());
  continued.tokens_out = passed;
  leave_attempt(call);
  continued.splice.reset();
  if (continued.first == nullptr) continued.first = std::make_unique<Refused>(std::move(told));
  serving(call, *request.provider).close();
  return true;
}

// What an operator drains is no failure, and takes nothing of the budget of retries.
bool Relay::finds_another(Call& call, const Leaving& why) {
  if (!why.by_operator) return goes_elsewhere(call, why.end);
  Request& request = *call.request;
  if (!may_go_elsewhere(call)) return false;
  ask_health(request);
  note_tried(request);
  if (next_of(request) == nullptr) return false;
  end_slot(call, ledger::Outcome::cut);
  return true;
}

LeftTarget Relay::leave(std::string_view target) {
  LeftTarget left;
  net::WaiterList seen;
  while (net::Waiter* running = running_.take()) {
    seen.add(*running);
    Call& call = static_cast<Call::Running&>(*running).call;
    if (call.row.settled()) continue;
    const ledger::Attempt* attempt = call.record().last_attempt();
    bool there = attempt != nullptr && attempt->outcome == ledger::Outcome::open &&
                 call.record().text_at(attempt->target) == target;
    if (!there) continue;
    bool leaves = may_leave_now(call);
    ++(leaves ? left.switched : left.staying);
    if (!leaves) continue;
    continued_of(call)->drained = true;
    net::Connection* connection = serving(call, *call.request->provider).connection();
    if (connection != nullptr) connection->stop_reading();
  }
  running_.take_all(seen);
  return left;
}

// Whether there is somebody to go on with what its client has.
bool Relay::may_leave_now(Call& call) {
  Continued* continued = continued_of(call);
  if (continued == nullptr || !call.request->out || !continued->streams) return false;
  if (!may_switch(call, *continued->stream)) return false;
  continued->broke_at = worker_.now();
  ask_health(*call.request);
  return std::ranges::any_of(call.request->candidates, [&](const Candidate& each) {
    return each.why_not == WhyNot::none && each.target != call.request->target;
  });
}

// The client is told that what it has is no part of the answer that comes.
Task<bool> Relay::restart(Call& call, StreamPass& pass) {
  Continued& continued = *call.request->continued;
  continued.splice.reset();
  continued.delivered = codec::Delivered(call.route.operation);
  continued.tokens_before = 0;
  pass.begin_anew(call.route.operation, call.hide_usage, meter_of(call));
  call.retry.reset();
  std::string event = fmt::format("event: {}\ndata: {{\"type\":\"{}\",\"call\":\"{}\"}}\n\n",
                                  restart_event, restart_event, call.id());
  std::array<std::string_view, 1> payload{event};
  (*call.request->provider)->keep_unread();
  Result<void> sent = co_await call.client.send("", payload, net::Last::no);
  co_return sent.has_value();
}

// The prompt is longer now. Where the client set a limit, the answer so far counts in it already.
void Relay::judge_context(Request& request) {
  if (request.facts.max_tokens != 0) return;
  route::Needs needs{.abilities = {},
                     .tokens = request.asker.needs.input_tokens + request.continued->added.about};
  for (Candidate& each : request.candidates) {
    if (each.why_not != WhyNot::none && !route::passes_by_itself(each.why_not)) continue;
    WhyNot why = route::lacking(needs, known_targets_.at(*each.target).facilities);
    if (why != WhyNot::none) each.why_not = why;
  }
}

// What is asked of the target that request.target names. Error: it cannot be.
std::expected<void, Refused> Relay::ask_for_the_rest(Call& call, Request& request) {
  Continued& continued = *request.continued;
  if (continued.restarts) return {};
  std::uint64_t last_message = request.message_begins.empty() ? 0 : request.message_begins.back();
  codec::Continuation asked =
      codec::ask_to_continue(request.edits, call.client.body(), request.facts, last_message,
                             continued.delivered, prefill_at(call, request));
  if (asked.obstacle != codec::Obstacle::none) {
    return std::unexpected(
        Refused{.refusal = codec::Refusal::provider_unavailable,
                .message = fmt::format("its answer cannot be gone on with there ({})",
                                       codec::name_of(asked.obstacle))});
  }
  continued.ask = asked.ask;
  bool instructed = asked.ask == codec::Ask::instruction;
  continued.added.about = continued.tokens_out + (instructed ? instruction_tokens.about : 0);
  continued.limit_is_written = false;
  continued.output_left = codec::output_left(request.facts, continued.tokens_out, asked.ask);
  return {};
}

// Where no budget has set a lower limit.
void Relay::limit_the_rest(const Call& call, Request& request) {
  const Continued& continued = *request.continued;
  if (continued.output_left == 0 || continued.limit_is_written) return;
  codec::limit_output(request.edits, request.facts,
                      codec::output_limit_name(call.route.operation, call.model->family->exact),
                      continued.output_left);
}

std::uint64_t most_of_the_rest(const Request& request) {
  if (!request.out || request.continued->output_left == 0) return UINT64_MAX;
  return request.continued->output_left;
}

// False: it is no stream of events, or an error.
bool Relay::begin_splice(Call& call, StreamPass& pass, const net::http1::ResponseHead& head) {
  if (head.status() >= 300 || call.kept != nullptr || is_beyond_plan(call, head)) return false;
  begin_decoding(call, head);
  if (answer_kind(head, !call.unreadable) != AnswerKind::events) return false;
  Continued& continued = *call.request->continued;
  continued.splice =
      std::make_unique<codec::Splice>(continued.delivered, continued.ask, usage_before(call));
  continued.streams = true;
  pass.go_on(call.hide_usage);
  return true;
}

// Nobody goes on with what the client has: it is told so, and of what it broke off.
Task<void> Relay::end_interrupted(Call& call, net::HangupWatch& watch, StreamPass& pass,
                                  const Leaving& why) {
  Continued& continued = *call.request->continued;
  serving(call, *call.request->provider).close();
  if (continued.streams) {
    book_stream(call, pass);
    attempt_failed(call, why.error_class, why.cause.message(), why.end);
  }
  if (watch.gone() || call.client.is_unheard()) {
    settle(call, ledger::Outcome::client_gone);
    co_return;
  }
  Error cause = cause_of(call, why.cause);
  Refused told = *continued.first;
  if (call.cancel.cancelled()) told = refused_by(call, cause, Reached::yes);
  co_await tell_failure(call, pass, told, outcome_of(call, cause));
}

}  // namespace recloser::relay
