#include "ledger/sqlite_schema.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

// Literals, one behind the other. What a released step says, byte for byte, never changes.
template <std::size_t... sizes>
consteval auto joined(const char (&... parts)[sizes]) {
  std::array<char, ((sizes - 1) + ...)> out{};
  auto* at = out.data();
  ((at = std::copy_n(parts, sizes - 1, at)), ...);
  return out;
}

// What the views of all schemas begin and end with.
constexpr char calls_view[] = R"sql(CREATE VIEW calls AS SELECT
  facts ->> 0  AS id,
  strftime('%Y-%m-%dT%H:%M:%fZ', (facts ->> 1) / 1e9, 'unixepoch') AS started_at,
  facts ->> 1  AS started_at_ns,
  facts ->> 2  AS duration_ns,
  facts ->> 3  AS ttft_ns,
  facts ->> 4  AS key_id,
  facts ->> 5  AS org,
  facts ->> 6  AS team,
  facts ->> 7  AS user,
  facts ->> 8  AS agent,
  facts ->> 9  AS session,
  facts ->> 10 AS trace,
  facts ->> 11 AS client_dialect,
  facts ->> 12 AS operation,
  facts ->> 13 AS model_requested,
  facts ->> 14 AS provider,
  facts ->> 15 AS model_served,
  facts ->> 16 AS region,
  facts ->> 17 AS status,
  ifnull(not_completed, 'completed') AS outcome,
  facts ->> 18 AS input_tokens,
  facts ->> 19 AS cached_input_tokens,
  facts ->> 20 AS cache_write_tokens,
  facts ->> 21 AS output_tokens,
  facts ->> 22 AS reasoning_tokens,
  facts ->> 23 AS tokens_source,
  facts ->> 24 AS delivered_tokens,
  facts ->> 25 AS overshoot_tokens,
  facts ->> 26 AS upstream_close_ms,
  facts ->> 27 AS overhead_us,
  facts ->> 28 AS labels,
  facts -> 29  AS decisions,
  key)sql";

constexpr char of_calls[] = R"sql(
FROM call_rows;

)sql";

constexpr char attempts_view[] = R"sql(CREATE VIEW attempts AS SELECT
  call_rows.facts ->> 0                          AS id,
  attempt.key + 1                                AS n,
  attempt.value ->> 0                            AS target,
  (call_rows.facts ->> 1) + (attempt.value ->> 1) AS started_at_ns,
  attempt.value ->> 2                            AS ttft_ns,
  attempt.value ->> 3                            AS status,
  attempt.value ->> 4                            AS outcome,
  attempt.value ->> 5                            AS error_class,
  attempt.value ->> 6                            AS provider_request_id,
  attempt.value ->> 7                            AS input_tokens,
  attempt.value ->> 8                            AS output_tokens,
  call_rows.key                                  AS key)sql";

constexpr char of_attempts[] = R"sql(
FROM call_rows, json_each(call_rows.facts, '$[30]') AS attempt;

)sql";

// A row of calls is few columns, because each one costs the writer: what nothing searches by is one
// JSON array (ledger/call_facts.h). Its key is the upper half of the id, which sorts by time, so
// that new rows go to the end of the table; the usual outcome is NULL and in no index. People read
// the views: times are nanoseconds (started_at_ns: since 1970-01-01 UTC).
//
// Which calls a session had stands in lists of what was committed together
// (ledger/sqlite_sessions.h), which grow at their end as well. An index over sessions would write a
// page per row once it is larger than a batch.
constexpr char tables_1[] = R"sql(
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE call_rows (
  key           INTEGER PRIMARY KEY,
  not_completed TEXT,
  facts         TEXT NOT NULL
) STRICT;

CREATE INDEX call_rows_not_completed ON call_rows (not_completed)
  WHERE not_completed IS NOT NULL;

CREATE TABLE call_sessions (
  batch      INTEGER PRIMARY KEY,
  newest_key INTEGER NOT NULL,
  entries    BLOB NOT NULL
) STRICT;

)sql";

constexpr char keys_1[] = R"sql(CREATE TABLE keys (
  id            TEXT PRIMARY KEY,
  secret_hash   BLOB NOT NULL UNIQUE,
  org           TEXT,
  team          TEXT,
  user          TEXT,
  agent         TEXT,
  models        TEXT,
  labels        TEXT,
  plan          TEXT,
  created_at_ns INTEGER NOT NULL,
  expires_at_ns INTEGER,
  revoked_at_ns INTEGER
) STRICT, WITHOUT ROWID;
)sql";

constexpr auto schema_1 =
    joined(tables_1, calls_view, of_calls, attempts_view, of_attempts, keys_1);

