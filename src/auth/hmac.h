// HMAC-SHA-256 (RFC 2104): that a message is of somebody who knows a secret.
#pragma once

#include <string>
#include <string_view>

namespace recloser::auth {

// 64 hexadecimal digits.
std::string hmac_sha256_hex(std::string_view secret, std::string_view message);

}  // namespace recloser::auth
