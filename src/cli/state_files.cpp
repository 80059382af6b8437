#include "cli/state_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr std::string_view first_key_id = "quickstart";
constexpr std::size_t secret_file_bytes_max = 1024;

std::unexpected<Error> file_failed(std::string_view doing, const std::string& path) {
  return fail(Side::operator_, Kind::io,
              fmt::format("cannot {} {}: {}", doing, path, std::strerror(errno)));
}

// What stands in the file, without its line end; "" when there is no file.
Result<std::string> read_secret_file(const std::string& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) {
    if (errno == ENOENT) return std::string();
    return file_failed("open", path);
  }
  std::array<char, secret_file_bytes_max> bytes;
  ssize_t size = ::read(file, bytes.data(), bytes.size());
  ::close(file);
  if (size < 0) return file_failed("read", path);
  std::string text(bytes.data(), static_cast<std::size_t>(size));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

// Whole or not at all: a new file, renamed over the old one.
Result<void> write_secret_file(const std::string& path, const std::string& secret) {
  std::string fresh = path + ".new";
  int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return file_failed("write", fresh);
  std::string line = secret + "\n";
  bool whole = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  whole = ::fsync(file) == 0 && whole;
  whole = ::close(file) == 0 && whole;
  if (!whole || ::rename(fresh.c_str(), path.c_str()) != 0) return file_failed("write", path);
  return {};
}

}  // namespace

Result<std::string> admin_token(const std::string& directory, const config::Secret& configured,
                                auth::Entropy& entropy, std::string& path) {
  path.clear();
  if (!configured.empty()) return std::string(configured.reveal());
  path = directory + "/admin.token";
  Result<std::string> kept = read_secret_file(path);
  if (!kept || !kept->empty()) return kept;
  Result<std::string> made = auth::make_secret(entropy);
  if (!made) return made;
  Result<void> written = write_secret_file(path, *made);
  if (!written) return fail(written.error());
  return made;
}

Result<std::string> first_key(const std::string& directory, bool no_keys_yet,
                              const std::vector<ledger::KeyRow>& stored, auth::Entropy& entropy,
                              WallTime now, ledger::Store& store) {
  std::string path = directory + "/quickstart.key";
  if (!no_keys_yet) {
    auto found = std::ranges::find(stored, first_key_id, &ledger::KeyRow::id);
    if (found == stored.end() || found->revoked_at) return std::string();
    Result<std::string> kept = read_secret_file(path);
    if (!kept || auth::hash_secret(*kept).bytes != found->secret_hash) return std::string();
    return kept;
  }
  Result<std::string> secret = auth::make_secret(entropy);
  if (!secret) return secret;
  Result<void> written = write_secret_file(path, *secret);
  if (!written) return fail(written.error());
  ledger::KeyRow key;
  key.id = first_key_id;
  key.secret_hash = auth::hash_secret(*secret).bytes;
  key.org = "quickstart";
  key.created_at = now;
  Result<void> put = store.put_key(key);
  if (!put) return fail(put.error());
  return secret;
}

}  // namespace recloser::cli
