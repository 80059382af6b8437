// Amounts and times of budgets as commands print them.
#pragma once

#include "cli/json.h"

#include <string>
#include <string_view>

namespace recloser::cli {

// "output tokens": the object's `unit`, in words.
std::string unit_of(const Json& object);
// "$1.50", "1500 tokens": the member as the server wrote the number, in the object's `unit`.
std::string amount(const Json& object, std::string_view name);
// "2026-11-21 10:15" of a member that is a time; "-" where there is none.
std::string minute(const Json& object, std::string_view name);

}  // namespace recloser::cli
