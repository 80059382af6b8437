// Budgets at the start of a gateway: what the store remembers of them, and who hears of thresholds.
#pragma once

#include "budget/table.h"
#include "core/log.h"
#include "core/result.h"
#include "ledger/store.h"

#include <span>

namespace recloser::cli {

// Gives the table what was charged in windows that still count. Before the first call.
Result<void> restore_balances(ledger::Store& store, budget::Table& table,
                              std::span<budget::Live* const> budgets, WallTime now);

// A line in the log for each threshold that an account reaches.
class ThresholdLog final : public budget::Watcher {
 public:
  explicit ThresholdLog(Log& log) : log_(log) {}
  void crossed(const budget::Crossing& crossing) override;

 private:
  Log& log_;
};

}  // namespace recloser::cli
