// Which session a call belongs to: the first that is present of what the client says, what its
// agent sends of its own accord, and how its conversation begins (SEMANTICS.md section 6).
#pragma once

#include "core/limits.h"
#include "core/result.h"
#include "session/hash128.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace recloser::session {

class ResponseChain;

// In the order in which they are asked.
enum class Source : std::uint8_t {
  none,  // nothing names a session: the call stands alone
  recloser_header,
  claude_code_header,
  thread_id_header,
  session_id_header,
  x_session_id_header,
  conversation,
  response_chain,
  metadata_session_id,
  claude_code_user_id,
  baggage,
  fingerprint,
};
std::string_view name_of(Source source);

// The headers that name a session. Use: see() every field of the head. The first of a name counts.
// `baggage` is read only where it was said before that the hop which sent it is trusted.
struct Headers {
  std::string_view recloser_session;     // x-recloser-session
  std::string_view claude_code_session;  // x-claude-code-session-id
  std::string_view thread_id;
  std::string_view session_id;
  std::string_view x_session_id;
  std::string_view session_affinity;  // x-session-affinity: breaks ties only
  std::string_view baggage;
  bool baggage_trusted = false;

  void see(std::string_view name, std::string_view value);  // `name` in any case
};

// What the body says. Views into the codec's facts.
struct BodyHints {
  std::string_view conversation;
  std::string_view previous_response_id;
  std::string_view metadata_session_id;
  std::string_view metadata_user_session;  // the session part of Claude Code's metadata.user_id
  std::string_view prompt_cache_key;       // breaks ties only
  std::optional<Hash128> fingerprint;      // session/fingerprint.h
};

// A session as it stands in the ledger, in answers and in tables.
struct Session {
  // Of the principal and the id: two principals that send the same id have two sessions, so state
  // is only ever kept under this. The id alone is for people, and reads back what they sent.
  Hash128 key;
  Source source = Source::none;

  std::string_view id() const { return {id_.data(), id_size_}; }
  void set_id(std::string_view id);

 private:
  std::array<char, limits::session_id_bytes_max> id_{};
  std::uint8_t id_size_ = 0;
};

// Whether something that comes before the beginning of the conversation names the session, so that
// its fingerprint need not be made.
bool names_session(const Headers& headers, const BodyHints& body);

// Only a bad x-recloser-session is an error, the client's; what agents send of their own accord is
// never refused: an id too long or too odd to be kept is replaced by "h-" and its hash. A session
// known by its beginning is named "fp-" and a hash that differs from principal to principal.
// An unknown previous_response_id names a new session "resp-.." that its followers then join.
Result<Session> identify(const Headers& headers, const BodyHints& body, const Hash128& principal,
                         const ResponseChain& chain);

// The member of a W3C baggage header that names a session, percent-decoding left alone; or "".
std::string_view session_in_baggage(std::string_view baggage);

}  // namespace recloser::session
