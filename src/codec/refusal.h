// How we say no, in each family's own words: before a stream as a status and a body, inside one as
// its last event.
#pragma once

#include "codec/client_family.h"
#include "codec/operation.h"
#include "core/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::codec {

// Every reason for which a call ends otherwise than by its provider's answer. The names are the
// `code` of the OpenAI family and stand in ledger rows and metrics.
enum class Refusal : std::uint8_t {
  invalid_key,
  model_not_allowed,
  model_not_found,
  policy_denied,
  budget_exhausted,
  rate_limited,
  loop_detected,
  model_unpriced,
  approval_pending,
  request_too_large,
  invalid_request,
  provider_unavailable,
  provider_timeout,
  provider_error,  // it answered, but not so that it could be passed on
  gateway_overloaded,
  draining,
  not_found,  // the route
  method_not_allowed,
  request_timeout,
  unsupported_media_type,
  headers_too_large,
  upgrade_required,
  idempotency_conflict,
  forwarding_loop,  // it has come through this gateway before
};
inline constexpr unsigned refusal_count = 24;

std::string_view name_of(Refusal refusal);
int default_status(Refusal refusal);
// Whether a rule, a budget or a permission said no, and not the state of things: such an answer
// does not change by asking again.
bool is_decision(Refusal refusal);

// The refusal that an error of a room amounts to, by whose fault it was and its kind.
Refusal refusal_of(const Error& error);

// All there is to tell. Views need to live only while it is being written.
struct Notice {
  Refusal refusal = Refusal::invalid_request;
  std::string_view message;  // what happened, which rule or limit, what to do; no prompt, no secret
  std::string_view call;     // the id of the call; "" only where none exists yet
  std::string_view rule;     // as in the row: "budget/acme", "model_not_allowed"; "" without a row
  std::string_view decision;  // the action: "deny"; "" without a row
  std::string_view code;      // a rule's own code, in place of the refusal's name
  std::string_view param;     // the request's field that is at fault, in the OpenAI family
  int status = 0;             // a rule's own status; 0: the refusal's
  bool retry = false;         // the rule says that asking again may help
  std::optional<Duration> retry_after;
};

// The status line and fields that go with a body. A field that is not set is not sent.
struct RefusalHead {
  int status = 0;
  std::optional<bool> should_retry;        // x-should-retry
  std::optional<int> retry_after_seconds;  // Retry-After, 1 to 60
};
inline constexpr std::string_view refusal_content_type = "application/json";
inline constexpr int retry_after_seconds_max = 60;  // some SDKs sleep through whatever is sent

// `unheard` is RefusalStreak's; only decisions without `retry` take the form of the client.
RefusalHead head_of(const Notice& notice, ClientFamily client, bool unheard);

// Appends the error object of the family. `status` is head_of()'s: some types follow it.
void write_refusal(std::string& out, Family family, const Notice& notice, int status);

// A stream that failed after its head had gone. What is known of it makes the last event fit.
struct StreamFailure {
  Notice notice;
  bool within_event = false;          // part of a large event was passed on: it is ended first
  bool within_line = false;           // and that part ends in mid-line
  std::string_view response_id;       // of a Responses stream; "" when it was not seen
  std::string_view model;             // as the provider named it
  std::int64_t created_at_s = 0;      // of the response, Unix time
  std::uint64_t sequence_number = 0;  // the one after the last that was passed on
};

// Appends the event with which a stream of this operation ends in failure; the connection is closed
// after it, without any further event. For an operation that does not stream it is Chat's.
void write_stream_failure(std::string& out, Operation operation, const StreamFailure& failure);

// The family whose words are used where no route says it: paths that are not served, heads that
// cannot be read to their end.
Family guess_family(std::string_view path, bool has_anthropic_version);

}  // namespace recloser::codec
