#include "price/terms.h"

namespace recloser::price {
namespace {

std::uint64_t times(std::uint64_t factor, std::uint32_t factor_ppm) {
  return factor_ppm == ppm_one ? factor : factor * factor_ppm / ppm_one;
}

// 0: its provider has none for the model.
std::uint32_t batch_factor_ppm(const Priced& priced) {
  const Provider* provider = priced.provider;
  if (provider == nullptr) return 0;
  bool known = priced.entry == nullptr || provider->batch_models.matches(priced.entry->model);
  return known ? provider->batch_factor_ppm : 0;
}

Terms terms_in(const Schedule& schedule, const Priced& priced, codec::ServiceTier tier,
               bool tiers_are_ours, std::uint64_t input_tokens, WallTime at) {
  Terms terms;
  codec::ServiceTier asked = tiers_are_ours ? tier : codec::ServiceTier::standard;
  Schedule::Found found = schedule.at(at, asked);
  if (!found.window) return terms;
  terms.window = found.window;
  terms.rates = &rates_for(*found.window, input_tokens);
  if (tier != codec::ServiceTier::standard && (!found.tier_is_own || !tiers_are_ours)) {
    std::uint32_t batch = tier == codec::ServiceTier::batch ? batch_factor_ppm(priced) : 0;
    if (batch != 0) {
      terms.token_factor = times(terms.token_factor, batch);
    } else {
      terms.tier_is_own = false;
    }
  }
  terms.token_factor = times(terms.token_factor, priced.uplift_ppm);
  return terms;
}

// What the operator pays: own prices where they hold, else the list's less the discount.
Terms contract_terms(const Priced& priced, const Terms& list, codec::ServiceTier tier,
                     std::uint64_t input_tokens, WallTime at) {
  const Contract& contract = *priced.contract;
  Terms terms = terms_in(contract.own, priced, tier, true, input_tokens, at);
  terms.of_contract = terms.rates != nullptr;
  if (!terms.rates) terms = list;
  std::uint32_t kept_ppm = ppm_one - contract.discount_ppm;
  terms.token_factor = times(terms.token_factor, kept_ppm);
  terms.fee_factor = times(terms.fee_factor, kept_ppm);
  return terms;
}

void apply_geography(const Priced& priced, std::string_view geography, Terms& terms) {
  if (!priced.provider || geography.empty()) return;
  for (const GeographyFactor& known : priced.provider->geographies) {
    if (known.geography == geography) {
      terms.token_factor = times(terms.token_factor, known.factor_ppm);
      return;
    }
  }
}

}  // namespace

// Half to even.
NanoUsd rounded(Wide numerator, Wide denominator) {
  Wide whole = 0;
  Wide rest = 0;
  if (numerator <= UINT64_MAX && denominator <= UINT64_MAX) {  // nearly always, and much faster
    auto n = static_cast<std::uint64_t>(numerator);
    auto d = static_cast<std::uint64_t>(denominator);
    whole = n / d;
    rest = n % d;
  } else {
    whole = numerator / denominator;
    rest = numerator % denominator;
  }
  if (rest * 2 > denominator || (rest * 2 == denominator && (whole & 1) != 0)) ++whole;
  return {whole > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(whole)};
}

NanoUsd rounded_up(Wide numerator, Wide denominator) {
  if (numerator <= INT64_MAX && denominator <= UINT64_MAX) {  // nearly always, and much faster
    auto n = static_cast<std::uint64_t>(numerator);
    auto d = static_cast<std::uint64_t>(denominator);
    return {static_cast<std::int64_t>(n / d + (n % d != 0 ? 1 : 0))};
  }
  Wide whole = numerator / denominator + (numerator % denominator != 0 ? 1 : 0);
  return {whole > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(whole)};
}

Terms list_terms(const Priced& priced, std::uint64_t input_tokens, codec::ServiceTier tier,
                 std::string_view geography, WallTime at) {
  if (!priced.entry) return {};
  // A model lent by another provider has that one's prices, not its service tiers.
  bool tiers_are_ours = priced.entry->home == priced.provider;
  Terms terms = terms_in(priced.entry->list, priced, tier, tiers_are_ours, input_tokens, at);
  apply_geography(priced, geography, terms);
  return terms;
}

BothTerms terms_of(const Priced& priced, std::uint64_t input_tokens, codec::ServiceTier tier,
                   std::string_view geography, WallTime at) {
  BothTerms both{.list = list_terms(priced, input_tokens, tier, {}, at), .paid = {}};
  if (priced.contract) {
    if (!both.list.rates)  // a model that only the operator's list knows: its price is the list's
      both.list = terms_in(priced.contract->own, priced, tier, true, input_tokens, at);
    both.paid = contract_terms(priced, both.list, tier, input_tokens, at);
    apply_geography(priced, geography, both.paid);
  }
  apply_geography(priced, geography, both.list);
  if (!priced.contract) both.paid = both.list;
  return both;
}

}  // namespace recloser::price
