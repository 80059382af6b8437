// HangupWatch: notices, while a call runs, that its client has left, and stops what the call waits
// for.
#pragma once

#include "net/cancel.h"
#include "net/connection.h"

#include <string>

namespace recloser::net {

// A scope object on the call's frame: it watches from its construction to its destruction, so it is
// gone before the connection is pooled or its next request is read. A FIN counts as gone. Bytes
// that the client sends ahead (pipelining) are kept in `read_ahead`, up to
// limits::pipelined_bytes_max.
class HangupWatch final : public Operation {
 public:
  HangupWatch(Connection& client, std::string& read_ahead, CancelPoint& cancel);

  bool gone() const { return gone_; }

 private:
  static void wake(Waiter& self) { static_cast<HangupWatch&>(self).end_call(); }
  void end_call() {
    connection_.stop_writing();  // nobody is there to take it
    cancel_.cancel(CancelReason::client_gone, connection_.worker().now());
  }
  bool attempt() override;

  std::string& read_ahead_;
  CancelPoint& cancel_;
  bool gone_ = false;
};

}  // namespace recloser::net
