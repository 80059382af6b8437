// The address of a provider, taken apart once and strictly: scheme, host, port, path.
#pragma once

#include "config/address.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::config {

struct BaseUrl {
  bool tls = false;             // https
  std::string host;             // lower case; an IPv6 address without brackets; "" = no URL
  std::uint16_t port = 0;       // 443 or 80 when not written
  std::string path;             // "" or "/v1": never a slash at the end
  std::optional<IpAddress> ip;  // when the host is an address and needs no look-up

  bool empty() const { return host.empty(); }
  std::string host_field() const;  // for the Host field: "[::1]:8000"; the usual port left out
  std::string str() const;         // "https://api.openai.com/v1"

  static constexpr std::size_t bytes_max = 2048;

  // http or https only; no user, query, fragment, dot segments, or any byte or %-escape that
  // two readers of the URL could understand in two ways. The message begins with "must".
  static Result<BaseUrl> parse(std::string_view text);
};

}  // namespace recloser::config
