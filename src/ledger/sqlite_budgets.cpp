#include "ledger/sqlite_budgets.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace recloser::ledger {
namespace {

// A sum beyond 64 bits would become a float, which the table refuses for ever: it stays at its end.
constexpr std::string_view update_sql =
    "INSERT INTO budget_balances "
    "(budget, unit, kind, key, window_begun_ns, charged, last_settled_ns, counts_until_ns) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (budget, unit, kind, key, window_begun_ns) DO UPDATE SET "
    "charged = CASE WHEN typeof(charged + excluded.charged) = 'integer' "
    "THEN charged + excluded.charged WHEN charged < 0 THEN -9223372036854775807 - 1 "
    "ELSE 9223372036854775807 END, "
    "last_settled_ns = max(last_settled_ns, excluded.last_settled_ns), "
    "counts_until_ns = max(counts_until_ns, excluded.counts_until_ns)";  // NULL is never

std::optional<std::int64_t> ns_of(std::optional<WallTime> at) {
  return at ? std::optional(at->ns) : std::nullopt;
}
std::optional<WallTime> time_of(std::optional<std::int64_t> ns) {
  return ns ? std::optional(WallTime{*ns}) : std::nullopt;
}

void bind_identity(Statement& statement, const BudgetIdentity& of) {
  statement.bind(1, of.name);
  statement.bind(2, of.unit);
  statement.bind(3, of.kind);
}

}  // namespace

Result<Statement> prepare_move(Database& database) { return database.prepare(update_sql); }

Result<void> move_balance(Statement& move, const BudgetIdentity& of, const Balance& change) {
  bind_identity(move, of);
  move.bind(4, change.place.key);
  move.bind(5, change.place.window_begun.ns);
  move.bind(6, change.charged);
  move.bind(7, change.last_settled.ns);
  move.bind_or_null(8, ns_of(change.counts_until));
  return move.run();
}

Result<BalancePage> read_balances(Database& database, const BalanceQuery& query) {
  std::string sql =
      "SELECT key, window_begun_ns, charged, last_settled_ns, counts_until_ns "
      "FROM budget_balances WHERE budget = ? AND unit = ? AND kind = ? "
      "AND max(window_begun_ns, last_settled_ns) >= ?";
  if (query.after) sql += " AND (key, window_begun_ns) > (?, ?)";
  sql += " ORDER BY key, window_begun_ns";
  Result<Statement> rows = database.prepare(sql);
  if (!rows) return fail(rows.error());
  bind_identity(*rows, query.of);
  rows->bind(4, query.since.ns);
  if (query.after) {
    rows->bind(5, query.after->key);
    rows->bind(6, query.after->window_begun.ns);
  }
  std::size_t limit = std::clamp(query.limit, 1u, page_balances_max);
  BalancePage page;
  for (;;) {
    Result<bool> row = rows->step();
    if (!row) return fail(row.error());
    if (!*row) return page;
    if (page.balances.size() == limit) {
      page.next = page.balances.back().place;
      return page;
    }
    page.balances.push_back({.place = {rows->text(0), {rows->number(1)}},
                             .charged = rows->number(2),
                             .last_settled = {rows->number(3)},
                             .counts_until = time_of(rows->number_or_null(4))});
  }
}

Result<std::size_t> delete_ended_balances(Database& database, WallTime before, std::size_t limit) {
  Result<Statement> remove = database.prepare(
      "DELETE FROM budget_balances WHERE (budget, unit, kind, key, window_begun_ns) IN "
      "(SELECT budget, unit, kind, key, window_begun_ns FROM budget_balances "
      "WHERE counts_until_ns < ? ORDER BY counts_until_ns LIMIT ?)");
  if (!remove) return fail(remove.error());
  remove->bind(1, before.ns);
  remove->bind(2, static_cast<std::int64_t>(limit));
  Result<void> done = remove->run();
  if (!done) return fail(done.error());
  return static_cast<std::size_t>(database.changes());
}

