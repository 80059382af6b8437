#include "books/bill.h"

#include <algorithm>

#include <fmt/format.h>

namespace recloser::books {

std::string text_of(Day day) {
  std::chrono::year_month_day date{day};
  return fmt::format("{:04}-{:02}-{:02}", int{date.year()}, unsigned{date.month()},
                     unsigned{date.day()});
}

std::string_view name_of(Count kind) {
  switch (kind) {
    case Count::requests:
      return "requests";
    case Count::input:
      return "input_tokens";
    case Count::fresh_input:
      return "uncached_input_tokens";
    case Count::cached_input:
      return "cached_input_tokens";
    case Count::cache_write:
      return "cache_write_tokens";
    case Count::cache_write_1h:
      return "cache_write_1h_tokens";
    case Count::output:
      return "output_tokens";
    case Count::web_searches:
      return "web_searches";
  }
  return "";
}

std::string_view name_of(Part part) {
  switch (part) {
    case Part::input:
      return "input";
    case Part::cached_input:
      return "cached_input";
    case Part::cache_write:
      return "cache_write";
    case Part::cache_write_1h:
      return "cache_write_1h";
    case Part::output:
      return "output";
    case Part::fee:
      return "fee";
    case Part::total:
      return "total";
  }
  return "";
}

Counts& Counts::operator+=(const Counts& other) {
  for (std::size_t i = 0; i < count_kinds; ++i) {
    if (__builtin_add_overflow(at[i], other.at[i], &at[i])) at[i] = INT64_MAX;
  }
  return *this;
}

// Both are sums of counts, which are not negative: the difference fits.
Counts operator-(Counts a, const Counts& b) {
  for (std::size_t i = 0; i < count_kinds; ++i) a.at[i] -= b.at[i];
  return a;
}

Costs& Costs::operator+=(const Costs& other) {
  for (std::size_t i = 0; i < part_kinds; ++i) at[i] += other.at[i];
  return *this;
}

Amount Costs::sum() const {
  Amount sum;
  for (Amount amount : at) sum += amount;
  return sum;
}

Result<void> Bill::add(const BillLine& line) {
  if (++lines_ > bill_lines_max) {
    return fail(
        Side::operator_, Kind::too_large,
        fmt::format("the file has more than {} lines; take it month by month", bill_lines_max));
  }
  first_ = std::min(first_, line.day);
  last_ = std::max(last_, line.day);
  CellKey key{
      .day = line.day, .provider = std::string(line.provider), .model = names_->key_of(line.model)};
  auto [at, fresh] = cells_.try_emplace(std::move(key));
  if (fresh && cells_.size() > bill_cells_max) {
    return fail(Side::operator_, Kind::too_large,
                fmt::format("the file names more than {} pairs of day and model", bill_cells_max));
  }
  BillCell& cell = at->second;
  if (fresh) cell.model_as_written = line.model;
  cell.counts += line.counts;
  cell.costs += line.costs;
  ++cell.lines;
  if (!line.request_id.empty()) return add_call(line);
  if (!hashes_.insert(line.hash).second) {
    cell.repeated_counts += line.counts;
    cell.repeated_costs += line.costs;
    if (cell.repeated_lines++ == 0) cell.repeated_at = line.number;
  }
  return {};
}

Result<void> Bill::add_call(const BillLine& line) {
  ++lines_with_id_;
  auto [at, fresh] = calls_.try_emplace(std::string(line.request_id));
  if (calls_.size() > billed_calls_max) {
    return fail(
        Side::operator_, Kind::too_large,
        fmt::format("the file names more than {} calls; take it week by week", billed_calls_max));
  }
  BilledCall& call = at->second;
  if (call.lines++ != 0) return {};
  call.day = line.day;
  call.counts = line.counts;
  call.costs = line.costs;
  call.line = line.number;
  return {};
}

}  // namespace recloser::books
