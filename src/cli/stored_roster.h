// What a gateway's store adds to its configuration: keys, orgs, teams and users made at run time.
#pragma once

#include "cli/cli.h"
#include "config/config.h"
#include "core/result.h"

#include <memory>

namespace recloser::cli {

// The configuration with them: what it declares stands before what is stored under the same name,
// and a revoked key is none. As it is where there is no store yet.
Result<std::shared_ptr<const config::Config>> with_stored(
    std::shared_ptr<const config::Config> config, const Process& process);

}  // namespace recloser::cli
