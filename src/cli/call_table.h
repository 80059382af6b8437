// Calls as rows of a table: the columns, and what stands in them, also alone.
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

// "1,234 input (1,024 cached), 567 output (12 reasoning), exact"; "" where nothing was counted.
std::string tokens_of(const Json& call);
// "$0.000449 (input $0.000032, output $0.000340), by the catalogue 2026-09-01, list price $0.0005".
// What is nothing, or the same once more, is left out.
std::string cost_of(const Json& call);

}  // namespace recloser::cli
