#include "config/environment.h"

#include "config/findings.h"
#include "core/ascii.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <glob.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace recloser::config {
namespace {

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::operator_, Kind::malformed, std::move(message));
}

bool is_variable_name(std::string_view name) {
  auto is_name_char = [](char c) { return ascii::is_alpha(c) || ascii::is_digit(c) || c == '_'; };
  return !name.empty() && !ascii::is_digit(name.front()) && std::ranges::all_of(name, is_name_char);
}

// What stands between "${" and "}".
Result<std::string> replacement(std::string_view inside, const Environment& environment) {
  std::size_t separator = std::min(inside.find(":-"), inside.size());
  std::string_view name = inside.substr(0, separator);
  bool has_default = separator < inside.size();
  if (!is_variable_name(name)) {
    return malformed(
        fmt::format("must name an environment variable between ${{ and }}, as ${{NAME}} or "
                    "${{NAME:-default}}; you wrote {}",
                    shown(name)));
  }
  std::optional<std::string> value = environment.variable(name);
  if (has_default) {
    bool set = value && !value->empty();
    return set ? *value : std::string(inside.substr(separator + 2));
  }
  if (value) return *value;
  return malformed(
      fmt::format("needs the environment variable {0}, which is not set; set it, or write a "
                  "default as ${{{0}:-default}}",
                  name));
}

// Closes a descriptor at the end of a scope.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<Error> unreadable(std::string why) {
  return fail(Side::operator_, Kind::io, std::move(why));
}

constexpr std::string_view any_folders = "/**/";

void add_matching(const std::string& glob, std::vector<std::string>& files) {
  glob_t found{};
  if (::glob(glob.c_str(), GLOB_MARK, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      std::string_view path = found.gl_pathv[i];
      if (!path.ends_with('/')) files.emplace_back(path);
    }
  }
  ::globfree(&found);
}

// The folder of a name that is no glob, for one: what it is called is taken as it is.
std::string escaped(std::string_view path) {
  std::string out;
  for (char c : path) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// Links to folders are not followed, so that no ring of them is walked without end; nor are hidden
// folders, which hold no documents but those of version control.
std::vector<std::string> folders_within(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> all{folder};
  for (std::size_t next = 0; next < all.size(); ++next) {
    std::error_code error;
    for (fs::directory_iterator at(all[next], error), end; !error && at != end;
         at.increment(error)) {
      std::error_code ignored;
      bool hidden = at->path().filename().string().starts_with('.');
      if (!hidden && !at->is_symlink(ignored) && at->is_directory(ignored)) {
        all.push_back(at->path().string());
      }
    }
  }
  return all;
}

}  // namespace

bool is_glob(std::string_view path) { return path.find_first_of("*?[") != path.npos; }

ProcessEnvironment::ProcessEnvironment(const char* const* variables) {
  for (; variables != nullptr && *variables != nullptr; ++variables) {
    std::string_view entry = *variables;
    std::size_t equals = entry.find('=');
    if (equals == entry.npos) continue;
    variables_.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
}

std::optional<std::string> ProcessEnvironment::variable(std::string_view name) const {
  auto found = variables_.find(name);
  return found == variables_.end() ? std::nullopt : std::optional(found->second);
}

Result<std::string> ProcessEnvironment::file(const std::string& path, std::size_t bytes_max) const {
  // Non-blocking: a FIFO without a writer must not hold the start.
  OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return unreadable(std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) return unreadable("it is not a regular file");
  std::string content(bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    ssize_t got = ::read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > bytes_max) return unreadable(fmt::format("it has more than {} bytes", bytes_max));
  content.resize(size);
  return content;
}

std::vector<std::string> ProcessEnvironment::matching(const std::string& glob) const {
  if (!is_glob(glob)) return {glob};
  std::vector<std::string> files;
  std::size_t at = glob.find(any_folders);
  bool from_here = glob.starts_with(any_folders.substr(1));
  if (!from_here && (at == glob.npos || is_glob(std::string_view(glob).substr(0, at)))) {
    add_matching(glob, files);
    return files;
  }
  std::string top = from_here ? "." : at == 0 ? "/" : glob.substr(0, at);
  std::string rest =
      from_here ? glob.substr(any_folders.size() - 1) : glob.substr(at + any_folders.size());
  for (const std::string& folder : folders_within(top)) {
    add_matching(escaped(folder) + "/" + rest, files);
  }
  std::ranges::sort(files);
  return files;
}

Result<std::string> expand(std::string_view text, const Environment& environment) {
  std::string out;
  while (!text.empty()) {
    std::size_t start = text.find("${");
    out += text.substr(0, start);
    if (start == text.npos) break;
    if (start > 0 && text[start - 1] == '$') {  // "$${": the dollar before is taken back
      out.back() = '$';
      out += '{';
      text.remove_prefix(start + 2);
      continue;
    }
    text.remove_prefix(start + 2);
    std::size_t end = text.find('}');
    if (end == text.npos) {
      return malformed("must close every ${ with a }; a plain ${ is written $${");
    }
    Result<std::string> value = replacement(text.substr(0, end), environment);
    if (!value) return fail(value.error());
    out += *value;
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace recloser::config
