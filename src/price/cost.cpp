#include "price/cost.h"

#include "price/terms.h"

#include <algorithm>
#include <array>

namespace recloser::price {
namespace {

// Tokens by rate: each token of a usage in exactly one cell.
struct Cells {
  std::array<std::uint64_t, token_rate_count> tokens{};

  std::uint64_t& operator[](Rate rate) { return tokens[static_cast<std::size_t>(rate)]; }
};

// Takes a part off what is left of the whole. A part that a provider says is larger than the whole
// (a lie, or figures of two moments) is cut to it: nothing is charged twice.
std::uint64_t take(std::uint64_t& left, std::uint64_t part) {
  std::uint64_t taken = std::min(left, part);
  left -= taken;
  return taken;
}

std::uint64_t without(std::uint64_t whole, std::uint64_t part) {
  return whole - std::min(whole, part);
}

void split_rare(const codec::Usage& usage, std::uint64_t& input, std::uint64_t& output,
                Cells& cells) {
  const codec::RareUsage& rare = *usage.rare;
  std::uint64_t write_1h = std::min(rare.cache_write_1h_tokens, usage.cache_write_tokens);
  cells[Rate::cache_write_1h] = take(input, write_1h);
  cells[Rate::cache_write] = take(input, usage.cache_write_tokens - write_1h);
  cells[Rate::audio_input] =
      take(input, without(rare.audio_input_tokens, rare.cached_audio_tokens));
  cells[Rate::image_input] =
      take(input, without(rare.image_input_tokens, rare.cached_image_tokens));
  std::uint64_t cached = usage.cached_input_tokens;
  std::uint64_t cached_audio = take(cached, rare.cached_audio_tokens);
  std::uint64_t cached_image = take(cached, rare.cached_image_tokens);
  cells[Rate::cached_audio_input] = take(input, cached_audio);
  cells[Rate::cached_image_input] = take(input, cached_image);
  cells[Rate::cached_input] = take(input, cached);
  cells[Rate::audio_output] = take(output, rare.audio_output_tokens);
  cells[Rate::image_output] = take(output, rare.image_output_tokens);
}

Cells cells_of(const codec::Usage& usage) {
  Cells cells;
  std::uint64_t input = usage.input_tokens;
  std::uint64_t output = usage.output_tokens;
  if (usage.rare) {
    split_rare(usage, input, output, cells);
  } else {
    cells[Rate::cache_write] = take(input, usage.cache_write_tokens);
    cells[Rate::cached_input] = take(input, usage.cached_input_tokens);
  }
  cells[Rate::input] = input;
  cells[Rate::reasoning] = take(output, usage.reasoning_tokens);
  cells[Rate::output] = output;
  return cells;
}

// The parts in the order in which they are rounded: each is the growth of the rounded sum, so that
// they add up to the total, which is rounded once.
constexpr std::array part_of_input{Rate::input, Rate::audio_input, Rate::image_input};
constexpr std::array part_of_cached{Rate::cached_input, Rate::cached_audio_input,
                                    Rate::cached_image_input};
constexpr std::array part_of_writes{Rate::cache_write, Rate::cache_write_1h};
constexpr std::array part_of_output{Rate::output, Rate::reasoning, Rate::audio_output,
                                    Rate::image_output};

void lack(Cost& cost, Rate rate) {
  cost.complete = false;
  if (!cost.unpriced) cost.unpriced = rate;
}

// Adds the tokens of a usage, or of one iteration, to a cost.
class TokenSum {
 public:
  TokenSum(const Terms& terms, const Cells& cells, Cost& cost)
      : rates_(*terms.rates), factor_(terms.token_factor), cells_(cells), cost_(cost) {}

  void add() {
    cost_.input += grow(part_of_input);
    cost_.cached_input += grow(part_of_cached);
    cost_.cache_write += grow(part_of_writes);
    cost_.output += grow(part_of_output);
    cost_.total += rounded_;
  }

 private:
  template <std::size_t count>
  NanoUsd grow(const std::array<Rate, count>& rates) {
    Wide before = sum_;
    for (Rate rate : rates) {
      std::uint64_t tokens = cells_.tokens[static_cast<std::size_t>(rate)];
      if (tokens == 0) continue;
      if (!rates_.has(rate)) lack(cost_, rate);
      sum_ += Wide{tokens} * static_cast<std::uint64_t>(rates_[rate]);  // 0 where there is none
    }
    if (sum_ == before) return {};
    NanoUsd now = factor_ == factor_one
                      ? rounded_per_million(sum_)
                      : rounded(sum_ * factor_, Wide{tokens_per_price} * factor_one);
    NanoUsd growth = now - rounded_;
    rounded_ = now;
    return growth;
  }

