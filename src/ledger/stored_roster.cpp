#include "ledger/stored_roster.h"

#include "ledger/sqlite_db.h"
#include "ledger/sqlite_holders.h"
#include "ledger/sqlite_keys.h"
#include "ledger/sqlite_schema.h"

#include <memory>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

namespace recloser::ledger {
namespace {

constexpr int busy_ms = 2000;

}  // namespace

Result<StoredRoster> read_stored_roster(const std::string& path, std::string_view program_version) {
  Result<std::unique_ptr<Database>> database = Database::open(path);
  if (!database) return fail(database.error());
  sqlite3_busy_timeout((*database)->handle(), busy_ms);
  Result<void> bound = (*database)->execute("PRAGMA query_only = ON");
  if (!bound) return fail(bound.error());
  Result<std::size_t> schema = schema_of(**database, migrations(), program_version);
  if (!schema) return fail(schema.error());
  if (*schema != migrations().size()) {
    return fail(Side::operator_, Kind::unsupported,
                fmt::format("the store {} is of an older version of Recloser; start the gateway "
                            "once, which brings it forward",
                            path));
  }
  // One snapshot for both: a key and its team belong together.
  Result<void> begun = (*database)->execute("BEGIN");
  if (!begun) return fail(begun.error());
  Result<std::vector<KeyRow>> keys = read_keys(**database);
  if (!keys) return fail(keys.error());
  Result<std::vector<HolderRow>> holders = read_holders(**database);
  if (!holders) return fail(holders.error());
  return StoredRoster{.keys = std::move(*keys), .holders = std::move(*holders)};
}

}  // namespace recloser::ledger
