#include "books/rerate.h"

#include <utility>

namespace recloser::books {
namespace {

constexpr std::string_view others = "(others)";

void add_to(RerateSums& sums, const ledger::StoredCall& row, NanoUsd after) {
  ++sums.calls;
  if (!row.cost_nano_usd) ++sums.unpriced_before;
  sums.before += NanoUsd{row.cost_nano_usd.value_or(0)};
  sums.after += after;
}

}  // namespace

void Rerate::only(std::string provider, std::string model) {
  provider_ = std::move(provider);
  model_ = std::move(model);
}

std::optional<ledger::CallRating> Rerate::rate(const ledger::StoredCall& row) {
  bool used = row.input_tokens.value_or(0) > 0 || row.output_tokens.value_or(0) > 0 ||
              row.cost_source != ledger::CostSource::none;
  if (row.provider.empty() || !used || !is_wanted(row)) return std::nullopt;
  if (row.cost_source == ledger::CostSource::provider) {
    ++left_.billed;
    return std::nullopt;
  }
  if (!usage_of(row)) {
    ++left_.unreadable;
    return std::nullopt;
  }
  std::optional<RowPrices::RowCosts> costs = prices_.costs(row);
  if (!costs) {
    ++left_.unpriced;
    return std::nullopt;
  }
  add_to(sums_of(row), row, costs->paid.total);
  add_to(total_, row, costs->paid.total);
  ledger::CallRating rated{.call = row.id, .rating = {}};
  rated.rating.cost_nano_usd = costs->paid.total.count;
  rated.rating.list_cost_nano_usd = costs->list.total.count;
  rated.rating.price_version = price_version();
  return rated;
}

bool Rerate::is_wanted(const ledger::StoredCall& row) const {
  return (provider_.empty() || row.provider == provider_) &&
         (model_.empty() || row.model_served == model_ || row.model_requested == model_);
}

RerateSums& Rerate::sums_of(const ledger::StoredCall& row) {
  const std::string& model = row.model_served.empty() ? row.model_requested : row.model_served;
  auto known = models_.find(model);
  if (known != models_.end()) return known->second;
  if (models_.size() >= rerate_models_max) return models_[std::string(others)];
  return models_[model];
}

}  // namespace recloser::books
