#include "ledger/lock_file.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

// The digits that the holder wrote, or "unknown" in the instant before it did.
std::string holder_of(const File& file) {
  std::array<char, 32> text{};
  ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
  std::string pid;
  for (ssize_t i = 0; i < size; ++i) {
    char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') break;
    pid += c;
  }
  return pid.empty() ? "unknown" : pid;
}

}  // namespace

Result<StateLock> StateLock::acquire(const std::string& directory) {
  Result<void> made = make_private_directory(directory);
  if (!made) return fail(made.error());
  std::string path = directory + "/recloser.lock";
  Result<File> file = open_private(path, O_RDWR | O_CREAT);
  if (!file) return fail(file.error());
  if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(system_error("lock", path, errno));
    return fail(Side::operator_, Kind::conflict,
                fmt::format("the state directory {} is in use by another Recloser (process {}); "
                            "stop that one, or give this one a state.directory of its own",
                            directory, holder_of(*file)));
  }
  // The file stays when the lock goes: removing it would let two processes lock two files.
  std::string pid = fmt::format("{}\n", ::getpid());
  bool written =
      ::ftruncate(file->get(), 0) == 0 &&
      ::pwrite(file->get(), pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
  if (!written) return fail(system_error("write", path, errno));
  return StateLock(std::move(*file));
}

}  // namespace recloser::ledger
