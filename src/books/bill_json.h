// Reads the pages of a provider's usage and cost APIs: every object in a list "results" is a row.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace recloser::books {

// A result with what its bucket says. Members of objects inside are joined by '_':
// "amount_value". Numbers are as they were written.
struct JsonRow {
  std::vector<std::pair<std::string, std::string>> members;
  std::uint64_t line = 0;  // of its end
};

inline constexpr std::size_t json_members_max = 128;  // of one row
inline constexpr std::size_t json_text_bytes_max =
    4096;  // of one name or value; longer ones are cut

// One page, pages one after the other (as `cat page*.json` has them), or a list of pages.
class BillJson {
 public:
  BillJson();
  ~BillJson();

  // Rows that ended within the piece, in `rows`; before a fault those that came before it.
  Result<void> feed(std::string_view piece, std::vector<JsonRow>& rows);
  Result<void> finish();    // nothing comes any more
  bool more_pages() const;  // the last page says that another follows

 private:
  struct Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace recloser::books
