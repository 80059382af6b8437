// Connection: a byte stream to one peer, TCP or TLS over it, with a deadline on every read and
// write.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "net/endpoint.h"
#include "net/waiter.h"
#include "net/worker.h"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace recloser::net {

class TlsSession;

// Why an operation ended without doing its work.
enum class IoFailure : unsigned char {
  none,
  ended,
  reset,
  cut_off,  // the end came without TLS's own: what came before may not be all
  timed_out,
  cancelled,
  tls,
  other,
};

class Connection;

// One pending read or write. Lives on the frame of the coroutine that awaits it.
class Operation : public Waiter {
 public:
  virtual ~Operation();

 protected:
  Operation(Connection& connection, Instant deadline, Wake wake)
      : Waiter(wake), connection_(connection), deadline_(deadline) {}

  // Tries to do the work now. True when it is done, or has failed for good (failure_ is set).
  virtual bool attempt() = 0;

  Connection& connection_;
  Instant deadline_;
  IoFailure failure_ = IoFailure::none;
  bool pending_ = false;
  std::coroutine_handle<> coroutine_;

  friend class Connection;
};

// How long the bytes given to write() stay where they are.
enum class BytesLive : bool {
  only_now,    // until the writer suspends; what is left then is copied (a slow peer)
  until_sent,  // until the write has ended
};

// At most one read and one write are pending at a time. close() ends both with `cancelled`: close
// is cancel.
class Connection final : public Cancellable, private Watched {
 public:
  class Read;
  class Write;

  // Takes over the descriptor, which must be connected (or connecting) and non-blocking.
  static Result<std::unique_ptr<Connection>> adopt(Worker& worker, int descriptor, Endpoint peer,
                                                   Side peer_side);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Bytes into `to`, at least one; 0 is the end of the stream. `to` may be the worker's scratch: it
  // is filled right before the reader goes on, so a connection that waits owns no buffer.
  Read read(std::span<char> to, Instant deadline);

  // All pieces, in order. The array of pieces itself must live until the write has ended. Fails
  // when the peer takes nothing for `stall`, and at `deadline` in any case.
  Write write(std::span<const std::string_view> pieces, BytesLive live, Duration stall,
              Instant deadline = Instant::never());
  // Ends a pending write as cancelled: the peer has answered already (net/http_client.cpp).
  void stop_writing() { finish(writer_, IoFailure::cancelled); }
  // From now on, what the peer does not take counts as written: it is not the only one to hear it.
  void drop_unwritten(bool drops) { drops_unwritten_ = drops; }
  // Nothing is written any more: the peer is known to be gone.
  void lose_peer() {
    write_failed_ = true;
    stop_writing();
  }

  // Ends a pending read as cancelled; the connection stays as it is.
  void stop_reading() { finish(reader_, IoFailure::cancelled); }

  // Without waiting: bytes read, 0 at the end, or nothing when there is nothing to read now.
  struct ReadNow {
    std::size_t bytes = 0;
    IoFailure failure = IoFailure::none;
    bool would_wait = false;
  };
  ReadNow read_now(std::span<char> to);

  void close();
  // Closes so that the peer cannot take what it got for the whole: a reset instead of an end.
  void abort();
  void cancel() override { close(); }
  void shut_down_sending();  // FIN (and close_notify) after what was written
  bool open() const { return descriptor_ >= 0; }
  // False once a write has failed: what would follow it has lost its place.
  bool writable() const { return open() && !write_failed_; }

  // The side and the words for a failed operation: "the provider closed the connection".
  Error error_of(IoFailure failure) const;

  void start_tls(std::unique_ptr<TlsSession> session);
  TlsSession* tls() { return tls_.get(); }
  // After a failed handshake: what is written now goes out plain.
  void give_up_tls();
  Task<Result<void>> handshake(Instant deadline);
  // For a socket that connects: 0, or the errno of the attempt.
  Task<Result<int>> connected(Instant deadline);

  Worker& worker() { return worker_; }
  bool peer_ended() const { return peer_ended_; }
  const Endpoint& peer() const { return peer_; }
  // Whose work it is to see to what comes of it, from its next event on.
  using Watched::flow;
  using Watched::set_flow;
  int descriptor() const { return descriptor_; }  // for net/ only

