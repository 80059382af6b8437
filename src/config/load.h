// From the text of recloser.yaml to one immutable Config, or to everything that is wrong with it.
#pragma once

#include "config/config.h"
#include "config/environment.h"
#include "config/findings.h"
#include "config/yaml/node.h"
#include "core/result.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

// What came of a configuration file.
struct Checked {
  std::shared_ptr<const Config> config;  // null when there is an error
  std::vector<Finding> findings;         // errors, then warnings, then notices
  std::size_t errors_left_out = 0;       // beyond Findings::errors_max

  // One line for each finding, ready to be printed; `file` is how the user calls the file.
  std::string report(std::string_view file) const;
};

// `file` is where the text came from: relative paths in it are seen from that folder.
Checked check_text(std::string_view text, std::string_view file, const Environment& environment);

// The same, with the text read from the file.
Checked load_file(const std::string& file, const Environment& environment);

// What stands in `spec` of an Org, Team or User, and what a key may take (`budget`, `rpm`, `tpm`,
// `concurrency`), from elsewhere than a file. Errors (malformed) name the field.
Result<Holder> read_holder(const Node& spec, HolderKind kind, std::string_view name);
Result<Key> read_key_limits(const Node& limits);

// The configuration in effect, defaults included, as a text like the file's; secrets are hidden.
std::string summary(const Config& config);

// The same of its documents: each after a line of `---`.
std::string documents_summary(const Config& config);

}  // namespace recloser::config
