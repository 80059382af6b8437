// Server: the simulated provider on an address of its own; what `recloser sim` runs and what
// `dialect: simulated` starts inside the gateway.
#pragma once

#include "net/endpoint.h"
#include "net/http_server.h"
#include "net/memory.h"
#include "net/worker.h"
#include "sim/serve/simulator.h"

#include <memory>

namespace recloser::sim {

class Server {
 public:
  // Port 0 gives a free one; address() says which.
  static Result<std::unique_ptr<Server>> open(net::Worker& worker, net::Endpoint address,
                                              SimulatorOptions options);

  const net::Endpoint& address() const { return http_->address(); }
  Simulator& simulator() { return simulator_; }

  // No new connections; answers under way go on to their ends.
  void drain() { http_->drain(); }
  // drain(), and what is under way ends now.
  void stop();
  // Before its end a Server must be idle: stop() it and let the worker turn until it is.
  bool idle() const { return http_->connections() == 0; }

 private:
  explicit Server(SimulatorOptions options) : simulator_(std::move(options)) {}

  Simulator simulator_;
  net::MemoryBudget memory_{std::size_t{1} << 30};
  std::unique_ptr<net::HttpServer> http_;
};

}  // namespace recloser::sim