// Rows know what they cost: the views name it. What a call would cost by other prices is written
// beside it, never over it.
constexpr char without_views[] = R"sql(
DROP VIEW IF EXISTS calls;
DROP VIEW IF EXISTS attempts;

)sql";

constexpr char costs_of_calls[] = R"sql(,
  facts ->> '$[31][0]' AS cost_source,
  facts ->> '$[31][1]' AS price_version,
  facts ->> '$[31][2]' AS cost_nano_usd,
  ifnull(facts ->> '$[31][2]', 0) + (facts ->> '$[31][3]') AS list_cost_nano_usd,
  facts ->> '$[31][4]' AS fees_nano_usd,
  facts ->> '$[31][5]' AS overrun_nano_usd,
  facts ->> '$[31][6]' AS input_cost_nano_usd,
  facts ->> '$[31][7]' AS cached_cost_nano_usd,
  facts ->> '$[31][8]' AS cache_write_cost_nano_usd,
  facts ->> '$[31][9]' AS output_cost_nano_usd,
  facts ->> '$[31][10]' AS expected_cost_nano_usd,
  facts ->> '$[31][11]' AS upper_cost_nano_usd,
  facts ->> '$[31][12]' AS expected_input_tokens,
  facts ->> '$[31][13]' AS upper_input_tokens,
  facts ->> '$[31][14]' AS rare_usage)sql";

constexpr char costs_of_attempts[] = R"sql(,
  attempt.value ->> 9                            AS cost_nano_usd)sql";

constexpr char ratings_2[] = R"sql(CREATE TABLE ratings (
  key                INTEGER NOT NULL,
  n                  INTEGER NOT NULL,
  at_ns              INTEGER NOT NULL,
  cost_nano_usd      INTEGER,
  list_cost_nano_usd INTEGER,
  price_version      TEXT,
  reason             TEXT NOT NULL,
  who                TEXT NOT NULL,
  PRIMARY KEY (key, n)
) STRICT, WITHOUT ROWID;
)sql";

constexpr auto schema_2 = joined(without_views, calls_view, costs_of_calls, of_calls, attempts_view,
                                 costs_of_attempts, of_attempts, ratings_2);

// Rows know what they took of each budget, and the balance of an account is moved in the
// transaction of the row; its columns in the order in which it is looked for. What owners changed
// is never deleted.
constexpr char budgets_of_calls[] = R"sql(,
  facts -> 32 AS budgets)sql";

constexpr char budgets_3[] = R"sql(CREATE VIEW call_budgets AS SELECT
  call_rows.facts ->> 0 AS id,
  budget.key + 1        AS n,
  budget.value ->> 0    AS budget,
  budget.value ->> 1    AS account_key,
  budget.value ->> 2    AS unit,
  budget.value ->> 3    AS kind,
  budget.value ->> 4    AS window_begun_ns,
  budget.value ->> 5    AS reserved,
  budget.value ->> 6    AS charged,
  budget.value ->> 7    AS remaining,
  call_rows.key         AS key
FROM call_rows, json_each(call_rows.facts, '$[32]') AS budget;

CREATE TABLE budget_balances (
  budget          TEXT NOT NULL,
  unit            TEXT NOT NULL,
  kind            TEXT NOT NULL,
  key             TEXT NOT NULL,
  window_begun_ns INTEGER NOT NULL,
  charged         INTEGER NOT NULL,
  last_settled_ns INTEGER NOT NULL,
  counts_until_ns INTEGER,
  PRIMARY KEY (budget, unit, kind, key, window_begun_ns)
) STRICT, WITHOUT ROWID;

CREATE INDEX budget_balances_ending ON budget_balances (counts_until_ns)
  WHERE counts_until_ns IS NOT NULL;

CREATE TABLE budget_adjustments (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ns           INTEGER NOT NULL,
  budget          TEXT NOT NULL,
  unit            TEXT NOT NULL,
  budget_kind     TEXT NOT NULL,
  key             TEXT NOT NULL,
  kind            TEXT NOT NULL CHECK (kind IN ('add', 'set', 'reset')),
  amount          INTEGER NOT NULL,
  expires_at_ns   INTEGER,
  reason          TEXT NOT NULL CHECK (reason <> ''),
  who             TEXT,
  window_begun_ns INTEGER NOT NULL,
  charged_change  INTEGER NOT NULL,
  counts_until_ns INTEGER
) STRICT;

CREATE TABLE switches (
  name     TEXT PRIMARY KEY,
  is_on    INTEGER NOT NULL,
  since_ns INTEGER NOT NULL,
  reason   TEXT,
  who      TEXT
) STRICT, WITHOUT ROWID;
)sql";

