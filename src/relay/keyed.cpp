// Calls with an Idempotency-Key: one is made, and all are answered.
#include "relay/keyed.h"

#include "core/ascii.h"
#include "net/http1/head_writer.h"
#include "relay/request.h"
#include "session/hash128.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using net::http1::Name;
using net::http1::NameSet;

// Of one call, one connection or one moment, and so not for a call that is answered again.
constexpr NameSet not_kept =
    net::http1::hop_by_hop |
    NameSet{Name::content_length, Name::date, Name::anthropic_ratelimit_any, Name::x_ratelimit_any};

bool is_key(std::string_view text) {
  auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  return !text.empty() && text.size() <= idempotency_key_bytes_max &&
         std::ranges::all_of(text, printable);
}

// Of those of ours: where it was answered, and what ended it.
bool stays_ours(std::string_view name) {
  return ascii::equal_ignoring_case(name, "x-recloser-target") ||
         ascii::equal_ignoring_case(name, "x-recloser-decision");
}

std::string kept_fields(const net::http1::ResponseHead& head) {
  std::string fields;
  net::http1::HeadWriter writer(fields);
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    net::http1::Field field = head.field(i);
    bool left_out = not_kept.has(field.known) || head.connection_names(field.name) ||
                    (net::http1::recloser_names.has(field.known) && !stays_ours(field.name));
    if (!left_out) writer.field_named(field.name, field.value);
  }
  return fields;
}

ledger::AnswerHash as_stored(const session::Hash128& hash) {
  ledger::AnswerHash bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::uint64_t half = i < 8 ? hash.high : hash.low;
    bytes[i] = static_cast<std::uint8_t>(half >> (i % 8 * 8));
  }
  return bytes;
}

Refused sent_with_another_request() {
  return {.refusal = codec::Refusal::idempotency_conflict,
          .message =
              "this idempotency-key was sent with another request before: send a new key "
              "with each new request"};
}

// An answer is kept, an error is not: what failed or was refused is made anew.
bool stands(ledger::Outcome outcome, int status) {
  bool answered = outcome == ledger::Outcome::completed || outcome == ledger::Outcome::cut;
  return answered && status < 300;
}

}  // namespace

Keyed::Keyed(Answers& all, Answers::Found&& found, net::Exchange& client)
    : all_(all), client_(client), answer_(std::move(found.answer)), finding_(found.finding) {
  if (!sent_again()) client_.let_hear(this);
}

Keyed::~Keyed() {
  if (sent_again()) return;
  client_.let_hear(nullptr);
  if (!ended_) end(Answer::State::broken);
}

void Keyed::hear(std::string_view head, std::span<const std::string_view> payload, net::Last last) {
  if (ended_) return;
  if (!head.empty()) {
    net::http1::ResponseHead read;
    read.read(head);
    status_ = read.status();
    answer_->begin(status_, kept_fields(read));
  }
  answer_->append(payload);
  if (last == net::Last::yes) end(Answer::State::whole);
}

void Keyed::end(Answer::State state) {
  ended_ = true;
  bool keeps = state == Answer::State::whole && stands(outcome_, status_);
  all_.end(answer_, state, outcome_, keeps ? Answers::Keep::yes : Answers::Keep::no,
           client_.worker().now());
  if (!claim_) return;
  ledger::EndedAnswer ended;
  ended.claim = *claim_;
  if (keeps) ended = Answer::ended(answer_, *claim_);
  all_.books()->end_answer(std::move(ended));
}

