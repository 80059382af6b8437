// The page at /metrics: what all workers counted, and how the process itself is doing.
#pragma once

#include "auth/jwt/issuers.h"
#include "budget/table.h"
#include "core/time.h"
#include "ledger/ledger_options.h"
#include "relay/metrics.h"
#include "route/target_health.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::admin {

struct MetricsFacts {
  std::span<const relay::Metrics* const> calls;  // of every worker
  std::vector<budget::Standing> budgets;         // sums of those in USD
  ledger::LedgerStatus ledger;
  std::vector<route::TargetHealth::Standing> targets = {};  // by name; the first 200 are shown
  std::uint64_t log_lines_dropped = 0;
  std::string_view version;
  WallTime started_at;
  std::vector<auth::jwt::Issuers::Status> token_issuers = {};
};

// Prometheus text exposition, version 0.0.4.
std::string metrics_page(const MetricsFacts& facts);

}  // namespace recloser::admin
