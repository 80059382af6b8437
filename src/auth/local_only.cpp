#include "auth/local_only.h"

#include "config/address.h"
#include "core/ascii.h"

#include <optional>

namespace recloser::auth {
namespace {

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         ascii::equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

// Of "host", "host:port", "[address]:port".
std::string_view without_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    std::size_t end = authority.find(']');
    return end == authority.npos ? std::string_view() : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool is_loopback(std::string_view authority) {
  std::string_view host = without_port(authority);
  if (std::optional<config::IpAddress> ip = config::IpAddress::parse(host)) {
    return ip->is_loopback();
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  // Browsers and resolvers keep these names to the machine (RFC 6761 section 6.3).
  return ascii::equal_ignoring_case(host, "localhost") ||
         ends_with_ignoring_case(host, ".localhost");
}

}  // namespace

bool is_local(const Whence& whence) {
  if (!whence.host.empty() && !is_loopback(whence.host)) return false;
  if (ascii::equal_ignoring_case(whence.sec_fetch_site, "cross-site")) return false;
  if (whence.origin.empty()) return true;
  std::size_t scheme = whence.origin.find("://");
  return scheme != whence.origin.npos && is_loopback(whence.origin.substr(scheme + 3));
}

}  // namespace recloser::auth
