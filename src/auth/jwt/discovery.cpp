#include "auth/jwt/discovery.h"

#include "auth/jwt/json.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace recloser::auth::jwt {

Result<config::KeysUrl> discovery_url(std::string_view issuer) {
  Result<config::KeysUrl> url = config::KeysUrl::parse(issuer);
  if (!url) return fail(url.error().while_doing("the issuer"));
  url->base.path += "/.well-known/openid-configuration";
  return url;
}

Result<config::KeysUrl> keys_url_in(std::string_view document, std::string_view issuer) {
  std::optional<boost::json::object> parsed = parse_object(document);
  if (!parsed) return fail(Side::provider, Kind::malformed, "its configuration is no JSON object");
  if (text_member(*parsed, "issuer") != issuer) {
    return fail(Side::provider, Kind::malformed, "its configuration is of another issuer");
  }
  Result<config::KeysUrl> url = config::KeysUrl::parse(text_member(*parsed, "jwks_uri"));
  if (!url) return fail(url.error().while_doing("its jwks_uri"));
  return url;
}

}  // namespace recloser::auth::jwt
