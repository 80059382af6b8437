#include "sockets.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace recloser::bench {

namespace {

constexpr int listen_queue = 4096;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

std::unexpected<Error> failed(std::string_view doing, std::uint16_t port) {
  return fail(
      Side::operator_, Kind::io,
      std::string(doing) + " 127.0.0.1:" + std::to_string(port) + ": " + std::strerror(errno));
}

void send_small_at_once(int socket) {
  int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Descriptor::~Descriptor() { close(); }

void Descriptor::close() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Result<Descriptor> listen_on_loopback(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(port);
  int on = 1;
  if (!socket.open() ||
      ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket.number(), generic(address), sizeof address) != 0 ||
      ::listen(socket.number(), listen_queue) != 0) {
    return failed("cannot listen on", port);
  }
  return socket;
}

Result<std::uint16_t> port_of(const Descriptor& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return failed("cannot read the address of a listener on", 0);
  }
  return ntohs(address.sin_port);
}

Result<Descriptor> connect_to_loopback(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.open()) return failed("cannot make a socket for", port);
  send_small_at_once(socket.number());
  sockaddr_in address = loopback(port);
  if (::connect(socket.number(), generic(address), sizeof address) != 0 && errno != EINPROGRESS) {
    return failed("cannot connect to", port);
  }
  return socket;
}

Descriptor accept_from(const Descriptor& listener) {
  Descriptor socket(::accept4(listener.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.open()) send_small_at_once(socket.number());
  return socket;
}

Sent send_from(const Descriptor& socket, std::string_view& bytes) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN ? Sent::some : Sent::failed;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return Sent::all;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void make_timers_sharp() { ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

bool Poller::add(const Descriptor& descriptor, std::uint64_t key, bool writable) {
  epoll_event event{};
  event.events = EPOLLIN | (writable ? EPOLLOUT : 0U);
  event.data.u64 = key;
  return ::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor.number(), &event) == 0;
}

bool Poller::add_number(int descriptor, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key;
  return ::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Poller::watch_writable(const Descriptor& descriptor, std::uint64_t key, bool writable) {
  epoll_event event{};
  event.events = EPOLLIN | (writable ? EPOLLOUT : 0U);
  event.data.u64 = key;
  ::epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, descriptor.number(), &event);
}

std::span<const epoll_event> Poller::wait(Duration at_most) {
  at_most = std::max(at_most, Duration::zero());
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
  timespec limit{};
  limit.tv_sec = seconds.count();
  limit.tv_nsec = (at_most - seconds).count();
  int ready = ::epoll_pwait2(epoll_.number(), events_.data(), static_cast<int>(events_.size()),
                             &limit, nullptr);
  return {events_.data(), static_cast<std::size_t>(std::max(ready, 0))};
}

}  // namespace recloser::bench
