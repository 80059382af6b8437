// A value that is one of a few words: how it is read, and how the words are named in messages.
#pragma once

#include "config/schema/reading.h"
#include "config/yaml/node.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace recloser::config {

struct Choice {
  std::string_view name;
  int value;  // -1: known to the language, not to this version
};

// "openai, anthropic or simulated"
std::string list_of(std::span<const Choice> choices);

// Nothing, with the error told, when it is none of them.
std::optional<int> choose(Reading& in, const Node& node, std::span<const Choice> choices);

std::string_view name_in(std::span<const Choice> choices, int value);  // "": there is none

template <class Enum>
void read_choice(Reading& in, const Node& node, std::span<const Choice> choices, Enum& out) {
  if (std::optional<int> chosen = choose(in, node, choices)) out = static_cast<Enum>(*chosen);
}
template <class Enum>
void read_choice(Reading& in, const Node& node, std::span<const Choice> choices,
                 std::optional<Enum>& out) {
  if (std::optional<int> chosen = choose(in, node, choices)) out = static_cast<Enum>(*chosen);
}

}  // namespace recloser::config
