// What the parts of one play share: the loop, the time, and what was said last.
#pragma once

#include "core/task.h"
#include "net/test_loop.h"
#include "net/tls.h"
#include "wire/scenario.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace recloser::wire {

struct Play {
  net::TestLoop& loop;
  std::uint16_t gateway_port = 0;
  std::string secret;         // that the client sends unless it is told otherwise
  std::string client_body;    // of the request that was sent last
  std::string provider_body;  // of the answer that was given last
  std::optional<Instant> client_left_at;
  // Where the play is over TLS: how the client meets the gateway, and the provider does.
  std::shared_ptr<const net::TlsContext> client_tls;
  std::shared_ptr<const net::TlsContext> provider_tls;

  net::Worker& worker() { return loop.worker(); }
};

// A failed expectation; the stage adds where it stands.
inline std::unexpected<Error> unmet(std::string message) {
  return fail(Side::gateway, Kind::conflict, std::move(message));
}

}  // namespace recloser::wire
