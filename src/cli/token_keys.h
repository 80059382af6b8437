// Fetches the public keys of those whose tokens are taken: at the start, now and then, and when a
// token names one that is not known.
#pragma once

#include "auth/jwt/issuers.h"
#include "core/task.h"
#include "net/pool.h"
#include "net/tls.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace recloser::cli {

// Works on the worker of the pool, where no traffic is, until the tasks there are cleared. One
// fetch of an issuer runs at a time. One that fails is made again soon, and what was known stays
// known; the log says when that begins, and when it ends.
class TokenKeys {
 public:
  static constexpr Duration answer_time = 10s;
  static constexpr Duration look_every = 1s;   // whether somebody wishes for keys
  static constexpr Duration wish_every = 10s;  // at most, whatever strangers write into tokens
  static constexpr Duration retry_min = 1s;
  static constexpr Duration retry_max = 1min;

  // Error: certificate authorities cannot be read. `issuers` outlives the tasks.
  static Result<std::unique_ptr<TokenKeys>> make(net::ClientPool& pool,
                                                 auth::jwt::Issuers& issuers);

  void keep();

 private:
  struct Issuer {
    const config::TokenIssuer* configured = nullptr;
    std::shared_ptr<const net::TlsContext> tls;
    std::size_t index = 0;
    bool failing = false;  // and the log says so
    Duration retry = retry_min;
  };

  TokenKeys(net::ClientPool& pool, auth::jwt::Issuers& issuers) : pool_(pool), known_(issuers) {}
  Task<void> keep_keys_of(Issuer& issuer);
  Task<Result<std::shared_ptr<const auth::jwt::KeySet>>> fetch(const Issuer& issuer);
  Task<Result<std::string>> get(const Issuer& issuer, config::KeysUrl url);
  Instant note(Issuer& issuer, Result<std::shared_ptr<const auth::jwt::KeySet>> keys);

  net::ClientPool& pool_;
  auth::jwt::Issuers& known_;
  std::vector<Issuer> issuers_;
};

}  // namespace recloser::cli
