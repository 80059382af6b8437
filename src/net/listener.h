// Listener: a listening socket of one worker; gives each accepted connection to its owner.
#pragma once

#include "net/connection.h"
#include "net/endpoint.h"
#include "net/worker.h"

#include <memory>

namespace recloser::net {

// Takes what a Listener accepts.
class Accepter {
 public:
  virtual void accepted(std::unique_ptr<Connection> client) = 0;

 protected:
  ~Accepter() = default;
};

class Listener final : private Watched {
 public:
  // Every worker opens its own socket on the same address (SO_REUSEPORT); the kernel spreads
  // connections. `shared` is false for a socket that nobody may share.
  static Result<std::unique_ptr<Listener>> open(Worker& worker, Endpoint address, bool shared,
                                                Accepter& accepter);
  ~Listener();

  const Endpoint& address() const { return address_; }  // with the port that port 0 became

  // Accepts what is queued already, some in each turn of the loop, then closes: a connection that
  // waits in the kernel's queue would be reset.
  void close();
  bool open() const { return descriptor_ >= 0; }

  // Whether somebody else listens on `address`: SO_REUSEPORT would share it with him by accident.
  static Result<void> check_free(Endpoint address);

 private:
  Listener(Worker& worker, int descriptor, Endpoint address, Accepter& accepter);
  void on_events(Events events) override;
  enum class Queue : unsigned char { has_more, empty, stuck };
  Queue accept_some();
  void close_now();
  void pause();

  Worker& worker_;
  Accepter& accepter_;
  Endpoint address_;
  int descriptor_;
  int left_to_accept_ = -1;  // until it closes; negative: it stays open

  struct Retry : Timer {
    explicit Retry(Listener& l)
        : Timer([](Timer& t) { static_cast<Retry&>(t).listener.on_events({}); }), listener(l) {}
    Listener& listener;
  };
  Retry retry_;
};

}  // namespace recloser::net
