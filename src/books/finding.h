// What a comparison of a bill with our books finds, and how it is told.
#pragma once

#include "books/bill.h"
#include "books/ours.h"
#include "core/json_writer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::books {

enum class FindingKind : unsigned char {
  missing_in_books,     // billed, and not booked
  missing_at_provider,  // booked, and not billed
  billed_twice,
  counted_otherwise,  // the same calls with other tokens
  priced_otherwise,   // the same tokens at another price
  cost_differs,       // the bill does not count, so that more cannot be said
  unpriced,           // booked without a price
};
inline constexpr std::size_t finding_kinds = 7;
std::string_view name_of(FindingKind kind);

struct Finding {
  FindingKind kind = FindingKind::cost_differs;
  Day day;
  std::string provider;
  std::string model;  // as it is written in our books, else in the bill
  std::string why;    // one sentence
  std::string code;   // of what explains the figure exactly, "a,b" of several; "" = nothing
  std::string call;   // our id of the one call that it is, where it is one
  std::string request_id;
  std::uint64_t line = 0;  // of the file; 0 = no single one
  Counts bill;
  Counts books;
  bool money_known = false;
  Amount bill_cost;
  Amount books_cost;
  bool at_border = false;  // on the first or last day that the bill has
};

inline constexpr std::size_t findings_kept_max = 10'000;  // all are counted

struct Report {
  std::vector<Finding> findings;
  std::array<std::uint64_t, finding_kinds> totals{};
  std::vector<std::string> notes;
  std::string format;
  std::string providers;  // of ours that were compared: "openai, azure-eu"
  Day first;
  Day last;
  std::uint64_t bill_lines = 0;
  std::uint64_t books_calls = 0;
  bool money_known = false;
  Amount bill_cost;
  Amount books_cost;
  bool by_call = false;  // the bill names each
  DayRule rule = DayRule::start;

  void add(Finding finding);
  std::uint64_t count() const;
  bool clean() const { return count() == 0; }
};

// {"data": [findings], "next": null, "summary": {..}}
std::string report_json(const Report& report, unsigned counts_known);

}  // namespace recloser::books
