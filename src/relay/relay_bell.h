// RelayBell: has the relays of all workers look again at the calls that they carry.
#pragma once

#include "net/worker.h"
#include "relay/relay.h"

#include <vector>

namespace recloser::relay {

// What it was told of outlives every ring.
class RelayBell {
 public:
  void add(net::Worker& worker, Relay& relay) { all_.push_back({&worker, &relay}); }

  // Any thread, once all are added.
  void ring() {
    for (Place& place : all_) {
      place.worker->post([relay = place.relay] { relay->look_again(); });
    }
  }

 private:
  struct Place {
    net::Worker* worker;
    Relay* relay;
  };
  std::vector<Place> all_;
};

}  // namespace recloser::relay
