// From the claims of a verified token to the principal they name.
#pragma once

#include "auth/principal.h"
#include "config/identity.h"

#include <expected>

#include <boost/json/fwd.hpp>

namespace recloser::auth::jwt {

// The rejection names the claim that is missing, or is no name (check_record). A list of models
// that is empty is none: it would allow all of them.
std::expected<Principal, Rejection> principal_of(const boost::json::object& claims,
                                                 const config::TokenIssuer& issuer);

}  // namespace recloser::auth::jwt
