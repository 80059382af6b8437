#include "world.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace recloser::resilience {
namespace {

// Each target has so many outages a day; every fourth takes a second target with it.
constexpr double outages_a_day = 6;
constexpr std::uint64_t shared_1_in = 4;
constexpr double outage_minutes_median = 6;
constexpr double outage_minutes_most = 40;

constexpr double calls_a_second = 30;
constexpr double swing = 0.5;  // of the day, around that
constexpr std::uint32_t principals = 40;

Duration minutes(double count) { return Duration{static_cast<std::int64_t>(count * 60e9)}; }

double how_much(Trouble trouble, Random& random) {
  switch (trouble) {
    case Trouble::errors:
      return 0.3 + 0.7 * uniform(random);
    case Trouble::slow:
      return 5 + 25 * uniform(random);
    case Trouble::limited:
      return 0.2 + 0.2 * uniform(random);
    case Trouble::refuses:
    case Trouble::silent:
      return 1;
  }
  std::unreachable();
}

Outage outage_of(std::size_t target, Instant begin, Random& random) {
  double length = std::min(outage_minutes_median * std::exp(normal(random)), outage_minutes_most);
  auto trouble = static_cast<Trouble>(random.below(trouble_count));
  return {.target = target,
          .trouble = trouble,
          .begin = begin,
          .end = begin + minutes(length),
          .how_much = how_much(trouble, random)};
}

std::vector<Outage> outages_of(Duration length, Random& random) {
  std::vector<Outage> all;
  for (std::size_t target = 0; target < target_count; ++target) {
    Instant at;
    for (;;) {
      at = at + minutes(-std::log(uniform(random)) * 24 * 60 / outages_a_day);
      if (at - Instant{} >= length) break;
      Outage outage = outage_of(target, at, random);
      all.push_back(outage);
      at = outage.end;
      if (random.below(shared_1_in) != 0) continue;
      outage.target = (target + 1 + random.below(target_count - 1)) % target_count;
      all.push_back(outage);
    }
  }
  std::ranges::sort(all, {}, &Outage::begin);
  return all;
}

double rate_at(Instant at) {
  double of_day = static_cast<double>(at.ns) / 86'400e9;
  return calls_a_second * (1 - swing * std::cos(2 * std::numbers::pi * of_day));
}

// A principal in four makes as many calls as the next three, and so on: few make most of them.
std::uint32_t principal_of(Random& random) {
  double rank = std::exp(uniform(random) * std::log(double{principals}));
  return std::min(static_cast<std::uint32_t>(rank), principals - 1);
}

std::uint32_t tokens_of(double median, double spread, double most, Random& random) {
  return static_cast<std::uint32_t>(
      std::clamp(median * std::exp(spread * normal(random)), 1.0, most));
}

std::vector<Arrival> arrivals_of(Duration length, Random& random) {
  std::vector<Arrival> all;
  all.reserve(static_cast<std::size_t>(length / 1s) * 32);
  Instant at;
  for (;;) {
    at = at + Duration{static_cast<std::int64_t>(-std::log(uniform(random)) / rate_at(at) * 1e9)};
    if (at - Instant{} >= length) return all;
    all.push_back({.at = at,
                   .principal = principal_of(random),
                   .prompt_tokens = tokens_of(1'500, 1.2, 100'000, random),
                   .output_tokens = tokens_of(250, 0.8, 4'000, random)});
  }
}

}  // namespace

constinit const std::array<TargetFigures, target_count> targets{{
    {"alpha", 350ms, 60ms, 14ms, 120, false, true, 500},
    {"bravo", 450ms, 50ms, 18ms, 120, false, false, 400},
    {"charlie", 300ms, 80ms, 12ms, 100, false, true, 300},
    {"delta", 700ms, 40ms, 25ms, 140, true, false, 500},
    {"echo", 500ms, 90ms, 20ms, 100, true, false, 200},
}};

std::string_view name_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::refuses:
      return "refuses";
    case Trouble::errors:
      return "errors";
    case Trouble::slow:
      return "slow";
    case Trouble::silent:
      return "silent";
    case Trouble::limited:
      return "limited";
  }
  std::unreachable();
}

double uniform(Random& random) {
  return (static_cast<double>(random.next() >> 11) + 0.5) * 0x1p-53;
}

// By Box and Muller.
double normal(Random& random) {
  double radius = std::sqrt(-2 * std::log(uniform(random)));
  return radius * std::cos(2 * std::numbers::pi * uniform(random));
}

World::World(std::uint64_t seed, Duration of) : length(of) {
  Random random(seed);
  outages = outages_of(length, random);
  arrivals = arrivals_of(length, random);
}

const Outage* World::trouble_at(std::size_t target, Instant now) const {
  for (const Outage& outage : outages) {
    if (outage.begin > now) break;
    if (outage.target == target && now < outage.end) return &outage;
  }
  return nullptr;
}

}  // namespace recloser::resilience
