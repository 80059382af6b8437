// What a configuration may ask of the machine: environment variables, and files that hold secrets.
#pragma once

#include "core/result.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

bool is_glob(std::string_view path);

class Environment {
 public:
  virtual ~Environment() = default;
  virtual std::optional<std::string> variable(std::string_view name) const = 0;

  // The content of a regular file of at most `bytes_max`. The message of an error is the reason
  // only ("Permission denied"): a path may hold what is not to be shown.
  virtual Result<std::string> file(const std::string& path, std::size_t bytes_max) const = 0;

  // The files that a glob (*, ?, [..]) names, in the order of their names; `**` between slashes
  // stands for any number of folders. What is no glob is the file itself, there or not.
  virtual std::vector<std::string> matching(const std::string& glob) const = 0;
};

// The machine's own. main() hands in `environ`: nothing below it reads that by itself.
class ProcessEnvironment final : public Environment {
 public:
  explicit ProcessEnvironment(const char* const* variables);
  std::optional<std::string> variable(std::string_view name) const override;
  Result<std::string> file(const std::string& path, std::size_t bytes_max) const override;
  std::vector<std::string> matching(const std::string& glob) const override;

 private:
  std::map<std::string, std::string, std::less<>> variables_;
};

// `text` with ${NAME} and ${NAME:-default} replaced. The default also stands in for an empty
// variable, as in a shell; it is taken as it is. `$${` is a plain `${`.
Result<std::string> expand(std::string_view text, const Environment& environment);

}  // namespace recloser::config
