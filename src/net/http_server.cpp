#include "net/http_server.h"

#include "core/limits.h"
#include "net/http1/head_writer.h"
#include "net/http1/reason.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace recloser::net {
namespace {

constexpr std::size_t turned_away_max = 1024;  // beyond the limit, so many still hear why
constexpr int idle_closed_per_turn = 64;       // of a drain; then others get their turn
constexpr Duration linger_time = 2s;
constexpr Duration drain_patience = 1s;  // with a client that was queued and has not asked yet

std::string plain_head(int status, std::string_view fields, std::size_t body_bytes, bool close) {
  return fmt::format("HTTP/1.1 {} {}\r\n{}content-length: {}\r\n{}\r\n", status,
                     http1::standard_phrase(status), fields, body_bytes,
                     close ? "connection: close\r\n" : "");
}

}  // namespace

// A client between and during its requests. Lives on the frame of serve().
struct HttpServer::Client : Waiter {
  Client(HttpServer& s, std::unique_ptr<Connection> c, ConnectionLimit::Place p)
      : Waiter([](Waiter& self) { static_cast<Client&>(self).connection->read_or_close(); }),
        server(s),
        place(std::move(p)),
        connection(std::move(c)) {
    ++server.connections_;
    if (!place) ++server.turned_away_;
  }
  ~Client() {
    --server.connections_;
    if (!place) --server.turned_away_;
  }

  HttpServer& server;
  ConnectionLimit::Place place;  // given back after the connection is closed
  std::unique_ptr<Connection> connection;
  std::string ahead;  // bytes read behind the end of a request
  bool late = false;  // its request came when the drain had begun
};

Result<std::unique_ptr<HttpServer>> HttpServer::open(Worker& worker, Endpoint address,
                                                     Options options, MemoryBudget& memory,
                                                     HttpHandler& handler) {
  bool shared = options.shared_address;
  std::unique_ptr<HttpServer> server(new HttpServer(worker, std::move(options), memory, handler));
  Result<std::unique_ptr<Listener>> listener = Listener::open(worker, address, shared, *server);
  if (!listener) return fail(listener.error());
  server->listener_ = std::move(*listener);
  return server;
}

HttpServer::HttpServer(Worker& worker, Options options, MemoryBudget& memory, HttpHandler& handler)
    : worker_(worker), options_(std::move(options)), memory_(memory), handler_(handler) {
  if (options_.connections == nullptr) options_.connections = &own_limit_;
}

HttpServer::~HttpServer() { CHECK(connections_ == 0, "a server was destroyed under its clients"); }

void HttpServer::accepted(std::unique_ptr<Connection> client) {
  ConnectionLimit::Place place = options_.connections->take();
  if (place) {
    worker_.tasks().spawn("client", serve(std::move(client), std::move(place)));
  } else if (turned_away_ < turned_away_max) {  // else it is closed without a word
    worker_.tasks().spawn("client turned away", turn_away(std::move(client)));
  }
}

void HttpServer::drain() {
  draining_ = true;
  listener_->close();
  close_idle();
}

// Each close is a few system calls: tens of thousands at once would hold all streams of the worker.
void HttpServer::close_idle() {
  for (int i = 0; i < idle_closed_per_turn; ++i) {
    Waiter* client = idle_.take();
    if (client == nullptr) return;
    client->wake();
  }
  worker_.wake_soon(close_idle_);
}

Task<void> HttpServer::serve(std::unique_ptr<Connection> connection, ConnectionLimit::Place place) {
  Client client(*this, std::move(connection), std::move(place));
  Connection& stream = *client.connection;
  if (options_.tls) {
    stream.start_tls(options_.tls->accept());
    Result<void> secured = co_await stream.handshake(worker_.now() + options_.header_timeout);
    if (!secured && stream.tls()->met_http()) {
      stream.give_up_tls();
      co_await refuse(stream, 400, "this port speaks TLS; use an https:// address");
    }
    if (!secured) co_return;
  }
  for (bool first = true;; first = false) {
    std::size_t bytes = client.ahead.size();
    if (bytes > 0) {
      // A client that sends many requests at once lets others have theirs.
      co_await worker_.yield(stream.flow());
      std::memcpy(worker_.scratch().data(), client.ahead.data(), bytes);
      std::string().swap(client.ahead);  // with its memory
    } else {
      // What had come when the drain began is served. Who was accepted then and has not asked yet
      // has a moment to hear that he is late.
      bool nothing_here = draining_ && !stream.has_come();
      if (nothing_here && !first) {
        co_await linger(stream);
        co_return;
      }
      client.late = nothing_here;
      Duration patience = draining_ ? drain_patience : options_.idle_timeout;
      if (!draining_) idle_.add(client);
      Result<std::size_t> got = co_await stream.read(worker_.scratch(), worker_.now() + patience);
      client.unlink();
      if (!got || *got == 0) co_return;
      bytes = *got;
    }
    ++busy_;
    bool another = co_await serve_one(client, bytes);
    --busy_;
    if (!another) co_return;
  }
}

