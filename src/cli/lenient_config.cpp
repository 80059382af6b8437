#include "cli/lenient_config.h"

#include "config/load.h"

#include <optional>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

// The keys of providers are set where the gateway runs, seldom in the shell that asks it something.
// What is not there is stood in for by a text that no two fields share; nothing of it is used.
class Lenient final : public config::Environment {
 public:
  explicit Lenient(const config::Environment& real) : real_(real) {}
  std::optional<std::string> variable(std::string_view name) const override {
    std::optional<std::string> value = real_.variable(name);
    return value ? value : std::optional(next());
  }
  Result<std::string> file(const std::string& path, std::size_t bytes_max) const override {
    Result<std::string> content = real_.file(path, bytes_max);
    return content ? content : Result<std::string>(next());
  }
  std::vector<std::string> matching(const std::string& glob) const override {
    return real_.matching(glob);
  }

 private:
  std::string next() const { return fmt::format("{}{}", not_set_here, ++count_); }

  const config::Environment& real_;
  mutable int count_ = 0;
};

}  // namespace

Result<std::shared_ptr<const config::Config>> read_lenient_config(const ConfigSource& source,
                                                                  const Process& process,
                                                                  std::string_view wanted_for) {
  config::Checked checked =
      config::check_text(source.text, source.file, Lenient(process.environment));
  if (checked.config) return checked.config;
  std::string report = checked.report(source.file);
  while (report.ends_with('\n')) report.pop_back();
  return fail(Side::operator_, Kind::malformed,
              fmt::format("the configuration {}\n{}", wanted_for, report));
}

}  // namespace recloser::cli