Result<std::int64_t> insert_adjustment(Database& database, const Adjustment& adjustment) {
  Result<Statement> insert = database.prepare(
      "INSERT INTO budget_adjustments (budget, unit, budget_kind, at_ns, key, kind, amount, "
      "expires_at_ns, reason, who, window_begun_ns, charged_change, counts_until_ns) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id");
  if (!insert) return fail(insert.error());
  bind_identity(*insert, adjustment.budget);
  insert->bind(4, adjustment.at.ns);
  insert->bind(5, adjustment.key);
  insert->bind(6, name_of(adjustment.kind));
  insert->bind(7, adjustment.amount);
  insert->bind_or_null(8, ns_of(adjustment.expires_at));
  insert->bind(9, adjustment.reason);
  insert->bind_text_or_null(10, adjustment.who);
  insert->bind(11, adjustment.window_begun.ns);
  insert->bind(12, adjustment.charged_change);
  insert->bind_or_null(13, ns_of(adjustment.counts_until));
  Result<bool> row = insert->step();
  if (!row) return fail(row.error());
  std::int64_t id = insert->number(0);
  insert->reset();
  if (adjustment.charged_change == 0) return id;
  Result<Statement> move = prepare_move(database);
  if (!move) return fail(move.error());
  Result<void> moved = move_balance(*move, adjustment.budget,
                                    {.place = {adjustment.key, adjustment.window_begun},
                                     .charged = adjustment.charged_change,
                                     .last_settled = adjustment.at,
                                     .counts_until = adjustment.counts_until});
  if (!moved) return fail(moved.error());
  return id;
}

Result<std::vector<Adjustment>> read_adjustments(Database& database) {
  Result<Statement> rows = database.prepare(
      "SELECT id, at_ns, budget, unit, budget_kind, key, kind, amount, expires_at_ns, reason, who, "
      "window_begun_ns, charged_change, counts_until_ns FROM budget_adjustments ORDER BY id");
  if (!rows) return fail(rows.error());
  std::vector<Adjustment> adjustments;
  for (;;) {
    Result<bool> row = rows->step();
    if (!row) return fail(row.error());
    if (!*row) return adjustments;
    std::optional<AdjustmentKind> kind = adjustment_kind_named(rows->bytes(6));
    if (!kind) continue;  // the table takes no other: a foreign hand took its rule away
    adjustments.push_back({.id = rows->number(0),
                           .at = {rows->number(1)},
                           .budget = {rows->text(2), rows->text(3), rows->text(4)},
                           .key = rows->text(5),
                           .kind = *kind,
                           .amount = rows->number(7),
                           .expires_at = time_of(rows->number_or_null(8)),
                           .reason = rows->text(9),
                           .who = rows->text(10),
                           .window_begun = {rows->number(11)},
                           .charged_change = rows->number(12),
                           .counts_until = time_of(rows->number_or_null(13))});
  }
}

Result<void> write_switch(Database& database, const Switch& setting) {
  Result<Statement> insert = database.prepare(
      "INSERT OR REPLACE INTO switches (name, is_on, since_ns, reason, who) VALUES (?, ?, ?, ?, "
      "?)");
  if (!insert) return fail(insert.error());
  insert->bind(1, setting.name);
  insert->bind(2, std::int64_t{setting.on});
  insert->bind(3, setting.since.ns);
  insert->bind_text_or_null(4, setting.reason);
  insert->bind_text_or_null(5, setting.who);
  return insert->run();
}

Result<std::vector<Switch>> read_switches(Database& database) {
  Result<Statement> rows =
      database.prepare("SELECT name, is_on, since_ns, reason, who FROM switches ORDER BY name");
  if (!rows) return fail(rows.error());
  std::vector<Switch> switches;
  for (;;) {
    Result<bool> row = rows->step();
    if (!row) return fail(row.error());
    if (!*row) return switches;
    switches.push_back({.name = rows->text(0),
                        .on = rows->number(1) != 0,
                        .since = {rows->number(2)},
                        .reason = rows->text(3),
                        .who = rows->text(4)});
  }
}

}  // namespace recloser::ledger
