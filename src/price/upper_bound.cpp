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
class Sum {
 public:
  explicit Sum(const Terms& terms) : terms_(terms) {}

  void tokens(std::uint64_t count, std::optional<std::uint64_t> price) {
    if (count == 0) return;
    if (!price) {
      known_ = false;
      return;
    }
    tokens_ += Wide{count} * *price;
  }
  void fee(std::uint64_t count, std::optional<std::uint64_t> price, std::uint64_t per) {
    if (count == 0) return;
    if (!price) {
      known_ = false;
      return;
    }
    fees_ += rounded_up(Wide{count} * *price * terms_.fee_factor, Wide{per} * factor_one);
  }
  std::optional<NanoUsd> total() const {
    if (!known_) return std::nullopt;
    return fees_ + rounded_up(tokens_ * terms_.token_factor, Wide{tokens_per_price} * factor_one);
  }

 private:
  const Terms& terms_;
  Wide tokens_ = 0;
  NanoUsd fees_;
  bool known_ = true;
};

}  // namespace

std::optional<NanoUsd> upper_bound(const Priced& priced, const Bound& bound, WallTime at) {
  Terms terms = terms_of(priced, bound.input_tokens, bound.tier, bound.geography, at).paid;
  if (!terms.rates || terms.rates->beyond_usage) return std::nullopt;
  Dearest dearest(priced, terms, bound.input_tokens);
  std::optional<std::uint64_t> session = dearest.of(Rate::code_session);
  if (!session && priced.provider && priced.provider->code_session_nano)
    session = static_cast<std::uint64_t>(*priced.provider->code_session_nano);
  Sum sum(terms);
  sum.tokens(bound.input_tokens, input_price(dearest, bound));
  sum.tokens(bound.output_tokens, output_price(dearest, bound));
  sum.fee(1, dearest.of(Rate::request).value_or(0), 1);
  sum.fee(bound.audio_input_ms, dearest.of(Rate::audio_hour), ms_per_hour);
  sum.fee(bound.web_searches, dearest.of(Rate::web_search), 1);
  sum.fee(bound.file_searches, dearest.of(Rate::file_search), 1);
  sum.fee(bound.code_sessions, session, 1);
  return sum.total();
}

}  // namespace recloser::price
