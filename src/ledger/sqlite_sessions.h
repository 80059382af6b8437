// Which calls a session had: a list of (session, key) for each batch of rows, written with them.
#pragma once

#include "ledger/sqlite_db.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::ledger {

// A search reads all lists: 12 bytes per call, so millions of calls take milliseconds. A list names
// sessions by a checksum: whoever searches looks at the rows.
class SessionWriter {
 public:
  static Result<SessionWriter> prepare(Database& database);

  void clear();
  void add(std::string_view session, std::int64_t key);
  // What was added, as one list, inside the caller's transaction.
  Result<void> store();
  // Lists of nothing but calls below `key`, up to `limit` of them.
  Result<void> delete_below(std::int64_t key, std::size_t limit);

 private:
  SessionWriter(Statement insert, Statement remove)
      : insert_(std::move(insert)), remove_(std::move(remove)) {}

  Statement insert_;
  Statement remove_;
  std::vector<std::int64_t> keys_;
  std::vector<std::uint32_t> checksums_;
  std::string entries_;
};

// The newest `most` keys in [first, end) that may be of that session, newest first, each once.
struct KeyRange {
  std::int64_t first = 0;
  std::int64_t end = std::numeric_limits<std::int64_t>::max();
};
Result<std::vector<std::int64_t>> keys_of_session(Database& database, std::string_view session,
                                                  KeyRange range, std::size_t most);

}  // namespace recloser::ledger
