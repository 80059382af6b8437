#include "net/http1/target.h"

#include "core/ascii.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace recloser::net::http1 {
namespace {

constexpr std::size_t ipv6_text_max = 45;  // eight groups, the last two as an IPv4 address

constexpr std::array<bool, 256> name_bytes = [] {
  std::array<bool, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    char c = static_cast<char>(byte);
    table[byte] = ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '.' || c == '_';
  }
  return table;
}();

bool is_name_byte(char c) { return name_bytes[static_cast<unsigned char>(c)]; }

constexpr int hex_digit(char c) {
  if (ascii::is_digit(c)) return c - '0';
  char folded = ascii::lower(c);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

// What "%2F" and its like stand for; `at` is behind the '%'. Negative when they are no two digits.
int encoded_byte(std::string_view sent, std::size_t at) {
  if (sent.size() - at < 2) return -1;
  int high = hex_digit(sent[at]);
  int low = hex_digit(sent[at + 1]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool is_ipv6_byte(char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; }

// The size of the host at the front of `text`, or 0.
std::size_t host_size(std::string_view text) {
  if (!text.starts_with('[')) {
    std::size_t size = 0;
    while (size < text.size() && is_name_byte(text[size])) ++size;
    return size;
  }
  std::size_t close = text.find(']');
  if (close == std::string_view::npos) return 0;
  std::string_view address = text.substr(1, close - 1);
  bool plausible = address.size() >= 2 && address.size() <= ipv6_text_max &&
                   address.contains(':') && std::ranges::all_of(address, is_ipv6_byte);
  return plausible ? close + 1 : 0;
}

bool is_port(std::string_view digits) {
  if (digits.size() > 5) return false;
  unsigned value = 0;
  for (char c : digits) {
    if (!ascii::is_digit(c)) return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= 65'535;
}

}  // namespace

std::optional<Authority> read_authority(std::string_view text) {
  std::size_t size = host_size(text);
  if (size == 0) return std::nullopt;
  Authority authority{.host = text.substr(0, size), .port = {}};
  if (size == text.size()) return authority;
  authority.port = text.substr(size + 1);
  if (text[size] != ':' || !is_port(authority.port)) return std::nullopt;
  return authority;
}

bool same_authority(const Authority& a, const Authority& b, std::string_view default_port) {
  auto port = [default_port](const Authority& authority) {
    return authority.port.empty() ? default_port : authority.port;
  };
  return port(a) == port(b) && ascii::equal_ignoring_case(a.host, b.host);
}

bool path_is(std::string_view sent, std::string_view plain) {
  std::size_t at = 0;
  for (char wanted : plain) {
    if (at == sent.size()) return false;
    char got = sent[at++];
    if (got == '%') {
      int byte = encoded_byte(sent, at);
      if (byte < 0) return false;
      got = static_cast<char>(byte);
      if (!is_name_byte(got) && got != '~') return false;
      at += 2;
    }
    if (got != wanted) return false;
  }
  return at == sent.size();
}

std::optional<std::string> percent_decoded(std::string_view sent) {
  std::string decoded;
  decoded.reserve(sent.size());
  for (std::size_t at = 0; at < sent.size(); ++at) {
    if (sent[at] != '%') {
      decoded += sent[at];
      continue;
    }
    int byte = encoded_byte(sent, at + 1);
    if (byte < 0) return std::nullopt;
    decoded += static_cast<char>(byte);
    at += 2;
  }
  return decoded;
}

}  // namespace recloser::net::http1
