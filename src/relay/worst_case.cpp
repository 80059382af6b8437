#include "relay/worst_case.h"

#include <algorithm>
#include <utility>

namespace recloser::relay {
namespace {

constexpr std::uint64_t million = 1'000'000;

}  // namespace

std::uint64_t most_output(const codec::RequestFacts& facts, const price::Priced& priced) {
  std::uint64_t most = WorstCase::unbounded;
  if (priced) {
    price::Limits limits = priced.limits();
    if (limits.output != 0) {
      most = limits.output;
    } else if (limits.context != 0) {
      most = limits.context;
    }
  }
  if (facts.max_tokens != 0) most = std::min(most, facts.max_tokens);
  std::uint64_t all = 0;
  return __builtin_mul_overflow(most, facts.n, &all) ? WorstCase::unbounded : all;
}

std::uint64_t output_held_ahead(std::uint64_t most, const codec::RequestFacts& facts) {
  if (most != WorstCase::unbounded) return most;
  std::uint64_t all = 0;
  bool too_many = __builtin_mul_overflow(unknown_output_tokens, facts.n, &all);
  return too_many ? WorstCase::unbounded : all;
}

std::optional<price::UpperPrice> upper_price(const price::Priced& priced,
                                             std::uint64_t input_tokens, WallTime at) {
  if (!priced || input_tokens == WorstCase::unbounded) return std::nullopt;
  return price::UpperPrice::find(priced, {.input_tokens = input_tokens}, at);
}

std::optional<budget::Demand> money_demand(const std::optional<price::UpperPrice>& price,
                                           std::uint64_t input_tokens) {
  if (!price) return std::nullopt;
  std::optional<NanoUsd> base = price->of(input_tokens, 0);
  std::optional<NanoUsd> with_output = price->of(input_tokens, million);
  if (!base || !with_output) return std::nullopt;
  return budget::Demand{.base = std::min(base->count, budget::amount_max),
                        .per_million_output = (*with_output - *base).count};
}

std::optional<budget::Demand> WorstCase::demand(budget::Unit unit) const {
  constexpr budget::Amount each = million;
  bool known = input_tokens != unbounded;
  auto input = static_cast<budget::Amount>(
      std::min<std::uint64_t>(input_tokens, static_cast<std::uint64_t>(budget::amount_max)));
  switch (unit) {
    case budget::Unit::usd:
      return money;
    case budget::Unit::tokens:
      if (!known) return std::nullopt;
      return budget::Demand{.base = input, .per_million_output = each};
    case budget::Unit::input_tokens:
      if (!known) return std::nullopt;
      return budget::Demand{.base = input};
    case budget::Unit::output_tokens:
      return budget::Demand{.base = 0, .per_million_output = each};
    case budget::Unit::requests:
    case budget::Unit::calls:
      return budget::Demand{.base = 1};
    case budget::Unit::tool_calls:
    case budget::Unit::seconds:
      return budget::Demand{};
  }
  std::unreachable();
}

}  // namespace recloser::relay