  // A read operation of the caller's own (net/hangup.h); detached by its destructor.
  void attach_reader(Operation& reader);
  // Lets the attached reader try now; what it finds wakes it in this turn, not inside this call.
  void retry_reader();
  // Whether bytes or the end lie in the socket, whatever the loop has heard of it.
  bool has_come() const;
  // What has come goes to the reader, at once; if nothing has, the connection is closed.
  void read_or_close();
  void detach(Operation& operation);

 private:
  friend class Operation;
  Connection(Worker& worker, int descriptor, Endpoint peer, Side peer_side);

  void on_events(Events events) override;
  void on_timer();
  void attach_writer(Operation& writer);
  void arm(Instant deadline);
  void finish(Operation*& slot, IoFailure failure);
  void finish_now(Operation*& slot);

  struct WriteNow {
    std::size_t bytes = 0;
    IoFailure failure = IoFailure::none;
    bool would_wait = false;
  };
  WriteNow write_now(std::span<const std::string_view> pieces, std::size_t skip);
  void go_on_in_turn(Events events) {
    if (open()) worker_.come_again(*this, events);
  }
  bool has_read_its_share() const;
  void count_read(std::size_t bytes);
  IoFailure failure_from_errno() const;

  struct ConnectionTimer : Timer {
    explicit ConnectionTimer(Connection& c)
        : Timer([](Timer& t) { static_cast<ConnectionTimer&>(t).connection.on_timer(); }),
          connection(c) {}
    Connection& connection;
  };

  class Handshake;
  class Connected;

  Worker& worker_;
  std::unique_ptr<TlsSession> tls_;
  Operation* reader_ = nullptr;
  Operation* writer_ = nullptr;
  ConnectionTimer timer_;
  int descriptor_;
  Side peer_side_;
  bool maybe_readable_ = true;  // false after a read found nothing, until the kernel says otherwise
  bool maybe_writable_ = true;
  bool peer_ended_ = false;  // the kernel has said that no more bytes will come
  bool write_failed_ = false;
  bool drops_unwritten_ = false;
  std::uint64_t read_turn_ = 0;   // the turn of the loop in which the last bytes were read,
  std::size_t read_in_turn_ = 0;  // and how many
  Endpoint peer_;
};

class [[nodiscard]] Connection::Read final : public Operation {
 public:
  Read(Connection& connection, std::span<char> to, Instant deadline)
      : Operation(connection, deadline, wake_coroutine), to_(to) {}
  // A connection that always has more to read lets others have their turn.
  bool await_ready() {
    lets_others_ = connection_.has_read_its_share();
    return !lets_others_ && attempt();
  }
  void await_suspend(std::coroutine_handle<> awaiting);
  Result<std::size_t> await_resume() const {
    if (failure_ == IoFailure::none) return bytes_;
    return fail(connection_.error_of(failure_));
  }

 private:
  static void wake_coroutine(Waiter& self);
  bool attempt() override;

  std::span<char> to_;
  std::size_t bytes_ = 0;
  bool lets_others_ = false;
};

class [[nodiscard]] Connection::Write final : public Operation {
 public:
  Write(Connection& connection, std::span<const std::string_view> pieces, BytesLive live,
        Duration stall, Instant deadline)
      : Operation(connection, deadline, wake_coroutine),
        pieces_(pieces),
        stall_(stall),
        end_(deadline),
        live_(live) {}
  bool await_ready() { return attempt(); }
  void await_suspend(std::coroutine_handle<> awaiting);
  Result<void> await_resume() const {
    if (failure_ == IoFailure::none) return {};
    connection_.write_failed_ = true;
    if (connection_.drops_unwritten_) return {};
    return fail(connection_.error_of(failure_));
  }

 private:
  static void wake_coroutine(Waiter& self);
  bool attempt() override;
  void copy_rest();

  std::span<const std::string_view> pieces_;
  std::size_t sent_ = 0;
  std::unique_ptr<char[]> rest_;
  std::string_view rest_piece_;
  Duration stall_;
  Instant end_;
  BytesLive live_;
  bool took_its_turn_ = false;  // sent as much as one turn allows; goes on in the next
};

inline Connection::Read Connection::read(std::span<char> to, Instant deadline) {
  return Read(*this, to, deadline);
}
inline Connection::Write Connection::write(std::span<const std::string_view> pieces, BytesLive live,
                                           Duration stall, Instant deadline) {
  return Write(*this, pieces, live, stall, deadline);
}

}  // namespace recloser::net
