// Endpoint: an IP address and a port, as bytes, without the system's socket headers.
#pragma once

#include "core/result.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::net {

struct Endpoint {
  std::array<std::uint8_t, 16> bytes{};  // network order; an IPv4 address fills the first four
  std::uint16_t port = 0;
  bool is_v6 = false;

  std::string text() const;          // "127.0.0.1:8787", "[::1]:8787"
  std::string address_text() const;  // without the port and brackets
  bool is_loopback() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;

  // An address literal, "127.0.0.1" or "::1"; nothing for a name.
  static std::optional<Endpoint> literal(std::string_view address, std::uint16_t port);
};

// "127.0.0.1:8787", "[::1]:8787", "localhost:8787", ":8787" (all addresses).
Result<Endpoint> parse_listen_address(std::string_view text);

}  // namespace recloser::net
