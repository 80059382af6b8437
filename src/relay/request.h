// What a client asks for, while it is being turned into what its provider gets.
#pragma once

#include "codec/answer_reader.h"
#include "codec/body_edits.h"
#include "codec/request.h"
#include "codec/server_tools.h"
#include "core/frame_pool.h"
#include "net/http1/head_writer.h"
#include "relay/continued.h"
#include "relay/relay.h"
#include "route/attempt_end.h"
#include "session/fingerprint.h"
#include "session/identity.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace recloser::relay {

// Kept until a first piece of an answer goes to the client: up to then another target may be asked.
// Where the answer may be gone on with, to its end.
struct Request final : net::BodySink {
  // From the pool of frames: every call has one, for about as long as one.
  static void* operator new(std::size_t bytes) { return frame_allocate(bytes); }
  static void operator delete(void* request, std::size_t bytes) { frame_free(request, bytes); }

  Request(codec::Operation operation, RequestRooms& rooms)
      : reader(operation), fingerprint(operation), lent(rooms.lend()) {
    reader.note_messages(room.message_begins);
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // For another target: nothing of what was made for the one before.
  void begin_again() {
    for (std::string* text : {&room.scope_texts, &room.head, &room.target_name}) text->clear();
    scopes.clear();
    server_tools.clear();
    edits = codec::BodyEdits();
    upper_price.reset();
    reads_elsewhere = may_fit = false;
  }

  // Looks through the body as it arrives, once. A body that came whole is fingerprinted only if
  // nothing else names its session; one that arrives in pieces, as it comes.
  Result<void> see(std::string_view piece) override {
    if (!came_whole && !fingerprint.done()) fingerprint.feed(piece);
    return reader.feed(piece);
  }

  std::optional<Admitted> admitted;  // until its call is made of it
  auth::Admission who;
  codec::RequestReader reader;
  session::Fingerprint fingerprint;
  const codec::RequestFacts& facts = reader.facts();
  RequestRooms::Lent lent;
  RequestRoom& room = *lent;
  std::vector<std::uint64_t>& message_begins = room.message_begins;  // in the body
  std::vector<codec::AskedTool> server_tools;                        // where budgets apply
  codec::BodyEdits edits;                                 // what of the body changes on its way
  std::vector<budget::Ask::Scope>& scopes = room.scopes;  // the budgets that apply
  std::string& head = room.head;                          // as the provider gets it
  std::string& target_name = room.target_name;            // "provider/model"
  std::optional<price::UpperPrice> upper_price;           // of its estimate
  std::optional<route::Resolved> resolved;                // what the model's name leads to
  std::vector<route::Candidate>& candidates = room.candidates;  // in the order of asking
  route::Asker asker;                                           // who it is, for their health
  const route::Target* target = nullptr;                        // that is asked now
  std::string_view provider_model;  // how its provider calls it; in the configuration or `facts`
  const Provider* asked_first = nullptr;  // as its client wrote it: see codec/seals.h
  bool seals_refused = false;             // it was not that one who had sealed something in it
  std::uint32_t repeats = 0;              // of a target that had failed
  Instant not_before{};                   // the next attempt
  config::Priority priority = config::Priority::normal;  // among calls that wait for a target
  bool panics = false;                   // every target is tripped, and one is asked all the same
  std::string opening_head;              // of the stream that has begun: what its client gets ..
  std::string opening;                   // .. when a first piece of the answer has come
  Duration waited{};                     // for the client's own bytes, and for a target
  std::unique_ptr<Continued> continued;  // of an answer that may be gone on with
  std::optional<net::HangupWatch>* watch = nullptr;  // on the frame of the call ..
  std::optional<net::HttpCall>* provider = nullptr;  // .. and so this
  bool out = false;                                  // something of the answer is
  bool came_whole = false;                           // the body was there with its head
  bool came_as_nobody = false;                       // it had its turn before its tenant was known
  bool session_is_named = false;
  bool reads_elsewhere = false;  // part of the prompt is with its provider, or at some address
  bool may_fit = false;          // refused by a bound of its input that an exact count may lower
};

// Whether nothing of an answer is with the client, and what another target answers may be.
inline bool nothing_is_out(const Call& call) { return call.request && !call.request->out; }

// How many one call may make in all.
std::size_t attempts_of(const Request& request);

// Null where nobody goes on with its answer.
Continued* continued_of(const Call& call);
// Whether the stream has told that it breaks off.
bool breaks_off(const Call& call);
// What the attempt that runs has told by itself.
const codec::StreamFacts& facts_of_attempt(const Call& call, const StreamPass& pass);
// Over all attempts, as a client is told it.
codec::Usage usage_told(const Call& call);

// Of the client's limit, what is left for who goes on with the answer; unbounded where that is not
// asked for.
std::uint64_t most_of_the_rest(const Request& request);

// What was held of an answer until its first content came.
struct Opening {
  std::string head;
  std::string bytes;
  bool held = false;  // still

