#include "ledger/sqlite_holders.h"

namespace recloser::ledger {

Result<void> write_holder(Database& database, const HolderRow& holder) {
  Result<Statement> write = database.prepare(
      "INSERT OR REPLACE INTO holders (kind, org, name, spec, changed_at_ns) "
      "VALUES (?, ?, ?, ?, ?)");
  if (!write) return fail(write.error());
  write->bind(1, holder.kind);
  write->bind(2, holder.org);
  write->bind(3, holder.name);
  write->bind(4, holder.spec);
  write->bind(5, holder.changed_at.ns);
  return write->run();
}

Result<std::vector<HolderRow>> read_holders(Database& database) {
  Result<Statement> query = database.prepare(
      "SELECT kind, org, name, spec, changed_at_ns FROM holders ORDER BY kind, org, name");
  if (!query) return fail(query.error());
  std::vector<HolderRow> rows;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return rows;
    rows.push_back({.kind = std::string(query->text(0)),
                    .org = std::string(query->text(1)),
                    .name = std::string(query->text(2)),
                    .spec = std::string(query->text(3)),
                    .changed_at = {query->number(4)}});
  }
}

Result<void> delete_holder(Database& database, std::string_view kind, std::string_view org,
                           std::string_view name) {
  Result<Statement> remove =
      database.prepare("DELETE FROM holders WHERE kind = ? AND org = ? AND name = ?");
  if (!remove) return fail(remove.error());
  remove->bind(1, kind);
  remove->bind(2, org);
  remove->bind(3, name);
  Result<void> done = remove->run();
  if (!done || database.changes() > 0) return done;
  return fail(Side::client, Kind::not_found, "there is no such stored holder");
}

}  // namespace recloser::ledger
