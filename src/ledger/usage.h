// Sums over the books: by whom, by what and when, and the ratings that stand beside what was
// booked.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "ledger/call_record.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::ledger {

// What calls are summed by. `model` is what served, or what was asked for where nothing did. A call
// with several labels counts for each of them; one without has the label "".
enum class Dim : std::uint8_t {
  org,
  team,
  user,
  key,
  agent,
  session,
  model,
  provider,
  label,
  outcome,
  day,    // "2026-11-21", UTC
  month,  // "2026-11"
};
inline constexpr std::size_t dim_count = 12;
std::string_view name_of(Dim dim);
std::optional<Dim> dim_named(std::string_view name);

inline constexpr std::size_t usage_groups_max = 100'000;  // of one answer; more are refused

struct UsageQuery {
  std::vector<Dim> by;  // empty: one row
  std::optional<WallTime> since;
  std::optional<WallTime> until;                             // started before then
  std::array<std::optional<std::string>, dim_count> only{};  // a value it must have; "" = none
  bool latest_rating = false;  // cost and list cost as last rated, where a call was
};

__extension__ using WideSum = __int128;  // a million rows of the largest figure fit

std::string text_of(WideSum sum);
std::string usd_of(WideSum nano_usd);  // "0.000525300": nine places

// Nano-dollars and tokens; a figure that a row does not know adds nothing.
struct UsageSums {
  std::uint64_t calls = 0;
  std::uint64_t refused = 0;
  WideSum input_tokens = 0;
  WideSum cached_input_tokens = 0;
  WideSum cache_write_tokens = 0;
  WideSum output_tokens = 0;
  WideSum reasoning_tokens = 0;
  WideSum cost = 0;
  WideSum list_cost = 0;
  WideSum fees = 0;
  WideSum overrun = 0;
  std::uint64_t estimated_calls = 0;  // whose cost is an estimate
  WideSum estimated_cost = 0;         // of the cost, theirs
  std::uint64_t unpriced_calls = 0;   // which have no cost at all

  friend bool operator==(const UsageSums&, const UsageSums&) = default;
};

// Figures of one row, as they are added.
struct UsageFigures {
  Outcome outcome = Outcome::completed;
  CostSource cost_source = CostSource::none;
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> cached_input_tokens;
  std::optional<std::int64_t> cache_write_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<std::int64_t> reasoning_tokens;
  std::optional<std::int64_t> cost;
  std::optional<std::int64_t> list_cost;
  std::optional<std::int64_t> fees;
  std::optional<std::int64_t> overrun;
};
void add(UsageSums& sums, const UsageFigures& figures);

struct UsageRow {
  std::vector<std::string> of;  // a value for each of UsageQuery::by; "" = none
  UsageSums sums;

  friend bool operator==(const UsageRow&, const UsageRow&) = default;
};

struct Usage {
  std::vector<UsageRow> rows;  // by `of`
  UsageSums total;             // each call once, whatever its labels
};

// What a call would cost by other prices. The first figure stays in its row.
struct Rating {
  WallTime at{};
  std::optional<std::int64_t> cost_nano_usd;
  std::optional<std::int64_t> list_cost_nano_usd;
  std::string price_version;
  std::string reason;  // why it was made; never empty
  std::string who;

  friend bool operator==(const Rating&, const Rating&) = default;
};

struct CallRating {
  CallId call;
  Rating rating;
};

}  // namespace recloser::ledger
