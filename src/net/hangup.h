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
  // With Call::outlives_it the call goes on without its client, of whom nothing more is heard.
  enum class Call : bool { ends_with_client, outlives_it };

  HangupWatch(Connection& client, std::string& read_ahead, CancelPoint& cancel,
              Call call = Call::ends_with_client);

  // Whether the client is, and its call ends with it.
  bool gone() const { return gone_ && call_ == Call::ends_with_client; }

 private:
  static void wake(Waiter& self) { static_cast<HangupWatch&>(self).end_call(); }
  void end_call() {
    if (call_ == Call::outlives_it) return connection_.lose_peer();
    connection_.stop_writing();  // nobody is there to take it
    cancel_.cancel(CancelReason::client_gone, connection_.worker().now());
  }
  bool attempt() override;

  std::string& read_ahead_;
  CancelPoint& cancel_;
  const Call call_;
  bool gone_ = false;
};

}  // namespace recloser::net
