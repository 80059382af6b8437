// The configuration of one gateway: plain values with units, read once from text and then shared
// unchanged.
#pragma once

#include "config/address.h"
#include "config/base_url.h"
#include "config/budget.h"
#include "config/channel.h"
#include "config/holder.h"
#include "config/identity.h"
#include "config/model.h"
#include "config/priority.h"
#include "config/provider_limits.h"
#include "config/provider_probe.h"
#include "config/secret.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/time.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

// The initialisers below are the defaults of the language: the field table (config/schema/) prints
// them in docs/configuration.md and nothing repeats them. Paths are resolved against the folder of
// the file, so every room may open them as they stand.

struct Bytes {
  std::uint64_t count = 0;
  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

enum class Dialect : unsigned char { openai, anthropic, simulated };
enum class AuthMode : unsigned char { keys, open };
// What happens to a call whose cost nobody can tell; under a budget in USD it is refused anyway.
enum class Unpriced : unsigned char { allow_without_budget, refuse };

// Where answers are kept for calls that are sent again.
enum class AnswerStore : unsigned char { memory, disk };

std::string_view name_of(Dialect dialect);  // as one writes it: "openai"
std::string_view name_of(AuthMode mode);
std::string_view name_of(Unpriced unpriced);
std::string_view name_of(AnswerStore store);

struct ListenTls {
  std::string cert_path;  // PEM, the chain of the server
  std::string key_path;   // PEM
};

struct ListenTimeouts {
  Duration header = 10s;  // from the first byte of a request to the end of its head
  Duration body = 60s;    // between two reads of a request body
  Duration idle = 75s;    // between two requests of a connection
  Duration write = 60s;   // a client that takes nothing for this long is gone
};

struct Listen {
  ListenAddress address{.ip = IpAddress::v4(127, 0, 0, 1), .port = 8787};
  std::optional<ListenTls> tls;
  ListenTimeouts timeouts;
};

struct Admin {
  ListenAddress address{.ip = IpAddress::v4(127, 0, 0, 1), .port = 8788};
  Secret token;  // empty: one is generated into the state directory
};

struct State {
  std::string directory_path = "state";
  std::string store = "sqlite:recloser.db";  // a SQLite file inside the directory
  std::string database_path() const;
};

struct Workers {
  std::uint32_t count = 0;  // 0: one per processor (`auto`)
  bool automatic() const { return count == 0; }
};

struct Auth {
  AuthMode mode = AuthMode::keys;
  std::vector<TokenIssuer> jwt;  // beside keys; no two of one issuer
};

// What is sent to a provider as its key.
struct ApiKey {
  enum class Source : unsigned char {
    none,        // nothing: the provider asks for no key
    client,      // the client's own credential, forwarded and never stored
    configured,  // `secret`
  };
  Source source = Source::none;
  Secret secret;
};

// A field sent with every request to a provider. Values may be credentials, so they are kept as
// one.
struct Header {
  std::string name;
  Secret value;
};

struct ProviderTimeouts {
  Duration connect = 5s;                // one address, TCP and TLS
  Duration first_byte = 120s;           // from the end of the request to the answer's first byte
  std::optional<Duration> first_token;  // from then on to the first piece of a streamed answer
  Duration idle = 60s;                  // between two reads of an answer
  Duration total = 30min;               // of one attempt
};

struct ProviderTls {
  std::string ca_path;      // PEM; empty: the system's certificate authorities
  std::string server_name;  // SNI and the name verified; empty: the host of baseUrl
  bool insecure = false;    // do not verify the certificate
};

// How a request says that its last message is the begin of the answer
// (codec/continuation/prefill.h).
enum class Prefill : unsigned char { automatic, none, plain, prefix, partial, final_message };

struct Provider {
  std::string name;
  Dialect dialect = Dialect::openai;
  BaseUrl base_url;  // empty for the simulated provider, which listens where it finds a port
  ApiKey api_key;
  std::string region;
  std::vector<Header> headers;
  ProviderTimeouts timeouts;
  ProviderTls tls;
  ProviderLimits limits;
  ProviderQueue queue;
  std::optional<ProviderProbe> probe;  // none: its calls alone tell how it is
  std::uint32_t retries = 1;           // of one call at the same target
  Prefill prefill = Prefill::automatic;
  bool allow_link_local = false;
  bool chained = false;  // a Recloser too: it is told whose calls they are
  // Calls with this header field go to it, and no others do: a kind of login that has a provider
  // of its own. No file can say so.
  std::string login_field;
};

struct Key {
  std::string id;
  Secret secret;
  std::string org;  // these four: empty when the key leaves them open
  std::string team;
  std::string user;
  std::string agent;
  std::vector<std::string> models;  // globs; empty: every model
  std::vector<std::string> labels;
  Priority priority = Priority::normal;  // of its calls, where they wait for a target
  std::optional<WallTime> expires;
  bool disabled = false;
  std::vector<Allowance> budgets;  // no two of one unit and period
  std::optional<std::uint32_t> rpm;
  std::optional<std::uint32_t> tpm;
  std::optional<std::uint32_t> concurrency;
};

struct Logging {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
};

struct KeepAlive {
  Duration every = 15s;  // a comment after this silence, once the provider's head has come
};

struct Idempotency {
  Duration ttl = 24h;  // after the call has ended; zero: keys of clients mean nothing
  AnswerStore store = AnswerStore::memory;
  Bytes answer_max{std::uint64_t{1} << 20};  // a larger one is not kept
};

struct Limits {
  std::uint32_t connections = static_cast<std::uint32_t>(limits::connections_default);
  Bytes buffered{limits::buffered_bytes_default};  // of all connections together
  Bytes body{limits::body_bytes_default};          // of one request
};

struct Ledger {
  Duration retain = 400 * 24h;
};

struct Prices {
  std::vector<std::string> overrides;  // globs of YAML files
  Unpriced unpriced = Unpriced::allow_without_budget;
};

struct Config {
  std::vector<Listen> listen{Listen{}};
  Admin admin;
  State state;
  std::string instance;  // its name in `Via`; empty: it makes one up at each start
  Workers workers;
  Auth auth;
  std::vector<Provider> providers;  // in the order of the file; never empty once loaded
  std::vector<Model> models;
  std::vector<Key> keys;
  Logging logging;
  Duration drain = 30s;
  KeepAlive keep_alive;
  Idempotency idempotency;
  Limits limits;
  Ledger ledger;
  Prices prices;
  std::vector<std::string> reserved_labels;
  std::vector<Channel> channels;
  std::vector<RateLimit> rate_limits;
  std::vector<std::string> policies;  // globs of YAML files
  std::vector<Budget> budgets;        // the documents in them; no two of one name
  std::vector<Holder> holders;        // likewise; those of kind Key are among `keys`

  const Provider* find_provider(std::string_view name) const;  // null when there is none
  const Model* find_model(std::string_view name) const;
};

}  // namespace recloser::config
