// Rows of the ledger priced anew: what each would cost by another price list, beside what was
// booked.
#pragma once

#include "books/row_prices.h"
#include "core/money.h"
#include "ledger/stored_call.h"
#include "ledger/usage.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::books {

inline constexpr std::size_t rerate_models_max = 10'000;  // told apart; others are one line

struct RerateSums {
  std::uint64_t calls = 0;
  std::uint64_t unpriced_before = 0;  // of them: they had no figure
  NanoUsd before;
  NanoUsd after;
};

// Why calls keep the one figure that they have.
struct RerateLeft {
  std::uint64_t billed = 0;    // it is their provider's own bill, which no price list makes better
  std::uint64_t unpriced = 0;  // the list has no price for them
  std::uint64_t unreadable = 0;  // their row was too short for all that they used
};

class Rerate {
 public:
  explicit Rerate(RowPrices prices) : prices_(std::move(prices)) {}

  // "" for all. A model counts under either name, asked for or served.
  void only(std::string provider, std::string model);

  // What the row costs now; `at`, reason and who are the caller's to set. Nothing for rows that
  // used nothing, were not asked about, or are left as they are, which is counted.
  std::optional<ledger::CallRating> rate(const ledger::StoredCall& row);

  const std::map<std::string, RerateSums, std::less<>>& models() const { return models_; }
  const RerateSums& total() const { return total_; }
  const RerateLeft& left() const { return left_; }
  std::string_view price_version() const { return prices_.catalogue().version(); }

 private:
  bool is_wanted(const ledger::StoredCall& row) const;
  RerateSums& sums_of(const ledger::StoredCall& row);

  RowPrices prices_;
  std::string provider_;
  std::string model_;
  std::map<std::string, RerateSums, std::less<>> models_;
  RerateSums total_;
  RerateLeft left_;
};

}  // namespace recloser::books
