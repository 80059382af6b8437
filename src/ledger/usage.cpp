#include "ledger/usage.h"

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
