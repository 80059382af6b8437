// Remembers the hash of the last secret that was presented, so that a client which keeps its
// connection does not pay for the same SHA-256 with every call.
#pragma once

#include "auth/secret.h"

#include <array>
#include <cstddef>
#include <string_view>

namespace recloser::auth {

// One per worker. It holds the secret itself until another one comes, because nothing weaker may
// stand for it. That shows nobody more than there is to see already: the head it came in lies in
// the worker's read buffer, and the providers' own keys in the configuration. What is remembered is
// a hash, never a verdict: a key that is revoked is refused at its next call.
class SecretMemo {
 public:
  SecretMemo() = default;
  SecretMemo(const SecretMemo&) = delete;
  SecretMemo& operator=(const SecretMemo&) = delete;
  ~SecretMemo();  // wipes the secret, as the next one does

  // Of a secret of up to secret_bytes_max. The reference is good until the next call.
  const KeyHash& hash_of(std::string_view secret);

 private:
  bool holds(std::string_view secret) const;

  std::array<char, secret_bytes_max> secret_{};
  std::size_t size_ = 0;  // 0: none
  KeyHash hash_;
};

}  // namespace recloser::auth
