// Where an issuer of tokens has its keys: OpenID Connect Discovery 1.0.
#pragma once

#include "config/identity.h"
#include "core/result.h"

#include <string_view>

namespace recloser::auth::jwt {

// Where it says so. Error: the issuer is no URL.
Result<config::KeysUrl> discovery_url(std::string_view issuer);

// What it says, when the document is of this issuer and no other.
Result<config::KeysUrl> keys_url_in(std::string_view document, std::string_view issuer);

}  // namespace recloser::auth::jwt
