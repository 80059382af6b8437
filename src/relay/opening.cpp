// The beginning of an answer: as long as another target could be asked, nothing of it goes to the
// client before its first content. So a client sees one beginning, of the answer that it gets.
#include "codec/provider_error.h"
#include "net/http1/head_writer.h"
#include "relay/request.h"

#include <algorithm>
#include <utility>

namespace recloser::relay {

using route::AttemptEnd;

namespace {

constexpr std::size_t opening_bytes_max = 64u << 10;  // of a stream that has told no content yet

}  // namespace

AttemptEnd end_of(const codec::AnswerFacts& facts) {
  if (!facts.saw_error) return AttemptEnd::broken;
  return route::end_of_error(facts.error_type, facts.error_code, facts.error_message);
}

// Something of the answer is out from here on, or nobody else can be asked. The request is needed
// only where the answer may have to be gone on with.
void Relay::commit(Call& call) {
  if (!nothing_is_out(call)) return;
  if (call.request->continued != nullptr) {
    call.request->out = true;
    return;
  }
  call.request.reset();
  call.client.release_body();
}

// Something of the answer is about to go to the client: with what was held of it.
Opening Relay::take_opening(Call& call) {
  if (!nothing_is_out(call)) return {};
  Opening opening{.head = std::move(call.request->opening_head),
                  .bytes = std::move(call.request->opening)};
  commit(call);
  return opening;
}

// What goes out with the piece of which `out` is what passes; nothing, and `out` with it, where it
// is held. `head_waits`: the head is not out yet.
Opening Relay::hold_opening(Call& call, const StreamPass& pass, bool last, bool head_waits,
                            std::string_view& out) {
  bool holds = may_start_over(call, pass) && !last && !pass.whole() && !pass.cut() &&
               call.request->opening.size() < opening_bytes_max;
  if (!holds) return take_opening(call);
  Request& request = *call.request;
  if (head_waits && request.opening_head.empty()) request.opening_head = head_text_;
  request.opening += std::exchange(out, {});
  return {.head = {}, .bytes = {}, .held = true};
}

// Whether nothing of the answer is out that another one could not replace. One that is put together
// goes out at its end.
bool Relay::may_start_over(const Call& call, const StreamPass& pass) const {
  return nothing_is_out(call) && (call.assembly != nullptr || !pass.saw_content());
}

namespace {

// It has not told any of its answer, and another one may in its place.
bool may_be_replaced(const Call& call) {
  const Continued* continued = continued_of(call);
  if (continued != nullptr && continued->splice != nullptr) {
    return continued->splice->state() == codec::Seam::State::undecided;
  }
  return nothing_is_out(call) && call.row.record().ttft_ns < 0;
}

}  // namespace

// Until when a stream has to have begun to tell its answer. The limit of its provider does not hold
// for the last one that could.
Instant Relay::first_piece_due(const Call& call) const {
  if (call.row.settled()) return Instant::never();
  bool others_wait = may_be_replaced(call);
  if (!others_wait && call.row.record().ttft_ns >= 0) return Instant::never();
  const std::optional<Duration>& limit = call.provider->config->timeouts.first_token;
  if (!others_wait || !limit) return call.first_piece_until;
  return std::min(call.first_piece_until, call.sent + *limit);
}

// Before anything is out. True when another target is asked instead: the client will never know.
bool Relay::fails_at_start(Call& call, StreamPass& pass, bool last) {
  const codec::StreamFacts& facts = pass.facts();
  AttemptEnd end = AttemptEnd::broken;
  std::string_view error_class;
  std::string_view what;
  if (facts.saw_error) {
    end = pass.error_end();
    error_class = "error_in_answer";
    what = "it told an error in its stream";
  } else if (facts.malformed > 0 && !facts.saw_start) {
    error_class = "malformed";
    what = "its stream began with what is no JSON";
  } else if (last && !pass.whole() && !facts.saw_done) {
    error_class = "closed";
    what = "it ended the stream before its answer was complete";
  }
  if (error_class.empty() || call.row.settled() || !goes_elsewhere(call, end)) return false;
  // An error that is told first is not billed; what was written or lost on the way may be.
  if (!facts.saw_error || pass.saw_content()) book_stream(call, pass);
  attempt_failed(call, error_class, what, end);
  leave_attempt(call);
  return true;
}

// The same of a whole answer, of which nothing goes out before its end.
bool Relay::fails_whole(Call& call, codec::AnswerReader& reader, std::uint64_t bytes, int status) {
  if (!nothing_is_out(call) || status >= 300 || call.unreadable) return false;
  const codec::AnswerFacts& facts = reader.finish();
  bool broken = facts.malformed && status != 204;
  if (!facts.saw_error && !broken) return false;
  AttemptEnd end = end_of(facts);
  if (!goes_elsewhere(call, end)) return false;
  if (broken) book_answer(call, reader, bytes, status);
  attempt_failed(call, facts.saw_error ? "error_in_answer" : "malformed",
                 "its answer tells an error, or is no whole JSON", end);
  leave_attempt(call);
  return true;
}

// An error whose head says that all is well gets the status that it stands for. A Response that has
// failed says so in its own words.
void Relay::correct_status(Call& call, codec::AnswerReader& reader, std::string& head) {
  if (call.record().status >= 300 || call.unreadable) return;
  const codec::AnswerFacts& facts = reader.finish();
  if (!facts.saw_error || !facts.response_id.empty()) return;
  int status = codec::status_of_error(facts.error_type, facts.error_code);
  call.record().status = static_cast<std::uint16_t>(status);
  std::string line;
  net::http1::HeadWriter(line).status_line(status, net::http1::standard_phrase(status));
  head.replace(0, head.find('\n') + 1, line);
}

}  // namespace recloser::relay
