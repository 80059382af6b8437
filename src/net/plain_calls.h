// The system calls of a worker's loop, without what the C library puts around them: there each is a
// point at which its thread may be cancelled, which costs some 30 instructions before and behind it
// in a program of several threads. Nobody cancels a worker.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace recloser::net {

// Results and errno as recv(2), send(2), sendmsg(2) and epoll_wait(2) have them.
inline ssize_t plain_recv(int descriptor, std::span<char> to) {
  return ::syscall(SYS_recvfrom, descriptor, to.data(), to.size(), 0, nullptr, nullptr);
}

inline ssize_t plain_send(int descriptor, std::string_view bytes, int flags) {
  return ::syscall(SYS_sendto, descriptor, bytes.data(), bytes.size(), flags, nullptr, 0);
}

inline ssize_t plain_sendmsg(int descriptor, const msghdr& message, int flags) {
  return ::syscall(SYS_sendmsg, descriptor, &message, flags);
}

inline int plain_epoll_wait(int epoll, std::span<epoll_event> events, int timeout_ms) {
  return static_cast<int>(
      ::syscall(SYS_epoll_pwait, epoll, events.data(), events.size(), timeout_ms, nullptr, 0));
}

}  // namespace recloser::net
