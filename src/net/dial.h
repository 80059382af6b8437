// dial(): a connection to a provider: the name looked up, every address tried, TLS done.
#pragma once

#include "core/task.h"
#include "net/cancel.h"
#include "net/connection.h"
#include "net/resolver.h"
#include "net/tls.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace recloser::net {

// Where a provider is. One per configured provider; connections of one target are alike, so they
// can be pooled.
struct DialTarget {
  std::string host;  // a name or an address literal, without brackets
  std::uint16_t port = 0;
  std::shared_ptr<const TlsContext> tls;  // null: plain
  std::string tls_name;                   // SNI and the name that is verified
  // Whether an address may not be dialled (SSRF by DNS); 4 or 16 bytes. Null: all may.
  bool (*is_forbidden)(std::span<const std::uint8_t> address) = nullptr;
  Duration connect_timeout = 5s;  // look-up, all addresses and TLS together
};

// Errors: name_lookup, refused (a forbidden address), unreachable (says what each address
// answered), timed_out, tls, cancelled.
Task<Result<std::unique_ptr<Connection>>> dial(Worker& worker, Resolver& resolver,
                                               const DialTarget& target, CancelPoint& cancel);

}  // namespace recloser::net
