// Approvals: requests for more of a budget, as they are asked, shown, and answered by an owner.
#pragma once

#include "admin/adjustments.h"
#include "admin/alerts.h"
#include "budget/table.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::admin {

inline constexpr Duration top_up_lasts_default = 24h;
inline constexpr Duration top_up_lasts_max = 366 * 24h;
inline constexpr Duration answer_wait_default = 24h;
inline constexpr Duration answer_wait_max = 31 * 24h;

// The body of POST /admin/budgets/{name}/request: {"add", "for", "wait", "key", "reason", "who"}.
struct RequestAsked {
  AdjustmentAsked more;
  Duration lasts = top_up_lasts_default;
  Duration wait = answer_wait_default;
};
Result<RequestAsked> read_request_for_more(std::string_view body);

// The body of POST /admin/approvals/{id}: {"decision", "add", "for", "reason", "who"}.
struct AnswerAsked {
  bool grants = false;
  std::string amount;             // "": as much as was asked for
  std::optional<Duration> lasts;  // nothing: as long as was asked for
  std::string reason;
  std::string who;
};
Result<AnswerAsked> read_answer(std::string_view body);

// state, limit, cursor.
Result<ledger::RequestQuery> read_request_query(std::string_view query, WallTime now);

// Kind::not_found for what is no id.
Result<std::int64_t> read_request_id(std::string_view text);

// Any thread may call anything; all of it waits for the store: never on a worker. What is granted
// is an adjustment like any other: it is added to the limit in every window until its time is over,
// and was recorded together with the answer. Whoever listens to alerts hears of both.
class Approvals {
 public:
  Approvals(ledger::Store& store, budget::Table& table, Adjustments& adjustments, Alerts& alerts)
      : store_(store), table_(table), adjustments_(adjustments), alerts_(alerts) {}

  // Each gives the request as JSON.
  Result<std::string> ask(std::string_view budget, const RequestAsked& asked, WallTime now);
  Result<std::string> answer(std::int64_t id, const AnswerAsked& asked, WallTime now);
  Result<std::string> one_json(std::int64_t id, WallTime now);

  Result<std::string> list_json(const ledger::RequestQuery& query, WallTime now);

 private:
  Result<void> grant(const ledger::BudgetRequest& request, const AnswerAsked& asked, WallTime now);
  Result<std::string> told(std::int64_t id, config::AlertSeverity severity, WallTime now);

  ledger::Store& store_;
  budget::Table& table_;
  Adjustments& adjustments_;
  Alerts& alerts_;
};

}  // namespace recloser::admin
