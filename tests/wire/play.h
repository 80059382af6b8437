// What the parts of one play share: the loop, the time, and what was said last.
#pragma once

#include "core/task.h"
#include "net/test_loop.h"
#include "wire/scenario.h"

#include <cstdint>
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

  net::Worker& worker() { return loop.worker(); }
};

// A failed expectation; the stage adds where it stands.
inline std::unexpected<Error> unmet(std::string message) {
  return fail(Side::gateway, Kind::conflict, std::move(message));
}

}  // namespace recloser::wire
