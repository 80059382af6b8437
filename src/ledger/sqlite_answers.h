// Rows of the table `kept_answers`: claims of keys, and what the calls were answered that made
// them.
#pragma once

#include "ledger/kept_answer.h"
#include "ledger/sqlite_db.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace recloser::ledger {

// Of the connection that writes; each inside the caller's transaction.
class AnswerWriter {
 public:
  AnswerWriter(Database& database, std::uint64_t bytes_max)
      : database_(&database), bytes_max_(bytes_max) {}

  // A claim that runs is of a call whose process knows nothing of it any more: it is taken over.
  Result<ClaimFinding> claim(const AnswerClaim& claim, WallTime now);
  Result<void> end(std::span<const EndedAnswer> ended);
  // Those that are over by then, up to `limit`; how many it were.
  Result<std::size_t> remove_until(WallTime until, std::size_t limit);

  struct Running {
    std::int64_t number;
    std::optional<CallId> call;  // nothing: it was damaged
  };
  Result<std::vector<Running>> running();
  Result<void> cut_off(std::int64_t number, WallTime until);
  Result<void> release(std::int64_t number);

  // What was done last was rolled back.
  void rolled_back() { bytes_.reset(); }

 private:
  Result<void> keep(const EndedAnswer& ended);
  Result<void> make_room();

  Database* database_;
  std::uint64_t bytes_max_;
  std::optional<std::uint64_t> bytes_;  // there are no more than these; nothing: to be counted
};

}  // namespace recloser::ledger
