// Addresses as configuration writes them, and the ones no provider may have.
#pragma once

#include "core/result.h"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace recloser::config {

// An IPv4 or IPv6 address in network byte order.
class IpAddress {
 public:
  constexpr IpAddress() = default;  // 0.0.0.0
  static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    IpAddress ip;
    ip.bytes_ = {a, b, c, d};
    return ip;
  }

  // "127.0.0.1" (four decimal numbers without leading zeros) or "::1"; no brackets, no zone.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const { return size_ == 4; }
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), size_}; }  // 4 or 16
  bool is_loopback() const;                                                       // 127/8, ::1
  std::string str() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint8_t size_ = 4;
};

// Where we listen.
struct ListenAddress {
  IpAddress ip;
  std::uint16_t port = 0;  // 0: any free port

  // "127.0.0.1:8787", "[::1]:8787", "localhost:8787" (which is 127.0.0.1).
  static Result<ListenAddress> parse(std::string_view text);
  std::string str() const;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

// Whether we must not connect to this address (4 or 16 bytes, network order): link-local,
// cloud metadata, unspecified, multicast, broadcast, and the IPv6 forms that carry such an IPv4
// address. Loopback and private addresses are fine. Asked of literals when the file is read, and of
// every address a name resolves to when it is connected to.
bool is_forbidden_address(std::span<const std::uint8_t> bytes, bool allow_link_local);

}  // namespace recloser::config
