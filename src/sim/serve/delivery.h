// Delivery: how much of one answer has been written and acknowledged; keeps the truth current.
#pragma once

#include "net/connection.h"
#include "sim/serve/ack_window.h"
#include "sim/truth.h"

#include <cstdint>
#include <list>

namespace recloser::sim {

class Delivery;

// The answers under way, so that a look at the truth can bring them up to date.
using Deliveries = std::list<Delivery*>;

// A scope object on the frame of its answer.
class Delivery {
 public:
  Delivery(Deliveries& all, Truth& truth, std::uint64_t number, net::Connection& peer);
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // A write was taken whole; `tokens` is the total up to and with it.
  void wrote(std::uint64_t wire_bytes, std::uint64_t tokens);

  // Asks the kernel. True when nothing waits for an acknowledgement any more.
  bool look();

  net::Connection& peer() { return peer_; }

 private:
  static constexpr unsigned writes_per_look =
      64;  // so that the window of a long stream stays small

  Deliveries& all_;
  Deliveries::iterator place_;
  Truth& truth_;
  std::uint64_t number_;
  net::Connection& peer_;
  AckWindow window_;
  unsigned writes_since_look_ = 0;
};

}  // namespace recloser::sim
