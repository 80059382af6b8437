// Endpoints to and from the system's socket addresses; for the .cpp files of net/ only.
#pragma once

#include "net/endpoint.h"

#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>

namespace recloser::net {

inline std::pair<sockaddr_storage, socklen_t> system_address(const Endpoint& endpoint) {
  sockaddr_storage storage{};
  if (endpoint.is_v6) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    std::memcpy(&v6->sin6_addr, endpoint.bytes.data(), 16);
    return {storage, sizeof(sockaddr_in6)};
  }
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  v4->sin_family = AF_INET;
  v4->sin_port = htons(endpoint.port);
  std::memcpy(&v4->sin_addr, endpoint.bytes.data(), 4);
  return {storage, sizeof(sockaddr_in)};
}

inline Endpoint endpoint_of(const sockaddr& address) {
  Endpoint endpoint;
  endpoint.is_v6 = address.sa_family == AF_INET6;
  if (endpoint.is_v6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    endpoint.port = ntohs(v6.sin6_port);
    std::memcpy(endpoint.bytes.data(), &v6.sin6_addr, 16);
  } else {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    endpoint.port = ntohs(v4.sin_port);
    std::memcpy(endpoint.bytes.data(), &v4.sin_addr, 4);
  }
  return endpoint;
}

}  // namespace recloser::net
