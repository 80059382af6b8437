#include "session/identity.h"

#include "core/ascii.h"
#include "core/check.h"
#include "core/names.h"
#include "session/response_chain.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace recloser::session {
namespace {

struct HeaderName {
  std::string_view name;
  std::string_view Headers::* field;
};
constexpr HeaderName header_names[] = {
    {"x-recloser-session", &Headers::recloser_session},
    {"x-claude-code-session-id", &Headers::claude_code_session},
    {"thread-id", &Headers::thread_id},
    {"session-id", &Headers::session_id},
    {"x-session-id", &Headers::x_session_id},
    {"x-session-affinity", &Headers::session_affinity},
    {"baggage", &Headers::baggage},
};
// One bit for each length that one of them has: most fields of a head are told apart by it.
constexpr std::uint64_t header_sizes = [] {
  std::uint64_t sizes = 0;
  for (const HeaderName& header : header_names) sizes |= std::uint64_t{1} << header.name.size();
  return sizes;
}();

// "h-" or "fp-" and a hash, in place.
struct HashedId {
  std::array<char, 3 + Hash128::text_size> bytes{};
  std::size_t size = 0;

  HashedId(std::string_view prefix, const Hash128& hash) {
    auto text = hash.text();
    std::ranges::copy(prefix, bytes.begin());
    std::ranges::copy(text, bytes.begin() + static_cast<std::ptrdiff_t>(prefix.size()));
    size = prefix.size() + text.size();
  }
  std::string_view view() const { return {bytes.data(), size}; }
};

Session session_of(Source source, std::string_view id, const Hash128& principal) {
  Session session;
  session.source = source;
  session.set_id(id);
  FieldHasher hasher;
  hasher.add(principal);
  hasher.add(id);
  session.key = hasher.value();
  return session;
}

// By an id that an agent sent of its own accord, in a form that can be kept.
Session session_of_agent(Source source, std::string_view id, const Hash128& principal) {
  if (check_name(Side::client, "id", id, limits::session_id_bytes_max)) {
    return session_of(source, id, principal);
  }
  FieldHasher hasher;
  hasher.add(id);
  return session_of(source, HashedId("h-", hasher.value()).view(), principal);
}

Session session_of_chain(std::string_view previous, const Hash128& principal,
                         const ResponseChain& chain) {
  std::string known = chain.find(principal, previous);
  if (known.empty()) known = fmt::format("resp-{}", previous);
  return session_of_agent(Source::response_chain, known, principal);
}

Session session_of_beginning(const Headers& headers, const BodyHints& body,
                             const Hash128& principal) {
  FieldHasher hasher;
  hasher.add(principal);
  hasher.add(*body.fingerprint);
  hasher.add(body.prompt_cache_key);
  hasher.add(headers.session_affinity);
  return session_of(Source::fingerprint, HashedId("fp-", hasher.value()).view(), principal);
}

}  // namespace

std::string_view name_of(Source source) {
  switch (source) {
    case Source::none:
      return "none";
    case Source::recloser_header:
      return "x-recloser-session";
    case Source::claude_code_header:
      return "x-claude-code-session-id";
    case Source::thread_id_header:
      return "thread-id";
    case Source::session_id_header:
      return "session-id";
    case Source::x_session_id_header:
      return "x-session-id";
    case Source::conversation:
      return "conversation";
    case Source::response_chain:
      return "previous_response_id";
    case Source::metadata_session_id:
      return "metadata.session_id";
    case Source::claude_code_user_id:
      return "metadata.user_id";
    case Source::baggage:
      return "baggage";
    case Source::fingerprint:
      return "fingerprint";
  }
  std::unreachable();
}

void Headers::see(std::string_view name, std::string_view value) {
  if (name.size() >= 64 || (header_sizes >> name.size() & 1) == 0) return;
  for (const HeaderName& known : header_names) {
    if (!ascii::equal_ignoring_case(name, known.name)) continue;
    if (known.field == &Headers::baggage && !baggage_trusted) return;
    std::string_view& field = this->*known.field;
    if (field.empty()) field = ascii::trim(value);
    return;
  }
}

void Session::set_id(std::string_view id) {
  CHECK(id.size() <= id_.size());
  std::ranges::copy(id, id_.begin());
  id_size_ = static_cast<std::uint8_t>(id.size());
}

bool names_session(const Headers& headers, const BodyHints& body) {
  for (std::string_view id :
       {headers.recloser_session, headers.claude_code_session, headers.thread_id,
        headers.session_id, headers.x_session_id, body.conversation, body.previous_response_id,
        body.metadata_session_id, body.metadata_user_session}) {
    if (!id.empty()) return true;
  }
  return !session_in_baggage(headers.baggage).empty();
}

Result<Session> identify(const Headers& headers, const BodyHints& body, const Hash128& principal,
                         const ResponseChain& chain) {
  if (!headers.recloser_session.empty()) {
    Result<void> fits = check_name(Side::client, "x-recloser-session", headers.recloser_session,
                                   limits::session_id_bytes_max);
    if (!fits) return fail(fits.error());
    return session_of(Source::recloser_header, headers.recloser_session, principal);
  }
  const std::pair<Source, std::string_view> before_chain[] = {
      {Source::claude_code_header, headers.claude_code_session},
      {Source::thread_id_header, headers.thread_id},
      {Source::session_id_header, headers.session_id},
      {Source::x_session_id_header, headers.x_session_id},
      {Source::conversation, body.conversation},
  };
  for (const auto& [source, id] : before_chain) {
    if (!id.empty()) return session_of_agent(source, id, principal);
  }
  if (!body.previous_response_id.empty()) {
    return session_of_chain(body.previous_response_id, principal, chain);
  }
  const std::pair<Source, std::string_view> after_chain[] = {
      {Source::metadata_session_id, body.metadata_session_id},
      {Source::claude_code_user_id, body.metadata_user_session},
      {Source::baggage, session_in_baggage(headers.baggage)},
  };
  for (const auto& [source, id] : after_chain) {
    if (!id.empty()) return session_of_agent(source, id, principal);
  }
  if (!body.fingerprint) return Session{};
  return session_of_beginning(headers, body, principal);
}

// "session.id=abc;property=1, user.id=x". The two names are those of OpenTelemetry.
std::string_view session_in_baggage(std::string_view baggage) {
  std::string_view conversation;
  while (!baggage.empty()) {
    std::size_t comma = baggage.find(',');
    std::string_view member = baggage.substr(0, comma);
    baggage.remove_prefix(comma == std::string_view::npos ? baggage.size() : comma + 1);
    member = member.substr(0, member.find(';'));
    std::size_t equals = member.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view name = ascii::trim(member.substr(0, equals));
    std::string_view value = ascii::trim(member.substr(equals + 1));
    if (name == "session.id" && !value.empty()) return value;
    if (name == "gen_ai.conversation.id" && conversation.empty()) conversation = value;
  }
  return conversation;
}

}  // namespace recloser::session
