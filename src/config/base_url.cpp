#include "config/base_url.h"

#include "core/ascii.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace recloser::config {
namespace {

// What is wrong, as the end of the sentence "baseUrl must ...". The URL itself is not repeated: it
// may hold a password.
using Fault = std::unexpected<Error>;
Fault fault(std::string_view message) {
  return fail(Side::operator_, Kind::malformed, std::string(message));
}

struct Parts {
  std::string_view host;
  std::string_view port;  // with its colon; empty when not written
};

// "[::1]:8000" and "api.example.com:443" taken apart; what is inside is judged later.
std::optional<Parts> split_authority(std::string_view authority) {
  std::size_t host_end = authority.find(':');
  if (authority.starts_with('[')) {
    std::size_t bracket = authority.find(']');
    if (bracket == authority.npos) return std::nullopt;
    host_end = bracket + 1;
  }
  host_end = std::min(host_end, authority.size());
  Parts parts{.host = authority.substr(0, host_end), .port = authority.substr(host_end)};
  if (!parts.port.empty() && parts.port.front() != ':') return std::nullopt;
  return parts;
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  std::uint32_t port = 0;
  const char* end = digits.data() + digits.size();
  auto [rest, error] = std::from_chars(digits.data(), end, port);
  bool whole = error == std::errc{} && rest == end && digits.size() <= 5;
  if (!whole || port == 0 || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

bool is_host_label(std::string_view label) {
  auto is_host_char = [](char c) {
    return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, is_host_char);
}

// Whether a resolver may take the name for a number: "2130706433", "0x7f.1", "0177.0.0.1".
bool ends_in_number(std::string_view host) {
  std::string_view last = host.substr(host.rfind('.') + 1);
  bool hex = ascii::starts_with_ignoring_case(last, "0x");
  return hex || (!last.empty() && std::ranges::all_of(last, ascii::is_digit));
}

Result<void> read_host(std::string_view host, BaseUrl& url) {
  if (host.starts_with('[')) {
    std::optional<IpAddress> ip = IpAddress::parse(host.substr(1, host.size() - 2));
    if (!ip || ip->is_v4())
      return fault("must have an IPv6 address without a zone in its brackets");
    url.ip = ip;
    url.host = ip->str();
    return {};
  }
  if (ends_in_number(host)) {
    url.ip = IpAddress::parse(host);
    url.host = std::string(host);
    if (url.ip) return {};
    return fault("must write an IPv4 address as four decimal numbers, such as 10.0.0.7");
  }
  bool good = host.size() <= 253;
  for (std::size_t at = 0; good && at <= host.size();) {
    std::size_t dot = std::min(host.find('.', at), host.size());
    good = is_host_label(host.substr(at, dot - at));
    at = dot + 1;
  }
  if (!good) {
    return fault(
        "must have a host of letters, digits, '-', '_' and single dots (other scripts in "
        "their xn-- form)");
  }
  url.host = ascii::lowered(host);
  return {};
}

int hex_value(char c) {
  if (ascii::is_digit(c)) return c - '0';
  char low = ascii::lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// RFC 3986 pchar without '%', and the slash.
bool is_path_char(char c) {
  constexpr std::string_view others = "-._~!$&'()*+,;=:@/";
  return ascii::is_alpha(c) || ascii::is_digit(c) || others.find(c) != others.npos;
}

// An escape is kept as written if no reader could take its byte for structure.
bool is_harmless_escape(std::string_view escape) {
  int high = escape.size() == 3 ? hex_value(escape[1]) : -1;
  int low = escape.size() == 3 ? hex_value(escape[2]) : -1;
  if (high < 0 || low < 0) return false;
  int byte = high * 16 + low;
  constexpr std::string_view structure = "#?/\\.%@:;&=";
  return byte > 0x20 && byte != 0x7f &&
         (byte > 0x7f || structure.find(static_cast<char>(byte)) == structure.npos);
}

Result<void> read_path(std::string_view path, BaseUrl& url) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%') {
      if (!is_harmless_escape(path.substr(i, 3))) {
        return fault(
            "must not have a %-escape of a control byte, a space, '#', '?', '/', '\\', "
            "'.', '%' or another separator in its path");
      }
      i += 2;
    } else if (!is_path_char(path[i])) {
      return fault("must have a path of letters, digits and -._~!$&'()*+,;=:@/ only");
    }
  }
  if (path.ends_with('/')) path.remove_suffix(1);
  for (std::size_t at = 1; at <= path.size();) {
    std::size_t slash = std::min(path.find('/', at), path.size());
    std::string_view segment = path.substr(at, slash - at);
    if (segment.empty() || segment == "." || segment == "..") {
      return fault("must not have empty, '.' or '..' parts in its path");
    }
    at = slash + 1;
  }
  url.path = std::string(path);
  return {};
}

}  // namespace

Result<BaseUrl> BaseUrl::parse(std::string_view text) {
  BaseUrl url;
  if (text.size() > bytes_max) return fault(fmt::format("must be at most {} bytes", bytes_max));
  bool printable = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable) return fault("must not hold spaces, control bytes or bytes beyond ASCII");
  if (ascii::starts_with_ignoring_case(text, "https://")) {
    url.tls = true;
  } else if (!ascii::starts_with_ignoring_case(text, "http://")) {
    return fault("must begin with https:// or http://");
  }
  std::string_view rest = text.substr(url.tls ? 8 : 7);
  if (rest.find('?') != rest.npos) return fault("must not have a query ('?')");
  if (rest.find('#') != rest.npos) return fault("must not have a fragment ('#')");
  std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != authority.npos) {
    return fault("must not hold a user or password; credentials go into apiKey or headers");
  }
  std::optional<Parts> parts = split_authority(authority);
  if (!parts || parts->host.empty()) return fault("must have a host after its scheme");
  if (Result<void> host = read_host(parts->host, url); !host) return fail(host.error());
  url.port = url.tls ? 443 : 80;
  if (!parts->port.empty()) {
    std::optional<std::uint16_t> port = parse_port(parts->port.substr(1));
    if (!port) return fault("must have a port of 1..65535, or none");
    url.port = *port;
  }
  if (Result<void> path = read_path(rest.substr(slash), url); !path) return fail(path.error());
  return url;
}

std::string BaseUrl::host_field() const {
  bool v6 = ip && !ip->is_v4();
  std::string field = v6 ? fmt::format("[{}]", host) : host;
  bool usual = port == (tls ? 443 : 80);
  if (!usual) field += fmt::format(":{}", port);
  return field;
}

std::string BaseUrl::str() const {
  if (empty()) return {};
  return fmt::format("{}://{}{}", tls ? "https" : "http", host_field(), path);
}

}  // namespace recloser::config
