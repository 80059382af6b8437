#include "auth/secret_memo.h"

#include "core/check.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <openssl/crypto.h>

namespace recloser::auth {

SecretMemo::~SecretMemo() { OPENSSL_cleanse(secret_.data(), size_); }

const KeyHash& SecretMemo::hash_of(std::string_view secret) {
  CHECK(secret.size() <= secret_.size());
  if (size_ != 0 && holds(secret)) return hash_;
  OPENSSL_cleanse(secret_.data(), size_);
  std::ranges::copy(secret, secret_.begin());
  size_ = secret.size();
  hash_ = hash_secret(secret);
  return hash_;
}

// In a time that depends on the lengths only, or a stranger could find the secret byte by byte.
bool SecretMemo::holds(std::string_view secret) const {
  if (secret.size() != size_) return false;
  std::uint64_t difference = 0;
  std::size_t at = 0;
  for (; at + sizeof difference <= size_; at += sizeof difference) {
    std::uint64_t ours;
    std::uint64_t theirs;
    std::memcpy(&ours, secret_.data() + at, sizeof ours);
    std::memcpy(&theirs, secret.data() + at, sizeof theirs);
    difference |= ours ^ theirs;
  }
  for (; at < size_; ++at) difference |= static_cast<unsigned char>(secret_[at] ^ secret[at]);
  return difference == 0;
}

}  // namespace recloser::auth
