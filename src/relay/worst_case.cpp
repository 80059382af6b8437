#include "relay/worst_case.h"

#include <algorithm>
#include <utility>

namespace recloser::relay {
namespace {

constexpr std::uint64_t million = 1'000'000;
constexpr std::uint64_t tool_uses_max = million;  // more is dearer than any budget

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

price::Bound price_bound(const codec::RequestFacts& facts,
                         std::span<const codec::AskedTool> server_tools) {
  // Which part of a prompt is what, and what of it is cached for how long, is not read: the
  // dearest.
  price::Bound bound{.tier = facts.tier,
                     .audio = true,
                     .images = true,
                     .caches_for_1h = true,
                     .geography = facts.inference_geo};
  for (const codec::AskedTool& tool : server_tools) {
    std::uint64_t uses = std::min(tool.max_uses.value_or(1), tool_uses_max);
    switch (tool.kind) {
      case codec::ServerTool::web_search:
        bound.web_searches += uses;
        break;
      case codec::ServerTool::file_search:
        bound.file_searches += uses;
        break;
      case codec::ServerTool::code_session:
        ++bound.code_sessions;  // one container, however often it is used
        break;
      case codec::ServerTool::none:
      case codec::ServerTool::other:
      case codec::ServerTool::tokens:
        break;
    }
  }
  return bound;
}

const codec::AskedTool* unlimited(std::span<const codec::AskedTool> server_tools) {
  auto found = std::ranges::find_if(
      server_tools, [](const codec::AskedTool& tool) { return !tool.max_uses.has_value(); });
  return found == server_tools.end() ? nullptr : &*found;
}

std::uint32_t hidden_reserve(const codec::RequestFacts& facts, const price::Priced& priced,
                             codec::Family family, std::uint64_t most_output) {
  bool anthropic = family == codec::Family::anthropic;
  bool can = priced.entry != nullptr && priced.entry->can_do(price::Capability::reasoning);
  bool thinks = anthropic ? facts.thinks : can && !facts.thinks_not;
  if (!thinks) return 0;
  std::uint64_t most = facts.thinking_tokens != 0 ? facts.thinking_tokens : hidden_reserve_usual;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>({most, most_output, UINT32_MAX}));
}

std::optional<price::UpperPrice> upper_price(const price::Priced& priced, const price::Bound& bound,
                                             WallTime at) {
  if (!priced || bound.input_tokens == WorstCase::unbounded) return std::nullopt;
  return price::UpperPrice::find(priced, bound, at);
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
