#include "net/listener.h"

#include "net/sockets.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace recloser::net {
namespace {

constexpr int backlog = 4096;
constexpr int accepts_per_turn = 64;  // then others get their turn
constexpr int keepalive_idle_s = 60;
constexpr int keepalive_interval_s = 10;
constexpr int keepalive_probes = 3;
constexpr unsigned unacknowledged_ms_max = 30'000;
constexpr Duration descriptors_retry = 100ms;

// Dead peers are found even when nothing is written to them, and when what was written stays
// unacknowledged.
void find_dead_peers(int descriptor) {
  int yes = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive_idle_s, sizeof keepalive_idle_s);
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &keepalive_interval_s,
               sizeof keepalive_interval_s);
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &keepalive_probes, sizeof keepalive_probes);
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms_max,
               sizeof unacknowledged_ms_max);
}

std::unexpected<Error> cannot_listen(Endpoint address, int error) {
  Kind kind = error == EADDRINUSE ? Kind::conflict : Kind::io;
  std::string advice;
  if (error == EADDRINUSE)
    advice = "; another program listens there: stop it, or choose another port";
  if (error == EACCES) advice = "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
  return fail(
      Side::operator_, kind,
      fmt::format("cannot listen on {}: {}{}", address.text(), std::strerror(error), advice));
}

// A bound socket, or -1 with errno.
int bound_socket(Endpoint address, bool shared) {
  int family = address.is_v6 ? AF_INET6 : AF_INET;
  int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  int yes = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (shared) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  find_dead_peers(descriptor);  // accepted sockets inherit it
  auto [system, size] = system_address(address);
  if (::bind(descriptor, reinterpret_cast<sockaddr*>(&system), size) == 0) return descriptor;
  int error = errno;
  ::close(descriptor);
  errno = error;
  return -1;
}

}  // namespace

Result<void> Listener::check_free(Endpoint address) {
  if (address.port == 0) return {};
  int descriptor = bound_socket(address, false);
  if (descriptor < 0) return cannot_listen(address, errno);
  ::close(descriptor);
  return {};
}

Result<std::unique_ptr<Listener>> Listener::open(Worker& worker, Endpoint address, bool shared,
                                                 Accepter& accepter) {
  int descriptor = bound_socket(address, shared);
  if (descriptor < 0 || ::listen(descriptor, backlog) != 0) {
    int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    return cannot_listen(address, error);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size);
  Endpoint actual = endpoint_of(reinterpret_cast<sockaddr&>(bound));
  std::unique_ptr<Listener> listener(new Listener(worker, descriptor, actual, accepter));
  Result<void> watched = worker.watch(descriptor, *listener);
  if (!watched) {
    ::close(std::exchange(listener->descriptor_, -1));  // there is nothing to forget
    return fail(watched.error());
  }
  return listener;
}

Listener::Listener(Worker& worker, int descriptor, Endpoint address, Accepter& accepter)
    : worker_(worker),
      accepter_(accepter),
      address_(address),
      descriptor_(descriptor),
      retry_(*this) {}

Listener::~Listener() {
  if (descriptor_ < 0) return;
  worker_.forget(*this);
  ::close(descriptor_);
}

void Listener::close() {
  if (descriptor_ < 0 || left_to_accept_ >= 0) return;
  left_to_accept_ = backlog;  // who connects all the time does not keep it open
  on_events({});
}

void Listener::close_now() {
  worker_.forget(*this);
  ::close(std::exchange(descriptor_, -1));
  retry_.cancel();
}

void Listener::on_events(Events) {
  if (descriptor_ < 0) return;
  Queue queue = accept_some();
  bool closing = left_to_accept_ >= 0;
  if (closing) left_to_accept_ = std::max(left_to_accept_ - accepts_per_turn, 0);
  if (closing && (queue == Queue::empty || left_to_accept_ == 0)) return close_now();
  if (queue == Queue::has_more) worker_.come_again(*this, {});
}

Listener::Queue Listener::accept_some() {
  for (int i = 0; i < accepts_per_turn; ++i) {
    if (descriptor_ < 0) return Queue::empty;
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    int client = ::accept4(descriptor_, reinterpret_cast<sockaddr*>(&peer), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return Queue::empty;
      pause();
      return Queue::stuck;
    }
    Endpoint from = endpoint_of(reinterpret_cast<sockaddr&>(peer));
    Result<std::unique_ptr<Connection>> connection =
        Connection::adopt(worker_, client, from, Side::client);
    if (connection) accepter_.accepted(std::move(*connection));
  }
  return Queue::has_more;
}

// Out of descriptors or memory: the connection stays in the kernel's queue, and we try again soon.
void Listener::pause() {
  worker_.log().warning("cannot accept connections now; will try again",
                        {{"address", address_.text()}, {"reason", std::strerror(errno)}});
  worker_.timers().set(retry_, worker_.now() + descriptors_retry);
}

}  // namespace recloser::net
