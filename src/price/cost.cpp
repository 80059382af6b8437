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

struct TokenParts {
  NanoUsd input;
  NanoUsd cached_input;
  NanoUsd cache_write;
  NanoUsd output;
  NanoUsd total;
  std::optional<Rate> unpriced;
};

// The parts in the order in which they are rounded: each is the growth of the rounded sum, so that
// they add up to the total, which is rounded once.
constexpr std::array part_of_input{Rate::input, Rate::audio_input, Rate::image_input};
constexpr std::array part_of_cached{Rate::cached_input, Rate::cached_audio_input,
                                    Rate::cached_image_input};
constexpr std::array part_of_writes{Rate::cache_write, Rate::cache_write_1h};
constexpr std::array part_of_output{Rate::output, Rate::reasoning, Rate::audio_output,
                                    Rate::image_output};

class TokenSum {
 public:
  TokenSum(const Terms& terms, const Cells& cells) : terms_(terms), cells_(cells) {}

  TokenParts parts() {
    TokenParts parts;
    parts.input = grow(part_of_input);
    parts.cached_input = grow(part_of_cached);
    parts.cache_write = grow(part_of_writes);
    parts.output = grow(part_of_output);
    parts.total = rounded_;
    parts.unpriced = unpriced_;
    return parts;
  }

 private:
  NanoUsd grow(std::span<const Rate> rates) {
    Wide before = sum_;
    for (Rate rate : rates) {
      std::uint64_t tokens = cells_.tokens[static_cast<std::size_t>(rate)];
      if (tokens == 0) continue;
      if (terms_.rates->has(rate)) {
        sum_ += Wide{tokens} * static_cast<std::uint64_t>((*terms_.rates)[rate]);
      } else if (!unpriced_) {
        unpriced_ = rate;
      }
    }
    if (sum_ == before) return {};
    NanoUsd now = terms_.token_factor == factor_one
                      ? rounded_per_million(sum_)
                      : rounded(sum_ * terms_.token_factor, Wide{tokens_per_price} * factor_one);
    NanoUsd growth = now - rounded_;
    rounded_ = now;
    return growth;
  }

  const Terms& terms_;
  const Cells& cells_;
  Wide sum_ = 0;
  NanoUsd rounded_;
  std::optional<Rate> unpriced_;
};

struct Fees {
  NanoUsd total;
  std::optional<Rate> unpriced;
};

// One kind of fee, rounded by itself.
void add_fee(const Terms& terms, Rate rate, std::uint64_t count, std::uint64_t per,
             std::optional<std::int64_t> otherwise, Fees& fees) {
  if (count == 0) return;
  if (!terms.rates->has(rate) && !otherwise) {
    if (!fees.unpriced) fees.unpriced = rate;
    return;
  }
  std::int64_t price = terms.rates->has(rate) ? (*terms.rates)[rate] : *otherwise;
  fees.total += rounded(Wide{count} * static_cast<std::uint64_t>(price) * terms.fee_factor,
                        Wide{per} * factor_one);
}

Fees fees_of(const Terms& terms, const Priced& priced, const codec::Usage& usage) {
  Fees fees;
  if (terms.rates->has(Rate::request)) add_fee(terms, Rate::request, 1, 1, {}, fees);
  if (!usage.rare) return fees;
  const codec::RareUsage& rare = *usage.rare;
  std::optional<std::int64_t> session;
  if (priced.provider) session = priced.provider->code_session_nano;
  add_fee(terms, Rate::audio_hour, rare.audio_input_ms, ms_per_hour, {}, fees);
  add_fee(terms, Rate::web_search, rare.web_searches, 1, {}, fees);
  add_fee(terms, Rate::file_search, rare.file_searches, 1, {}, fees);
  add_fee(terms, Rate::code_session, rare.code_sessions, 1, session, fees);
  return fees;
}

// What one side (the list, the operator's terms) makes of a usage.
struct Side {
  TokenParts tokens;
  Fees fees;
  bool complete = true;
  bool tier_is_own = true;
};

