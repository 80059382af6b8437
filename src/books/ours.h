// Our books as the comparison reads them: calls, and their sums by quarter of an hour.
#pragma once

#include "books/bill.h"
#include "books/model_names.h"
#include "core/time.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace recloser::books {

// Ways of pricing the same use that bills are found to have.
enum class Otherwise : unsigned char {
  cached_as_input,       // cached tokens at the full price of input
  cache_write_as_input,  // cache writes at the price of input
  cache_write_1h_as_5m,  // an hour's cache writes at the price of five minutes'
  standard,              // another lane than the one that was booked
  batch,
  flex,
  priority,
  fast,
  list,       // without what the contract takes off
  catalogue,  // as the price list of this program says, which is not what was booked
};
inline constexpr std::size_t otherwise_kinds = 10;
std::string_view name_of(Otherwise way);
std::string_view sentence_of(Otherwise way);

using OtherCosts = std::array<Amount, otherwise_kinds>;

// One charged call. Texts last as long as the call that takes them.
struct OurCall {
  WallTime started;
  WallTime ended;
  std::string_view id;
  std::string_view provider;
  std::string_view model;
  std::string_view request_id;  // the provider's; "" = it gave none
  Counts counts;
  bool exact = true;       // the provider's own figures; else estimated
  bool priced = true;      // else `cost` is not known
  Amount cost;             // fees included
  Amount fees;             // what no tokens were charged for
  OtherCosts otherwise{};  // where a way would change nothing: `cost`
};

struct OurCell {
  std::string model_as_written;
  std::uint64_t calls = 0;
  std::uint64_t unpriced = 0;
  Counts counts;
  Counts estimated;  // of them, those of estimated rows
  Amount cost;
  Amount fees;
  Amount estimated_cost;
  OtherCosts otherwise{};

  void add(const OurCall& call);
  void add(const OurCell& other);
};

// A call belongs to the day in which it began or ended: providers differ.
enum class DayRule : unsigned char { start, end };

// The day of `at` where clocks show UTC + `utc_offset`.
Day day_at(WallTime at, std::chrono::minutes utc_offset);
inline WallTime time_of(const OurCall& call, DayRule rule) {
  return rule == DayRule::start ? call.started : call.ended;
}

inline constexpr std::size_t our_cells_max = 2'000'000;  // quarters x providers x models

class OurBooks {
 public:
  explicit OurBooks(const ModelNames& names) : names_(&names) {}

  // False when there are too many cells; then nothing was added.
  [[nodiscard]] bool add(const OurCall& call);

  // Sums per day; without providers when the bill does not tell them apart.
  std::map<CellKey, OurCell> by_day(std::chrono::minutes utc_offset, DayRule rule,
                                    bool with_providers) const;
  std::uint64_t calls() const { return calls_; }

 private:
  // Zones differ from UTC by whole quarters of an hour.
  using Quarter = std::chrono::duration<std::int64_t, std::ratio<900>>;
  struct Key {
    std::int64_t quarter;
    std::string provider;
    std::string model;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  const ModelNames* names_;
  std::map<std::string, std::string, std::less<>> keys_;  // of names seen; key_of is not cheap
  std::array<std::map<Key, OurCell>, 2> cells_;           // by DayRule
  std::uint64_t calls_ = 0;
};

}  // namespace recloser::books
