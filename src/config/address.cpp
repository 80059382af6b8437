#include "config/address.h"

#include "core/ascii.h"

#include <algorithm>
// tidy: allow sockets - inet_pton and inet_ntop turn text into bytes and back; no socket is near
#include <arpa/inet.h>
#include <charconv>

#include <fmt/format.h>

namespace recloser::config {
namespace {

// inet_pton reads "1.2.3.4" strictly (no octal, no missing parts), which is what is wanted here.
bool parse_into(int family, std::string_view text, std::uint8_t* bytes) {
  return inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint32_t port = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, port);
  bool whole = error == std::errc{} && rest == end && !text.empty() && ascii::is_digit(text[0]);
  if (!whole || text.size() > 5 || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

// Addresses where clouds hand out credentials to whoever asks. They are public in form, so no
// prefix covers them.
constexpr std::array<std::array<std::uint8_t, 4>, 3> metadata_v4{{
    {100, 100, 100, 200},  // Alibaba Cloud
    {168, 63, 129, 16},    // Azure
    {192, 0, 0, 192},      // Oracle Cloud
}};
constexpr std::array<std::uint8_t, 16> metadata_v6{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0,    0,
                                                   0,    0,    0,    0,    0, 0, 0x02, 0x54};

bool is_metadata_v4(std::span<const std::uint8_t> ip) {
  return std::ranges::any_of(metadata_v4,
                             [&](const auto& known) { return std::ranges::equal(known, ip); });
}

bool is_forbidden_v4(std::span<const std::uint8_t> ip) {
  bool unspecified = ip[0] == 0;
  bool link_local = ip[0] == 169 && ip[1] == 254;
  bool multicast = (ip[0] & 0xf0) == 0xe0;
  bool broadcast = std::ranges::all_of(ip, [](std::uint8_t b) { return b == 255; });
  return unspecified || link_local || multicast || broadcast || is_metadata_v4(ip);
}

// Where an IPv6 address carries an IPv4 one: mapped and compatible (RFC 4291), translated (RFC
// 2765), NAT64 (RFC 6052) in the last four bytes, 6to4 (RFC 3056) after the first two. Empty when
// it carries none.
std::span<const std::uint8_t> carried_v4(std::span<const std::uint8_t> ip) {
  static constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr std::uint8_t translated[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0};
  static constexpr std::uint8_t compatible[12] = {};
  static constexpr std::uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
  for (std::span<const std::uint8_t> prefix :
       {std::span<const std::uint8_t>(mapped), std::span<const std::uint8_t>(translated),
        std::span<const std::uint8_t>(compatible), std::span<const std::uint8_t>(nat64)}) {
    if (std::ranges::equal(ip.first(12), prefix)) return ip.last(4);
  }
  if (ip[0] == 0x20 && ip[1] == 0x02) return ip.subspan(2, 4);
  return {};
}

// The addresses that a local NAT64 prefix (RFC 8215) may carry, by how long a part of it a network
// uses (RFC 6052 section 2.2: byte 8 stays 0). Which one it is cannot be told from here.
bool carries_forbidden_v4(std::span<const std::uint8_t> ip) {
  static constexpr std::uint8_t local_nat64[6] = {0, 0x64, 0xff, 0x9b, 0, 1};
  static constexpr std::uint8_t places[4][4] = {
      {6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}, {12, 13, 14, 15}};
  if (!std::ranges::equal(ip.first(6), local_nat64)) return false;
  return std::ranges::any_of(places, [ip](const std::uint8_t(&place)[4]) {
    std::array<std::uint8_t, 4> v4{ip[place[0]], ip[place[1]], ip[place[2]], ip[place[3]]};
    return (v4[0] == 169 && v4[1] == 254) || is_metadata_v4(v4);
  });
}

bool is_loopback_v6(std::span<const std::uint8_t> ip) {
  return ip[15] == 1 && std::ranges::all_of(ip.first(15), [](std::uint8_t b) { return b == 0; });
}

bool is_forbidden_v6(std::span<const std::uint8_t> ip) {
  if (is_loopback_v6(ip)) return false;
  bool link_local = ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
  bool multicast = ip[0] == 0xff;
  if (link_local || multicast || std::ranges::equal(ip, metadata_v6)) return true;
  if (carries_forbidden_v4(ip)) return true;
  std::span<const std::uint8_t> inner = carried_v4(ip);
  return !inner.empty() && is_forbidden_v4(inner);
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  IpAddress ip;
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != text.npos) return std::nullopt;
  if (parse_into(AF_INET, text, ip.bytes_.data())) return ip;
  ip = IpAddress();
  ip.size_ = 16;
  if (parse_into(AF_INET6, text, ip.bytes_.data())) return ip;
  return std::nullopt;
}

bool IpAddress::is_loopback() const { return is_v4() ? bytes_[0] == 127 : is_loopback_v6(bytes()); }

std::string IpAddress::str() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  auto wrong = [](std::string_view why) {
    return fail(Side::operator_, Kind::malformed,
                fmt::format("must be an IP address and a port such as 127.0.0.1:8787 or "
                            "[::1]:8787{}",
                            why));
  };
  std::size_t colon = text.rfind(':');
  if (colon == text.npos) return wrong(" (the port is missing)");
  std::string_view host = text.substr(0, colon);
  std::optional<std::uint16_t> port = parse_port(text.substr(colon + 1));
  if (!port) return wrong(" (the port must be 0..65535)");
  if (host.empty() || host == "*") return wrong(" (for every address write 0.0.0.0 or [::])");
  if (host == "localhost") return ListenAddress{IpAddress::v4(127, 0, 0, 1), *port};
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  std::optional<IpAddress> ip =
      IpAddress::parse(bracketed ? host.substr(1, host.size() - 2) : host);
  if (!ip) return wrong(" (a name is not looked up here)");
  if (ip->is_v4() == bracketed) return wrong(" (IPv6 goes in brackets, IPv4 does not)");
  return ListenAddress{*ip, *port};
}

std::string ListenAddress::str() const {
  return ip.is_v4() ? fmt::format("{}:{}", ip.str(), port) : fmt::format("[{}]:{}", ip.str(), port);
}

bool is_forbidden_address(std::span<const std::uint8_t> bytes, bool allow_link_local) {
  if (bytes.size() != 4 && bytes.size() != 16) return true;
  if (allow_link_local) return false;
  return bytes.size() == 4 ? is_forbidden_v4(bytes) : is_forbidden_v6(bytes);
}

}  // namespace recloser::config
