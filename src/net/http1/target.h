// Hosts and paths of requests: what a well-formed authority is, and comparing paths safely.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace recloser::net::http1 {

struct Authority {
  std::string_view host;  // "api.example.com", "127.0.0.1", "[::1]"
  std::string_view port;  // digits, or ""
};

// `host` or `host:port`, more narrowly than RFC 3986: letters, digits, '-', '.' and '_', or an IPv6
// address in brackets; a port up to 65535. No user, no percent-encoding, no list, never empty.
std::optional<Authority> read_authority(std::string_view text);

// Whether two authorities name the same place, when a port left out is `default_port`.
bool same_authority(const Authority& a, const Authority& b, std::string_view default_port);

// Whether a path, as it was sent, is `plain` (which has no '%'). Only the encoding of letters,
// digits,
// '-', '.', '_' and '~' is undone: "%2f" is never a slash, and dot segments are never resolved, so
// a path that is equal here cannot mean another one further on.
bool path_is(std::string_view sent, std::string_view plain);

// A part of a path without its percent-encoding; nothing when a '%' stands before anything but two
// hex digits. For comparing with names only: what an encoded slash means is for the caller to know.
std::optional<std::string> percent_decoded(std::string_view sent);

}  // namespace recloser::net::http1
