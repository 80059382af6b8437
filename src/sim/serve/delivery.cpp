#include "sim/serve/delivery.h"

#include "sim/serve/socket.h"

namespace recloser::sim {

Delivery::Delivery(Deliveries& all, Truth& truth, std::uint64_t number, net::Connection& peer)
    : all_(all), place_(all.insert(all.end(), this)), truth_(truth), number_(number), peer_(peer) {}

Delivery::~Delivery() {
  look();
  all_.erase(place_);
}

void Delivery::wrote(std::uint64_t wire_bytes, std::uint64_t tokens) {
  window_.wrote(wire_bytes, tokens);
  if (++writes_since_look_ == writes_per_look) look();
  if (Seen* seen = truth_.find(number_)) seen->output_written = tokens;
}

bool Delivery::look() {
  writes_since_look_ = 0;
  if (!peer_.open()) return true;  // what was seen last stays
  std::uint64_t waiting = unacknowledged_bytes(peer_);
  if (Seen* seen = truth_.find(number_)) seen->output_acked = window_.acknowledged(waiting);
  return waiting == 0;
}

}  // namespace recloser::sim
