#include "books/row_reader.h"

#include "price/cost.h"

#include <algorithm>
#include <array>

namespace recloser::books {
namespace {

using codec::ServiceTier;

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

std::span<const OurCall> RowReader::read(const ledger::StoredCall& row) {
  calls_.clear();
  if (row.provider.empty()) return {};
  read_attempts(row, attempts_);
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

// Attempts before the last that were charged are calls of their own to who was asked: the row has
// the sums. How their input was divided is not known; they pass as estimates.
void RowReader::add_earlier(const ledger::StoredCall& row, OurCall& main) {
  if (attempts_.size() < 2) return;
  std::span<const RowAttempt> earlier = std::span(attempts_).first(attempts_.size() - 1);
  std::int64_t input = 0;
  for (const RowAttempt& attempt : attempts_) input += attempt.input;
  bool tokens_are_sums = row.input_tokens && input == *row.input_tokens;
  for (const RowAttempt& attempt : earlier) {
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
  std::string_view asked = attempts_.empty() ? std::string_view() : attempts_.back().model;
  const RowPrices::Found& found = prices_.find(call.provider, asked, call.model);
  if (!found.priced) return;
  auto price = [&](const codec::Usage& other) {
    return price::cost_of(prices_.catalogue(), found.place, found.priced, other, row.started_at);
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

}  // namespace recloser::books
