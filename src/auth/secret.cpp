// The one-shot of OpenSSL 3 looks the algorithm up by name on every call, which costs more than the
// hash itself; the low-level functions, deprecated but kept, do not.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "auth/secret.h"

#include <cerrno>
#include <cstring>
#include <sys/random.h>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace recloser::auth {
namespace {

constexpr std::string_view base62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
// The largest multiple of 62 in a byte: bytes from here on are thrown away, so that no digit is
// likelier than another.
constexpr unsigned fair_below = 256 / 62 * 62;

}  // namespace

std::string KeyHash::hex() const {
  std::string out;
  for (std::uint8_t byte : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", byte);
  return out;
}

KeyHash hash_secret(std::string_view secret) {
  KeyHash hash;
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, secret.data(), secret.size());
  SHA256_Final(hash.bytes.data(), &state);
  return hash;
}

// By words: CRYPTO_memcmp, made for any size, goes by bytes.
bool equal_in_constant_time(const KeyHash& a, const KeyHash& b) {
  std::array<std::uint64_t, 4> x;
  std::array<std::uint64_t, 4> y;
  static_assert(sizeof x == sizeof a.bytes);
  std::memcpy(x.data(), a.bytes.data(), sizeof x);
  std::memcpy(y.data(), b.bytes.data(), sizeof y);
  return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3])) == 0;
}

Result<void> KernelEntropy::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      return fail(Side::gateway, Kind::io,
                  fmt::format("the kernel gave no random bytes ({}), so no secret was made",
                              std::strerror(errno)));
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Result<std::string> make_secret(Entropy& entropy) {
  std::string secret(secret_prefix);
  while (secret.size() < secret_prefix.size() + secret_digits) {
    std::array<std::uint8_t, 64> bytes{};
    if (Result<void> filled = entropy.fill(bytes); !filled) return fail(filled.error());
    for (std::uint8_t byte : bytes) {
      bool wanted = byte < fair_below && secret.size() < secret_prefix.size() + secret_digits;
      if (wanted) secret += base62[byte % 62];
    }
    OPENSSL_cleanse(bytes.data(), bytes.size());
  }
  return secret;
}

Result<void> check_declared_secret(std::string_view secret) {
  if (secret.size() < declared_secret_bytes_min) {
    return fail(Side::operator_, Kind::refused,
                fmt::format("the secret has {} characters and needs at least {}, because a short "
                            "one can be guessed; make one with `recloser key create`",
                            secret.size(), declared_secret_bytes_min));
  }
  if (secret.size() > secret_bytes_max) {
    return fail(Side::operator_, Kind::too_large,
                fmt::format("the secret has {} characters; at most {} are accepted from clients",
                            secret.size(), secret_bytes_max));
  }
  for (char c : secret) {
    if (c <= ' ' || c > '~') {
      return fail(Side::operator_, Kind::malformed,
                  "the secret holds a space, a control character or a letter outside ASCII, which "
                  "a client cannot send in a header; use letters, digits and punctuation");
    }
  }
  return {};
}

}  // namespace recloser::auth
