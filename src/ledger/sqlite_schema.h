// The schema of the SQLite store, and the forward steps that bring an older file up to it.
#pragma once

#include "core/result.h"
#include "ledger/sqlite_db.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace recloser::ledger {

// Says that a file is ours: "RCLR" in its header (PRAGMA application_id).
inline constexpr std::int64_t store_application_id = 0x52434c52;

// What leads from schema n-1 to n; step n is element n-1 of the list. A step that was released is
// never changed: files out there have taken it.
using Migration = std::string_view;
std::span<const Migration> migrations();

// The schema the file has, 0 for an empty one. A newer file is refused with the way back, a file of
// another program with its name.
Result<std::size_t> schema_of(Database& database, std::span<const Migration> steps,
                              std::string_view program_version);

// Brings the file to the newest schema of `steps`, each step in a transaction of its own.
// What schema_of() refuses is left as it is.
Result<void> migrate(Database& database, std::span<const Migration> steps,
                     std::string_view program_version);

}  // namespace recloser::ledger
