// What owners changed about the accounts of a budget, as the admin API shows it.
#pragma once

#include "budget/table.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::admin {

struct AdjustmentFilter {
  std::uint32_t limit = ledger::page_calls_default;
  std::optional<std::int64_t> before;  // the cursor: older than this one
  bool in_force = false;               // only what is added to a limit now
};

// limit, cursor, in_force. A refusal names the parameter and what it may be.
Result<AdjustmentFilter> read_adjustment_filter(std::string_view query);

// {"data": [..], "next": cursor or null}, newest first. Waits for the store: never on a worker.
Result<std::string> adjustments_json(ledger::Store& store, const budget::Budget& budget,
                                     const AdjustmentFilter& filter, WallTime now);

}  // namespace recloser::admin
