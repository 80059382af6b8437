// The admin API as commands use it: where it is, with which token, and one request at a time.
#pragma once

#include "cli/cli.h"
#include "config/base_url.h"
#include "config/config.h"
#include "config/secret.h"
#include "core/log.h"
#include "core/result.h"
#include "core/time.h"
#include "net/dial.h"
#include "net/http1/head.h"
#include "net/pool.h"
#include "net/resolver.h"
#include "net/worker.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace recloser::cli {

inline constexpr Duration patience_default = 30s;  // with an admin port that says nothing

// Where the running gateway is, and how that is known.
struct AdminServer {
  config::BaseUrl url;
  config::Secret token;
  std::string url_from;    // "--admin", "RECLOSER_ADMIN", "recloser.yaml"
  std::string token_from;  // "RECLOSER_ADMIN_TOKEN", "state/admin.token"
  Duration patience = patience_default;
};

// SEMANTICS section 7: --admin, else RECLOSER_ADMIN, else the address in the configuration; the
// token from RECLOSER_ADMIN_TOKEN, else the configuration or its state directory. A configuration
// whose variables are not set in this shell is read all the same.
Result<AdminServer> find_admin(std::string_view admin_url, std::string_view config_file,
                               const Process& process);

// The state directory and its store, for what works on them while no gateway runs.
Result<config::State> find_state(std::string_view config_file, const Process& process);

struct AdminAnswer {
  int status = 0;
  std::string body;
};

// Asks and waits. Errors are of the way there: not reachable, no HTTP.
Result<AdminAnswer> ask_admin(const AdminServer& server, net::http1::Method method,
                              std::string_view target, std::string_view body,
                              const Process& process);

// A loop of a command's own, and the way to the admin port from it.
class AdminLink {
 public:
  static Result<std::unique_ptr<AdminLink>> open(const AdminServer& server, const Process& process);
  ~AdminLink();
  AdminLink(const AdminLink&) = delete;
  AdminLink& operator=(const AdminLink&) = delete;

  net::Worker& worker() { return *worker_; }
  net::ClientPool& pool() { return *pool_; }
  const net::DialTarget& target() const { return target_; }

 private:
  explicit AdminLink(const Process& process);

  Log log_;
  net::Resolver resolver_;
  net::DialTarget target_;
  std::unique_ptr<net::Worker> worker_;
  std::unique_ptr<net::ClientPool> pool_;
};

// The head of a request, with the token: wipe() it.
std::string request_head(const AdminServer& server, net::http1::Method method,
                         std::string_view target, std::size_t body_bytes, const Process& process);
// What a user is told of a way there that fails.
Error not_reachable(const AdminServer& server, const Error& error);

// `text` for a path or a query: everything but letters, digits and "-._~" escaped.
std::string percent_encoded(std::string_view text);

}  // namespace recloser::cli
