// The text in which a row keeps its call: a JSON array that is cheap to write and that SQL can
// read.
#pragma once

#include "ledger/budget_books.h"
#include "ledger/call_record.h"
#include "ledger/stored_call.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace recloser::ledger {

// Room for a text that is used again for every row.
class FactsRoom {
 public:
  // Where up to `most` bytes may be written now, in place of what it held.
  char* clear(std::size_t most);
  void taken_to(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.get()); }
  std::string_view text() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// A budget as the row of a call says it.
struct FactsBudget {
  std::string_view account;  // account_in_facts(): the same in every row that has the account
  BudgetFigures figures;
};

// How lines of an account begin, of a budget that the store knows by that number.
std::string account_in_facts(std::int64_t budget, std::string_view key, WallTime window_begun);

// Replaces what is in `out`. The budgets of the record are left to `budgets`.
//
// The places of the array; null is what is not known. They are part of the schema: the views of
// sqlite_schema.cpp name them for people, so a place is only ever added, at the end.
//
//    0 id               8 agent             16 region               24 delivered_tokens
//    1 started_at_ns    9 session           17 status               25 overshoot_tokens
//    2 duration_ns     10 trace             18 input_tokens         26 upstream_close_ms
//    3 ttft_ns         11 client_dialect    19 cached_input_tokens  27 overhead_us
//    4 key_id          12 operation         20 cache_write_tokens   28 labels: "a,b"
//    5 org             13 model_requested   21 output_tokens        29 decisions: [{..}, ..]
//    6 team            14 provider          22 reasoning_tokens     30 attempts: [[..], ..]
//    7 user            15 model_served      23 tokens_source        31 costs: [..], since schema 2
//                                                                   32 budgets: [[..], ..], 3 to 5
//                                                                   33 budgets: [[..], ..], since 6
//                                                                   34 route: [..], since 7
//
// An attempt is [target, ns after started_at, ttft_ns, status, outcome, error_class,
// provider_request_id, input_tokens, output_tokens, cost]; a cost that is not known is left out.
// The outcome of the call is a column.
//
// A budget is [number, key, window_begun_ns, reserved, charged, remaining], where the table
// `budgets` has what the number stands for; in rows of schemas 3 to 5, at place 32, it is
// [name, key, unit, kind, window_begun_ns, reserved, charged, remaining]. The list is left out when
// there is none, and what is missing before it is null.
//
// A route is [balance, 1 where sessions stay together, [target, state, ttft_ms, why_not], ..], in
// the order of asking, as many as there is room for; it is left out where there was one target. One
// that was asked while it passed is [target, ttft_ms], and if nothing was known of its time,
// target.
//
// Costs are in nano-dollars. Those behind the last one known are left out, and the whole list when
// there is none:
//
//    0 cost_source        5 overrun            10 expected_cost
//    1 price_version      6 input_cost         11 upper_cost
//    2 cost               7 cached_cost        12 expected_input_tokens
//    3 list cost - cost   8 cache_write_cost   13 upper_input_tokens
//    4 fees               9 output_cost        14 rare_usage
void write_facts(FactsRoom& out, const CallRecord& record, std::span<const FactsBudget> budgets);

// How a text stands in the facts of a row that has it, with what separates it from its neighbours.
std::string as_in_facts(std::string_view text);

// A route for people and programs: an object, or "null".
std::string route_json(std::string_view array);

// What the numbers of budgets stand for.
using BudgetNames = std::unordered_map<std::int64_t, BudgetIdentity>;

// The call that was written; the outcome is the caller's to set. What a foreign hand made
// unreadable is left out, with all that follows it.
StoredCall read_facts(std::string_view facts, const BudgetNames& names);

}  // namespace recloser::ledger
