#include "net/endpoint.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

#include <fmt/format.h>

namespace recloser::net {

std::string Endpoint::address_text() const {
  char out[INET6_ADDRSTRLEN] = "";
  inet_ntop(is_v6 ? AF_INET6 : AF_INET, bytes.data(), out, sizeof out);
  return out;
}

std::string Endpoint::text() const {
  return is_v6 ? fmt::format("[{}]:{}", address_text(), port)
               : fmt::format("{}:{}", address_text(), port);
}

bool Endpoint::is_loopback() const {
  if (!is_v6) return bytes[0] == 127;
  std::array<std::uint8_t, 16> one{};
  one[15] = 1;
  return bytes == one;
}

std::optional<Endpoint> Endpoint::literal(std::string_view address, std::uint16_t port) {
  std::string text(address);
  Endpoint endpoint;
  endpoint.port = port;
  if (inet_pton(AF_INET, text.c_str(), endpoint.bytes.data()) == 1) return endpoint;
  endpoint.is_v6 = true;
  if (inet_pton(AF_INET6, text.c_str(), endpoint.bytes.data()) == 1) return endpoint;
  return std::nullopt;
}

Result<Endpoint> parse_listen_address(std::string_view text) {
  auto wrong = [&](std::string_view why) {
    return fail(Side::operator_, Kind::malformed,
                fmt::format("'{}' is not an address to listen on: {}; write it as 127.0.0.1:8787, "
                            "[::1]:8787 or 0.0.0.0:8787",
                            text, why));
  };
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("the port is missing");
  std::string_view digits = text.substr(colon + 1);
  unsigned port = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  bool whole = error == std::errc{} && end == digits.data() + digits.size();
  if (!whole || port > 65'535) return wrong("the port must be 0..65535");

  std::string_view host = text.substr(0, colon);
  if (host.empty()) host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  std::optional<Endpoint> endpoint = Endpoint::literal(host, static_cast<std::uint16_t>(port));
  if (!endpoint) return wrong("the part before the port must be an IP address");
  return *endpoint;
}

}  // namespace recloser::net