// Audio that has a price by the hour and was told in seconds is not charged by the token as well.
bool audio_goes_by_time(const Terms& terms, const codec::Usage& usage) {
  return usage.rare && usage.rare->audio_input_ms > 0 && terms.rates->has(Rate::audio_hour) &&
         !terms.rates->has_own(Rate::audio_input);
}

void add_tokens(const Terms& terms, const codec::Usage& usage, Side& side) {
  if (!terms.rates) {
    side.complete = false;
    if (!side.tokens.unpriced) side.tokens.unpriced = Rate::input;
    return;
  }
  Cells cells = cells_of(usage);
  if (audio_goes_by_time(terms, usage)) {
    cells[Rate::audio_input] = 0;
    cells[Rate::cached_audio_input] = 0;
  }
  TokenParts parts = TokenSum(terms, cells).parts();
  side.tokens.input += parts.input;
  side.tokens.cached_input += parts.cached_input;
  side.tokens.cache_write += parts.cache_write;
  side.tokens.output += parts.output;
  side.tokens.total += parts.total;
  if (!side.tokens.unpriced) side.tokens.unpriced = parts.unpriced;
  if (parts.unpriced || terms.rates->beyond_usage) side.complete = false;
  if (!terms.tier_is_own) side.tier_is_own = false;
}

void add_fees(const Terms& terms, const Priced& priced, const codec::Usage& usage, Side& side) {
  if (!terms.rates) return;
  side.fees = fees_of(terms, priced, usage);
  if (side.fees.unpriced) side.complete = false;
}

struct Sides {
  Side paid;
  Side list;
  bool two = false;  // the operator has terms of its own
};

void add_iterations(const Catalogue& catalogue, Place place, const Priced& priced,
                    const codec::Usage& usage, WallTime at, Sides& sides) {
  for (const codec::Usage& iteration : usage.rare->iterations) {
    Priced its = priced;
    if (iteration.rare && !iteration.rare->model.empty())
      its = catalogue.find(place, iteration.rare->model);
    bool tier_said = iteration.tier != codec::ServiceTier::standard;
    BothTerms terms = terms_of(its, iteration.input_tokens, tier_said ? iteration.tier : usage.tier,
                               usage.rare->geography, at);
    if (its.contract) sides.two = true;
    add_tokens(terms.paid, iteration, sides.paid);
    add_tokens(terms.list, iteration, sides.list);
  }
}

Cost cost_from(const Sides& sides) {
  const Side& paid = sides.paid;
  const Side& list = sides.list;
  Cost cost;
  cost.input = paid.tokens.input;
  cost.cached_input = paid.tokens.cached_input;
  cost.cache_write = paid.tokens.cache_write;
  cost.output = paid.tokens.output;
  cost.fees = paid.fees.total;
  cost.total = paid.tokens.total + paid.fees.total;
  cost.list = list.tokens.total + list.fees.total;
  cost.complete = paid.complete;
  cost.tier_is_own = paid.tier_is_own;
  cost.unpriced = paid.tokens.unpriced ? paid.tokens.unpriced : paid.fees.unpriced;
  return cost;
}

}  // namespace

Cost cost_of(const Catalogue& catalogue, Place place, const Priced& priced,
             const codec::Usage& usage, WallTime at) {
  std::string_view geography;
  if (usage.rare) geography = usage.rare->geography;
  BothTerms terms = terms_of(priced, usage.input_tokens, usage.tier, geography, at);
  Sides sides;
  sides.two = priced.contract != nullptr;
  if (usage.rare && !usage.rare->iterations.empty()) {
    add_iterations(catalogue, place, priced, usage, at, sides);
  } else {
    add_tokens(terms.paid, usage, sides.paid);
    if (sides.two) add_tokens(terms.list, usage, sides.list);
  }
  add_fees(terms.paid, priced, usage, sides.paid);
  if (sides.two) {
    add_fees(terms.list, priced, usage, sides.list);
  } else {
    sides.list = sides.paid;
  }
  return cost_from(sides);
}

}  // namespace recloser::price
