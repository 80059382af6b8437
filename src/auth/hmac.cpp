#include "auth/hmac.h"

#include "core/check.h"

#include <array>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace recloser::auth {

std::string hmac_sha256_hex(std::string_view secret, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  const unsigned char* done = HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                                   reinterpret_cast<const unsigned char*>(message.data()),
                                   message.size(), digest.data(), &size);
  CHECK(done != nullptr, "OpenSSL has no SHA-256");
  std::string hex;
  for (unsigned i = 0; i < size; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  return hex;
}

}  // namespace recloser::auth
