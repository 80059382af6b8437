// Rows of the ledger as lines of FOCUS 1.2, the FinOps format of cost and usage data.
#pragma once

#include "books/focus_check.h"
#include "books/row_prices.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/stored_call.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::books {

enum class FocusBy : unsigned char {
  call,  // a line for each call and kind of token
  day,   // sums of a UTC day, by who asked, which model, and kind of token
};

inline constexpr std::size_t focus_groups_max = 2'000'000;  // of one day, by day

// What is exported, in sums: what the lines add up to.
struct FocusTotals {
  std::uint64_t calls = 0;
  std::uint64_t lines = 0;
  std::uint64_t unpriced = 0;  // calls without a price: they are never free, so they are not in it
  NanoUsd cost;
  NanoUsd list_cost;
};

// Feeds on rows in the order of their time, either way; holds one day at most.
class FocusExport {
 public:
  FocusExport(FocusBy by, RowPrices prices) : by_(by), prices_(std::move(prices)) {}

  static std::string header();
  // Appends CSV to `out`. A line that would break the format is an error of ours (gateway,
  // malformed), with the rule; nothing of its row is then in `out`.
  Result<void> add(const ledger::StoredCall& row, std::string& out);
  Result<void> finish(std::string& out);

  const FocusTotals& totals() const { return totals_; }

 private:
  enum class Meter : unsigned char { input, cached_input, cache_write, output, fees, other };
  static constexpr std::size_t meters = 6;
  static std::string_view words_of(Meter meter);
  static std::string_view token_type_of(Meter meter);

  // Of one line: all that is not a sum.
  struct Subject {
    WallTime begin;
    WallTime end;
    std::string org, team, user, agent, key, session, call;
    std::string provider, model, route, region;
    std::string labels;  // a JSON array
    std::string cost_source, price_version;
    std::string rule, decision;
    Meter meter = Meter::input;
    friend auto operator<=>(const Subject&, const Subject&) = default;
  };
  struct Sums {
    std::int64_t quantity = 0;  // tokens, or requests
    std::uint64_t requests = 0;
    NanoUsd cost;
    NanoUsd list;
  };

  std::array<Sums, meters> parts_of(const ledger::StoredCall& row);
  Subject subject_of(const ledger::StoredCall& row) const;
  Result<void> write(const Subject& subject, const Sums& sums, std::string& out);
  static void set_own(const Subject& subject, const Sums& sums, std::vector<std::string>& fields);
  std::string name_of_provider(std::string_view provider) const;

  FocusBy by_;
  RowPrices prices_;
  FocusTotals totals_;
  WallTime day_{};  // of the groups in hand
  std::map<Subject, Sums> groups_;
};

}  // namespace recloser::books
