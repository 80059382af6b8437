#include "budget/budget.h"

#include <algorithm>
#include <array>
#include <utility>

namespace recloser::budget {
namespace {

constexpr std::uint64_t million = 1'000'000;

}  // namespace

std::string_view name_of(Reserve reserve) {
  constexpr std::array<std::string_view, 4> names{"clamp", "upper_bound", "elastic", "none"};
  return names[static_cast<std::size_t>(reserve)];
}

std::string_view name_of(KeyPart part) {
  constexpr std::array<std::string_view, 12> names{"org",      "team",    "user",  "agent",
                                                   "key",      "session", "trace", "model",
                                                   "provider", "target",  "call",  "label"};
  return names[static_cast<std::size_t>(part)];
}

Budget::FilterSet::FilterSet(std::vector<Filter> filters) {
  if (filters.empty()) return;
  std::ranges::sort(filters);
  filters_ = std::make_shared<const std::vector<Filter>>(std::move(filters));
}

bool Budget::FilterSet::contains(KeyPart what, std::string_view value) const {
  if (empty()) return false;
  using Named = std::pair<KeyPart, std::string_view>;
  return std::ranges::binary_search(*filters_, Named(what, value), {}, [](const Filter& filter) {
    return Named(filter.what, filter.value);
  });
}

std::string Budget::kind() const {
  std::string text(name_of(window.type));
  char before = ' ';
  for (const Part& part : key) {
    text += before;
    text += name_of(part.what);
    if (!part.label.empty()) text += ":" + part.label;
    before = ',';
  }
  return text;
}

Amount Demand::with(std::uint64_t output_tokens) const {
  std::uint64_t exact = 0;
  bool is_small = !__builtin_mul_overflow(output_tokens,
                                          static_cast<std::uint64_t>(per_million_output), &exact) &&
                  exact <= UINT64_MAX / 2;
  if (is_small && static_cast<std::uint64_t>(base) <= INT64_MAX / 2) {
    return base + static_cast<Amount>((exact + (million - 1)) / million);
  }
  using Wide = unsigned __int128;
  Wide output =
      (Wide{output_tokens} * static_cast<std::uint64_t>(per_million_output) + (million - 1)) /
      million;
  Wide all = output + static_cast<std::uint64_t>(base);
  return all > Wide{INT64_MAX} ? INT64_MAX : static_cast<Amount>(all);
}

std::optional<std::uint64_t> Demand::affordable(Amount amount) const {
  if (amount < base) return std::nullopt;
  if (per_million_output == 0) return UINT64_MAX;
  using Wide = unsigned __int128;
  Wide tokens = Wide{static_cast<std::uint64_t>(amount - base)} * million /
                static_cast<std::uint64_t>(per_million_output);
  return tokens > Wide{UINT64_MAX} ? UINT64_MAX : static_cast<std::uint64_t>(tokens);
}

std::optional<std::uint64_t> Demand::affordable(Amount amount, std::uint64_t enough) const {
  if (amount < base) return std::nullopt;
  Amount all = with(enough);
  if (all <= amount && all != INT64_MAX) return enough;
  std::optional<std::uint64_t> most = affordable(amount);
  return most ? std::min(*most, enough) : most;
}

}  // namespace recloser::budget
