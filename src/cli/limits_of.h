// Limits of keys, orgs, teams and users: from options to the JSON of a request, and as people read
// them.
#pragma once

#include "cli/command_line.h"
#include "cli/json.h"
#include "core/json_writer.h"

#include <string>
#include <string_view>

namespace recloser::cli {

// Members for --models, --labels, --expires, --budget-usd with --per and --reserve, --rpm, --tpm
// and --concurrency, as far as they are given; `prefix` stands before the names of options
// ("user-"). The value none becomes null.
void append_terms(JsonWriter& json, const Invocation& invocation, std::string_view prefix = {});

// "$5 a day, 60 rpm": of an object with those members; "-" where there is no limit.
std::string limits_of(const Json& owner);

// "2027-01-01T00:00:00.000Z" as a day when it is the first moment of one, else to the minute.
std::string short_time(std::string_view rfc3339);

}  // namespace recloser::cli
