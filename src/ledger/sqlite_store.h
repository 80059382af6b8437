// The store in one SQLite file: write-ahead log, one connection that writes and one that reads.
#pragma once

#include "core/log.h"
#include "core/time.h"
#include "ledger/backup.h"
#include "ledger/store.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace recloser::ledger {

inline constexpr std::size_t store_page_bytes = 8192;

struct SqliteOptions {
  enum class Synchronous : std::uint8_t {
    normal,  // a power loss takes back what was committed since the last sync()
    full,    // every commit waits for the disk
  };
  Synchronous synchronous = Synchronous::normal;
  Duration busy_timeout = 2s;    // how long another program's lock is waited for
  Duration query_time_max = 5s;  // of one reading snapshot
  std::uint64_t pages_max = 0;   // after which the store is full; 0 = the disk
  std::uint64_t answers_bytes_max = kept_answers_bytes_max;
  std::string program_version = "0";  // noted in the file, for whoever meets it later
  Log* log = nullptr;                 // told of a change of schema and of the backup before it
  FreeBytes free_bytes = free_bytes_of;
};

// The file is made (0600) or brought up to this version's schema, after a backup of it. `clock`
// bounds reading.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path,
                                                 const SqliteOptions& options, const Clock& clock);

}  // namespace recloser::ledger
