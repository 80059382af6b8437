#include "config/identity.h"

#include "core/ascii.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::config {
namespace {

constexpr std::string_view claims_word = "claims";
constexpr std::size_t claim_depth_max = 8;

std::unexpected<Error> fault(std::string message) {
  return fail(Side::operator_, Kind::malformed, std::move(message));
}

bool is_plain(char c) { return ascii::is_alpha(c) || ascii::is_digit(c) || c == '_' || c == '-'; }

// The next name of a path, which begins with `.name` or `["name"]`; "" when it is neither.
std::string_view take_name(std::string_view& rest) {
  std::string_view name;
  if (rest.starts_with('.')) {
    auto end = std::ranges::find_if_not(rest.substr(1), is_plain);
    name = std::string_view(rest.begin() + 1, end);
    rest.remove_prefix(1 + name.size());
  } else if (rest.starts_with("[\"")) {
    std::size_t end = rest.find("\"]", 2);
    if (end == rest.npos) return {};
    name = rest.substr(2, end - 2);
    rest.remove_prefix(end + 2);
  }
  return name;
}

}  // namespace

std::string_view name_of(TokenAlgorithm algorithm) {
  switch (algorithm) {
    case TokenAlgorithm::rs256:
      return "RS256";
    case TokenAlgorithm::rs384:
      return "RS384";
    case TokenAlgorithm::rs512:
      return "RS512";
    case TokenAlgorithm::ps256:
      return "PS256";
    case TokenAlgorithm::ps384:
      return "PS384";
    case TokenAlgorithm::ps512:
      return "PS512";
    case TokenAlgorithm::es256:
      return "ES256";
    case TokenAlgorithm::es384:
      return "ES384";
    case TokenAlgorithm::es512:
      return "ES512";
    case TokenAlgorithm::eddsa:
      return "EdDSA";
  }
  std::unreachable();
}

std::string ClaimPath::str() const {
  if (names.empty()) return {};
  std::string out(claims_word);
  for (const std::string& name : names) {
    bool plain = std::ranges::all_of(name, is_plain);
    out += plain ? fmt::format(".{}", name) : fmt::format("[\"{}\"]", name);
  }
  return out;
}

Result<ClaimPath> ClaimPath::parse(std::string_view text) {
  constexpr std::string_view wanted =
      "must name a claim, as claims.team or claims[\"https://acme.example/team\"]";
  if (!text.starts_with(claims_word)) return fault(std::string(wanted));
  text.remove_prefix(claims_word.size());
  ClaimPath path;
  while (!text.empty()) {
    std::string_view name = take_name(text);
    if (name.empty()) return fault(std::string(wanted));
    path.names.emplace_back(name);
  }
  if (path.names.empty()) return fault(std::string(wanted));
  if (path.names.size() > claim_depth_max) {
    return fault(fmt::format("must be at most {} names deep", claim_depth_max));
  }
  return path;
}

std::string KeysUrl::target() const { return (base.path.empty() ? "/" : base.path) + query; }

Result<KeysUrl> KeysUrl::parse(std::string_view text) {
  KeysUrl url;
  std::size_t query = text.find('?');
  std::string_view asked = query == text.npos ? std::string_view() : text.substr(query);
  bool printable = std::ranges::all_of(
      asked, [](char c) { return c > 0x20 && c < 0x7f && c != '#' && c != '"' && c != '<'; });
  if (!printable || text.size() > BaseUrl::bytes_max) {
    return fault(fmt::format("must be at most {} bytes of printable ASCII, without a fragment",
                             BaseUrl::bytes_max));
  }
  Result<BaseUrl> base = BaseUrl::parse(text.substr(0, query));
  if (!base) return fail(base.error());
  bool this_machine = (base->ip && base->ip->is_loopback()) || base->host == "localhost";
  if (!base->tls && !this_machine) {
    return fault("must be https, because keys that come over http may be anybody's");
  }
  if (base->ip && is_forbidden_address(base->ip->bytes(), false)) {
    return fault("cannot be a link-local, cloud metadata, unspecified or multicast address");
  }
  url.base = std::move(*base);
  url.query = std::string(asked);
  return url;
}

}  // namespace recloser::config
