// An environment of a test's own: variables and files that exist nowhere else.
#pragma once

#include "config/environment.h"

#include <fnmatch.h>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

struct FakeEnvironment final : Environment {
  std::map<std::string, std::string, std::less<>> variables;
  std::map<std::string, std::string, std::less<>> files;

  std::optional<std::string> variable(std::string_view name) const override {
    auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }
  Result<std::string> file(const std::string& path, std::size_t bytes_max) const override {
    auto found = files.find(path);
    if (found != files.end() && found->second.size() <= bytes_max) return found->second;
    return fail(Side::operator_, Kind::io, "No such file or directory");
  }
  std::vector<std::string> matching(const std::string& glob) const override {
    if (!is_glob(glob)) return {glob};
    std::vector<std::string> found;
    for (const auto& [path, text] : files) {
      if (matches(glob, path)) found.push_back(path);
    }
    return found;
  }

 private:
  static bool matches(const std::string& glob, const std::string& path) {
    std::size_t at = glob.find("**/");
    if (at == glob.npos) return ::fnmatch(glob.c_str(), path.c_str(), FNM_PATHNAME) == 0;
    std::string without = glob.substr(0, at) + glob.substr(at + 3);
    return matches(without, path) || ::fnmatch(glob.c_str(), path.c_str(), 0) == 0;
  }
};

}  // namespace recloser::config
