// base64url without padding (RFC 4648 section 5), as tokens and key sets have it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace recloser::auth::jwt {

// Nothing when a byte is not of the alphabet, or when another text means the same bytes: two tokens
// that look different never are the same one.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace recloser::auth::jwt
