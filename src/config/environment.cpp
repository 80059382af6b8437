#include "config/environment.h"

#include "config/findings.h"
#include "core/ascii.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
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
  glob_t found{};
  std::vector<std::string> files;
  if (::glob(glob.c_str(), GLOB_MARK, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      std::string_view path = found.gl_pathv[i];
      if (!path.ends_with('/')) files.emplace_back(path);
    }
  }
  ::globfree(&found);
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
