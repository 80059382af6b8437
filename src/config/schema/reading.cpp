#include "config/schema/reading.h"

#include "core/ascii.h"

#include <filesystem>

#include <fmt/format.h>

namespace recloser::config {

Reading::Step::Step(Reading& in, std::string_view key) : in_(in), size_before_(in.path_.size()) {
  if (!in.path_.empty()) in.path_ += '.';
  in.path_ += shown(key);
}

Reading::Step::Step(Reading& in, std::size_t index) : in_(in), size_before_(in.path_.size()) {
  in.path_ += fmt::format("[{}]", index);
}

void Reading::error(Place place, std::string_view message) {
  findings_.error(place, path_.empty() ? fmt::format("the file {}", message)
                                       : fmt::format("{} {}", path_, message));
}

void Reading::warning(const Node& node, std::string_view message) {
  findings_.warning(node.place, fmt::format("{} {}", path_, message));
}

void Reading::wrong(const Node& node, std::string_view wanted) {
  error(node, fmt::format("must {}; you wrote {}", wanted, written(node)));
}

std::optional<std::string> Reading::scalar(const Node& node, std::string_view wanted) {
  if (node.kind != Node::Kind::scalar) {
    wrong(node, fmt::format("be {}", wanted));
    return std::nullopt;
  }
  Result<std::string> text = expand(node.text, environment_);
  if (text) return std::move(*text);
  error(node, text.error().message());
  return std::nullopt;
}

std::string Reading::resolve(std::string_view path) const {
  std::filesystem::path joined = std::filesystem::path(directory_) / path;
  return joined.lexically_normal().string();
}

std::string written(const Node& node) {
  switch (node.kind) {
    case Node::Kind::nothing:
      return "nothing";
    case Node::Kind::scalar:
      return shown(node.text);
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return {};
}

std::string meant_by(std::string_view text, const std::vector<std::string_view>& known) {
  constexpr std::size_t typed_bytes_max = 64;  // longer ones are no slip of the hand
  if (text.size() < 2 || text.size() > typed_bytes_max) return "";
  std::string nearest = ascii::nearest(text, known);
  if (!nearest.empty()) return nearest;
  for (std::string_view name : known) {
    if (ascii::starts_with_ignoring_case(name, text)) return std::string(name);
  }
  return "";
}

}  // namespace recloser::config
