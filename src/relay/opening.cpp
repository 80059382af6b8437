// The beginning of an answer: as long as another target could be asked, nothing of it goes to the
// client before its first content. So a client sees one beginning, of the answer that it gets.
#include "relay/request.h"

#include <utility>

namespace recloser::relay {

using route::AttemptEnd;

namespace {

constexpr std::size_t opening_bytes_max = 64u << 10;  // of a stream that has told no content yet

}  // namespace

// From here on there is one provider, and nothing of the request is needed any more.
void Relay::commit(Call& call) {
  if (!call.request) return;
  call.request.reset();
  call.client.release_body();
}

// Something of the answer is about to go to the client: with what was held of it.
Opening Relay::take_opening(Call& call) {
  if (!call.request) return {};
  Opening opening{.head = std::move(call.request->opening_head),
                  .bytes = std::move(call.request->opening)};
  commit(call);
  return opening;
}

// What goes out with the piece of which `out` is what passes; nothing, and `out` with it, where it
// is held. `head_waits`: the head is not out yet.
Opening Relay::hold_opening(Call& call, const StreamPass& pass, bool last, bool head_waits,
                            std::string_view& out) {
  bool holds = call.request && !pass.saw_content() && !last && !pass.whole() && !pass.cut() &&
               call.request->opening.size() < opening_bytes_max;
  if (!holds) return take_opening(call);
  Request& request = *call.request;
  if (head_waits && request.opening_head.empty()) request.opening_head = head_text_;
  request.opening += std::exchange(out, {});
  return {.head = {}, .bytes = {}, .held = true};
}

// Until when a stream has to have begun to tell its answer; never where it is the last one that
// could.
Instant Relay::first_piece_due(const Call& call) const {
  if (!call.request) return Instant::never();
  const std::optional<Duration>& limit = call.provider->config->timeouts.first_token;
  return limit ? call.sent + *limit : Instant::never();
}

// Before any content. True when another target is asked instead: the client will never know.
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
    what = "it ended the stream before its answer had begun";
  }
  if (error_class.empty() || call.row.settled() || !goes_elsewhere(call, end)) return false;
  // An error that is told is not billed; what was lost on the way may be.
  if (!facts.saw_error) book_stream(call, pass);
  attempt_failed(call, error_class, what, end);
  leave_attempt(call);
  return true;
}

// The same of a whole answer, of which nothing goes out before its end.
bool Relay::fails_whole(Call& call, codec::AnswerReader& reader, std::uint64_t bytes, int status) {
  if (!call.request || status >= 300 || call.unreadable) return false;
  const codec::AnswerFacts& facts = reader.finish();
  bool broken = facts.malformed && status != 204;
  if (!facts.saw_error && !broken) return false;
  AttemptEnd end = facts.saw_error ? AttemptEnd::server_error : AttemptEnd::broken;
  if (!goes_elsewhere(call, end)) return false;
  if (broken) book_answer(call, reader, bytes, status);
  attempt_failed(call, facts.saw_error ? "error_in_answer" : "malformed",
                 "its answer tells an error, or is no whole JSON", end);
  leave_attempt(call);
  return true;
}

}  // namespace recloser::relay
