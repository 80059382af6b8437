// Rows of the books, added up into groups as they are read.
#pragma once

#include "core/result.h"
#include "ledger/facts_scan.h"
#include "ledger/usage.h"

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace recloser::ledger {

// A row that falls into a group which is there allocates nothing.
class UsageTable {
 public:
  explicit UsageTable(const UsageQuery& query);

  // Kind::too_large beyond usage_groups_max groups.
  Result<void> add(const ScannedFacts& row);
  Usage take() &&;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>()(key);
    }
  };

  std::string_view value(Dim dim, const ScannedFacts& row);
  std::string_view day_of(std::int64_t at_ns);
  bool is_wanted(const ScannedFacts& row);
  Result<void> add_to_group(const ScannedFacts& row, std::string_view label);

  const UsageQuery& query_;
  bool by_label_ = false;
  std::array<std::optional<std::string>, dim_count> only_;  // as they stand in rows
  std::string key_;                                         // of the row in hand
  std::int64_t day_ = INT64_MIN;                            // that day_text_ says
  std::string day_text_;
  UsageSums total_;
  std::unordered_map<std::string, UsageSums, Hash, std::equal_to<>> groups_;
};

}  // namespace recloser::ledger
