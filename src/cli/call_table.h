// Calls as rows of a table: the columns, and what stands in them.
#pragma once

#include "cli/json.h"
#include "cli/output.h"
#include "core/time.h"

#include <string>
#include <string_view>
#include <vector>

namespace recloser::cli {

std::vector<Column> call_columns();
// Of a call as the admin API tells it.
std::vector<Cell> call_row(const Json& call, WallTime now);

Colour colour_of_outcome(std::string_view outcome);
// The same figures where they stand alone; "-" where there is none.
std::string count_of(const Json& call, std::string_view name);
std::string took_of(const Json& call, std::string_view name);
std::string usd_of(const Json& call, std::string_view name);

}  // namespace recloser::cli
