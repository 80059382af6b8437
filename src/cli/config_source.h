// Which configuration a command means: --config, ./recloser.yaml, the quickstart, or what is built
// in.
#pragma once

#include "cli/cli.h"

#include <string>
#include <string_view>

namespace recloser::cli {

// One configuration, as text. Relative paths in it are seen from the folder of `file`.
struct ConfigSource {
  std::string file;  // as the user would write it
  std::string text;
  bool built_in = false;  // no file: `file` is only a name for messages
};

// `asked` is what the user named, "" for the usual places. Errors say where it was looked for.
Result<ConfigSource> find_config(std::string_view asked, const Process& process);

}  // namespace recloser::cli
