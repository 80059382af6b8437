#include "ledger/backup.h"

#include "ledger/files.h"
#include "ledger/recovery.h"
#include "ledger/sqlite_schema.h"
#include "ledger/sqlite_store.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

namespace recloser::ledger {
namespace {

constexpr int pages_of_a_step = 32;  // 256 KiB: the writer waits no longer than for that
constexpr std::uint64_t room_kept_bytes = 64u << 20;  // for rows, while a copy is made

// A store is up to three files.
void remove_store(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) std::remove((path + suffix).c_str());
}

std::string directory_of(const std::string& path) {
  std::size_t slash = path.find_last_of('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<std::int64_t> number_of(Database& database, const char* pragma) {
  return database.query_number(fmt::format("PRAGMA {}", pragma));
}

}  // namespace

Result<std::uint64_t> free_bytes_of(const std::string& directory) {
  struct statvfs info{};
  if (::statvfs(directory.c_str(), &info) != 0) {
    return fail(system_error("look at the disk of", directory, errno));
  }
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

struct BackupCopy::State {
  struct Finisher {
    void operator()(sqlite3_backup* begun) const { sqlite3_backup_finish(begun); }
  };
  ~State() {
    backup.reset();
    to.reset();
    if (!part.empty()) remove_store(part);
  }

  std::string path;  // in the end
  std::string part;  // until then
  std::unique_ptr<Database> to;
  std::unique_ptr<sqlite3_backup, Finisher> backup;
};

BackupCopy::BackupCopy(std::unique_ptr<State> state) : state_(std::move(state)) {}

BackupCopy::~BackupCopy() = default;

Result<std::unique_ptr<BackupCopy>> BackupCopy::begin(Database& from, const std::string& to) {
  if (file_exists(to)) {
    return fail(Side::operator_, Kind::conflict,
                fmt::format("there is a file {} already, and a backup writes over none: choose "
                            "another name",
                            to));
  }
  auto state = std::make_unique<State>();
  state->path = to;
  std::string part = to + ".part";
  remove_store(part);  // of a copy that was killed
  Result<std::unique_ptr<Database>> database = Database::open(part);
  if (!database) return fail(database.error());
  state->part = std::move(part);
  state->to = std::move(*database);
  state->backup.reset(sqlite3_backup_init(state->to->handle(), "main", from.handle(), "main"));
  if (!state->backup) return fail(state->to->error("begin a copy in"));
  return std::unique_ptr<BackupCopy>(new BackupCopy(std::move(state)));
}

Result<bool> BackupCopy::step() {
  int code = sqlite3_backup_step(state_->backup.get(), pages_of_a_step);
  if (code == SQLITE_OK) return false;
  if (code == SQLITE_DONE) return true;
  state_->backup.reset();  // which says to the connection what went wrong
  return fail(state_->to->error("copy into"));
}

Result<Backup> BackupCopy::finish() {
  state_->backup.reset();
  Backup made{.path = state_->path, .bytes = 0};
  Result<std::int64_t> pages = number_of(*state_->to, "page_count");
  Result<std::int64_t> page_bytes = number_of(*state_->to, "page_size");
  if (!pages) return fail(pages.error());
  if (!page_bytes) return fail(page_bytes.error());
  made.bytes = static_cast<std::uint64_t>(*pages * *page_bytes);
  state_->to.reset();
  Result<File> file = open_private(state_->part, O_RDONLY);
  if (!file) return fail(file.error());
  if (::fsync(file->get()) != 0) return fail(system_error("sync", state_->part, errno));
  if (std::rename(state_->part.c_str(), state_->path.c_str()) != 0) {
    return fail(system_error("name the backup", state_->path, errno));
  }
  state_->part.clear();
  Result<void> synced = sync_directory_of(state_->path);
  if (!synced) return fail(synced.error());
  return made;
}

Result<Backup> copy_store(Database& from, const std::string& to) {
  Result<std::unique_ptr<BackupCopy>> copy = BackupCopy::begin(from, to);
  if (!copy) return fail(copy.error());
  for (;;) {
    Result<bool> whole = (*copy)->step();
    if (!whole) return fail(whole.error());
    if (*whole) return (*copy)->finish();
  }
}

Result<Backup> back_up_before_migration(Database& store, std::int64_t schema, WallTime now,
                                        FreeBytes free_bytes) {
  Result<std::int64_t> pages = number_of(store, "page_count");
  Result<std::int64_t> page_bytes = number_of(store, "page_size");
  if (!pages) return fail(pages.error());
  if (!page_bytes) return fail(page_bytes.error());
  auto bytes = static_cast<std::uint64_t>(*pages * *page_bytes);
  Result<std::uint64_t> free = free_bytes(directory_of(store.path()));
  if (!free) return fail(free.error());
  std::uint64_t wanted = 2 * bytes + room_kept_bytes;  // the copy, and what the change rewrites
  if (*free < wanted) {
    constexpr std::uint64_t mib = 1u << 20;
    return fail(Side::operator_, Kind::full,
                fmt::format("the store {} has the older schema {}, and before it is changed it is "
                            "copied; that takes {} MiB, and its disk has {} MiB. Free some space, "
                            "or move the state directory to a larger disk; nothing was changed",
                            store.path(), schema, wanted / mib, *free / mib));
  }
  std::string to = fmt::format("{}.schema-{}-{}.backup", store.path(), schema, file_stamp(now));
  return copy_store(store, unused_name(to));
}

Result<Backup> back_up_stopped(const StoppedStore& stopped, const std::string& to,
                               const Clock& clock) {
  if (!file_exists(stopped.path)) {
    return fail(Side::operator_, Kind::not_found,
                fmt::format("there is no store {} to back up", stopped.path));
  }
  Result<std::unique_ptr<Database>> database = Database::open(stopped.path);
  if (!database) return fail(database.error());
  Result<std::size_t> schema = schema_of(**database, migrations(), stopped.program_version);
  if (!schema) return fail(schema.error());
  if (*schema < migrations().size()) return copy_store(**database, to);
  database->reset();
  SqliteOptions options{.program_version = stopped.program_version};
  Result<std::unique_ptr<Store>> store = open_sqlite_store(stopped.path, options, clock);
  if (!store) return fail(store.error());
  Result<Recovery> recovered =
      recover_journal(stopped.directory + "/calls.journal", **store, stopped.program_version);
  if (!recovered) return fail(recovered.error());
  return (*store)->backup(to);
}

}  // namespace recloser::ledger
