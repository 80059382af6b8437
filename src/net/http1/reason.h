// Why a head or a body is refused: one name per fault, its HTTP status, and a sentence for a
// person.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <string_view>

namespace recloser::net::http1 {

enum class Reason : std::uint8_t {
  none,

  // Bytes that no line may hold.
  tls_handshake,
  tls_alert,
  bare_carriage_return,
  bare_line_feed,
  nul_byte,
  control_byte,

  // The first line.
  blank_lines,
  method_malformed,
  connect_unsupported,
  target_malformed,
  target_fragment,
  target_form,
  target_authority,
  version_malformed,
  version_unsupported,
  status_line_malformed,

  // Field lines.
  field_folded,
  field_without_colon,
  field_name_empty,
  field_name_malformed,
  field_space_before_colon,
  field_name_too_long,

  // Limits of a head.
  request_line_too_long,
  head_too_large,
  fields_too_many,

  // Host.
  host_missing,
  host_repeated,
  host_malformed,
  host_conflict,

  // Framing, and what else a head may ask of the connection.
  content_length_repeated,
  content_length_list,
  content_length_malformed,
  content_length_too_large,
  transfer_encoding_repeated,
  transfer_encoding_malformed,
  transfer_encoding_unsupported,
  transfer_encoding_on_http10,
  length_and_transfer_encoding,
  connection_malformed,
  connection_too_long,
  connection_names_framing,
  expectation_unknown,

  // Of responses only.
  body_not_allowed,
  upgrade_not_asked_for,

  // Bodies.
  chunk_size_malformed,
  chunk_size_too_large,
  chunk_extension_too_long,
  chunk_end_missing,
  trailers_too_large,
  body_truncated,
};

inline constexpr Reason last_reason = Reason::body_truncated;

// The name in the log: "bare_line_feed".
std::string_view name(Reason reason);

// What happened; and what to do, without a capital or a full stop, so that "the request was
// refused:" or "the provider's answer was refused:" can stand before it. Holds no byte of the
// message.
std::string_view sentence(Reason reason);

// Of it what happened, without the advice behind the semicolon: that is for who sends requests, and
// of a provider's answer nobody reads it who could follow it.
std::string_view fault(Reason reason);

// What a refused request is answered with. (A refused response is always a 502 to the client.)
int status(Reason reason);

// The refusal as a value of the world: `side` is who sent the message. Only a client is given
// advice.
Error error(Reason reason, Side side);

}  // namespace recloser::net::http1