constexpr auto schema_3 =
    joined(without_views, calls_view, costs_of_calls, budgets_of_calls, of_calls, attempts_view,
           costs_of_attempts, of_attempts, budgets_3);

// Requests for more of a budget: asked, and answered once.
constexpr char schema_4[] = R"sql(CREATE TABLE budget_requests (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ns            INTEGER NOT NULL,
  budget           TEXT NOT NULL,
  unit             TEXT NOT NULL,
  budget_kind      TEXT NOT NULL,
  key              TEXT NOT NULL,
  amount           INTEGER NOT NULL CHECK (amount > 0),
  lasts_ns         INTEGER NOT NULL CHECK (lasts_ns > 0),
  reason           TEXT NOT NULL CHECK (reason <> ''),
  who              TEXT NOT NULL,
  answer_by_ns     INTEGER NOT NULL,
  answered_at_ns   INTEGER,
  is_granted       INTEGER,
  answered_by      TEXT,
  answer_reason    TEXT,
  adjustment       INTEGER REFERENCES budget_adjustments (id),
  granted_amount   INTEGER CHECK (granted_amount BETWEEN 1 AND amount),
  granted_until_ns INTEGER
) STRICT;

CREATE INDEX budget_requests_waiting ON budget_requests (answer_by_ns)
  WHERE answered_at_ns IS NULL;
)sql";

// Keys have limits of their own and two secrets while they are rotated; whom they belong to is kept
// beside them. What it says is JSON (docs/keys.md), which nothing searches by.
constexpr char schema_5[] = R"sql(
ALTER TABLE keys ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN limits TEXT;
ALTER TABLE keys ADD COLUMN old_secret_hash BLOB;
ALTER TABLE keys ADD COLUMN old_until_ns INTEGER;

CREATE TABLE holders (
  kind          TEXT NOT NULL CHECK (kind IN ('org', 'team', 'user')),
  org           TEXT NOT NULL,
  name          TEXT NOT NULL CHECK (name <> ''),
  spec          TEXT NOT NULL,
  changed_at_ns INTEGER NOT NULL,
  PRIMARY KEY (kind, org, name)
) STRICT, WITHOUT ROWID;
)sql";

// Names of budgets are most of what rows would say of them: each has a number. A row of an earlier
// schema goes on naming its own.
constexpr char budget_numbers_6[] = R"sql(CREATE TABLE budgets (
  number INTEGER PRIMARY KEY,
  budget TEXT NOT NULL,
  unit   TEXT NOT NULL,
  kind   TEXT NOT NULL,
  UNIQUE (budget, unit, kind)
) STRICT;

DROP VIEW IF EXISTS calls;
DROP VIEW IF EXISTS call_budgets;

)sql";

constexpr char numbered_budgets_of_calls[] = R"sql(,
  CASE WHEN facts -> 33 IS NULL THEN facts -> 32 ELSE (
    SELECT json_group_array(json_array(
      budgets.budget, line.value ->> 1, budgets.unit, budgets.kind, line.value ->> 2,
      line.value ->> 3, line.value ->> 4, line.value ->> 5))
    FROM json_each(facts, '$[33]') AS line LEFT JOIN budgets ON budgets.number = line.value ->> 0
  ) END AS budgets)sql";

constexpr char call_budgets_6[] = R"sql(CREATE VIEW call_budgets AS SELECT
  call_rows.facts ->> 0 AS id,
  line.key + 1          AS n,
  budgets.budget        AS budget,
  line.value ->> 1      AS account_key,
  budgets.unit          AS unit,
  budgets.kind          AS kind,
  line.value ->> 2      AS window_begun_ns,
  line.value ->> 3      AS reserved,
  line.value ->> 4      AS charged,
  line.value ->> 5      AS remaining,
  call_rows.key         AS key
FROM call_rows, json_each(call_rows.facts, '$[33]') AS line
LEFT JOIN budgets ON budgets.number = line.value ->> 0
UNION ALL SELECT
  call_rows.facts ->> 0,
  line.key + 1,
  line.value ->> 0,
  line.value ->> 1,
  line.value ->> 2,
  line.value ->> 3,
  line.value ->> 4,
  line.value ->> 5,
  line.value ->> 6,
  line.value ->> 7,
  call_rows.key
FROM call_rows, json_each(call_rows.facts, '$[32]') AS line
WHERE line.type = 'array';
)sql";

constexpr auto schema_6 = joined(budget_numbers_6, calls_view, costs_of_calls,
                                 numbered_budgets_of_calls, of_calls, call_budgets_6);

