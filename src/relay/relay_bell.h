// RelayBell: has the relays of all workers look again at the calls that they carry.
#pragma once

#include "net/worker.h"
#include "relay/leaving.h"
#include "relay/relay.h"

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace recloser::relay {

// What it was told of outlives every ring.
class RelayBell {
 public:
  void add(net::Worker& worker, Relay& relay) { all_.push_back({&worker, &relay}); }

  // Any thread but the workers': the answer of each is waited for, for a while.
  LeftTarget leave(const std::string& target) {
    constexpr std::chrono::seconds waited_for{5};
    LeftTarget all;
    for (Place& place : all_) {
      auto left = std::make_shared<std::promise<LeftTarget>>();
      std::future<LeftTarget> known = left->get_future();
      place.worker->post(
          [relay = place.relay, target, left] { left->set_value(relay->leave(target)); });
      if (known.wait_for(waited_for) == std::future_status::ready) all += known.get();
    }
    return all;
  }

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
