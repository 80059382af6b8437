#include "options.h"

#include <charconv>

namespace recloser::bench {

Result<Options> Options::parse(std::span<const char* const> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    std::string_view name = arguments[i];
    if (!name.starts_with("--") || i + 1 == arguments.size()) {
      return fail(Side::operator_, Kind::malformed,
                  "arguments are pairs of --name and value; stopped at " + std::string(name));
    }
    auto [place, fresh] = options.given_.emplace(name.substr(2), arguments[i + 1]);
    if (!fresh) {
      return fail(Side::operator_, Kind::malformed, std::string(name) + " is given twice");
    }
  }
  return options;
}

std::string Options::text(std::string_view name, std::string_view otherwise) {
  auto node = given_.find(name);
  if (node == given_.end()) return std::string(otherwise);
  std::string value = std::move(node->second);
  given_.erase(node);
  return value;
}

std::uint64_t Options::number(std::string_view name, std::uint64_t otherwise, std::uint64_t most) {
  std::string value = text(name, "");
  if (value.empty()) return otherwise;
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  bool good = error == std::errc() && end == value.data() + value.size() && number <= most;
  if (good) return number;
  if (complaint_.empty()) {
    complaint_ =
        "--" + std::string(name) + " must be 0.." + std::to_string(most) + "; you wrote " + value;
  }
  return otherwise;
}

bool Options::flag(std::string_view name) {
  std::string value = text(name, "no");
  if (value != "yes" && value != "no" && complaint_.empty()) {
    complaint_ = "--" + std::string(name) + " must be yes or no; you wrote " + value;
  }
  return value == "yes";
}

Result<void> Options::finish() const {
  if (!complaint_.empty()) return fail(Side::operator_, Kind::malformed, complaint_);
  if (!given_.empty()) {
    return fail(Side::operator_, Kind::malformed, "there is no option --" + given_.begin()->first);
  }
  return {};
}

}  // namespace recloser::bench
