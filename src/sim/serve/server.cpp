#include "sim/serve/server.h"

#include <utility>

namespace recloser::sim {

Result<std::unique_ptr<Server>> Server::open(net::Worker& worker, net::Endpoint address,
                                             SimulatorOptions options) {
  std::unique_ptr<Server> server(new Server(std::move(options)));
  Result<std::unique_ptr<net::HttpServer>> http =
      net::HttpServer::open(worker, address, {}, server->memory_, server->simulator_);
  if (!http) return fail(http.error().while_doing("simulated provider"));
  server->http_ = std::move(*http);
  return server;
}

void Server::stop() {
  http_->drain();
  simulator_.close_all();
}

}  // namespace recloser::sim
