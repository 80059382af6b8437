// What the admin API works with; made by whoever starts it, and outliving it.
#pragma once

#include "admin/adjustments.h"
#include "admin/alerts.h"
#include "admin/live_feed.h"
#include "admin/roster.h"
#include "admin/switches.h"
#include "admin/targets.h"
#include "auth/jwt/issuers.h"
#include "auth/secret.h"
#include "budget/table.h"
#include "config/secret.h"
#include "core/log.h"
#include "ledger/ledger.h"
#include "net/endpoint.h"
#include "net/http_client.h"
#include "net/worker.h"
#include "relay/metrics.h"
#include "route/health.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace recloser::admin {

struct Services {
  net::Worker& worker;  // the API's own; no traffic runs on it
  net::ClientPool& pool;
  ledger::Ledger& ledger;
  Roster& roster;
  budget::Table& budgets;
  Adjustments& adjustments;  // of these budgets
  SwitchBoard& switches;
  const route::Health& health;
  TargetBoard& targets;  // of this health and these switches
  Alerts& alerts;
  LiveFeed& live;
  auth::Entropy& entropy;
  Log& log;
  std::vector<const relay::Metrics*> metrics;  // of every worker that carries traffic
  config::Secret token;                        // never empty
  std::string token_path;  // where it lies, for advice; "" = in the configuration
  std::string version;     // of the program
  std::optional<std::uint16_t> simulated_port;         // of the built-in provider, when it runs
  std::string config_file = "the configuration file";  // where keys are declared, for advice
  std::vector<net::Endpoint> client_addresses;         // for the page at `/`
  const auth::jwt::Issuers* token_issuers = nullptr;   // null: no tokens are taken
  std::move_only_function<bool() const> accepts_calls = [] { return true; };  // false: draining
};

}  // namespace recloser::admin
