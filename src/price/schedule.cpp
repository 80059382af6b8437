#include "price/schedule.h"

#include "core/ascii.h"

#include <algorithm>
#include <ranges>

namespace recloser::price {
namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t second_ns = 1'000'000'000;

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

std::size_t RatesPool::Hash::operator()(const Rates& rates) const {
  std::uint64_t hash = rates.known * 0x9E37'79B9'7F4A'7C15u;
  for (std::int64_t nano : rates.nano) {
    hash = (hash ^ static_cast<std::uint64_t>(nano)) * 0x9E37'79B9'7F4A'7C15u;
    hash ^= hash >> 29;
  }
  return hash;
}

bool PriceList::empty() const {
  return std::ranges::all_of(steps, [](const auto& rate) { return rate.empty(); });
}

void PriceList::add_missing(const PriceList& other) {
  for (std::size_t i = 0; i < rate_count; ++i) {
    if (steps[i].empty()) steps[i] = other.steps[i];
  }
  beyond_usage = beyond_usage || other.beyond_usage;
}

bool Period::holds(std::int64_t at_s) const {
  if (at_s < from_s || at_s >= until_s) return false;
  if (daily_from_s == daily_to_s) return true;
  std::int64_t of_day = at_s - floor_div(at_s, day_s) * day_s;
  if (daily_to_s < daily_from_s) return of_day >= daily_from_s || of_day < daily_to_s;
  return of_day >= daily_from_s && of_day < daily_to_s;
}

std::optional<std::int32_t> seconds_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (std::size_t i : {0u, 1u, 3u, 4u}) {
    if (!ascii::is_digit(text[i])) return std::nullopt;
  }
  int hour = (text[0] - '0') * 10 + (text[1] - '0');
  int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 23 || minute > 59) return std::nullopt;
  return (hour * 60 + minute) * 60;
}

void Schedule::add(Period period, codec::ServiceTier tier, const PriceList& list,
                   std::uint32_t write_1h_factor_ppm, RatesPool& pool) {
  std::vector<std::uint64_t> starts{0};
  for (const auto& steps : list.steps) {
    for (const PriceList::Step& step : steps) starts.push_back(step.above);
  }
  std::ranges::sort(starts);
  starts.erase(std::ranges::unique(starts).begin(), starts.end());
  Window window{.period = period, .tier = tier, .bands = {}};
  window.bands.reserve(starts.size());
  for (std::uint64_t start : starts) {
    Rates rates;
    rates.beyond_usage = list.beyond_usage;
    for (std::size_t i = 0; i < rate_count; ++i) {
      for (const PriceList::Step& step : std::views::reverse(list.steps[i])) {
        if (step.above > start) continue;
        rates.set(static_cast<Rate>(i), step.nano);
        break;
      }
    }
    rates.fill_gaps(write_1h_factor_ppm);
    window.bands.push_back({.above = start, .rates = pool.keep(rates)});
  }
  windows_.push_back(std::move(window));
}

const Schedule::Window* Schedule::last_holding(std::int64_t at_s, codec::ServiceTier tier) const {
  for (const Window& window : std::views::reverse(windows_)) {
    if (window.tier == tier && window.period.holds(at_s)) return &window;
  }
  return nullptr;
}

Schedule::Found Schedule::at(WallTime at, codec::ServiceTier tier) const {
  std::int64_t at_s = floor_div(at.ns, second_ns);
  if (const Window* window = last_holding(at_s, tier)) return {.window = window};
  bool is_standard = tier == codec::ServiceTier::standard;
  const Window* window = nullptr;
  if (!is_standard) window = last_holding(at_s, codec::ServiceTier::standard);
  if (!window && otherwise_ == Otherwise::first && !windows_.empty()) window = &windows_.front();
  return {.window = window, .tier_is_own = is_standard};
}

const Rates& rates_for(const Schedule::Window& window, std::uint64_t input_tokens) {
  const Schedule::Band* found = &window.bands.front();
  for (const Schedule::Band& band : window.bands) {
    if (input_tokens > band.above) found = &band;
  }
  return *found->rates;
}

}  // namespace recloser::price
