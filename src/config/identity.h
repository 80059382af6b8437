// Whose tokens are taken for a key, as plain values of the configuration.
#pragma once

#include "config/base_url.h"
#include "core/time.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

// How a token may be signed: by key pairs alone, because with a shared secret whoever can check a
// token could make one.
enum class TokenAlgorithm : unsigned char {
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512,
  eddsa,  // with Ed25519
};
std::string_view name_of(TokenAlgorithm algorithm);  // as in the `alg` of a token

// Where in the claims of a token something stands: `claims.realm_access.org`, or
// `claims["https://acme.example/org"]` where a name is no plain word.
struct ClaimPath {
  std::vector<std::string> names;  // from the top down; empty: nowhere
  bool empty() const { return names.empty(); }
  std::string str() const;  // "" of an empty one
  friend bool operator==(const ClaimPath&, const ClaimPath&) = default;

  static Result<ClaimPath> parse(std::string_view text);  // the message begins with "must"
};

// Which claim fills which name of the principal. One that is mapped must be in the token, or have a
// fallback.
struct ClaimMap {
  ClaimPath org;
  ClaimPath team;
  ClaimPath user{.names = {"sub"}};
  ClaimPath agent;
  ClaimPath labels;
  ClaimPath models;
};

// What stands for a claim that is not mapped, or that a token does not have.
struct ClaimFallback {
  std::string org;
  std::string team;
  std::string agent;
};

struct Audience {
  std::vector<std::string> names;  // a token names one of them
};

// Where keys are fetched from: https, or http to this machine, because whoever sits on the way
// could put in keys of their own.
struct KeysUrl {
  BaseUrl base;
  std::string query;  // with its question mark, or ""

  std::string target() const;  // of the request: "/keys?tenant=a"
  std::string str() const { return base.str() + query; }

  static Result<KeysUrl> parse(std::string_view text);  // the message begins with "must"
};

struct TokenIssuer {
  std::string issuer;  // what `iss` is, byte for byte
  Audience audience;
  std::optional<KeysUrl> keys_url;  // none: asked of the issuer, by OpenID Connect discovery
  std::string ca_path;              // PEM; empty: the system's certificate authorities
  std::vector<TokenAlgorithm> algorithms{TokenAlgorithm::rs256, TokenAlgorithm::es256,
                                         TokenAlgorithm::eddsa};
  Duration clock_skew = 60s;
  Duration refresh = 10min;
  ClaimMap map;
  ClaimFallback fallback;
};

}  // namespace recloser::config
