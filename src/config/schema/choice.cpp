#include "config/schema/choice.h"

#include <vector>

#include <fmt/format.h>

namespace recloser::config {

std::string list_of(std::span<const Choice> choices) {
  std::vector<std::string_view> names;
  for (const Choice& choice : choices) {
    if (choice.value >= 0) names.push_back(choice.name);
  }
  std::string_view last = names.back();
  names.pop_back();
  return names.empty() ? std::string(last) : fmt::format("{} or {}", fmt::join(names, ", "), last);
}

std::optional<int> choose(Reading& in, const Node& node, std::span<const Choice> choices) {
  std::string wanted = list_of(choices);
  std::optional<std::string> text = in.scalar(node, wanted);
  if (!text) return std::nullopt;
  std::vector<std::string_view> names;
  for (const Choice& choice : choices) {
    names.push_back(choice.name);
    if (choice.name != *text) continue;
    if (choice.value >= 0) return choice.value;
    in.error(node, fmt::format("cannot be {}: that is not supported in this version; write {}",
                               choice.name, wanted));
    return std::nullopt;
  }
  std::string meant = meant_by(*text, names);
  in.error(node, fmt::format("must be {}; you wrote {}{}", wanted, written(node),
                             meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
  return std::nullopt;
}

std::string_view name_in(std::span<const Choice> choices, int value) {
  for (const Choice& choice : choices) {
    if (choice.value == value) return choice.name;
  }
  return "";
}

}  // namespace recloser::config
