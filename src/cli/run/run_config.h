// The configuration of the gateway of one run: private, on loopback, with the limits that were
// asked for.
#pragma once

#include "cli/cli.h"
#include "cli/run/wish.h"
#include "config/config.h"
#include "core/result.h"

#include <memory>
#include <string>

namespace recloser::cli {

// Providers are those of the usual clients, which send their own credentials; or those of a file,
// with its models, prices and budgets. All else is the run's own.
Result<std::shared_ptr<const config::Config>> run_config(const Wish& wish,
                                                         const std::string& state_directory,
                                                         const Process& process);

// What a limit of the run is called: "run", "session-tokens", "call-time".
std::string limit_name(Each each, budget::Unit unit);

}  // namespace recloser::cli
