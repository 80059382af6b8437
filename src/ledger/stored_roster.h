// StoredRoster: keys and those they belong to as a store has them, read while a gateway may use it.
#pragma once

#include "core/result.h"
#include "ledger/store.h"

#include <string>
#include <string_view>
#include <vector>

namespace recloser::ledger {

struct StoredRoster {
  std::vector<KeyRow> keys;
  std::vector<HolderRow> holders;
};

// Nothing is changed. Kind::unsupported: the store has an older schema, which only a gateway brings
// forward.
Result<StoredRoster> read_stored_roster(const std::string& path, std::string_view program_version);

}  // namespace recloser::ledger
