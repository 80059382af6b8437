#include "ledger/sqlite_usage.h"

#include "ledger/sqlite_calls.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

constexpr std::int64_t rows_of_a_snapshot = 20'000;  // some hundredths of a second

// Ratings in the order of rows, read along with them.
class LatestRatings {
 public:
  static Result<LatestRatings> begin(Database& database, KeyRange range) {
    Result<Statement> rows = database.prepare(
        "SELECT key, cost_nano_usd, list_cost_nano_usd FROM ratings "
        "WHERE key >= ? AND key < ? ORDER BY key, n");
    if (!rows) return fail(rows.error());
    rows->bind(1, range.first);
    rows->bind(2, range.end);
    LatestRatings ratings(std::move(*rows));
    Result<void> moved = ratings.move();
    if (!moved) return fail(moved.error());
    return ratings;
  }

  // Keys must come in order.
  Result<void> apply(std::int64_t key, UsageFigures& figures) {
    while (there_ && rows_.number(0) <= key) {
      if (rows_.number(0) == key) {
        figures.cost = rows_.number_or_null(1);
        figures.list_cost = rows_.number_or_null(2);
      }
      Result<void> moved = move();
      if (!moved) return moved;
    }
    return {};
  }

 private:
  explicit LatestRatings(Statement rows) : rows_(std::move(rows)) {}
  Result<void> move() {
    Result<bool> row = rows_.step();
    if (!row) return fail(row.error());
    there_ = *row;
    return {};
  }

  Statement rows_;
  bool there_ = false;
};

Result<Statement> rows_of(Database& database, KeyRange range) {
  Result<Statement> rows = database.prepare(
      "SELECT key, not_completed, facts FROM call_rows WHERE key >= ? AND key < ? "
      "ORDER BY key LIMIT ?");
  if (!rows) return rows;
  rows->bind(1, range.first);
  rows->bind(2, range.end);
  rows->bind(3, rows_of_a_snapshot);
  return rows;
}

Result<bool> add_rows(Database& database, const UsageQuery& query, KeyRange& range,
                      UsageTable& table) {
  Result<Statement> rows = rows_of(database, range);
  if (!rows) return fail(rows.error());
  std::optional<LatestRatings> ratings;
  if (query.latest_rating) {
    Result<LatestRatings> begun = LatestRatings::begin(database, range);
    if (!begun) return fail(begun.error());
    ratings.emplace(std::move(*begun));
  }
  std::int64_t count = 0;
  for (;; ++count) {
    Result<bool> row = rows->step();
    if (!row) return fail(row.error());
    if (!*row) return count == rows_of_a_snapshot;
    std::int64_t key = rows->number(0);
    ScannedFacts facts = scan_facts(rows->bytes(2));
    facts.figures.outcome = outcome_of(rows->bytes(1));
    if (ratings) {
      Result<void> applied = ratings->apply(key, facts.figures);
      if (!applied) return fail(applied.error());
    }
    Result<void> added = table.add(facts);
    if (!added) return fail(added.error());
    range.first = key + 1;
  }
}

}  // namespace

KeyRange usage_range(const UsageQuery& query) { return keys_between(query.since, query.until); }

Result<bool> add_usage(Database& database, const UsageQuery& query, KeyRange& range,
                       UsageTable& table) {
  Result<void> begun = database.execute("BEGIN");  // rows and ratings of one moment
  if (!begun) return fail(begun.error());
  Result<bool> more = add_rows(database, query, range, table);
  Result<void> ended = database.execute("COMMIT");
  if (more && !ended) return fail(ended.error());
  return more;
}

Result<void> insert_ratings(Database& database, std::span<const CallRating> ratings) {
  Result<RowFinder> finder = RowFinder::prepare(database);
  if (!finder) return fail(finder.error());
  Result<Statement> insert = database.prepare(
      "INSERT INTO ratings (key, n, at_ns, cost_nano_usd, list_cost_nano_usd, price_version, "
      "reason, who) SELECT ?1, ifnull(max(n), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM ratings "
      "WHERE key = ?1");
  if (!insert) return fail(insert.error());
  for (const CallRating& one : ratings) {
    Result<bool> there = finder->seek(one.call);
    finder->reset();
    if (!there) return fail(there.error());
    if (!*there) {
      return fail(Side::client, Kind::not_found,
                  fmt::format("there is no call '{}' to rate", one.call.str()));
    }
    insert->bind(1, finder->key());
    insert->bind(2, one.rating.at.ns);
    insert->bind_or_null(3, one.rating.cost_nano_usd);
    insert->bind_or_null(4, one.rating.list_cost_nano_usd);
    insert->bind_text_or_null(5, one.rating.price_version);
    insert->bind(6, one.rating.reason);
    insert->bind(7, one.rating.who);
    Result<void> done = insert->run();
    if (!done) return done;
  }
  return {};
}

Result<std::vector<Rating>> read_ratings(Database& database, CallId call) {
  Result<RowFinder> finder = RowFinder::prepare(database);
  if (!finder) return fail(finder.error());
  Result<bool> there = finder->seek(call);
  finder->reset();
  if (!there) return fail(there.error());
  std::vector<Rating> ratings;
  if (!*there) return ratings;
  Result<Statement> rows = database.prepare(
      "SELECT at_ns, cost_nano_usd, list_cost_nano_usd, price_version, reason, who FROM ratings "
      "WHERE key = ? ORDER BY n");
  if (!rows) return fail(rows.error());
  rows->bind(1, finder->key());
  for (;;) {
    Result<bool> row = rows->step();
    if (!row) return fail(row.error());
    if (!*row) return ratings;
    ratings.push_back({.at = {rows->number(0)},
                       .cost_nano_usd = rows->number_or_null(1),
                       .list_cost_nano_usd = rows->number_or_null(2),
                       .price_version = rows->text(3),
                       .reason = rows->text(4),
                       .who = rows->text(5)});
  }
}

// Rows go oldest first, so what lies below the first row that is left belongs to none.
Result<void> delete_old_ratings(Database& database, std::size_t limit) {
  Result<Statement> remove = database.prepare(
      "DELETE FROM ratings WHERE (key, n) IN (SELECT key, n FROM ratings WHERE key < "
      "ifnull((SELECT min(key) FROM call_rows), 9223372036854775807) ORDER BY key, n LIMIT ?)");
  if (!remove) return fail(remove.error());
  remove->bind(1, static_cast<std::int64_t>(limit));
  return remove->run();
}

}  // namespace recloser::ledger
