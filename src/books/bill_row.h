// One row of a provider's file, columns by role, into one line of a Bill.
#pragma once

#include "books/bill.h"
#include "books/bill_formats.h"
#include "core/result.h"

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

namespace recloser::books {

// What every row of one file is read with.
struct RowContext {
  const BillColumns& columns;
  std::chrono::minutes utc_offset;  // of the days that the file has without a time
};

struct BillRow {
  std::span<const std::string_view> fields;
  std::uint64_t number = 0;  // of its line

  std::string_view of(Role role, const BillColumns& columns) const {
    std::size_t at = columns.of(role);
    return at < fields.size() ? fields[at] : std::string_view();
  }
  bool has(Role role, const BillColumns& columns) const { return columns.of(role) < fields.size(); }
};

// Adds what the row says. Rows that say nothing (days without use, other services of AWS) add
// nothing. Errors name the column; the caller says which line.
Result<void> add_row(Bill& bill, const BillRow& row, const RowContext& context);

// "2026-11-21", "2026/11/21", RFC 3339 with or without an offset, Unix seconds. A time becomes the
// day that it falls in at `utc_offset`; a date alone is that day.
Result<Day> parse_day(std::string_view text, std::chrono::minutes utc_offset);

// What a cost is for, in any provider's words: "input_no_cache", "cached input", "CacheRead..".
Part part_named(std::string_view words);

}  // namespace recloser::books
