#include "ledger/sqlite_requests.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace recloser::ledger {
namespace {

constexpr std::string_view select_sql =
    "SELECT id, at_ns, budget, unit, budget_kind, key, amount, lasts_ns, reason, who, "
    "answer_by_ns, answered_at_ns, is_granted, answered_by, answer_reason, adjustment, "
    "granted_amount, granted_until_ns FROM budget_requests";

BudgetRequest request_of(const Statement& row) {
  BudgetRequest request{.id = row.number(0),
                        .at = {row.number(1)},
                        .budget = {row.text(2), row.text(3), row.text(4)},
                        .key = row.text(5),
                        .amount = row.number(6),
                        .lasts = Duration(row.number(7)),
                        .reason = row.text(8),
                        .who = row.text(9),
                        .answer_by = {row.number(10)},
                        .answer = std::nullopt};
  std::optional<std::int64_t> at = row.number_or_null(11);
  if (!at) return request;
  request.answer = {.at = {*at},
                    .granted = row.number(12) != 0,
                    .who = row.text(13),
                    .reason = row.text(14),
                    .adjustment = row.number(15),
                    .amount = row.number(16),
                    .until = std::nullopt};
  if (auto until = row.number_or_null(17)) request.answer->until = WallTime{*until};
  return request;
}

Result<std::size_t> count_waiting(Database& database, WallTime now) {
  Result<Statement> count = database.prepare(
      "SELECT count(*) FROM budget_requests WHERE answered_at_ns IS NULL AND answer_by_ns > ?");
  if (!count) return fail(count.error());
  count->bind(1, now.ns);
  Result<bool> row = count->step();
  if (!row) return fail(row.error());
  return static_cast<std::size_t>(count->number(0));
}

}  // namespace

Result<std::int64_t> insert_request(Database& database, const BudgetRequest& request) {
  Result<std::size_t> waiting = count_waiting(database, request.at);
  if (!waiting) return fail(waiting.error());
  Result<void> room = check_waiting(*waiting);
  if (!room) return fail(room.error());
  Result<Statement> insert = database.prepare(
      "INSERT INTO budget_requests (at_ns, budget, unit, budget_kind, key, amount, lasts_ns, "
      "reason, who, answer_by_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id");
  if (!insert) return fail(insert.error());
  insert->bind(1, request.at.ns);
  insert->bind(2, request.budget.name);
  insert->bind(3, request.budget.unit);
  insert->bind(4, request.budget.kind);
  insert->bind(5, request.key);
  insert->bind(6, request.amount);
  insert->bind(7, request.lasts.count());
  insert->bind(8, request.reason);
  insert->bind(9, request.who);
  insert->bind(10, request.answer_by.ns);
  Result<bool> row = insert->step();
  if (!row) return fail(row.error());
  return insert->number(0);
}

Result<std::optional<BudgetRequest>> read_request(Database& database, std::int64_t id) {
  Result<Statement> select = database.prepare(std::string(select_sql) + " WHERE id = ?");
  if (!select) return fail(select.error());
  select->bind(1, id);
  Result<bool> row = select->step();
  if (!row) return fail(row.error());
  if (!*row) return std::optional<BudgetRequest>();
  return std::optional(request_of(*select));
}

Result<RequestPage> read_requests(Database& database, const RequestQuery& query) {
  std::string sql = std::string(select_sql) + " WHERE id < ?";
  if (query.waiting_at) sql += " AND answered_at_ns IS NULL AND answer_by_ns > ?";
  Result<Statement> rows = database.prepare(sql + " ORDER BY id DESC");
  if (!rows) return fail(rows.error());
  rows->bind(1, query.before.value_or(INT64_MAX));
  if (query.waiting_at) rows->bind(2, query.waiting_at->ns);
  std::size_t limit = std::clamp(query.limit, 1u, page_requests_max);
  RequestPage page;
  for (;;) {
    Result<bool> row = rows->step();
    if (!row) return fail(row.error());
    if (!*row) return page;
    if (page.requests.size() == limit) {
      page.next = page.requests.back().id;
      return page;
    }
    page.requests.push_back(request_of(*rows));
  }
}

Result<void> write_answer(Database& database, std::int64_t id, const RequestAnswer& answer) {
  Result<Statement> update = database.prepare(
      "UPDATE budget_requests SET answered_at_ns = ?, is_granted = ?, answered_by = ?, "
      "answer_reason = ?, adjustment = ?, granted_amount = ?, granted_until_ns = ? WHERE id = ?");
  if (!update) return fail(update.error());
  auto if_granted = [&](std::int64_t number) {
    return answer.granted ? std::optional(number) : std::nullopt;
  };
  update->bind(1, answer.at.ns);
  update->bind(2, std::int64_t{answer.granted});
  update->bind(3, answer.who);
  update->bind_text_or_null(4, answer.reason);
  update->bind_or_null(5, if_granted(answer.adjustment));
  update->bind_or_null(6, if_granted(answer.amount));
  update->bind_or_null(7, answer.until ? std::optional(answer.until->ns) : std::nullopt);
  update->bind(8, id);
  return update->run();
}

}  // namespace recloser::ledger
