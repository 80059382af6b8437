// How a ledger is set up, and how it is doing.
#pragma once

#include "core/time.h"
#include "ledger/journal.h"
#include "ledger/row_watcher.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace recloser::ledger {

struct LedgerOptions {
  std::string directory;   // of the journal; locked by the caller (StateLock)
  JournalOptions journal;  // its program_version is told in errors
  // A batch costs the same few pages whether it has ten rows or a hundred, so rows wait for others:
  // in the journal, where a crash does not reach them, and flush() does not wait.
  std::size_t batch_rows_max = 256;  // of one transaction; half a MiB of slots that stay warm
  Duration batch_time_max = 200ms;   // that a row waits for others
  Duration sync_every = 1s;          // what a power loss may take
  Duration retry_after_min = 50ms;   // after a failed write, doubled up to the next
  Duration retry_after_max = 1s;
  Duration retain = 24h * 400;  // rows are deleted when older; 0 = never
  Duration retain_check_every = 1min;
  Duration answers_ttl = 0s;      // of answers that are kept; 0: none is, and what there is goes
  RowWatcher* watcher = nullptr;  // outlives the ledger
};

// For metrics and readiness; each figure as of some moment during the call.
struct LedgerStatus {
  bool admitting = true;  // false: begin() refuses, because rows cannot be stored
  std::uint64_t open_calls = 0;
  std::uint64_t waiting_rows = 0;  // settled, not yet in the store: the queue's depth
  std::uint64_t stored_rows = 0;   // since the start
  std::uint64_t dropped_rows = 0;  // always 0: there is no code that drops one
  std::uint64_t deleted_rows = 0;  // by retention
  std::uint32_t slots = 0;         // of the journal
  std::string last_error;          // why it does not admit; empty when all is well
};

}  // namespace recloser::ledger
