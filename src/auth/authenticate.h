// WHO calls: from the credential headers of a request to a principal, or to one and the same 401.
#pragma once

#include "auth/jwt/tokens.h"
#include "auth/key_ring.h"
#include "auth/secret_memo.h"
#include "config/config.h"
#include "core/time.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <string_view>

namespace recloser::auth {

// Collects the credentials of a request's head. Use: tell it the value of every field that carries
// one, then ask for the secret(). The views must outlive it.
class Credentials {
 public:
  void see_authorization(std::string_view value);  // "Bearer <secret>"
  void see_api_key(std::string_view value);        // x-api-key, api-key
  void see_recloser_key(std::string_view value);   // x-recloser-key

  // The same by name, in any case; other fields pass by.
  void see(std::string_view name, std::string_view value);

  // x-recloser-key alone, when it was sent: the others are then the client's own provider
  // credential. Else the one secret that the others agree on. An empty one counts as not sent.
  std::expected<std::string_view, Rejection> secret(std::size_t bytes_max = secret_bytes_max) const;

  // Whether x-recloser-key named the principal, which leaves the other headers to the provider.
  bool has_recloser_key() const { return recloser_key_.seen; }

 private:
  struct Source {
    std::string_view secret;
    bool seen = false;
    bool conflicting = false;

    void offer(std::string_view candidate);
  };

  Source ordinary_;
  Source recloser_key_;
  bool malformed_ = false;
};

// In mode open everybody is the principal `local` of org `local`, whatever was sent. What is no key
// may be a token, where `tokens` are taken (null: they are not). The admission keeps its principal.
Admission authenticate(config::AuthMode mode, const std::shared_ptr<const KeyRing>& keys,
                       SecretMemo& memo, const Credentials& sent, WallTime now,
                       jwt::Tokens* tokens = nullptr);

// The sentence for the client: one for every credential that was judged, so that it tells nothing
// about which keys exist, and two that only help somebody who sent none or several.
std::string_view message_for_client(Rejection rejection);

// 403: the model as asked for is quoted, shortened, with what the key allows instead; "" when none
// was named.
std::string message_model_not_allowed(const Principal& principal, std::string_view model);

}  // namespace recloser::auth
