// Gateway: one running gateway: its books, its keys, its workers, its admin port; started and
// drained.
#pragma once

#include "admin/adjustments.h"
#include "admin/live_feed.h"
#include "admin/roster.h"
#include "admin/switches.h"
#include "admin/targets.h"
#include "auth/jwt/issuers.h"
#include "auth/key_ring.h"
#include "auth/secret.h"
#include "cli/budget_state.h"
#include "cli/cli.h"
#include "cli/health_log.h"
#include "config/config.h"
#include "core/log.h"
#include "core/published.h"
#include "ledger/ledger.h"
#include "ledger/lock_file.h"
#include "net/http_server.h"
#include "net/worker.h"
#include "price/catalogue.h"
#include "relay/relay.h"
#include "relay/relay_bell.h"

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace recloser::cli {

// What main gives to a gateway: nothing below reads it elsewhere.
struct Surroundings {
  const Clock& clock;
  Log& log;
  auth::Entropy& entropy;
  std::string program_version;
  std::string config_file;                              // as the operator names it, for advice
  std::shared_ptr<const price::Catalogue> prices = {};  // none: the shipped ones alone
  relay::PlanQuota* plans = nullptr;                    // of `run`
};

// Why a gateway did not start. The exit status is `usage` for what the configuration says or names,
// and `could_not` for all that the machine, another program or an older state refuses.
struct StartFailure {
  StartFailure(Error why, Exit status = Exit::could_not) : error(std::move(why)), exit(status) {}
  Error error;
  Exit exit;
};
template <class T>
using Started = std::expected<T, StartFailure>;

class Gateway {
 public:
  // Everything that can be refused is refused here, before a port is open: the state directory, the
  // books, keys, certificates, ports. Errors say what to do.
  static Started<std::unique_ptr<Gateway>> start(std::shared_ptr<const config::Config> config,
                                                 const Surroundings& surroundings);
  // stop()s what still runs.
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  std::vector<net::Endpoint> addresses() const;  // of clients, with real ports
  net::Endpoint admin_address() const;
  std::optional<std::uint16_t> simulated_port() const { return simulated_port_; }
  // The key that is made when there is none, as long as it is valid; "" otherwise.
  const std::string& first_secret() const { return first_secret_; }
  const std::string& admin_token_path() const { return admin_token_path_; }
  // Until it is stopped.
  ledger::Ledger& ledger() { return *ledger_; }
  const budget::Table& budgets() const { return budgets_; }

  // No new calls; those that still run after `limit` are ended, and told so. Returns when all have
  // ended, or `enough` says so.
  void drain(Duration limit, const std::atomic<bool>& enough);
  void stop();

 private:
  struct Traffic;  // one worker: its thread, its relay, its listeners
  struct Side;     // a worker of its own for what is not traffic
  Gateway(std::shared_ptr<const config::Config> config, const Surroundings& surroundings);
  Started<void> open_books();
  Started<void> load_keys();
  Started<void> load_roster();
  void warn_of_ends();
  Started<void> start_simulator();
  Started<void> start_traffic();
  Started<void> start_admin();
  Started<void> open_listeners(Traffic& traffic, bool shared);
  bool accepts_calls() const;
  void end_live_feed();
  bool wait_for_clients(Duration limit, const std::atomic<bool>& enough);

  std::shared_ptr<const config::Config> config_;
  Surroundings surroundings_;
  std::optional<ledger::StateLock> lock_;
  admin::LiveFeed live_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::vector<auth::KeyRecord> declared_keys_;
  std::unique_ptr<auth::jwt::Issuers> token_issuers_;  // null: no tokens are taken
  Published<route::ModelLists> model_lists_;
  session::ResponseChain responses_;
  relay::RefusedSessions refused_sessions_;
  ThresholdLog thresholds_;
  budget::Table budgets_;
  std::unique_ptr<admin::Adjustments> adjustments_;
  std::unique_ptr<admin::Roster> roster_;
  HealthLog health_log_;
  std::unique_ptr<route::Health> health_;
  relay::Switches switches_;
  std::unique_ptr<admin::SwitchBoard> switch_board_;
  std::unique_ptr<admin::TargetBoard> target_board_;
  relay::RelayBell bell_;
  net::Resolver resolver_;
  net::MemoryBudget memory_;
  net::ConnectionLimit connections_;  // of all workers together
  std::shared_ptr<const relay::Providers> providers_;
  std::shared_ptr<const price::Catalogue> prices_;
  std::unique_ptr<relay::Answers> answers_;
  std::unique_ptr<relay::Services> services_;
  std::unique_ptr<Side> simulator_;
  std::vector<std::unique_ptr<Traffic>> traffic_;
  std::unique_ptr<Side> admin_;
  std::optional<std::uint16_t> simulated_port_;
  std::atomic<bool> draining_ = false;
  std::string first_secret_;
  std::string admin_token_path_;
  std::string admin_token_;
};

}  // namespace recloser::cli