// What cannot be claimed is made all the same, and its answer kept in memory.
void Keyed::claimed(Result<ledger::ClaimFinding>&& found) {
  if (!found) claim_.reset();
  if (!found || found->state == ledger::ClaimFinding::State::claimed) return;
  claim_.reset();
  client_.let_hear(nullptr);
  finding_ = Answers::Finding::again;
  switch (found->state) {
    case ledger::ClaimFinding::State::claimed:
      std::unreachable();
    case ledger::ClaimFinding::State::answered:
      break;
    case ledger::ClaimFinding::State::too_large:
      return end_as(Answer::State::too_large, ledger::Outcome::open);
    case ledger::ClaimFinding::State::conflicts:
      return end_as(Answer::State::conflicts, ledger::Outcome::open);
    case ledger::ClaimFinding::State::cut_off:
      return end_as(Answer::State::cut_off, ledger::Outcome::open);
  }
  ledger::StoredAnswer& stored = found->answer;
  answer_->stand_for(stored.call.str());
  answer_->begin(stored.status, std::move(stored.fields));
  std::array<std::string_view, 1> body{stored.body};
  answer_->append(body);
  end_as(Answer::State::whole, stored.outcome);
}

// It is not kept in memory as well: whoever asks later finds it where it was found now.
void Keyed::end_as(Answer::State state, ledger::Outcome outcome) {
  all_.end(answer_, state, outcome, Answers::Keep::no, client_.worker().now());
}

// Whether the call is the first with its key, or is to be answered like that one.
std::expected<void, Refused> Relay::find_answer(Call& call) {
  const net::http1::RequestHead& head = call.client.head();
  std::optional<std::string_view> key = head.find(Name::idempotency_key);
  bool counts = codec::only_counts(call.route.operation);
  if (!key || counts || services_.answers == nullptr) return {};
  if (!is_key(*key) || head.repeated(Name::idempotency_key)) {
    return std::unexpected(
        Refused{.refusal = codec::Refusal::invalid_request,
                .message = fmt::format("idempotency-key must be sent once, with 1 to {} printable "
                                       "ASCII characters",
                                       idempotency_key_bytes_max)});
  }
  session::FieldHasher request;
  request.add(call.route.provider_path);
  request.add(head.query());
  request.add(call.client.body());
  Answers::Found found = services_.answers->find(
      {.principal = call.principal, .key = *key, .request = request.value()}, call.id(),
      worker_.now());
  if (found.finding == Answers::Finding::conflicts) {
    return std::unexpected(sent_with_another_request());
  }
  bool begins = found.finding == Answers::Finding::begins;
  call.keyed = std::make_unique<Keyed>(*services_.answers, std::move(found), call.client);
  if (begins && services_.answers->books() != nullptr) {
    session::FieldHasher hashed_key;
    hashed_key.add(*key);
    call.keyed->claims({.owner = as_stored(call.principal),
                        .key = as_stored(hashed_key.value()),
                        .request = as_stored(request.value()),
                        .call = call.row.id()});
  }
  return {};
}

// The first with its key in this process may be a later one of an earlier process.
Task<void> Relay::claim_key(Call& call) {
  call.client.keep();
  auto look = [books = services_.answers->books(), claim = *call.keyed->claim()] {
    return books->claim_answer(claim);
  };
  Result<ledger::ClaimFinding> found = co_await beside_.run(std::move(look));
  call.keyed->claimed(std::move(found));
}

namespace {

// The head of an answer that is told again; its length, where it has ended.
std::string head_again(Call& call, const Answer::Reading& reading) {
  std::string head;
  net::http1::HeadWriter writer(head);
  writer.status_line(reading.status, net::http1::standard_phrase(reading.status));
  head += reading.fields;
  write_own_fields(call, writer);
  writer.field("idempotency-replayed", "true");
  net::AnswerFraming framing = call.client.streaming_framing();
  net::http1::Body body = framing == net::AnswerFraming::chunked ? net::http1::Body::chunked()
                                                                 : net::http1::Body::until_close();
  if (reading.state == Answer::State::whole) {
    framing = net::AnswerFraming::length;
    body = net::http1::Body::length(reading.body_bytes);
  }
  if (framing == net::AnswerFraming::close) call.client.close_after();
  head += call.client.connection_field();
  writer.end(body);
  call.client.begin(framing);
  return head;
}

// Nothing was made for it.
void book_nothing(Call& call, const Answer& answer, const Answer::Reading& reading) {
  ledger::CallRecord& row = call.record();
  row.status = static_cast<std::uint16_t>(reading.status);
  row.input_tokens = row.output_tokens = row.delivered_tokens = 0;
  row.cost_nano_usd = 0;
  row.add_decision({.phase = "request",
                    .policy = {},
                    .rule = "idempotency",
                    .action = "replay",
                    .reason = fmt::format("it is answered as call {}", answer.call())});
}

// Of a call that is answered as another one was.
ledger::Outcome outcome_again(ledger::Outcome first) {
  return first == ledger::Outcome::cut ? ledger::Outcome::completed : first;
}

}  // namespace

