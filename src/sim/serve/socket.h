// What the simulated provider asks of its sockets: small send buffers, the bytes not yet
// acknowledged, and a hard reset.
#pragma once

#include "net/connection.h"

#include <cstdint>

namespace recloser::sim {

// A small buffer in the kernel, so that what was written is nearly what was delivered.
void use_small_send_buffer(net::Connection& connection, int bytes);

// Bytes written that the peer's kernel has not acknowledged yet.
std::uint64_t unacknowledged_bytes(const net::Connection& connection);

// Closes with a reset (RST): the peer's reads fail instead of ending.
void reset(net::Connection& connection);

}  // namespace recloser::sim
