// Budgets at the start of a gateway: what the store remembers of them, and who hears of thresholds.
#pragma once

#include "admin/alerts.h"
#include "budget/table.h"
#include "core/log.h"
#include "core/result.h"
#include "ledger/store.h"

#include <atomic>
#include <span>

namespace recloser::cli {

// Gives the table what was charged in windows that still count. Before the first call.
Result<void> restore_balances(ledger::Store& store, budget::Table& table,
                              std::span<budget::Live* const> budgets, WallTime now);

// A line in the log for each threshold that an account reaches, and an alert.
class ThresholdLog final : public budget::Watcher {
 public:
  ThresholdLog(Log& log, const Clock& clock) : log_(log), clock_(clock) {}
  void crossed(const budget::Crossing& crossing) override;

  // Who hears of them besides, from now on; null: nobody.
  void tell(admin::Alerts* alerts) { alerts_.store(alerts, std::memory_order_release); }

 private:
  Log& log_;
  const Clock& clock_;
  std::atomic<admin::Alerts*> alerts_ = nullptr;
};

}  // namespace recloser::cli
