// Schedule: the prices of one model over time, by service tier and by the size of the prompt.
#pragma once

#include "codec/usage.h"
#include "core/time.h"
#include "price/rates.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace recloser::price {

// Equal rates are kept once: a third of the catalogue's lists say the same.
class RatesPool {
 public:
  const Rates* keep(const Rates& rates) { return &*pool_.insert(rates).first; }
  std::size_t size() const { return pool_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const Rates& rates) const;
  };
  std::unordered_set<Rates, Hash> pool_;
};

// A price list before its gaps are filled: for each rate the base, then (start, price) of each
// tier by prompt size, in rising order.
struct PriceList {
  struct Step {
    std::uint64_t above = 0;  // holds for a prompt of more tokens than this
    std::int64_t nano = 0;
  };
  std::array<std::vector<Step>, rate_count> steps;
  bool beyond_usage = false;

  bool empty() const;
  // What `other` says wins only where this says nothing.
  void add_missing(const PriceList& other);
};

// When something holds; all times are UTC.
struct Period {
  static constexpr std::int64_t always = INT64_MIN;
  std::int64_t from_s = always;
  std::int64_t until_s = INT64_MAX;
  std::int32_t daily_from_s = 0;  // of the day; the two equal: all day. May pass midnight.
  std::int32_t daily_to_s = 0;

  bool holds(std::int64_t at_s) const;
  friend bool operator==(const Period&, const Period&) = default;
};

std::optional<std::int32_t> seconds_of_day(std::string_view text);  // of "16:30"

class Schedule {
 public:
  struct Band {
    std::uint64_t above = 0;  // the whole prompt, cached tokens included, is larger than this
    const Rates* rates = nullptr;
  };
  struct Window {
    Period period;
    codec::ServiceTier tier = codec::ServiceTier::standard;
    std::vector<Band> bands;  // never empty; the first holds from 0
  };
  // What holds when nothing does: catalogues mean their first prices, price lists of an operator
  // mean that they say nothing.
  enum class Otherwise : bool { nothing, first };

  Schedule() = default;
  explicit Schedule(Otherwise otherwise) : otherwise_(otherwise) {}

  void add(Period period, codec::ServiceTier tier, const PriceList& list,
           std::uint32_t write_1h_factor_ppm, RatesPool& pool);

  struct Found {
    const Window* window = nullptr;  // null: no price
    bool tier_is_own = true;         // false: the tier has no prices, these are the standard ones
  };
  // The last window that holds. A tier without one has the standard one.
  Found at(WallTime at, codec::ServiceTier tier) const;
  const std::vector<Window>& windows() const { return windows_; }
  bool empty() const { return windows_.empty(); }

 private:
  const Window* last_holding(std::int64_t at_s, codec::ServiceTier tier) const;

  std::vector<Window> windows_;
  Otherwise otherwise_ = Otherwise::first;
};

// Of a prompt of this size: cliffs, above a start all tokens take the higher rates.
const Rates& rates_for(const Schedule::Window& window, std::uint64_t input_tokens);

}  // namespace recloser::price
