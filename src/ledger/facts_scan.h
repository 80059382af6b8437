// What is summed, out of the text of a row: nothing is copied and what is not summed is stepped
// over.
#pragma once

#include "ledger/usage.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::ledger {

// Texts as they stand in the row, escapes and all; "" where there is none. The outcome of the
// figures is the caller's to set.
struct ScannedFacts {
  std::int64_t started_at_ns = 0;
  std::string_view key_id;
  std::string_view org;
  std::string_view team;
  std::string_view user;
  std::string_view agent;
  std::string_view session;
  std::string_view model_requested;
  std::string_view provider;
  std::string_view model_served;
  std::string_view labels;  // "a,b"
  UsageFigures figures;
};
ScannedFacts scan_facts(std::string_view facts);

// What a text that was found so says, and how one stands in a row.
std::string unescaped(std::string_view standing);
std::string escaped(std::string_view text);

}  // namespace recloser::ledger
