#include "books/row_prices.h"

#include "codec/usage_text.h"
#include "core/money.h"

#include <algorithm>
#include <span>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

namespace recloser::books {
namespace {

// Names come from clients and providers: beyond so many, all are looked up again.
constexpr std::size_t models_remembered_max = 10'000;

std::uint64_t count_of(const std::optional<std::int64_t>& number) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number.value_or(0), 0));
}

std::string text_of_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(std::string_view(value->get_string()));
}

std::int64_t number_of_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

}  // namespace

std::optional<codec::Usage> usage_of(const ledger::StoredCall& row) {
  codec::Usage usage;
  usage.input_tokens = count_of(row.input_tokens);
  usage.output_tokens = count_of(row.output_tokens);
  usage.cached_input_tokens = count_of(row.cached_input_tokens);
  usage.cache_write_tokens = count_of(row.cache_write_tokens);
  usage.reasoning_tokens = count_of(row.reasoning_tokens);
  if (!codec::add_rare(usage, row.rare_usage)) return std::nullopt;
  return usage;
}

void read_attempts(const ledger::StoredCall& row, std::vector<RowAttempt>& attempts) {
  attempts.clear();
  boost::system::error_code error;
  boost::json::value list = boost::json::parse(row.attempts, error);
  if (error || !list.is_array()) return;
  for (const boost::json::value& item : list.get_array()) {
    if (!item.is_object()) continue;
    const boost::json::object& object = item.get_object();
    std::string target = text_of_member(object, "target");
    std::size_t slash = std::min(target.find('/'), target.size());
    RowAttempt attempt{
        .provider = target.substr(0, slash),
        .model = target.substr(std::min(slash + 1, target.size())),
        .request_id = text_of_member(object, "provider_request_id"),
        .input = std::max<std::int64_t>(number_of_member(object, "input_tokens"), 0),
        .output = std::max<std::int64_t>(number_of_member(object, "output_tokens"), 0)};
    if (Result<std::int64_t> cost = parse_decimal(text_of_member(object, "cost_usd"), 9)) {
      attempt.cost_nano = *cost;
      attempt.priced = true;
    }
    attempts.push_back(std::move(attempt));
  }
}

void RowPrices::set_place(std::string provider, price::Place place) {
  places_.insert_or_assign(std::move(provider), place);
}

price::Place RowPrices::place_of(std::string_view provider) const {
  auto at = places_.find(provider);
  return at != places_.end() ? at->second : catalogue_->place_named(provider);
}

const RowPrices::Found& RowPrices::find(std::string_view provider, std::string_view asked,
                                        std::string_view served) {
  look_up_.assign(provider);
  for (std::string_view model : {asked, served}) {
    look_up_ += '\n';  // in no name
    look_up_ += model;
  }
  auto known = known_.find(look_up_);
  if (known != known_.end()) return known->second;
  if (known_.size() >= models_remembered_max) known_.clear();
  price::Place place = place_of(provider);
  Found found{
      .place = place,
      .priced = price::paid_for(catalogue_->find(place, asked), catalogue_->find(place, served))};
  return known_.emplace(look_up_, found).first->second;
}

// The row has the sums of its attempts. Those before the last that were charged were calls of their
// own, of which only input and output are known.
std::optional<RowPrices::RowCosts> RowPrices::costs(const ledger::StoredCall& row) {
  std::optional<codec::Usage> usage = usage_of(row);
  if (!usage) return std::nullopt;
  read_attempts(row, attempts_);
  std::string_view served = row.model_served;
  std::string_view asked = attempts_.empty() ? row.model_requested : attempts_.back().model;
  Found found = find(row.provider, asked, served);
  RowCosts costs;
  std::uint64_t input = 0;
  std::uint64_t output = 0;
  for (const RowAttempt& attempt : attempts_) {
    input += static_cast<std::uint64_t>(attempt.input);
    output += static_cast<std::uint64_t>(attempt.output);
  }
  bool are_sums = input == usage->input_tokens && output <= usage->output_tokens;
  std::span<const RowAttempt> earlier(attempts_);
  earlier = earlier.first(earlier.empty() || !are_sums ? 0 : earlier.size() - 1);
  for (const RowAttempt& attempt : earlier) {
    if (attempt.input + attempt.output == 0) continue;
    codec::Usage lost{.input_tokens = static_cast<std::uint64_t>(attempt.input),
                      .output_tokens = static_cast<std::uint64_t>(attempt.output)};
    usage->input_tokens -= lost.input_tokens;
    usage->output_tokens -= lost.output_tokens;
    bool same = attempt.provider == row.provider && attempt.model == asked;
    Found its = same ? found : find(attempt.provider, attempt.model, {});
    if (!add(costs, its, lost, row.started_at)) return std::nullopt;
  }
  if (!add(costs, found, *usage, row.started_at)) return std::nullopt;
  return costs;
}

bool RowPrices::add(RowCosts& costs, const Found& found, const codec::Usage& usage,
                    WallTime at) const {
  if (!found.priced) return false;
  price::Cost paid = price::cost_of(*catalogue_, found.place, found.priced, usage, at);
  if (!paid.complete) return false;
  costs.paid += paid;
  costs.list += price::list_cost_of(*catalogue_, found.place, found.priced, usage, at);
  return true;
}

}  // namespace recloser::books
