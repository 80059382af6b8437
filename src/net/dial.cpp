#include "net/dial.h"

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

// A stream is read as fast as its client takes it: what the kernel may hold for us beyond that
// would be paid for after a cut. (SEMANTICS section 2.)
constexpr int receive_buffer_bytes = 64 << 10;
constexpr Duration one_address_min = 500ms;  // of the time for all, however many there are

std::unexpected<Error> unreachable(const DialTarget& target, Endpoint address, int error) {
  return fail(Side::provider, Kind::unreachable,
              fmt::format("no connection to {} ({}): {}", target.host, address.text(),
                          std::strerror(error)));
}

// What the process or the machine has no more of, whichever address is tried. (For IPv6 the last
// says that the machine has no address of that kind.)
bool is_shortage(int error, Endpoint address) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
         (error == EADDRNOTAVAIL && !address.is_v6);
}

std::unexpected<Error> shortage(int error) {
  return fail(
      Side::gateway, Kind::full,
      fmt::format("Recloser has no room for another connection to a provider ({}): try "
                  "again; whoever runs Recloser can raise the limit of open descriptors or of "
                  "local ports",
                  std::strerror(error)));
}

// A socket that is connecting, or an error.
Result<std::unique_ptr<Connection>> start_connecting(Worker& worker, const DialTarget& target,
                                                     Endpoint address) {
  int family = address.is_v6 ? AF_INET6 : AF_INET;
  int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    int error = errno;  // else the machine does not speak this kind of address
    return is_shortage(error, address) ? shortage(error) : unreachable(target, address, error);
  }
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
               sizeof receive_buffer_bytes);
  auto [system, size] = system_address(address);
  if (::connect(descriptor, reinterpret_cast<sockaddr*>(&system), size) != 0 &&
      errno != EINPROGRESS) {
    int error = errno;
    ::close(descriptor);
    return is_shortage(error, address) ? shortage(error) : unreachable(target, address, error);
  }
  return Connection::adopt(worker, descriptor, address, Side::provider);
}

Task<Result<std::unique_ptr<Connection>>> dial_address(Worker& worker, const DialTarget& target,
                                                       Endpoint address, CancelPoint& cancel,
                                                       Instant deadline) {
  Result<std::unique_ptr<Connection>> connection = start_connecting(worker, target, address);
  if (!connection) co_return fail(connection.error());
  CancelPoint::During connecting(cancel, **connection);
  Result<int> connected = co_await (*connection)->connected(deadline);
  if (!connected) {
    Kind kind = connected.error().kind();
    if (kind != Kind::timed_out) co_return fail(connected.error());
    co_return fail(
        Side::provider, Kind::timed_out,
        fmt::format("{} ({}) did not take the connection in time", target.host, address.text()));
  }
  if (*connected != 0) co_return unreachable(target, address, *connected);
  if (target.tls) {
    (*connection)->start_tls(target.tls->connect(target.tls_name));
    Result<void> secured = co_await (*connection)->handshake(deadline);
    if (!secured && secured.error().kind() == Kind::timed_out) {
      co_return fail(Side::provider, Kind::timed_out,
                     fmt::format("{} ({}) did not finish the TLS handshake in time", target.host,
                                 address.text()));
    }
    if (!secured) co_return fail(secured.error());
  }
  co_return std::move(*connection);
}

// What each address answered. The first few are told one by one: a name may have dozens.
class Failures {
 public:
  void add(const Error& error) {
    side_ = error.side();
    kind_ = error.kind();
    if (++count_ > told_max) return;
    if (!text_.empty()) text_ += "; ";
    text_ += error.message();
  }
  // One error for all, of the kind of the last. `untried`: addresses without their turn.
  Error told(std::size_t untried) const {
    std::string text = text_;
    if (count_ > told_max) text += fmt::format("; {} more addresses failed too", count_ - told_max);
    if (untried > 0) text += fmt::format("; no time was left for {} more addresses", untried);
    return Error(side_, kind_, std::move(text));
  }

 private:
  static constexpr std::size_t told_max = 4;
  std::string text_;
  std::size_t count_ = 0;
  Side side_ = Side::provider;
  Kind kind_ = Kind::unreachable;
};

bool gives_up(const Error& error) {
  return error.kind() == Kind::cancelled || error.side() == Side::gateway;
}

}  // namespace

Task<Result<std::unique_ptr<Connection>>> dial(Worker& worker, Resolver& resolver,
                                               const DialTarget& target, CancelPoint& cancel) {
  Instant deadline = worker.now() + target.connect_timeout;
  Result<Addresses> addresses = co_await resolver.resolve(worker, target.host, cancel, deadline);
  if (!addresses) co_return fail(addresses.error());

  Failures failures;
  std::size_t left = (*addresses)->size();
  for (Endpoint address : **addresses) {
    address.port = target.port;
    std::span<const std::uint8_t> bytes(address.bytes.data(), address.is_v6 ? 16 : 4);
    if (target.is_forbidden != nullptr && target.is_forbidden(bytes)) {
      failures.add(
          Error(Side::operator_, Kind::refused,
                fmt::format("{} is at {}, a link-local or metadata address that Recloser does not "
                            "connect to; set allowLinkLocal if this is meant",
                            target.host, address.address_text())));
      --left;
      continue;
    }
    // Each address gets its share of the time that is left, so that a silent one does not eat it
    // all.
    Duration share =
        std::max((deadline - worker.now()) / static_cast<std::int64_t>(left), one_address_min);
    --left;
    Instant until = std::min(deadline, worker.now() + share);
    Result<std::unique_ptr<Connection>> connection =
        co_await dial_address(worker, target, address, cancel, until);
    if (connection) co_return std::move(*connection);
    if (gives_up(connection.error())) co_return fail(connection.error());
    failures.add(connection.error());
    if (worker.now() >= deadline) break;
  }
  co_return fail(failures.told(left));
}

}  // namespace recloser::net
