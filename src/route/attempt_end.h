// How an attempt at a provider ended, as health and retries see it: whose fault it was, and whether
// trying again may help.
#pragma once

#include <cstdint>
#include <string_view>

namespace recloser::route {

enum class AttemptEnd : std::uint8_t {
  answered,
  rejected,      // the client's own: 400, 404, 413, 422, ..
  filtered,      // for its content, by the provider's policy
  rate_limited,  // 429: too fast, and soon good again
  out_of_quota,  // money, or a quota of days: 402, and 429 that say so
  unauthorized,  // the provider's key: 401, 403
  overloaded,    // 503, 529, 498
  server_error,  // other 5xx, and 408, 409, 424, 425
  timed_out,
  unreachable,  // DNS, connect, TLS
  broken,       // reset, truncated, malformed, empty, no answer of an API
  loading,      // a model that its server has still to load
  cancelled,    // by us: the client left, a drain, a budget
};
inline constexpr std::uint8_t attempt_end_count = 13;

std::string_view name_of(AttemptEnd end);  // "answered", "rate_limited", ..

// Whether it says that the target does not work.
bool counts_as_failure(AttemptEnd end);

// Whether another target may answer what this one did not. What is rejected or filtered is so for
// its content, and is not carried elsewhere behind anybody's back.
bool may_be_tried_again(AttemptEnd end);

// Whether the same target may, after a wait. Not one that was silent for as long as it was given.
bool may_be_tried_again_here(AttemptEnd end);

// Of an answer by its status and what its body says; both texts may be empty. A type or a code is a
// word of the provider's, a message may repeat what a client wrote: from a message nothing is taken
// that concerns others, but by how it begins.
AttemptEnd end_of_answer(int status, std::string_view type_or_code, std::string_view message);

// The same, from a body in any of the shapes that providers use, or in none.
AttemptEnd end_of_answer(int status, std::string_view body);

// Of an error within an answer that began as a success (codec::status_of_error). `code` may be a
// number.
AttemptEnd end_of_error(std::string_view type, std::string_view code, std::string_view message);

}  // namespace recloser::route
