// HEDGE: a stream whose first content is late is asked for at a second target, and the first of the
// two that tells content goes to the client.
#include "relay/hedging.h"

#include "codec/stream_reader.h"
#include "core/limits.h"
#include "relay/request.h"

#include <algorithm>
#include <array>
#include <vector>

namespace recloser::relay {
namespace {

using codec::EventKind;
using net::http1::Name;
using route::AttemptEnd;

// Begun later than all but so many of a hundred.
constexpr std::uint32_t late_of_hundred = 95;

constexpr std::size_t begun_bytes_max = 64u << 10;
constexpr std::string_view error_class_outrun = "outrun";

// What a provider does for it is done once: tools that it runs, conversations that it keeps.
bool may_be_sent_twice(const codec::RequestFacts& facts) {
  return !facts.other_tools && !facts.web_search_options && facts.conversation.empty();
}

void note_event(Runner& runner, const codec::Event& event) {
  switch (event.kind) {
    case EventKind::text:
    case EventKind::reasoning:
    case EventKind::tool_call:
    case EventKind::sealed:
    case EventKind::finish:
    case EventKind::done:
      runner.content = true;
      return;
    case EventKind::error:
      runner.told = route::end_of_error(event.id, event.name, event.text);
      return;
    default:
      return;
  }
}

// Until when a begin of its stream is waited for.
struct BeginLimits {
  Instant first_piece_until;  // then it has failed
  Instant quiet_until;        // then its client is to hear something, be it comments
};

// Up to the first content. What comes behind it is read by who passes it on.
Task<void> read_begin(Runner& runner, net::Worker& worker, codec::Operation operation,
                      BeginLimits limits) {
  codec::StreamReader reader(operation);
  net::HttpCall& provider = *runner.provider;
  std::string& begun = runner.came->begun;
  bool goes_on = true;
  while (goes_on && !provider.body_ended() && begun.size() < begun_bytes_max) {
    Instant until = std::min(provider.idle_deadline(), limits.first_piece_until);
    until = std::min(until, limits.quiet_until);
    Result<std::string_view> piece = co_await provider.next(until);
    if (worker.now() >= limits.quiet_until && (piece || piece.error().kind() == Kind::timed_out)) {
      runner.content = true;
    }
    if (!piece && runner.content) co_return;
    if (!piece) {
      runner.failed = piece.error();
      co_return;
    }
    begun += *piece;
    std::string_view rest = *piece;
    while (std::optional<codec::Event> event = reader.next(rest)) note_event(runner, *event);
    bool is_none = reader.facts().malformed > 0 && !reader.facts().saw_start;
    goes_on = !runner.content && !runner.told && !is_none;
  }
  const codec::StreamFacts& facts = reader.facts();
  runner.text_bytes = facts.text_bytes + facts.reasoning_bytes + facts.argument_bytes;
  if (begun.size() >= begun_bytes_max) runner.content = true;
}

// One request on its way. An answer that is no plain stream has come with its head.
Task<void> run(Runner& runner, net::Worker& worker, codec::Operation operation,
               net::HttpRequest request, BeginLimits limits) {
  Result<const net::http1::ResponseHead*> head = co_await runner.provider->start(request);
  runner.head_at = worker.clock().now();
  if (!head) {
    runner.failed = head.error();
  } else {
    runner.came =
        std::make_unique<KeptAnswer>(**head, std::string((*head)->bytes()), std::string());
    KeptAnswer& came = *runner.came;
    came.head.moved_to(came.head_bytes.data());
    AnswerKind kind = answer_kind(came.head, !came.head.has(Name::content_encoding));
    int status = came.head.status();
    runner.content = kind == AnswerKind::whole && status < 300;
    if (kind == AnswerKind::events && status < 300) {
      co_await read_begin(runner, worker, operation, limits);
    } else {
      runner.provider->keep_unread();  // until somebody awaits this runner
    }
  }
  runner.over = true;
  runner.hedge.runner_is_over();
}

void swap_places(Call& call, Request& request, Aimed& other) {
  ledger::CallRecord& row = call.record();
  std::swap(call.provider, other.provider);
  std::swap(request.target, other.target);
  std::swap(call.model, other.model);
  std::swap(request.provider_model, other.provider_model);
  std::swap(request.target_name, other.target_name);
  std::swap(call.held, other.held);
  std::swap(call.assembly, other.assembly);
  std::swap(call.slot, other.slot);
  std::swap(call.prompt, other.prompt);
  std::swap(call.experience, other.experience);
  std::swap(call.counted_input_tokens, other.counted_input_tokens);
  std::swap(call.expected_input_tokens, other.expected_input_tokens);
  std::swap(row.expected_input_tokens, other.row_expected_input_tokens);
  std::swap(row.upper_input_tokens, other.row_upper_input_tokens);
  std::swap(row.expected_cost_nano_usd, other.row_expected_cost_nano_usd);
  std::swap(row.upper_cost_nano_usd, other.row_upper_cost_nano_usd);
  std::swap(call.sent, other.sent);
  std::swap(call.model_known, other.model_known);
  std::swap(call.hide_usage, other.hide_usage);
  std::swap(request.panics, other.panics);
}

// Who is killed meanwhile leaves behind what both may be billed.
void add_to_lines(ledger::CallRecord& row, std::span<const budget::Amount> held) {
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (held[i] != 0) row.set_charged(i, row.budget(i).figures.charged + held[i]);
  }
}

}  // namespace

