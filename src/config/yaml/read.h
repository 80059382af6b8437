// Reads YAML strictly: documents of plain maps, lists and scalars, no tags, no anchors, no
// doubled keys.
#pragma once

#include "config/findings.h"
#include "config/yaml/node.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace recloser::config {

inline constexpr std::size_t yaml_bytes_max = 1u << 20;
inline constexpr std::size_t yaml_depth_max = 32;  // maps and lists inside one another

// Nothing when the text is no such YAML; `findings` then says why. A tree that is returned may
// still have findings (a doubled key), so that the rest of the file is judged too.
std::optional<Node> read_yaml(std::string_view text, Findings& findings);

inline constexpr std::size_t yaml_documents_max = 1'000;  // in one file

// The same of a file that may hold several documents; empty ones are left out. None when one of
// them is no such YAML.
std::vector<Node> read_yaml_documents(std::string_view text, Findings& findings);

}  // namespace recloser::config
