// Adjustments: what owners change about accounts of budgets: in the store first, then in force.
#pragma once

#include "budget/table.h"
#include "core/result.h"
#include "core/task.h"
#include "core/time.h"
#include "ledger/store.h"
#include "net/worker.h"

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace recloser::admin {

// As a request asks for it; the amount is text, because only the budget says of what.
struct AdjustmentAsked {
  ledger::AdjustmentKind kind = ledger::AdjustmentKind::add;
  std::string amount;
  std::string key;
  std::string reason;
  std::string who;
  std::optional<WallTime> expires;
  // The request that it grants, and what is said about that: the store has both, or neither.
  std::optional<std::int64_t> grants;
  std::string grant_reason;
};

ledger::BudgetIdentity identity_of(const budget::Budget& budget);

// What is asked as it would be recorded, but for what only the account knows. Refused: what cannot
// be adjusted, and amounts and keys that the budget does not read.
Result<ledger::Adjustment> read_asked(const budget::Budget& budget, const AdjustmentAsked& asked,
                                      WallTime now);

// What is added to a limit holds on top of the document's, in every window, until it expires.
// Another figure for what is spent is of the window that is open. Any thread may call anything.
class Adjustments {
 public:
  // `changed` is called after each change of a limit: what runs is to look again.
  Adjustments(
      ledger::Store& store, budget::Table& table, std::move_only_function<void()> changed = [] {})
      : store_(store), table_(table), changed_(std::move(changed)) {}

  // What the store remembers and is not over is added to the limits of the budgets in force. To be
  // called before the first call, and whenever other budgets are in force: nothing is added twice.
  Result<void> restore(WallTime now);

  // Waits for the store: never on a worker. How the account stands afterwards.
  Result<budget::Standing> make(budget::Live& budget, const AdjustmentAsked& asked, WallTime now);

  // Takes back what has expired. Waits for nothing: while an adjustment is made, the next look
  // does.
  void lapse(WallTime now);

 private:
  struct TopUp {
    WallTime expires;
    budget::Live* budget = nullptr;
    std::string key;
    budget::Amount amount = 0;
  };
  Result<std::int64_t> record(const ledger::Adjustment& adjustment, const AdjustmentAsked& asked);
  budget::Standing add(budget::Live& budget, const ledger::Adjustment& adjustment);

  ledger::Store& store_;
  budget::Table& table_;
  std::move_only_function<void()> changed_;
  std::mutex mutex_;  // one adjustment after the other: each looks at what it changes
  std::set<std::int64_t> added_;
  std::vector<TopUp> expiring_;
};

// Never ends. Both must outlive the worker's tasks.
Task<void> keep_top_ups(net::Worker& worker, Adjustments& adjustments);

}  // namespace recloser::admin
