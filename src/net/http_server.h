// HttpServer: HTTP/1.1 for clients: requests in order, one handler, answers whole or streamed.
#pragma once

#include "core/limits.h"
#include "core/task.h"
#include "net/connection.h"
#include "net/connection_limit.h"
#include "net/http1/head.h"
#include "net/http_exchange.h"
#include "net/listener.h"
#include "net/memory.h"
#include "net/tls.h"

#include <memory>
#include <string>
#include <string_view>

namespace recloser::net {

// An answer that needs nothing but text.
struct PlainAnswer {
  int status = 500;
  std::string fields;  // whole lines, each with CR LF
  std::string body;
};

// What a server does with its requests.
class HttpHandler {
 public:
  virtual Task<void> handle(Exchange& exchange) = 0;
  // What a client is told whose request could not be read (400 and its kin), or for which there is
  // no room (503). The connection closes after it.
  virtual PlainAnswer refuse(int status, std::string_view sentence) = 0;

 protected:
  ~HttpHandler() = default;
};

// One listening address on one worker.
class HttpServer final : private Accepter {
 public:
  struct Options {
    Duration header_timeout = 10s;  // from the first byte of a request to the end of its head
    Duration body_timeout = 60s;    // between two reads of a request body
    Duration idle_timeout = 75s;    // between two requests
    Duration write_timeout = 60s;   // a client that takes nothing for this long is gone
    std::shared_ptr<const TlsContext> tls;
    ConnectionLimit* connections = nullptr;  // of several servers; null: one of its own
    bool shared_address = false;             // other workers listen there too
  };

  static Result<std::unique_ptr<HttpServer>> open(Worker& worker, Endpoint address, Options options,
                                                  MemoryBudget& memory, HttpHandler& handler);
  ~HttpServer();

  const Endpoint& address() const { return listener_->address(); }
  const Options& options() const { return options_; }
  Worker& worker() { return worker_; }
  MemoryBudget& memory() { return memory_; }

  // Stops listening after what is queued was accepted; idle connections close, some in each turn of
  // the loop, busy ones after their answer. connections() tells how many are left, listening()
  // whether some may still come.
  void drain();
  bool listening() const { return listener_->open(); }
  bool draining() const { return draining_; }
  std::size_t connections() const { return connections_; }
  std::size_t busy() const { return busy_; }

 private:
  friend class Exchange;
  struct Client;

  HttpServer(Worker& worker, Options options, MemoryBudget& memory, HttpHandler& handler);
  void accepted(std::unique_ptr<Connection> client) override;
  void close_idle();
  Task<void> serve(std::unique_ptr<Connection> connection, ConnectionLimit::Place place);
  Task<void> turn_away(std::unique_ptr<Connection> connection);
  Task<bool> serve_one(Client& client, std::size_t bytes);
  Task<std::size_t> read_rest_of_head(Client& client, std::size_t bytes);
  Task<bool> run_handler(Client& client, std::string_view bytes, std::size_t head_bytes);
  Task<void> refuse(Connection& client, int status, std::string_view sentence);
  Task<void> linger(Connection& client);

  Worker& worker_;
  Options options_;
  MemoryBudget& memory_;
  HttpHandler& handler_;
  std::unique_ptr<Listener> listener_;
  http1::RequestHead head_;  // of the exchange that asked last
  const Exchange* head_owner_ = nullptr;
  WaiterList idle_;  // clients between two requests, for drain()
  struct CloseIdle : Waiter {
    explicit CloseIdle(HttpServer& s)
        : Waiter([](Waiter& self) { static_cast<CloseIdle&>(self).server.close_idle(); }),
          server(s) {}
    HttpServer& server;
  };
  CloseIdle close_idle_{*this};
  ConnectionLimit own_limit_{limits::connections_default};
  std::size_t connections_ = 0;
  std::size_t turned_away_ = 0;  // of them
  std::size_t busy_ = 0;
  bool draining_ = false;
};

}  // namespace recloser::net
