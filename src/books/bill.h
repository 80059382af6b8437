// A provider's bill as the comparison reads it: sums per UTC day, provider and model, whatever file
// it came in.
#pragma once

#include "books/amount.h"
#include "books/model_names.h"
#include "core/result.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace recloser::books {

using Day = std::chrono::sys_days;
std::string text_of(Day day);  // "2026-11-21"

// What a bill may count. `input` is all input; the next three are its parts; `cache_write_1h` is a
// part of `cache_write`.
enum class Count : unsigned char {
  requests,
  input,
  fresh_input,
  cached_input,
  cache_write,
  cache_write_1h,
  output,
  web_searches,
};
inline constexpr std::size_t count_kinds = 8;
std::string_view name_of(Count kind);

// What a bill may ask money for. `total` is a sum that is not taken apart.
enum class Part : unsigned char {
  input,
  cached_input,
  cache_write,
  cache_write_1h,
  output,
  fee,
  total,
};
inline constexpr std::size_t part_kinds = 7;
std::string_view name_of(Part part);

struct Counts {
  std::array<std::int64_t, count_kinds> at{};

  std::int64_t& operator[](Count kind) { return at[std::size_t(kind)]; }
  std::int64_t operator[](Count kind) const { return at[std::size_t(kind)]; }
  friend bool operator==(const Counts&, const Counts&) = default;
  Counts& operator+=(const Counts& other);  // stays at the end of the range
  friend Counts operator-(Counts a, const Counts& b);
  bool none() const { return *this == Counts{}; }
};

struct Costs {
  std::array<Amount, part_kinds> at{};

  Amount& operator[](Part part) { return at[std::size_t(part)]; }
  Amount operator[](Part part) const { return at[std::size_t(part)]; }
  friend bool operator==(const Costs&, const Costs&) = default;
  Costs& operator+=(const Costs& other);
  Amount sum() const;
};

// One line of a bill. Texts last as long as the call that takes them.
struct BillLine {
  Day day;
  std::string_view provider;    // "" = the file does not say
  std::string_view model;       // "" = of all models, or of none
  std::string_view request_id;  // "" = not of one call
  Counts counts;
  Costs costs;
  std::uint64_t number = 0;  // where in the file, from 1
  std::uint64_t hash = 0;    // of all its text: the same line twice is seen
};

struct CellKey {
  Day day;
  std::string provider;
  std::string model;  // ModelNames::key_of

  friend auto operator<=>(const CellKey&, const CellKey&) = default;
};

struct BillCell {
  std::string model_as_written;  // by the first line
  Counts counts;
  Costs costs;
  std::uint64_t lines = 0;
  // Of lines that stood in the file before, word for word.
  Counts repeated_counts;
  Costs repeated_costs;
  std::uint64_t repeated_lines = 0;
  std::uint64_t repeated_at = 0;  // the first such line
};

// What a bill says of one call.
struct BilledCall {
  Day day;
  Counts counts;  // of its first line
  Costs costs;
  std::uint64_t line = 0;
  std::uint32_t lines = 0;  // more than one: it is billed as often
  bool seen = false;        // in our books
};

inline constexpr std::size_t bill_cells_max = 1'000'000;  // days x providers x models
inline constexpr std::size_t bill_lines_max = 20'000'000;
inline constexpr std::size_t billed_calls_max = 10'000'000;

// The sums. What is known of the whole file (which columns it has) is set by its reader.
class Bill {
 public:
  explicit Bill(const ModelNames& names) : names_(&names) {}

  Result<void> add(const BillLine& line);

  bool knows(Count kind) const { return (counts_known >> std::size_t(kind) & 1U) != 0; }
  void know(Count kind) { counts_known |= 1U << std::size_t(kind); }
  bool empty() const { return cells_.empty(); }
  Day first() const { return first_; }
  Day last() const { return last_; }
  const std::map<CellKey, BillCell>& cells() const { return cells_; }
  // By request id, when every line names one.
  std::unordered_map<std::string, BilledCall>& calls() { return calls_; }
  const std::unordered_map<std::string, BilledCall>& calls() const { return calls_; }
  bool is_per_call() const { return lines_ != 0 && lines_with_id_ == lines_; }
  std::uint64_t lines() const { return lines_; }

  std::string format;          // "OpenAI usage"
  std::string usual_provider;  // as a configuration mostly names it; "" = the file says it itself
  unsigned counts_known = 0;   // bits of Count
  bool knows_cost = false;
  bool knows_parts = false;             // each cost says what it is for
  bool has_models = true;               // else all figures are of a whole day
  unsigned cost_places = 0;             // the most digits that an amount shows behind its point
  bool pages_missing = false;           // the file says that it is not all
  std::uint64_t lines_passed_over = 0;  // not of a model: other services
  Amount not_compared;                  // taxes, credits, refunds
  unsigned not_compared_lines = 0;

 private:
  Result<void> add_call(const BillLine& line);

  const ModelNames* names_;
  std::map<CellKey, BillCell> cells_;
  std::unordered_map<std::string, BilledCall> calls_;
  std::unordered_set<std::uint64_t> hashes_;
  std::uint64_t lines_ = 0;
  std::uint64_t lines_with_id_ = 0;
  Day first_ = Day::max();
  Day last_ = Day::min();
};

}  // namespace recloser::books
