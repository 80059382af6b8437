// upper_bound: the dearest that a call within a bound can be.
#include "price/cost.h"
#include "price/terms.h"

#include <algorithm>
#include <initializer_list>

namespace recloser::price {
namespace {

// The dearest price of a thing in every band that a prompt of up to so many tokens may reach.
class Dearest {
 public:
  Dearest(const Priced& priced, const Terms& terms, std::uint64_t input_tokens)
      : window_(*terms.window), input_tokens_(input_tokens) {
    if (priced.entry && !terms.of_contract) others_ = priced.entry->other;
  }

  std::optional<std::uint64_t> of(Rate rate) const {
    std::optional<std::uint64_t> dearest;
    for (const Schedule::Band& band : window_.bands) {
      if (band.above > 0 && input_tokens_ <= band.above) break;
      if (band.rates->has(rate)) take(dearest, (*band.rates)[rate]);
    }
    for (const Entry::Other& other : others_) {
      if (other.rate == rate) take(dearest, other.nano);
    }
    return dearest;
  }

  std::optional<std::uint64_t> of(std::initializer_list<Rate> rates) const {
    std::optional<std::uint64_t> dearest;
    for (Rate rate : rates) {
      if (auto price = of(rate)) dearest = std::max(dearest.value_or(0), *price);
    }
    return dearest;
  }

 private:
  static void take(std::optional<std::uint64_t>& dearest, std::int64_t price) {
    dearest = std::max(dearest.value_or(0), static_cast<std::uint64_t>(price));
  }

  const Schedule::Window& window_;
  std::span<const Entry::Other> others_;
  std::uint64_t input_tokens_;
};

std::optional<std::uint64_t> input_price(const Dearest& dearest, const Bound& bound) {
  if (!dearest.of(Rate::input) && !bound.audio && !bound.images) return std::nullopt;
  auto price = dearest.of({Rate::input, Rate::cached_input, Rate::cache_write});
  auto more = [&price](std::optional<std::uint64_t> other) {
    if (other) price = std::max(price.value_or(0), *other);
  };
  if (bound.caches_for_1h) more(dearest.of(Rate::cache_write_1h));
  if (bound.audio) more(dearest.of({Rate::audio_input, Rate::cached_audio_input}));
  if (bound.images) more(dearest.of({Rate::image_input, Rate::cached_image_input}));
  return price;
}

std::optional<std::uint64_t> output_price(const Dearest& dearest, const Bound& bound) {
  if (!dearest.of(Rate::output) && !bound.audio && !bound.images) return std::nullopt;
  auto price = dearest.of({Rate::output, Rate::reasoning});
  auto more = [&price](std::optional<std::uint64_t> other) {
    if (other) price = std::max(price.value_or(0), *other);
  };
  if (bound.audio) more(dearest.of(Rate::audio_output));
  if (bound.images) more(dearest.of(Rate::image_output));
  return price;
}

// Adds up what has a price; a thing in use without one makes the whole unknown.
class Fees {
 public:
  explicit Fees(const Terms& terms) : terms_(terms) {}

  template <class Price>
  void add(std::uint64_t count, Price price, std::uint64_t per = 1) {
    if (count == 0) return;
    std::optional<std::uint64_t> nano = price();
    if (!nano) {
      known_ = false;
      return;
    }
    sum_ += rounded_up(Wide{count} * *nano * terms_.fee_factor, Wide{per} * factor_one);
  }
  std::optional<NanoUsd> total() const { return known_ ? std::optional(sum_) : std::nullopt; }

 private:
  const Terms& terms_;
  NanoUsd sum_;
  bool known_ = true;
};

std::optional<std::uint64_t> session_price(const Priced& priced, const Dearest& dearest) {
  std::optional<std::uint64_t> session = dearest.of(Rate::code_session);
  if (!session && priced.provider && priced.provider->code_session_nano)
    session = static_cast<std::uint64_t>(*priced.provider->code_session_nano);
  return session;
}

}  // namespace

std::optional<NanoUsd> UpperPrice::of(std::uint64_t input_tokens,
                                      std::uint64_t output_tokens) const {
  if ((input_tokens != 0 && !input_) || (output_tokens != 0 && !output_)) return std::nullopt;
  Wide sum = Wide{input_tokens} * input_.value_or(0) + Wide{output_tokens} * output_.value_or(0);
  if (token_factor_ == factor_one) return fees_ + rounded_up(sum, tokens_per_price);
  return fees_ + rounded_up(sum * token_factor_, Wide{tokens_per_price} * factor_one);
}

std::optional<UpperPrice> UpperPrice::find(const Priced& priced, const Bound& bound, WallTime at) {
  Terms terms = terms_of(priced, bound.input_tokens, bound.tier, bound.geography, at).paid;
  if (!terms.rates || terms.rates->beyond_usage) return std::nullopt;
  Dearest dearest(priced, terms, bound.input_tokens);
  auto of = [&dearest](Rate rate) { return [&dearest, rate] { return dearest.of(rate); }; };
  Fees fees(terms);
  fees.add(1, [&dearest] { return std::optional(dearest.of(Rate::request).value_or(0)); });
  fees.add(bound.audio_input_ms, of(Rate::audio_hour), ms_per_hour);
  fees.add(bound.web_searches, of(Rate::web_search));
  fees.add(bound.file_searches, of(Rate::file_search));
  fees.add(bound.code_sessions, [&] { return session_price(priced, dearest); });
  if (!fees.total()) return std::nullopt;
  UpperPrice price;
  price.input_ = input_price(dearest, bound);
  price.output_ = output_price(dearest, bound);
  price.fees_ = *fees.total();
  price.token_factor_ = terms.token_factor;
  return price;
}

std::optional<NanoUsd> upper_bound(const Priced& priced, const Bound& bound, WallTime at) {
  std::optional<UpperPrice> price = UpperPrice::find(priced, bound, at);
  if (!price) return std::nullopt;
  return price->of(bound.input_tokens, bound.output_tokens);
}

}  // namespace recloser::price
