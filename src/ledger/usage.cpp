#include "ledger/usage.h"

#include <algorithm>

namespace recloser::ledger {
namespace {

constexpr std::array<std::string_view, dim_count> dim_names{"org",   "team",    "user",  "key",
                                                            "agent", "session", "model", "provider",
                                                            "label", "outcome", "day",   "month"};

void add(WideSum& sum, std::optional<std::int64_t> figure) {
  if (figure) sum += *figure;
}

}  // namespace

std::string_view name_of(Dim dim) { return dim_names[std::size_t(dim)]; }

std::optional<Dim> dim_named(std::string_view name) {
  for (std::size_t i = 0; i < dim_count; ++i) {
    if (dim_names[i] == name) return static_cast<Dim>(i);
  }
  return std::nullopt;
}

std::string text_of(WideSum sum) {
  __extension__ using Magnitude = unsigned __int128;
  auto rest = static_cast<Magnitude>(sum);
  if (sum < 0) rest = -rest;
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (sum < 0) digits += '-';
  std::ranges::reverse(digits);
  return digits;
}

std::string usd_of(WideSum nano_usd) {
  constexpr std::size_t places = 9;
  std::string text = text_of(nano_usd);
  std::size_t sign = nano_usd < 0 ? 1 : 0;
  if (text.size() - sign <= places) text.insert(sign, places + 1 + sign - text.size(), '0');
  text.insert(text.size() - places, 1, '.');
  return text;
}

void add(UsageSums& sums, const UsageFigures& figures) {
  ++sums.calls;
  if (figures.outcome == Outcome::refused) ++sums.refused;
  add(sums.input_tokens, figures.input_tokens);
  add(sums.cached_input_tokens, figures.cached_input_tokens);
  add(sums.cache_write_tokens, figures.cache_write_tokens);
  add(sums.output_tokens, figures.output_tokens);
  add(sums.reasoning_tokens, figures.reasoning_tokens);
  add(sums.cost, figures.cost);
  add(sums.list_cost, figures.list_cost);
  add(sums.fees, figures.fees);
  add(sums.overrun, figures.overrun);
  if (figures.cost_source == CostSource::estimated) {
    ++sums.estimated_calls;
    add(sums.estimated_cost, figures.cost);
  }
  if (figures.cost_source == CostSource::unpriced) ++sums.unpriced_calls;
}

}  // namespace recloser::ledger
