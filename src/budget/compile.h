// Compile: from what the configuration says of budgets and rates to the budgets of this room.
#pragma once

#include "budget/budget.h"
#include "config/config.h"
#include "core/result.h"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace recloser::budget {

inline constexpr std::size_t name_bytes_max = 255;  // of a budget, as the ledger keeps it

// Documents first, in the order of their files; then rateLimits, then what orgs, teams, users and
// keys have. Those that are no documents are called "key/<id>/usd/day", "rate/<name>/tpm",
// "team/<org>/<team>/rpm", "users/team/<org>/<team>/usd/day" (of each user), ..: a '/' is in no
// name of a document. Errors: more could apply to one call than a call may have (malformed), or
// the ledger could not keep a name (too_large).
Result<std::vector<std::shared_ptr<const Budget>>> compile(const config::Config& config);

// The same with other keys and holders than those of the configuration.
Result<std::vector<std::shared_ptr<const Budget>>> compile(const config::Config& config,
                                                           std::span<const config::Holder> holders,
                                                           std::span<const config::Key> keys);

// One key alone, wherever it is declared.
std::vector<Budget> compile_key(const config::Key& key);

}  // namespace recloser::budget