// What the first call with its key is told, up to now and then as it comes. It takes nothing of any
// budget, and its end is not that of the first one.
Task<void> Relay::answer_again(Call& call) {
  commit(call);
  Answer& answer = call.keyed->answer();
  net::HangupWatch watch(call.client.client(), call.client.read_ahead(), call.cancel);
  std::string head;
  bool head_is_out = false;
  for (std::size_t at = 0;;) {
    Answer::Reading reading = answer.read(at);
    bool is_whole = reading.state == Answer::State::whole;
    bool over = !is_whole && reading.state != Answer::State::comes;
    bool ends = is_whole && at + reading.bytes.size() == reading.body_bytes;
    bool waits = !over && !ends && reading.bytes.empty() && (head_is_out || reading.status == 0);
    if (waits) {
      Answer::News news(answer, worker_, reading.version);
      net::CancelPoint::During waiting(call.cancel, news);
      co_await news;
    }
    if (watch.gone()) {
      settle(call, ledger::Outcome::client_gone);
      co_return;
    }
    if (over || call.cancel.cancelled()) {
      co_await fail_again(call, reading.state, head_is_out);
      co_return;
    }
    if (waits) continue;
    if (!head_is_out) head = head_again(call, reading);
    if (!head_is_out) book_nothing(call, answer, reading);
    if (ends) settle(call, outcome_again(reading.outcome));
    std::string_view head_now;
    if (!std::exchange(head_is_out, true)) head_now = head;
    std::array<std::string_view, 1> payload{reading.bytes};
    net::Last last = ends ? net::Last::yes : net::Last::no;
    Result<void> sent =
        co_await call.client.send(head_now, payload, last, net::BytesLive::until_sent);
    if (!sent && !call.row.settled()) settle(call, ledger::Outcome::client_gone);
    if (!sent || ends) co_return;
    at += reading.bytes.size();
  }
}

namespace {

Refused why_not_again(Answer::State state) {
  using codec::Refusal;
  switch (state) {
    case Answer::State::comes:
    case Answer::State::whole:
    case Answer::State::broken:
      break;
    case Answer::State::too_large:
      return {.refusal = Refusal::idempotency_conflict,
              .message =
                  "the call with this idempotency-key was made, and its answer was too large to be "
                  "kept: send a new key to make it again"};
    case Answer::State::conflicts:
      return sent_with_another_request();
    case Answer::State::cut_off:
      return {.refusal = Refusal::idempotency_conflict,
              .message =
                  "the call with this idempotency-key was cut off when the gateway ended, and what "
                  "came of it is not known: send a new key to make it again"};
  }
  return {.refusal = Refusal::provider_unavailable,
          .message = "the call that this one repeats has ended without a whole answer: try again"};
}

}  // namespace

// There is no more of the answer, or the call is not to be told it.
Task<void> Relay::fail_again(Call& call, Answer::State state, bool head_is_out) {
  bool ours = call.cancel.cancelled();
  Refused why = why_not_again(state);
  if (ours) why = ended_while_waiting(call);
  if (!head_is_out) {
    co_await refuse_call(call, why);
    co_return;
  }
  note_ended_by_us(call, why);
  settle(call, is_stopped(call) ? ledger::Outcome::cut
               : ours           ? ledger::Outcome::gateway_failed
                                : ledger::Outcome::provider_failed);
  call.client.break_off();
}

}  // namespace recloser::relay
