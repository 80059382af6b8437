#include "books/row_reader.h"

#include "codec/usage_text.h"
#include "core/money.h"
#include "price/cost.h"

#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

namespace recloser::books {
namespace {

using codec::ServiceTier;

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

Counts counts_of(const codec::Usage& usage) {
  auto number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
  std::uint64_t parts = usage.cached_input_tokens + usage.cache_write_tokens;
  Counts counts;
  counts[Count::requests] = 1;
  counts[Count::input] = number(usage.input_tokens);
  counts[Count::fresh_input] = number(usage.input_tokens - std::min(usage.input_tokens, parts));
  counts[Count::cached_input] = number(usage.cached_input_tokens);
  counts[Count::cache_write] = number(usage.cache_write_tokens);
  counts[Count::output] = number(usage.output_tokens);
  if (usage.rare) {
    counts[Count::cache_write_1h] = number(usage.rare->cache_write_1h_tokens);
    counts[Count::web_searches] = number(usage.rare->web_searches);
  }
  return counts;
}

void without_cached(codec::Usage& usage) {
  usage.cached_input_tokens = 0;
  if (!usage.rare) return;
  usage.rare->cached_audio_tokens = 0;
  usage.rare->cached_image_tokens = 0;
  for (codec::Usage& turn : usage.rare->iterations) turn.cached_input_tokens = 0;
}

void without_long_writes(codec::Usage& usage) {
  if (!usage.rare) return;
  usage.rare->cache_write_1h_tokens = 0;
  for (codec::Usage& turn : usage.rare->iterations) {
    if (turn.rare) turn.rare->cache_write_1h_tokens = 0;
  }
}

void without_writes(codec::Usage& usage) {
  without_long_writes(usage);
  usage.cache_write_tokens = 0;
  if (!usage.rare) return;
  for (codec::Usage& turn : usage.rare->iterations) turn.cache_write_tokens = 0;
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

void RowReader::set_place(std::string provider, price::Place place) {
  places_.insert_or_assign(std::move(provider), place);
}

std::span<const OurCall> RowReader::read(const ledger::StoredCall& row) {
  calls_.clear();
  if (row.provider.empty()) return {};
  read_attempts(row);
  id_ = row.id.str();
  std::optional<codec::Usage> usage = usage_of(row);
  OurCall call{.started = row.started_at,
               .ended = row.started_at + Duration(row.duration_ns.value_or(0)),
               .id = id_,
               .provider = row.provider,
               .model = row.model_served.empty() ? row.model_requested : row.model_served,
               .request_id = attempts_.empty() ? std::string_view() : attempts_.back().request_id,
               .counts = counts_of(usage.value_or(codec::Usage{})),
               .exact = row.tokens_source != ledger::TokensSource::estimated,
               .priced = row.cost_nano_usd.has_value()};
  call.cost = Amount::of({row.cost_nano_usd.value_or(0)});
  call.fees = Amount::of({row.fees_nano_usd.value_or(0)});
  call.otherwise.fill(call.cost);
  if (usage && call.priced) add_other_costs(row, *usage, call);
  add_earlier(row, call);
  calls_.push_back(call);
  return calls_;
}

void RowReader::read_attempts(const ledger::StoredCall& row) {
  attempts_.clear();
  boost::system::error_code error;
  boost::json::value list = boost::json::parse(row.attempts, error);
  if (error || !list.is_array()) return;
  for (const boost::json::value& item : list.get_array()) {
    if (!item.is_object()) continue;
    const boost::json::object& object = item.get_object();
    std::string target = text_of_member(object, "target");
    std::size_t slash = std::min(target.find('/'), target.size());
    Attempt attempt{.provider = target.substr(0, slash),
                    .model = target.substr(std::min(slash + 1, target.size())),
                    .request_id = text_of_member(object, "provider_request_id"),
                    .input = std::max<std::int64_t>(number_of_member(object, "input_tokens"), 0),
                    .output = std::max<std::int64_t>(number_of_member(object, "output_tokens"), 0)};
    if (Result<std::int64_t> cost = parse_decimal(text_of_member(object, "cost_usd"), 9)) {
      attempt.cost_nano = *cost;
      attempt.priced = true;
    }
    attempts_.push_back(std::move(attempt));
  }
}

// Attempts before the last that were charged are calls of their own to who was asked: the row has
// the sums. How their input was divided is not known; they pass as estimates.
void RowReader::add_earlier(const ledger::StoredCall& row, OurCall& main) {
  if (attempts_.size() < 2) return;
  std::span<const Attempt> earlier = std::span(attempts_).first(attempts_.size() - 1);
  std::int64_t input = 0;
  for (const Attempt& attempt : attempts_) input += attempt.input;
  bool tokens_are_sums = row.input_tokens && input == *row.input_tokens;
  for (const Attempt& attempt : earlier) {
    if (attempt.input + attempt.output == 0 && attempt.cost_nano == 0) continue;
    OurCall call = main;
    call.provider = attempt.provider;
    call.model = attempt.model;
    call.request_id = attempt.request_id;
    call.counts = Counts{};
    call.counts[Count::requests] = 1;
    call.counts[Count::input] = call.counts[Count::fresh_input] = attempt.input;
    call.counts[Count::output] = attempt.output;
    call.exact = false;
    call.priced = attempt.priced;
    call.cost = Amount::of({attempt.cost_nano});
    call.fees = {};
    call.otherwise.fill(call.cost);
    calls_.push_back(call);
    main.cost = main.cost - call.cost;
    for (Amount& other : main.otherwise) other = other - call.cost;
    if (!tokens_are_sums) continue;
    for (Count kind : {Count::input, Count::fresh_input}) main.counts[kind] -= attempt.input;
    main.counts[Count::output] -= attempt.output;
  }
}

// As the difference to what the same prices make of the row itself: what was booked may be the
// provider's own figure, or of a price list before this one.
void RowReader::add_other_costs(const ledger::StoredCall& row, const codec::Usage& usage,
                                OurCall& call) {
  const std::pair<price::Place, price::Priced>& found = priced(call.provider, call.model);
  if (!found.second) return;
  auto price = [&](const codec::Usage& other) {
    return price::cost_of(*catalogue_, found.first, found.second, other, row.started_at);
  };
  price::Cost now = price(usage);
  if (!now.complete) return;
  auto set = [&](Otherwise way, NanoUsd total) {
    call.otherwise[std::size_t(way)] = call.cost + Amount::of(total - now.total);
  };
  set(Otherwise::list, now.list);
  call.otherwise[std::size_t(Otherwise::catalogue)] = Amount::of(now.total);
  bool caches = usage.cached_input_tokens != 0 || usage.cache_write_tokens != 0;
  if (caches) {
    codec::Usage other = usage;
    without_cached(other);
    set(Otherwise::cached_as_input, price(other).total);
    other = usage;
    without_writes(other);
    set(Otherwise::cache_write_as_input, price(other).total);
    other = usage;
    without_long_writes(other);
    set(Otherwise::cache_write_1h_as_5m, price(other).total);
  }
  constexpr std::array tiers{std::pair(ServiceTier::standard, Otherwise::standard),
                             std::pair(ServiceTier::batch, Otherwise::batch),
                             std::pair(ServiceTier::flex, Otherwise::flex),
                             std::pair(ServiceTier::priority, Otherwise::priority),
                             std::pair(ServiceTier::fast, Otherwise::fast)};
  codec::Usage other = usage;
  for (const auto& [tier, way] : tiers) {
    if (tier == usage.tier) continue;
    other.tier = tier;
    price::Cost cost = price(other);
    if (cost.tier_is_own) set(way, cost.total);
  }
}

const std::pair<price::Place, price::Priced>& RowReader::priced(std::string_view provider,
                                                                std::string_view model) {
  look_up_.assign(provider);
  look_up_ += '/';
  look_up_ += model;
  auto known = known_.find(look_up_);
  if (known != known_.end()) return known->second;
  auto at = places_.find(provider);
  price::Place place = at != places_.end() ? at->second : catalogue_->place_named(provider);
  price::Priced terms = catalogue_->find(place, model);
  return known_.emplace(look_up_, std::pair(place, terms)).first->second;
}

}  // namespace recloser::books