  std::string_view head_or(std::string_view at_hand) const {
    return head.empty() ? at_hand : std::string_view(head);
  }
};

// Else its limits and its troubles are the client's own.
bool key_is_ours(const Provider& provider);

// The attempt that runs has come to something: where it is a second one, others may be made.
void note_retry_succeeded(Call& call);

// Whether there is a target that takes a call at once.
bool has_next(const Request& request);
// The target of the request is not asked again.
void note_tried(Request& request);

// Whether there is a target that works, and takes no more for the moment.
bool any_is_busy(const Request& request);
void note_not_admitted(route::Candidate& candidate, const route::Admission& why);

// The fields of ours that every answer of the call has, as far as they are known by then.
void write_own_fields(Call& call, net::http1::HeadWriter& writer);

// What kind of answer a provider's head announces.
enum class AnswerKind : unsigned char {
  events,      // a stream of server-sent events
  whole,       // JSON, or nothing that says otherwise
  not_an_api,  // a page for people, with a status that says all is well
};
AnswerKind answer_kind(const net::http1::ResponseHead& head, bool readable);

// The provider's fields for an answer whose coding we take off: without what describes the encoded
// bytes.
void copy_decoded_fields(const net::http1::ResponseHead& head, net::http1::NameSet drop,
                         net::http1::HeadWriter& writer);
// What of a provider's fields is not for the client.
net::http1::NameSet fields_left_out(const Call& call);
Refused not_an_api(const net::http1::ResponseHead& head, const Provider& provider);

// A WebSocket on a route that is served over plain HTTP: agents that hear 426 fall back at once.
Refused no_websocket();

// How a stream that we cut is ended, in the books and for its client.
struct Cutting {
  std::string rule;  // "budget/acme"
  std::string reason;
  std::string note;
  codec::CutFinish finish = codec::CutFinish::by_default;
  codec::Refusal refusal = codec::Refusal::budget_exhausted;  // where there is no stream to cut
};
Cutting cutting_of(Call& call);
Cutting cutting_of_switch(const Call& call);

// Whether we have ended it, for a budget or by an operator's word.
bool is_stopped(const Call& call);
Refused stopped_unsent(Call& call);

route::AttemptEnd end_of(const Error& error, Reached way);
// Of an answer that is no answer.
route::AttemptEnd end_of(const codec::AnswerFacts& facts);

// The provider's side of the attempt that is the call's, where it may be hedged.
net::HttpCall& serving(Call& call, std::optional<net::HttpCall>& provider);
// What was read of a hedged stream before it was the call's; once. False when there is no more.
bool take_begun(Call& call, std::string_view& piece);

// What is told where the call ended while it waited to be tried again.
Refused ended_while_waiting(Call& call);

// Null, for a call that is not made has no answer.
const net::http1::ResponseHead* refused(Call& call, Refused&& why);
bool not_made(Call& call, Refused&& why);  // the same: false

// Of a budget that promises never to be overspent, and counts input.
bool holds_worst_case(const budget::Ask::Scope& scope);

// What is told to whom a budget or a limit does not let in, or not on.
Refused refused_by_budget(const budget::Exhausted& why);

// What is told to who comes during a drain, or is still there at its end.
Refused draining();

// The decision of an answer that we end when it has begun. (One that has not is refused.)
void note_ended_by_us(Call& call, const Refused& why);

// What a call failed of: whatever became of its connections, if we have ended it, that is why.
Error cause_of(const Call& call, Error error);

// What the client is told of a failure on the provider's side, or of ours on the way there: who can
// do what; how the attempt ended, and its "error_class".
Refused refused_by(const Error& error, const Provider& provider, Reached way);
ledger::Outcome outcome_of(const Error& error);
// The same where we may have ended it ourselves.
Refused refused_by(Call& call, const Error& error, Reached way);
ledger::Outcome outcome_of(const Call& call, const Error& error);
std::string_view error_class_of(const Error& error);
std::string_view error_class_of_status(int status);  // "" where all is well
inline constexpr std::string_view error_class_loading = "loading";

// Whether its row says what it may cost. A whole answer comes with its usage or not at all: nobody
// asks for a bound of it yet.
bool is_estimated(const Call& call);

// An estimate where the provider never said: four bytes of text are about one token.
constexpr std::uint64_t estimated_tokens(std::uint64_t text_bytes) { return (text_bytes + 3) / 4; }

ledger::Outcome outcome_of_status(int status);
void note_delivered(Call& call);
// All of the output but what attempts wrote that came to nothing.
std::int64_t tokens_for_client(const Call& call);

// What of the output was not delivered.
void note_overshoot(ledger::CallRecord& row);

// The id the provider gave its answer, under whichever name it uses.
void note_request_id(Call& call, ledger::Attempt& attempt, const net::http1::ResponseHead& head);

}  // namespace recloser::relay
