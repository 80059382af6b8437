// Copies of a store: made in steps while it is written to, and put back where it was.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "ledger/sqlite_db.h"
#include "ledger/store.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace recloser::ledger {

// The bytes that a directory has room for; a test has another opinion than the disk.
using FreeBytes = Result<std::uint64_t> (*)(const std::string& directory);
Result<std::uint64_t> free_bytes_of(const std::string& directory);

// One copy in steps. What is written through the connection it reads from goes to both; what
// another connection writes makes it begin anew, so the connection is the one that writes. A copy
// that does not come to its end leaves no file.
class BackupCopy {
 public:
  // Kind::conflict when there is a file of that name already: none is ever written over.
  static Result<std::unique_ptr<BackupCopy>> begin(Database& from, const std::string& to);
  ~BackupCopy();
  BackupCopy(const BackupCopy&) = delete;
  BackupCopy& operator=(const BackupCopy&) = delete;

  Result<bool> step();      // some milliseconds; whether all is copied
  Result<Backup> finish();  // under its name, and there after a power loss

 private:
  struct State;
  explicit BackupCopy(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// All steps at once: for a store that nobody writes to.
Result<Backup> copy_store(Database& from, const std::string& to);

// Before a store is brought to another schema: a copy beside it,
// "recloser.db.schema-1-TIME.backup". Kind::full, saying what to do, when its disk has no room for
// the copy and the change.
Result<Backup> back_up_before_migration(Database& store, std::int64_t schema, WallTime now,
                                        FreeBytes free_bytes);

// Of a store that no process has open. The caller holds the lock of its directory. A store of an
// older schema is copied as it is; into one of this schema come the calls of its journal first.
struct StoppedStore {
  std::string directory;  // of the journal
  std::string path;       // of the store
  std::string program_version;
};
Result<Backup> back_up_stopped(const StoppedStore& stopped, const std::string& to,
                               const Clock& clock);

// Puts a backup in the place of the store; its file stays as it is. It must be a store of ours, of
// a schema that this version knows, and sound; else nothing is changed. The store that was there is
// kept.
struct Restored {
  std::int64_t schema = 0;
  std::string aside;  // what was there before; "" when nothing was
};
Result<Restored> restore_store(const std::string& backup, const StoppedStore& stopped,
                               WallTime now);

}  // namespace recloser::ledger
