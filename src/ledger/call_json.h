// Calls as JSON: the object of INTERFACES 4, and the lists inside a row.
#pragma once

#include "core/time.h"
#include "ledger/call_record.h"
#include "ledger/stored_call.h"
#include "ledger/usage.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::ledger {

// One attempt as it is told; empty and nothing = not known.
struct AttemptTold {
  std::string target;
  WallTime started_at{};
  std::optional<std::int64_t> ttft_ns;
  std::optional<std::int64_t> status;
  std::string outcome;
  std::string error_class;
  std::string provider_request_id;
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<std::int64_t> cost_nano_usd;
};

// One budget of a call as it is told.
struct BudgetTold {
  std::string name;
  std::string key;
  std::string unit;
  std::optional<std::int64_t> window_begun_ns;
  std::optional<std::int64_t> reserved;
  std::optional<std::int64_t> charged;
  std::optional<std::int64_t> remaining;
};

// One target that a call might have gone to, and what it was like then.
struct TargetTold {
  std::string target;
  std::string state;  // passing, probing or tripped
  std::optional<std::int64_t> ttft_ms;
  std::string why_not;  // "": it was to be asked
};

// Where a call might have gone.
struct RouteTold {
  std::string balance;
  bool sticky = false;
  std::vector<TargetTold> targets;  // in the order of asking
};

// Appends the call as one object. Every name of INTERFACES 4 is always there, null where nothing is
// known. Times are RFC 3339, durations milliseconds with up to three decimals, enumerations their
// names, money decimal strings with nine places.
void append_call_json(std::string& out, const StoredCall& call);

// The same of one call, with `ratings`: what it would cost by other prices, oldest first.
void append_rated_call_json(std::string& out, const StoredCall& call,
                            std::span<const Rating> ratings);

// The lists of a row, each one JSON array. Every member is always there, null where nothing is
// known.
void append_labels_json(std::string& out, std::string_view comma_separated);
void append_decisions_json(std::string& out, const CallRecord& record);
void append_attempts_json(std::string& out, std::span<const AttemptTold> attempts);
void append_route_json(std::string& out, const RouteTold& route);  // an object
// Amounts of money are `reserved_usd` .., decimal strings; others are `reserved` .., numbers (those
// of `seconds` with up to three decimals).
void append_budgets_json(std::string& out, std::span<const BudgetTold> budgets);

}  // namespace recloser::ledger
