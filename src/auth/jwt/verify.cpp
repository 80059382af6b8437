#include "auth/jwt/verify.h"

#include "auth/jwt/base64url.h"
#include "auth/jwt/claims.h"
#include "auth/jwt/json.h"
#include "core/ascii.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace recloser::auth::jwt {
namespace {

constexpr double seconds_max = 9'200'000'000;  // the year 2261; nanoseconds end soon after
constexpr std::size_t audiences_max = 64;

std::unexpected<Unverified> reject(Rejection why) {
  return std::unexpected(Unverified{.why = why});
}

// A token taken apart; nothing of it is verified.
struct Parts {
  boost::json::object header;
  boost::json::object claims;
  std::string signature;
  std::string_view signed_text;  // in the token
};

std::optional<Parts> take_apart(std::string_view token) {
  std::size_t first = token.find('.');
  std::size_t second = token.find('.', first + 1);
  std::optional<std::string> header = decode_base64url(token.substr(0, first));
  std::optional<std::string> claims = decode_base64url(token.substr(first + 1, second - first - 1));
  std::optional<std::string> signature = decode_base64url(token.substr(second + 1));
  if (!header || !claims || !signature) return std::nullopt;
  std::optional<boost::json::object> header_object = parse_object(*header);
  std::optional<boost::json::object> claims_object = parse_object(*claims);
  if (!header_object || !claims_object) return std::nullopt;
  return Parts{.header = std::move(*header_object),
               .claims = std::move(*claims_object),
               .signature = std::move(*signature),
               .signed_text = token.substr(0, second)};
}

// `crit` lists what must be understood, and nothing that it may list is: no token is read
// otherwise than it was meant.
bool is_plain_header(const boost::json::object& header) {
  if (member(header, "crit") != nullptr || member(header, "zip") != nullptr) return false;
  const boost::json::value* type = member(header, "typ");
  if (type == nullptr) return true;
  std::string_view text = text_member(header, "typ");
  constexpr std::string_view media = "application/";
  if (ascii::starts_with_ignoring_case(text, media)) text.remove_prefix(media.size());
  return ascii::equal_ignoring_case(text, "JWT") || ascii::equal_ignoring_case(text, "at+jwt");
}

// A member that counts seconds since 1970; nothing when it is something else.
std::optional<WallTime> time_in(const boost::json::value& value) {
  double seconds = -1;
  if (value.is_int64()) seconds = static_cast<double>(value.get_int64());
  if (value.is_uint64()) seconds = static_cast<double>(value.get_uint64());
  if (value.is_double()) seconds = value.get_double();
  if (!(seconds >= 0)) return std::nullopt;  // not a number is less than nothing, too
  return WallTime{static_cast<std::int64_t>(std::min(seconds, seconds_max) * 1e9)};
}

// Until when it is good. `exp` is demanded, because a token for ever cannot be taken back.
std::expected<WallTime, Rejection> end_of(const boost::json::object& claims, Duration skew,
                                          WallTime now) {
  auto refuse = [](Rejection why) { return std::unexpected(why); };
  const boost::json::value* ends = member(claims, "exp");
  std::optional<WallTime> end = ends != nullptr ? time_in(*ends) : std::nullopt;
  if (!end) return refuse(Rejection::token_times);
  if (now >= *end + skew) return refuse(Rejection::token_expired);
  for (std::string_view name : {"nbf", "iat"}) {
    const boost::json::value* begins = member(claims, name);
    if (begins == nullptr) continue;
    std::optional<WallTime> begin = time_in(*begins);
    if (!begin) return refuse(Rejection::token_times);
    if (now + skew < *begin) return refuse(Rejection::token_not_yet);
  }
  return *end + skew;
}

bool is_meant_for(const boost::json::object& claims, const config::Audience& audience) {
  auto is_one = [&](const boost::json::value& value) {
    return value.is_string() &&
           std::ranges::find(audience.names, view(value.get_string())) != audience.names.end();
  };
  const boost::json::value* said = member(claims, "aud");
  if (said == nullptr) return false;
  if (!said->is_array()) return is_one(*said);
  if (said->get_array().size() > audiences_max) return false;
  return std::ranges::any_of(said->get_array(), is_one);
}

Rejection rejection_of(KeySet::Found found) {
  switch (found) {
    case KeySet::Found::wrong_key:
      return Rejection::token_algorithm;
    case KeySet::Found::no_key:
      return Rejection::token_key_unknown;
    case KeySet::Found::good:
    case KeySet::Found::bad_signature:
      return Rejection::token_signature;
  }
  std::unreachable();
}

// Whether a key of its issuer has signed it.
std::expected<void, Unverified> check_signature(const Parts& parts,
                                                const config::TokenIssuer& issuer,
                                                const KeySet* keys, std::size_t index) {
  if (!is_plain_header(parts.header)) return reject(Rejection::token_malformed);
  std::optional<Algorithm> algorithm = algorithm_of(text_member(parts.header, "alg"));
  bool allowed =
      algorithm && std::ranges::find(issuer.algorithms, *algorithm) != issuer.algorithms.end();
  if (!allowed) return reject(Rejection::token_algorithm);
  const boost::json::value* kid = member(parts.header, "kid");
  std::string_view key_id = text_member(parts.header, "kid");
  bool has_id = kid != nullptr;
  if (has_id && (key_id.empty() || key_id.size() > key_id_bytes_max)) {
    return reject(Rejection::token_malformed);
  }
  if (keys == nullptr) {
    return std::unexpected(
        Unverified{.why = Rejection::token_keys_missing, .wants_keys_of = index});
  }
  KeySet::Found found = keys->verify(key_id, *algorithm, parts.signed_text, parts.signature);
  if (found == KeySet::Found::good) return {};
  Unverified unverified{.why = rejection_of(found)};
  if (found == KeySet::Found::no_key) unverified.wants_keys_of = index;
  return std::unexpected(unverified);
}

}  // namespace

bool looks_like_token(std::string_view secret) { return std::ranges::count(secret, '.') == 2; }

std::expected<Verified, Unverified> verify(std::string_view token,
                                           const std::vector<config::TokenIssuer>& issuers,
                                           const KnownKeys& keys, WallTime now) {
  if (token.size() > token_bytes_max || !looks_like_token(token)) {
    return reject(Rejection::token_malformed);
  }
  std::optional<Parts> parts = take_apart(token);
  if (!parts) return reject(Rejection::token_malformed);
  std::string_view said = text_member(parts->claims, "iss");
  auto issuer = std::ranges::find(issuers, said, &config::TokenIssuer::issuer);
  if (issuer == issuers.end()) return reject(Rejection::token_issuer);
  auto index = static_cast<std::size_t>(issuer - issuers.begin());
  std::expected<void, Unverified> is_signed =
      check_signature(*parts, *issuer, keys.of[index].get(), index);
  if (!is_signed) return std::unexpected(is_signed.error());
  std::expected<WallTime, Rejection> until = end_of(parts->claims, issuer->clock_skew, now);
  if (!until) return reject(until.error());
  if (!is_meant_for(parts->claims, issuer->audience)) return reject(Rejection::token_audience);
  auto principal = principal_of(parts->claims, *issuer);
  if (!principal) return reject(principal.error());
  return Verified{.principal = std::move(*principal), .until = *until};
}

}  // namespace recloser::auth::jwt