// Rows know where their calls might have gone.
constexpr char without_calls_view[] = R"sql(
DROP VIEW IF EXISTS calls;

)sql";

constexpr char route_of_calls[] = R"sql(,
  facts -> 34 AS route)sql";

constexpr auto schema_7 = joined(without_calls_view, calls_view, costs_of_calls,
                                 numbered_budgets_of_calls, route_of_calls, of_calls);

// Calls with an Idempotency-Key: what they were answered, or that they run (no until_ns). What is
// searched by comes before the answer itself.
constexpr char schema_8[] = R"sql(CREATE TABLE kept_answers (
  number   INTEGER PRIMARY KEY,
  owner    BLOB NOT NULL,
  key      BLOB NOT NULL,
  request  BLOB NOT NULL,
  call     TEXT NOT NULL,
  kept     TEXT,
  until_ns INTEGER,
  bytes    INTEGER NOT NULL,
  outcome  TEXT,
  status   INTEGER,
  checksum INTEGER,
  fields   BLOB,
  body     BLOB,
  UNIQUE (owner, key)
) STRICT;

CREATE INDEX kept_answers_ending ON kept_answers (until_ns, bytes);
)sql";

constexpr std::array steps{Migration(schema_1.data(), schema_1.size()),
                           Migration(schema_2.data(), schema_2.size()),
                           Migration(schema_3.data(), schema_3.size()),
                           Migration(schema_4),
                           Migration(schema_5),
                           Migration(schema_6.data(), schema_6.size()),
                           Migration(schema_7.data(), schema_7.size()),
                           Migration(schema_8)};

Result<void> refuse_foreign(Database& database) {
  Result<std::int64_t> id = database.query_number("PRAGMA application_id");
  if (!id) return fail(id.error());
  if (*id == store_application_id) return {};
  Result<std::int64_t> tables = database.query_number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return fail(tables.error());
  if (*id == 0 && *tables == 0) return {};  // fresh
  return fail(Side::operator_, Kind::conflict,
              fmt::format("{} is an SQLite file of another program; it was left as it is. Name "
                          "another file in state.store, or move this one away",
                          database.path()));
}

Error newer(Database& database, std::int64_t theirs, std::size_t ours,
            std::string_view program_version) {
  Result<std::string> writer =
      database.query_text("SELECT value FROM meta WHERE name = 'written_by'");
  std::string made_by = writer && !writer->empty() ? *writer : "a newer version";
  return Error(Side::operator_, Kind::unsupported,
               fmt::format("the store {} has schema {}, made by Recloser {}; this is Recloser {}, "
                           "which knows schemas up to {}. Start Recloser {} again, or restore the "
                           "backup that was made before the upgrade; nothing was changed",
                           database.path(), theirs, made_by, program_version, ours, made_by));
}

// The step, its number and who took it, together or not at all.
Result<void> take_step(Database& database, Migration step, std::size_t number,
                       std::string_view program_version) {
  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return fail(transaction.error());
  Result<void> done = database.execute(std::string(step));
  if (done) done = database.execute(fmt::format("PRAGMA user_version = {}", number));
  if (done) {
    done = database.execute(fmt::format("PRAGMA application_id = {}", store_application_id));
  }
  if (!done) return done;
  Result<Statement> note =
      database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('written_by', ?)");
  if (!note) return fail(note.error());
  note->bind(1, program_version);
  done = note->run();
  if (!done) return done;
  return transaction->commit();
}

}  // namespace

std::span<const Migration> migrations() { return steps; }

Result<std::size_t> schema_of(Database& database, std::span<const Migration> all,
                              std::string_view program_version) {
  Result<void> ours = refuse_foreign(database);
  if (!ours) return fail(ours.error());
  Result<std::int64_t> at = database.query_number("PRAGMA user_version");
  if (!at) return fail(at.error());
  if (*at < 0 || static_cast<std::size_t>(*at) > all.size()) {
    return fail(newer(database, *at, all.size(), program_version));
  }
  return static_cast<std::size_t>(*at);
}

Result<void> migrate(Database& database, std::span<const Migration> all,
                     std::string_view program_version) {
  Result<std::size_t> at = schema_of(database, all, program_version);
  if (!at) return fail(at.error());
  for (std::size_t n = *at; n < all.size(); ++n) {
    Result<void> done = take_step(database, all[n], n + 1, program_version);
    if (!done) {
      return fail(
          done.error().while_doing(fmt::format("bring the store from schema {} to {}", n, n + 1)));
    }
  }
  return {};
}

}  // namespace recloser::ledger
