// RowWatcher: hears of each row once it is in the store.
#pragma once

#include "ledger/call_record.h"

#include <span>

namespace recloser::ledger {

// Called by the one thread that stores rows, before it gives their slots back: rows wait meanwhile,
// so this must not. Rows that a crash had left are not told.
class RowWatcher {
 public:
  virtual void stored(std::span<const CallRecord* const> rows) = 0;

 protected:
  ~RowWatcher() = default;
};

}  // namespace recloser::ledger
