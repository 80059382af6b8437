#include "cli/run/private_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {

Result<PrivateFolder> PrivateFolder::make(const config::Environment& environment) {
  std::string path = environment.variable("TMPDIR").value_or("");
  if (path.empty()) path = "/tmp";
  path += "/recloser-run-XXXXXX";
  if (::mkdtemp(path.data()) != nullptr) return PrivateFolder(std::move(path));
  return fail(
      Side::operator_, Kind::io,
      fmt::format("cannot make a folder {}: {}; TMPDIR says where", path, std::strerror(errno)));
}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), leave_(other.leave_) {}

PrivateFolder::~PrivateFolder() {
  std::error_code unknown;
  if (!path_.empty() && !leave_) std::filesystem::remove_all(path_, unknown);
}

}  // namespace recloser::cli