  const Rates& rates_;
  std::uint64_t factor_;
  const Cells& cells_;
  Cost& cost_;
  Wide sum_ = 0;
  NanoUsd rounded_;
};

// One kind of fee, rounded by itself.
void add_fee(const Terms& terms, Rate rate, std::uint64_t count, std::uint64_t per,
             std::optional<std::int64_t> otherwise, Cost& cost) {
  if (count == 0) return;
  if (!terms.rates->has(rate) && !otherwise) return lack(cost, rate);
  std::int64_t price = terms.rates->has(rate) ? (*terms.rates)[rate] : *otherwise;
  NanoUsd fee = rounded(Wide{count} * static_cast<std::uint64_t>(price) * terms.fee_factor,
                        Wide{per} * factor_one);
  cost.fees += fee;
  cost.total += fee;
}

void add_fees(const Terms& terms, const Priced& priced, const codec::Usage& usage, Cost& cost) {
  if (!terms.rates) return;
  if (terms.rates->has(Rate::request)) add_fee(terms, Rate::request, 1, 1, {}, cost);
  if (!usage.rare) return;
  const codec::RareUsage& rare = *usage.rare;
  std::optional<std::int64_t> session;
  if (priced.provider) session = priced.provider->code_session_nano;
  add_fee(terms, Rate::audio_hour, rare.audio_input_ms, ms_per_hour, {}, cost);
  add_fee(terms, Rate::web_search, rare.web_searches, 1, {}, cost);
  add_fee(terms, Rate::file_search, rare.file_searches, 1, {}, cost);
  add_fee(terms, Rate::code_session, rare.code_sessions, 1, session, cost);
}

// Audio that has a price by the hour and was told in seconds is not charged by the token as well.
bool audio_goes_by_time(const Terms& terms, const codec::Usage& usage) {
  return usage.rare && usage.rare->audio_input_ms > 0 && terms.rates->has(Rate::audio_hour) &&
         !terms.rates->has_own(Rate::audio_input);
}

void add_tokens(const Terms& terms, const codec::Usage& usage, Cost& cost) {
  if (!terms.rates) return lack(cost, Rate::input);
  Cells cells = cells_of(usage);
  if (audio_goes_by_time(terms, usage)) {
    cells[Rate::audio_input] = 0;
    cells[Rate::cached_audio_input] = 0;
  }
  TokenSum(terms, cells, cost).add();
  if (terms.rates->beyond_usage) cost.complete = false;
  if (!terms.tier_is_own) cost.tier_is_own = false;
}

// What the operator's terms make of a usage, and what the list does.
struct Costs {
  Cost paid;
  Cost list;
};

void add_iterations(const Catalogue& catalogue, Place place, const Priced& priced,
                    const codec::Usage& usage, WallTime at, Costs& costs) {
  for (const codec::Usage& iteration : usage.rare->iterations) {
    Priced its = priced;
    if (iteration.rare && !iteration.rare->model.empty())
      its = catalogue.find(place, iteration.rare->model);
    bool tier_said = iteration.tier != codec::ServiceTier::standard;
    BothTerms terms = terms_of(its, iteration.input_tokens, tier_said ? iteration.tier : usage.tier,
                               usage.rare->geography, at);
    add_tokens(terms.paid, iteration, costs.paid);
    add_tokens(terms.list, iteration, costs.list);
  }
}

Costs costs_of(const Catalogue& catalogue, Place place, const Priced& priced,
               const codec::Usage& usage, WallTime at) {
  std::string_view geography = usage.rare ? std::string_view(usage.rare->geography) : "";
  BothTerms terms = terms_of(priced, usage.input_tokens, usage.tier, geography, at);
  Costs costs;
  if (usage.rare && !usage.rare->iterations.empty()) {
    add_iterations(catalogue, place, priced, usage, at, costs);
  } else {
    add_tokens(terms.paid, usage, costs.paid);
    add_tokens(terms.list, usage, costs.list);
  }
  add_fees(terms.paid, priced, usage, costs.paid);
  add_fees(terms.list, priced, usage, costs.list);
  costs.paid.list = costs.list.list = costs.list.total;
  return costs;
}

}  // namespace

Cost& Cost::operator+=(const Cost& more) {
  total += more.total;
  input += more.input;
  cached_input += more.cached_input;
  cache_write += more.cache_write;
  output += more.output;
  fees += more.fees;
  list += more.list;
  return *this;
}

Cost cost_of(const Catalogue& catalogue, Place place, const Priced& priced,
             const codec::Usage& usage, WallTime at) {
  bool iterated = usage.rare && !usage.rare->iterations.empty();
  if (priced.contract || iterated) return costs_of(catalogue, place, priced, usage, at).paid;
  std::string_view geography = usage.rare ? std::string_view(usage.rare->geography) : "";
  Terms terms = list_terms(priced, usage.input_tokens, usage.tier, geography, at);  // nearly always
  Cost cost;
  add_tokens(terms, usage, cost);
  add_fees(terms, priced, usage, cost);
  cost.list = cost.total;
  return cost;
}

bool has_price(const Priced& priced, Rate rate, WallTime at) {
  Terms paid = terms_of(priced, 0, codec::ServiceTier::standard, {}, at).paid;
  if (!paid.rates) return false;
  bool by_session = priced.provider && priced.provider->code_session_nano;
  return paid.rates->has(rate) || (rate == Rate::code_session && by_session);
}

Cost list_cost_of(const Catalogue& catalogue, Place place, const Priced& priced,
                  const codec::Usage& usage, WallTime at) {
  return costs_of(catalogue, place, priced, usage, at).list;
}

}  // namespace recloser::price
