// HttpCall: one request to a provider: a pooled or new connection, its answer piece by piece, time
// limits.
#pragma once

#include "core/task.h"
#include "net/cancel.h"
#include "net/connection.h"
#include "net/dial.h"
#include "net/http1/body.h"
#include "net/http1/head.h"
#include "net/pool.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace recloser::net {

// What is sent: a whole head, and the body as pieces that stay where they are until the answer
// begins.
struct HttpRequest {
  http1::Method method = http1::Method::post;
  std::string_view head;
  std::span<const std::string_view> body;
  bool may_replay = true;  // on a fresh connection, where a pooled one turns out dead
  FairQueue::Flow flow = FairQueue::nobody;  // for whom it is made
};

// Time limits of one attempt. Each has its own error message.
struct HttpTimeouts {
  Duration first_byte = 120s;  // from the end of the request to the first byte of the answer
  Duration idle = 60s;         // between two reads of the answer
  Instant total = Instant::never();
};

// Use:
//   HttpCall call(pool, target, timeouts, cancel);
//   Result<const http1::ResponseHead*> head = co_await call.start(request);
//   while (!call.body_ended()) { Result<std::string_view> piece = co_await
//   call.next(idle_deadline); .. } call.finish();
// Destroyed early it closes its connection: only an answer read to its end gives it back to the
// pool.
class HttpCall final : public Cancellable {
 public:
  HttpCall(ClientPool& pool, const DialTarget& target, HttpTimeouts timeouts, CancelPoint& cancel);
  virtual ~HttpCall();
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

  // Sends the request and waits for the head of the final answer (interim ones are read over). A
  // pooled connection that turns out dead before any byte of an answer is replaced once by a fresh
  // one: see replayed(). The head is the worker's: good until the next suspension.
  Task<Result<const http1::ResponseHead*>> start(HttpRequest request);
  // From now on it is not replaced, whatever the request said. One that has been stays so.
  void never_replay() { may_be_replaced_ = false; }

  // Whether the whole request went out before the connection failed: the provider may have worked
  // on it.
  bool request_sent() const { return request_sent_; }
  bool replayed() const { return replayed_; }
  // Whether it was so of the connection that was replaced.
  bool first_request_sent() const { return first_request_sent_; }
  // Whether there was a connection at the end of start(): no failure to connect, then.
  bool reached() const { return reached_; }

  class Next;
  // The next payload of the body, in the worker's scratch until the next suspension; may be empty.
  // What came with the head is given without waiting. Errors: timed_out, closed, malformed,
  // cancelled.
  Next next(Instant deadline);
  bool body_ended() const { return body_ended_; }
  // Whether next() has something to give without reading.
  bool has_unread() const { return unread_ready_; }
  // It lies in the scratch of the worker, and is gone with the next suspension unless it is kept.
  void keep_unread();
  std::string_view trailers() const { return body_.trailers(); }

  Instant idle_deadline() const;
  Connection* connection() { return connection_.get(); }

  // Back to the pool when the answer was read to its end and the connection may be used again.
  void finish();
  void close();

  // Called through the CancelPoint: closes the connection, at once or after the grace. One that is
  // `stopped` in its answer ends what it waits for alone: what has come can still be read.
  void cancel() override;
  // From now on the call of a client that leaves may still be read for so long: the end of an
  // answer may be near.
  void set_grace(Duration grace) { grace_ = grace; }

 private:
  class EarlyAnswer;
  bool take_pooled();
  Task<Result<void>> connect();
  void connected(bool reused);
  Task<Result<void>> send(HttpRequest request);
  Task<Result<const http1::ResponseHead*>> read_head(http1::Method method, Instant begins_until);
  Result<const http1::ResponseHead*> take_head(std::string_view behind, http1::Method method);
  Error ended_in_head(IoFailure how) const;
  bool may_replay(const Error& error) const;
  Error silent(Duration limit, std::string_view what) const;
  Result<std::string_view> take(std::string_view received);
  Result<std::string_view> take_end();

  ClientPool& pool_;
  const DialTarget& target_;
  HttpTimeouts timeouts_;
  CancelPoint& cancel_;
  std::unique_ptr<Connection> connection_;
  std::optional<CancelPoint::During> standing_;  // while there is a connection
  struct GraceTimer : Timer {
    explicit GraceTimer(HttpCall& c)
        : Timer([](Timer& t) { static_cast<GraceTimer&>(t).call.close_connection(); }), call(c) {}
    HttpCall& call;
  };
  void close_connection() {
    if (connection_) connection_->close();
  }

  GraceTimer grace_timer_{*this};
  Duration grace_{};
  http1::BodyReader body_;
  std::string begun_;                      // of the answer: what came while the request was being
                                           // sent; what is kept of it
  IoFailure begun_end_ = IoFailure::none;  // and how the connection ended meanwhile
  std::string_view unread_;                // bytes behind the head, in scratch unless kept
  Instant sent_at_;
  bool unread_ready_ = false;
  bool reused_ = false;
  bool may_be_replaced_ = true;
  bool replayed_ = false;
  bool request_sent_ = false;
  bool reached_ = false;
  bool first_request_sent_ = false;
  bool any_byte_ = false;
  bool body_ended_ = false;
  bool answers_ = false;
  bool may_pool_ = false;
};

// Reads once and takes the payload out of the framing. No coroutine frame of its own.
class [[nodiscard]] HttpCall::Next {
 public:
  Next(HttpCall& call, Instant deadline)
      : call_(call),
        read_(call.connection_->read(call.connection_->worker().scratch(), deadline)) {}
  bool await_ready() { return call_.unread_ready_ || read_.await_ready(); }
  void await_suspend(std::coroutine_handle<> awaiting) { read_.await_suspend(awaiting); }
  Result<std::string_view> await_resume();

 private:
  HttpCall& call_;
  Connection::Read read_;
};

inline HttpCall::Next HttpCall::next(Instant deadline) { return Next(*this, deadline); }

}  // namespace recloser::net
