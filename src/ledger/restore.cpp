#include "ledger/backup.h"
#include "ledger/files.h"
#include "ledger/sqlite_schema.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

// Files that go away unless they are kept.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)) { remove(); }
  ~Draft() { remove(); }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  const std::string& path() const { return path_; }

 private:
  void remove() {
    for (const char* suffix : {"", "-wal", "-shm"}) std::remove((path_ + suffix).c_str());
  }
  std::string path_;
};

Result<void> write_all(const File& to, const std::string& path, const char* bytes,
                       std::size_t size) {
  while (size > 0) {
    ssize_t written = ::write(to.get(), bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail(system_error("write", path, errno));
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
  return {};
}

Result<void> copy_file(const std::string& from, const std::string& to) {
  Result<File> source = open_private(from, O_RDONLY);
  if (!source) return fail(source.error());
  Result<File> target = open_private(to, O_WRONLY | O_CREAT | O_EXCL);
  if (!target) return fail(target.error());
  constexpr std::size_t piece_bytes = 1u << 20;
  auto piece = std::make_unique<char[]>(piece_bytes);
  for (;;) {
    ssize_t got = ::read(source->get(), piece.get(), piece_bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error("read", from, errno));
    if (got == 0) break;
    Result<void> written = write_all(*target, to, piece.get(), static_cast<std::size_t>(got));
    if (!written) return written;
  }
  if (::fsync(target->get()) != 0) return fail(system_error("sync", to, errno));
  return {};
}

// The schema of the file, when it is a whole store of ours.
Result<std::int64_t> check(const std::string& path, std::string_view program_version) {
  Result<std::unique_ptr<Database>> database = Database::open(path);
  if (!database) return fail(database.error());
  Result<std::size_t> schema = schema_of(**database, migrations(), program_version);
  if (!schema) return fail(schema.error());
  if (*schema == 0) {
    return fail(Side::operator_, Kind::malformed, fmt::format("{} holds no store", path));
  }
  Result<std::string> sound = (*database)->query_text("PRAGMA integrity_check(1)");
  if (!sound) return fail(sound.error());
  if (*sound != "ok") {
    return fail(Side::operator_, Kind::malformed,
                fmt::format("{} is damaged ({}); take another backup", path, *sound));
  }
  return static_cast<std::int64_t>(*schema);
}

// What waits in the log of the old store goes into its file, when it is sound enough for that.
void close_log(const std::string& path) {
  Result<std::unique_ptr<Database>> old = Database::open(path);
  if (!old) return;
  Result<void> done = (*old)->execute("PRAGMA wal_checkpoint(TRUNCATE)");
  (void)done;  // a log that cannot be taken in is kept beside its file
}

Result<void> move(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  return fail(system_error("move", from, errno));
}

// The old store has a second name before the new one takes the first, so that at no moment there is
// no store: a start in between would make an empty one.
Result<std::string> set_aside(const std::string& path, const std::string& aside_wanted) {
  if (!file_exists(path)) return std::string();
  close_log(path);
  std::string aside = unused_name(aside_wanted);
  if (::link(path.c_str(), aside.c_str()) != 0) {
    bool no_links = errno == EPERM || errno == EOPNOTSUPP;
    if (!no_links) return fail(system_error("keep the old store as", aside, errno));
    Result<void> moved = move(path, aside);
    if (!moved) return fail(moved.error());
  }
  if (file_exists(path + "-wal")) {
    Result<void> moved = move(path + "-wal", aside + "-wal");
    if (!moved) return fail(moved.error());
  }
  std::remove((path + "-shm").c_str());
  return aside;
}

}  // namespace

Result<Restored> restore_store(const std::string& backup, const StoppedStore& stopped,
                               WallTime now) {
  if (!file_exists(backup)) {
    return fail(Side::operator_, Kind::not_found, fmt::format("there is no file {}", backup));
  }
  Draft draft(stopped.path + ".restoring");
  Result<void> done = copy_file(backup, draft.path());
  if (done && file_exists(backup + "-wal"))
    done = copy_file(backup + "-wal", draft.path() + "-wal");
  if (!done) return fail(done.error());
  Result<std::int64_t> schema = check(draft.path(), stopped.program_version);
  if (!schema) {
    return fail(schema.error().while_doing(
        fmt::format("{} was not restored, and nothing was changed", backup)));
  }
  Result<std::string> aside =
      set_aside(stopped.path, fmt::format("{}.before-restore-{}", stopped.path, file_stamp(now)));
  if (!aside) return fail(aside.error());
  done = move(draft.path(), stopped.path);
  if (done) done = sync_directory_of(stopped.path);
  if (!done) return fail(done.error());
  return Restored{.schema = *schema, .aside = *aside};
}

}  // namespace recloser::ledger