void Runner::failed_with(void* runner, std::string_view, std::string_view what) {
  auto& self = *static_cast<Runner*>(runner);
  self.failed = Error(Side::gateway, Kind::unavailable, std::string(what));
  self.over = true;
  self.hedge.runner_is_over();
}

void Hedge::cancel() {
  for (Runner* runner : {&first, &second}) {
    runner->cancel.cancel(of_call_.reason(), worker_.now());
  }
}

void Hedge::end() {
  standing_.reset();
  for (Runner* runner : {&first, &second}) {
    if (runner->provider) runner->provider->close();
  }
}

// Not from within the runner: who waits may let go of it.
void Hedge::runner_is_over() {
  if (waiting_) worker_.timers().set(*this, worker_.now());
}

net::HttpCall& serving(Call& call, std::optional<net::HttpCall>& provider) {
  return call.hedge ? *call.hedge->current->provider : *provider;
}

bool take_begun(Call& call, std::string_view& piece) {
  Runner& runner = *call.hedge->current;
  if (std::exchange(runner.begun_is_taken, true)) return false;
  piece = runner.came->begun;
  return !piece.empty();
}

// When a second target is asked, should nothing have come by then. Only of streams is it known how
// long their first content takes.
std::optional<Duration> Relay::hedged_after(const Call& call, const Request& request) const {
  // Who goes on with an answer is judged by how its own begins: of two there would be two seams.
  if (!request.resolved->model().hedge || request.out) return std::nullopt;
  bool may = call.is_streamed() && may_be_sent_twice(request.facts) &&
             (call.held == nullptr || call.held->clock() == nullptr);
  if (!may) return std::nullopt;
  if (call.row.record().attempt_count() == 1) services_.health.hedges().count_call(worker_.now());
  return call.model->health->first_token_within(late_of_hundred, call.expected_input_tokens);
}

Task<const net::http1::ResponseHead*> Relay::send_hedged(Call& call, Request& request,
                                                         const net::HangupWatch& watch,
                                                         Duration late) {
  call.hedge = std::make_unique<Hedge>(worker_, call.cancel);
  Hedge& hedge = *call.hedge;
  begin_runner(call, request, hedge.first);
  co_await hedge.until(worker_.now() + late);
  note_replay_of(call, request, hedge.first);
  bool two = !hedge.first.over && may_hedge(call, request);
  if (two) two = co_await begin_second(call, request);
  if (!two) {
    co_await hedge.until(Instant::never());
    co_return take_answer(call, watch, hedge.first);
  }
  co_await hedge.until(Instant::never());
  Runner* ahead = hedge.first.over ? &hedge.first : &hedge.second;
  Runner* behind = &hedge.other(*ahead);
  if (!ahead->is_good() && behind->is_good()) std::swap(ahead, behind);
  if (ahead->is_good() || call.cancel.cancelled()) {
    abandon(call, request, *behind);
  } else {
    turn_to(call, request, *ahead);
    co_await lose(call, watch, *ahead);
    let_go(call, request, *ahead);
    ahead = behind;
    co_await hedge.until(Instant::never());
  }
  turn_to(call, request, *ahead);
  co_return take_answer(call, watch, *ahead);
}

