// serve(): the gateway in the foreground, from its configuration to its last call.
#pragma once

#include "cli/cli.h"

#include <string>

namespace recloser::cli {

struct ServeOptions {
  std::string config_path;  // "" = ./recloser.yaml, then the quickstart (cli/config_source.h)
};

// Runs until SIGTERM or SIGINT, then drains; a second signal stops at once. SIGTERM, SIGINT and
// SIGHUP must be blocked in the whole process before any thread is started: block_signals().
Exit serve(const ServeOptions& options, const Process& process);

void block_signals();

}  // namespace recloser::cli
