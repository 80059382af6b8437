// The header names we act on, recognised in a few instructions, and sets of them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace recloser::net::http1 {

enum class Name : std::uint8_t {
  other,  // any name not below
  // Framing and the connection itself.
  connection,
  content_length,
  expect,
  host,
  keep_alive,
  proxy_any,  // every name that begins with "proxy-"
  te,
  trailer,
  transfer_encoding,
  upgrade,
  // Credentials.
  api_key,
  authorization,
  cookie,
  set_cookie,
  www_authenticate,
  x_api_key,
  x_goog_api_key,
  // Content.
  accept,
  accept_encoding,
  cache_control,
  content_encoding,
  content_type,
  // Who and where.
  anthropic_beta,
  anthropic_version,
  baggage,
  date,
  forwarded,
  idempotency_key,
  location,
  openai_organization,
  openai_project,
  origin,
  request_id,
  retry_after,
  retry_after_ms,
  sec_websocket_key,
  server,
  session_id,
  thread_id,
  traceparent,
  tracestate,
  user_agent,
  via,
  x_claude_code_session_id,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_request_id,
  x_session_affinity,
  x_session_id,
  x_should_retry,
  // What a provider tells of the limits of its key.
  anthropic_ratelimit_any,  // every name that begins with "anthropic-ratelimit-"
  x_ratelimit_any,          // .. with "x-ratelimit-"
  // Ours.
  x_recloser_agent,
  x_recloser_cache,
  x_recloser_key,
  x_recloser_labels,
  x_recloser_route,
  x_recloser_session,
  x_recloser_trace,
  x_recloser_user,
  x_recloser_any,  // every other name that begins with "x-recloser-"
};

inline constexpr Name last_name = Name::x_recloser_any;

constexpr bool stands_for_many(Name name) {
  return name == Name::other || name == Name::proxy_any || name == Name::anthropic_ratelimit_any ||
         name == Name::x_ratelimit_any || name == Name::x_recloser_any;
}

// The name in `field`, which must hold no control byte; case does not matter.
Name known_name(std::string_view field);

// In lower case; "" for `other`, and the prefix for those that stand for many.
std::string_view text(Name name);

// A set of known names, one bit each.
class NameSet {
 public:
  constexpr NameSet() = default;
  constexpr NameSet(std::initializer_list<Name> names) {
    for (Name name : names) bits_ |= bit(name);
  }

  constexpr bool has(Name name) const { return (bits_ & bit(name)) != 0; }
  constexpr void add(Name name) { bits_ |= bit(name); }
  constexpr bool empty() const { return bits_ == 0; }

  friend constexpr NameSet operator|(NameSet a, NameSet b) {
    a.bits_ |= b.bits_;
    return a;
  }
  friend constexpr NameSet operator&(NameSet a, NameSet b) {
    a.bits_ &= b.bits_;
    return a;
  }
  friend constexpr bool operator==(NameSet, NameSet) = default;

 private:
  static constexpr std::uint64_t bit(Name name) { return 1ull << static_cast<unsigned>(name); }

  std::uint64_t bits_ = 0;
};
static_assert(static_cast<unsigned>(last_name) < 64, "a NameSet has 64 bits");

// What belongs to one connection and is never passed on (RFC 9110 7.6.1); what `Connection` names
// in a message comes on top.
inline constexpr NameSet hop_by_hop{Name::connection, Name::keep_alive, Name::proxy_any,
                                    Name::te,         Name::trailer,    Name::transfer_encoding,
                                    Name::upgrade};

// Ours: they end here and no provider sees them.
inline constexpr NameSet recloser_names{
    Name::x_recloser_agent,  Name::x_recloser_cache, Name::x_recloser_key,
    Name::x_recloser_labels, Name::x_recloser_route, Name::x_recloser_session,
    Name::x_recloser_trace,  Name::x_recloser_user,  Name::x_recloser_any};

// Fields that steer framing, routing, authentication or the reading of content: never taken from
// trailers (RFC 9110 6.5.1).
inline constexpr NameSet forbidden_in_trailers =
    hop_by_hop | recloser_names |
    NameSet{Name::content_length,   Name::expect,           Name::host,
            Name::api_key,          Name::authorization,    Name::cookie,
            Name::set_cookie,       Name::www_authenticate, Name::x_api_key,
            Name::x_goog_api_key,   Name::content_type,     Name::cache_control,
            Name::content_encoding, Name::location,         Name::date,
            Name::retry_after,      Name::accept_encoding,  Name::forwarded,
            Name::x_forwarded_for,  Name::x_forwarded_host, Name::x_forwarded_proto};

}  // namespace recloser::net::http1