// The request is written; its parts go with the runner.
void Relay::begin_runner(Call& call, Request& request, Runner& runner) {
  runner.head = std::move(request.head);
  runner.edits = std::move(request.edits);
  request.head.clear();
  request.edits = codec::BodyEdits();
  runner.provider.emplace(pool_, call.provider->dial, timeouts_of(call), runner.cancel);
  runner.task.spawn("attempt", run_request(call, runner));
}

Task<void> Relay::run_request(Call& call, Runner& runner) {
  std::array<std::string_view, codec::BodyEdits::pieces_max> room;
  net::HttpRequest outgoing{.method = net::http1::Method::post,
                            .head = runner.head,
                            .body = runner.edits.pieces(call.client.body(), room),
                            .may_replay = call.record().attempt_count() < limits::attempts_max,
                            .flow = FairShare::flow_of(call.tenant)};
  BeginLimits limits{.first_piece_until = first_piece_due(call),
                     .quiet_until = worker_.now() + services_.config->keep_alive.every};
  co_await run(runner, worker_, call.route.operation, outgoing, limits);
}

// Whether there is somebody to ask, and it is not too much.
bool Relay::may_hedge(Call& call, Request& request) {
  if (!may_go_elsewhere(call)) return false;
  note_tried(request);
  ask_health(request);
  return has_next(request) && services_.health.hedges().take(worker_.now());
}

// What it may cost is held beside what the first one holds; where that cannot be, there is no
// second one.
Task<bool> Relay::begin_second(Call& call, Request& request) {
  Hedge& hedge = *call.hedge;
  hedge.first.provider->never_replay();  // the row has room for one of the two to be sent again
  std::vector<budget::Amount> held = take_back_lines(call);
  swap_places(call, request, hedge.parked);
  hedge.current = &hedge.second;
  request.begin_again();
  std::expected<void, Refused> aimed = co_await aim(call, request, nullptr);
  bool timed = call.held != nullptr && call.held->clock() != nullptr;
  if (!aimed || timed) {
    call.slot = {};
    call.held.reset();
    swap_places(call, request, hedge.parked);
    hedge.current = &hedge.first;
    name_provider(call);
    add_to_lines(call.record(), held);
    co_return false;
  }
  add_to_lines(call.record(), held);
  call.sent = worker_.clock().now();
  call.record().begin_attempt(request.target_name, worker_.wall());
  begin_runner(call, request, hedge.second);
  co_return true;
}

// The row's last attempt is the one whose figures stand in the call: attempts stand in the order in
// which they ended.
void Relay::turn_to(Call& call, Request& request, Runner& runner) {
  Hedge& hedge = *call.hedge;
  if (hedge.current == &runner) return;
  swap_places(call, request, hedge.parked);
  hedge.current = &runner;
  call.record().swap_last_attempts();
  name_provider(call);
}

void Relay::name_provider(Call& call) {
  call.record().set(ledger::Text::provider, call.provider->config->name);
  call.record().set(ledger::Text::region, call.provider->config->region);
}

// It was too slow. What it may be billed is booked, as of any attempt that came to nothing.
void Relay::abandon(Call& call, Request& request, Runner& runner) {
  turn_to(call, request, runner);
  note_replay_of(call, request, runner);
  ledger::Attempt* attempt = call.record().last_attempt();
  if (runner.came) attempt->status = static_cast<std::uint16_t>(runner.came->head.status());
  if (!call.cancel.cancelled()) call.record().set_error_class(*attempt, error_class_outrun);
  attempt->outcome = ledger::Outcome::cut;
  call.ended = AttemptEnd::cancelled;
  book_runner(call, runner);
  let_go(call, request, runner);
}

