// What a killed process left in its journal becomes rows, before anything else happens.
#pragma once

#include "core/result.h"
#include "ledger/store.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::ledger {

struct Recovery {
  std::uint64_t settled = 0;   // calls that had ended: rows exactly as they were settled
  std::uint64_t open = 0;      // calls that were running: gateway_failed, with what was seen
  std::uint64_t damaged = 0;   // slots that prove nothing, a head, an end: a foreign hand
  std::uint64_t new_rows = 0;  // of the first two, those that were not in the store yet
  std::string fault;           // what is damaged, in words; empty when nothing is
  std::string aside;           // where it is kept: damaged slots, or the whole file when it was cut
};

// Stores every call found in the journal at `path`; a missing file is an empty one, but an empty
// file is damage: a journal gets its name only when its head and its slots are on the disk. Running
// it again changes nothing. The file itself stays: Journal::create then replaces it. Refused, with
// the way back, when the journal is of another layout and still holds calls.
Result<Recovery> recover_journal(const std::string& path, Store& store,
                                 std::string_view program_version);

}  // namespace recloser::ledger
