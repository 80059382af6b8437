// Budgets as the admin API shows and changes them: pages of accounts, and what an owner asks for.
#pragma once

#include "admin/adjustments.h"
#include "budget/table.h"
#include "core/result.h"
#include "core/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::admin {

struct BudgetFilter {
  std::uint32_t limit = ledger::page_calls_default;
  std::optional<std::string> name;
  std::optional<std::string> key;  // of an account, as the list shows it
  std::optional<std::string> after;
};

// name, key, limit, cursor. A refusal names the parameter and what it may be.
Result<BudgetFilter> read_budget_filter(std::string_view query);

// {"data": [..], "next": cursor or null}, by name and key: the accounts of the budgets in force,
// and those budgets that have one account at the most and none yet. Error (not_found): no budget
// of that name is in force. Looks at every account: never on a worker.
Result<std::string> budgets_json(budget::Table& table, const BudgetFilter& filter, WallTime now);

// The forecast: when nothing is left of the account, if it goes on as it has since its window
// began. Nothing: not before the window ends, or there is nothing to tell it from.
std::optional<WallTime> exhausted_at(const budget::Standing& standing, WallTime now);

std::string budget_json(const budget::Standing& standing, WallTime now);

// Error (not_found), with the nearest name.
Result<budget::Live*> find_budget(const budget::Table& table, std::string_view name);

// The body of POST /admin/budgets/{name}/adjust.
Result<AdjustmentAsked> read_adjustment(std::string_view body, WallTime now);

}  // namespace recloser::admin
