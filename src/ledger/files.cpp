#include "ledger/files.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

std::string_view advice(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "; free some space";
    case EACCES:
    case EPERM:
      return "; give this user the right to write there, or set state.directory to a place where "
             "it may";
    case EROFS:
      return "; set state.directory to a place that can be written";
    case ENOTDIR:
      return "; a part of that path is a file: set state.directory to a directory";
    default:
      return "";
  }
}

std::string parent_of(const std::string& path) {
  std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = other.release();
  }
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Error system_error(std::string_view doing, std::string_view path, int number) {
  bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  return Error(Side::operator_, full ? Kind::full : Kind::io,
               fmt::format("cannot {} {}: {}{}", doing, path,
                           std::generic_category().message(number), advice(number)));
}

Result<File> open_private(const std::string& path, int flags) {
  int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return fail(system_error((flags & O_CREAT) != 0 ? "create" : "open", path, errno));
  }
  return File(descriptor);
}

Result<void> make_private_directory(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return {};
    return fail(system_error("make the directory", path, ENOTDIR));
  }
  if (errno != ENOENT) return fail(system_error("look at the directory", path, errno));
  std::string parent = parent_of(path);
  if (parent != path) {
    Result<void> made = make_private_directory(parent);
    if (!made) return made;
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(system_error("make the directory", path, errno));
  }
  return {};
}

Result<void> sync_directory_of(const std::string& path) {
  std::string parent = parent_of(path);
  Result<File> directory = open_private(parent, O_RDONLY | O_DIRECTORY);
  if (!directory) return fail(directory.error());
  if (::fsync(directory->get()) != 0) return fail(system_error("sync", parent, errno));
  return {};
}

bool file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string file_stamp(WallTime at) {
  std::string text = rfc3339(at).substr(0, sizeof "2026-11-21T21:05:00" - 1);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text + 'Z';
}

std::string unused_name(const std::string& path) {
  std::string name = path;
  for (int n = 1; file_exists(name); ++n) name = fmt::format("{}.{}", path, n);
  return name;
}

}  // namespace recloser::ledger
