// A configuration for commands that ask a gateway: read although not all of it can be known here.
#pragma once

#include "cli/cli.h"
#include "cli/config_source.h"
#include "config/config.h"
#include "core/result.h"

#include <memory>
#include <string_view>

namespace recloser::cli {

// What stands for a variable or a file that cannot be read here begins so.
inline constexpr std::string_view not_set_here = "not-set-in-this-shell-";

// The keys of providers are set where the gateway runs, seldom in the shell that asks it something.
// What is not there is stood in for by texts of which no two are the same.
// Errors are told with what the configuration was wanted for.
Result<std::shared_ptr<const config::Config>> read_lenient_config(
    const ConfigSource& source, const Process& process,
    std::string_view wanted_for =
        "that says where Recloser runs is not valid; with --admin URL and RECLOSER_ADMIN_TOKEN "
        "none is needed");

}  // namespace recloser::cli
