// Rows as the admin API shows them, read back.
#pragma once

#include "core/result.h"
#include "ledger/stored_call.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::books {

struct RowPage {
  std::vector<ledger::StoredCall> rows;
  std::string next;  // the cursor; "" at the end
};

// {"data": [..], "next": cursor or null}; nothing when it is no such page.
std::optional<RowPage> read_row_page(std::string_view json);

}  // namespace recloser::books