// One request, the first `bytes` of which are in the scratch. True when the connection may carry
// another.
Task<bool> HttpServer::serve_one(Client& client, std::size_t bytes) {
  head_ = http1::RequestHead();
  head_owner_ = nullptr;
  http1::Progress progress = head_.read({worker_.scratch().data(), bytes});
  if (progress == http1::Progress::more) {
    bytes = co_await read_rest_of_head(client, bytes);
    if (bytes == 0) co_return false;
    head_ = http1::RequestHead();
    head_owner_ = nullptr;  // others have used it over the wait
    progress = head_.read({worker_.scratch().data(), bytes});
  }
  if (progress == http1::Progress::refused) {
    http1::Reason reason = head_.reason();
    co_await refuse(*client.connection, http1::status(reason), http1::sentence(reason));
    co_return false;
  }
  std::string_view received(worker_.scratch().data(), bytes);
  bool another = co_await run_handler(client, received, head_.size());
  co_return another;
}

// For a head that did not come in one piece: gathers it in the scratch until it can be judged, with
// a copy of its own over each wait. The bytes in the scratch; 0 when the client is gone or too
// slow.
Task<std::size_t> HttpServer::read_rest_of_head(Client& client, std::size_t bytes) {
  Instant deadline = worker_.now() + options_.header_timeout;
  http1::RequestHead head;  // head_ serves other clients while this one waits
  std::string own;
  while (bytes < Worker::scratch_bytes &&
         head.read({worker_.scratch().data(), bytes}) == http1::Progress::more) {
    own.assign(worker_.scratch().data(), bytes);
    Result<std::size_t> got =
        co_await client.connection->read(worker_.scratch().subspan(bytes), deadline);
    if (!got && got.error().kind() == Kind::timed_out) {
      co_await refuse(*client.connection, 408, "the request head did not arrive in time");
    }
    if (!got || *got == 0) co_return 0;
    std::memcpy(worker_.scratch().data(), own.data(), bytes);
    bytes += *got;
  }
  co_return bytes;
}

Task<bool> HttpServer::run_handler(Client& client, std::string_view bytes, std::size_t head_bytes) {
  Connection& stream = *client.connection;
  Exchange exchange(*this, stream, bytes, head_bytes, client.ahead);
  exchange.late_ = client.late;
  co_await handler_.handle(exchange);
  if (!stream.writable()) co_return false;    // half an answer may stand on it
  if (!exchange.finished()) co_return false;  // a failed stream: the broken connection says so
  if (!exchange.body_is_here()) {
    // The answer came before the body was read: what is left of it cannot be told from a next
    // request.
    co_await linger(stream);
    co_return false;
  }
  if (exchange.will_close()) {
    co_await linger(stream);
    co_return false;
  }
  co_return true;
}

Task<void> HttpServer::refuse(Connection& client, int status, std::string_view sentence) {
  PlainAnswer answer = handler_.refuse(status, sentence);
  std::string head = plain_head(answer.status, answer.fields, answer.body.size(), true);
  std::array<std::string_view, 2> pieces{head, answer.body};
  Result<void> sent = co_await client.write(pieces, BytesLive::until_sent, options_.write_timeout);
  if (sent) co_await linger(client);
}

Task<void> HttpServer::turn_away(std::unique_ptr<Connection> connection) {
  Client client(*this, std::move(connection), {});
  if (options_.tls) co_return;  // a handshake is what there is no room for
  co_await refuse(*client.connection, 503, "Recloser has no room for more connections now");
}

// Lets the client read the answer before the connection is gone: bytes that it still sends would
// turn our close into a reset, and the answer would be lost.
Task<void> HttpServer::linger(Connection& client) {
  client.shut_down_sending();
  Instant deadline = worker_.now() + linger_time;
  std::size_t dropped = 0;
  while (dropped < limits::drain_bytes_max) {
    Result<std::size_t> got = co_await client.read(worker_.scratch(), deadline);
    if (!got || *got == 0) co_return;
    dropped += *got;
    co_await worker_.yield(client.flow());
  }
}

}  // namespace recloser::net
