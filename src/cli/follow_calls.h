// calls --follow: calls as they end, from GET /admin/live.
#pragma once

#include "cli/cli.h"
#include "cli/command_line.h"

namespace recloser::cli {

// Until Ctrl-C, or until --limit calls were printed: both are fine. A gateway that was there and
// goes away is waited for.
Exit follow_calls(const Invocation& invocation, const Process& process);

}  // namespace recloser::cli