void Relay::book_runner(Call& call, const Runner& runner) {
  if (!runner.provider->request_sent() || codec::only_counts(call.route.operation)) return;
  count_prompt(call);
  book_usage(call,
             codec::Usage{.input_tokens = call.expected_input_tokens,
                          .output_tokens = estimated_tokens(runner.text_bytes)},
             false);
}

// It has failed, and the other one may still answer.
Task<void> Relay::lose(Call& call, const net::HangupWatch& watch, Runner& runner) {
  const net::http1::ResponseHead* head = take_answer(call, watch, runner);
  if (head != nullptr && head->status() >= 400) {
    int status = head->status();
    bool read = co_await read_error(call, watch, *runner.provider, *head);
    if (read) end_with_error(call, status);
  } else if (head != nullptr) {
    if (!runner.told) book_runner(call, runner);
    attempt_failed(call, runner.told ? "error_in_answer" : "malformed",
                   "its answer did not begin as one", runner.told.value_or(AttemptEnd::broken));
  }
  call.kept.reset();
  if (call.ended != AttemptEnd::loading) note_tried(*call.request);
}

// All of it is booked: from here on the call is the other one's.
void Relay::let_go(Call& call, Request& request, Runner& runner) {
  std::vector<std::size_t> places;
  if (call.held != nullptr) {
    call.held->permit().lines(lines_);
    for_each_booked(lines_, [&](std::size_t number, const budget::Line&) {
      places.push_back(call.held->booked(number).place);
    });
  }
  leave_attempt(call);
  call.goes_elsewhere = false;
  call.retry_after.reset();
  runner.task.clear();
  runner.provider.reset();
  runner.over = false;
  turn_to(call, request, call.hedge->other(runner));
  if (call.held == nullptr) return;
  call.held->permit().lines(lines_);
  call.held->come_after(call.record(), lines_, places);
  note_use(call);
}

// What this attempt has in the row's lines of budgets, by their places; the lines are then as
// before it.
std::vector<budget::Amount> Relay::take_back_lines(Call& call) {
  ledger::CallRecord& row = call.record();
  std::vector<budget::Amount> held(row.budget_count());
  if (call.held == nullptr) return held;
  call.held->permit().lines(lines_);
  for_each_booked(lines_, [&](std::size_t number, const budget::Line&) {
    Held::Booked at = call.held->booked(number);
    if (at.place >= held.size()) return;
    held[at.place] = row.budget(at.place).figures.charged - at.before;
    row.set_charged(at.place, at.before);
  });
  return held;
}

// As the end of send(): what of an answer there is.
const net::http1::ResponseHead* Relay::take_answer(Call& call, const net::HangupWatch& watch,
                                                   Runner& runner) {
  note_replay_of(call, *call.request, runner);
  ledger::Attempt* attempt = call.record().last_attempt();
  if (runner.came) {
    attempt->status = static_cast<std::uint16_t>(runner.came->head.status());
    attempt->ttft_ns = (runner.head_at - call.sent).count();
    note_request_id(call, *attempt, runner.came->head);
    note_quota(call, runner.came->head);
  }
  if (!runner.failed) return &runner.came->head;
  if (runner.provider->request_sent()) book_runner(call, runner);
  return fail_attempt(call, watch, *runner.failed,
                      runner.provider->reached() ? Reached::yes : Reached::no);
}

// Of the one whose figures stand in the call. The attempt of the other one stays next to its last.
void Relay::note_replay_of(Call& call, const Request& request, Runner& runner) {
  if (!runner.provider->replayed() || runner.replay_is_booked) return;
  runner.replay_is_booked = true;
  note_replay(call, runner.provider->first_request_sent());
  if (call.hedge->other(runner).provider) call.record().swap_last_attempts();
  call.record().begin_attempt(request.target_name, worker_.wall());
}

}  // namespace recloser::relay
