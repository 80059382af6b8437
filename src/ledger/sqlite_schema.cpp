#include "ledger/sqlite_schema.h"

#include <array>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

// Texts and numbers that are not known are NULL. Times are nanoseconds (calls: since 1970-01-01
// UTC), money is nano-dollars. The id sorts by time and is the order of the table itself, so a new
// row goes to the end; the other two indices leave out the usual row without a session and the
// usual outcome.
constexpr Migration schema_1 = R"sql(
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE calls (
  id                  TEXT PRIMARY KEY,
  started_at_ns       INTEGER NOT NULL,
  duration_ns         INTEGER,
  ttft_ns             INTEGER,
  key_id              TEXT,
  org                 TEXT,
  team                TEXT,
  user                TEXT,
  agent               TEXT,
  session             TEXT,
  trace               TEXT,
  client_dialect      TEXT,
  operation           TEXT,
  model_requested     TEXT,
  provider            TEXT,
  model_served        TEXT,
  region              TEXT,
  status              INTEGER,
  outcome             TEXT NOT NULL,
  input_tokens        INTEGER,
  cached_input_tokens INTEGER,
  cache_write_tokens  INTEGER,
  output_tokens       INTEGER,
  reasoning_tokens    INTEGER,
  tokens_source       TEXT,
  delivered_tokens    INTEGER,
  overshoot_tokens    INTEGER,
  upstream_close_ms   INTEGER,
  overhead_us         INTEGER,
  labels              TEXT,
  decisions           TEXT,
  attempts            TEXT,
  budgets             TEXT,
  cost_nano_usd       INTEGER,
  cost_source         TEXT,
  price_version       TEXT,
  fees_nano_usd       INTEGER,
  overrun_nano_usd    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_by_session ON calls (session, id) WHERE session IS NOT NULL;
CREATE INDEX calls_by_outcome ON calls (outcome, id) WHERE outcome <> 'completed';

CREATE TABLE keys (
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

constexpr std::array steps{schema_1};

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

Result<void> migrate(Database& database, std::span<const Migration> all,
                     std::string_view program_version) {
  Result<void> ours = refuse_foreign(database);
  if (!ours) return ours;
  Result<std::int64_t> at = database.query_number("PRAGMA user_version");
  if (!at) return fail(at.error());
  if (*at < 0 || static_cast<std::size_t>(*at) > all.size()) {
    return fail(newer(database, *at, all.size(), program_version));
  }
  for (auto n = static_cast<std::size_t>(*at); n < all.size(); ++n) {
    Result<void> done = take_step(database, all[n], n + 1, program_version);
    if (!done) {
      return fail(
          done.error().while_doing(fmt::format("bring the store from schema {} to {}", n, n + 1)));
    }
  }
  return {};
}

}  // namespace recloser::ledger
