// The books as the admin API shows them: which calls a query asks for, and their JSON.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "ledger/store.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::admin {

// limit, session, team, outcome, since, until, cursor. A refusal names the parameter and what it
// may be.
Result<ledger::CallFilter> read_call_filter(std::string_view query, WallTime now);

// `limit` of a list.
Result<std::uint32_t> read_limit(std::string_view text);

// `since`: RFC 3339, or a duration before `now`. The message of a refusal begins with "since".
Result<WallTime> read_since(std::string_view text, WallTime now);

// The same of a parameter called `name`.
Result<WallTime> read_time(std::string_view name, std::string_view text, WallTime now);

// {"data": [..], "next": cursor or null}
std::string calls_json(const ledger::CallPage& page);

}  // namespace recloser::admin
