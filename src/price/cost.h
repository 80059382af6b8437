// cost_of: what a usage costs, to the nano-dollar; upper_bound: what a call may cost before it is
// made.
#pragma once

#include "codec/usage.h"
#include "core/money.h"
#include "core/time.h"
#include "price/catalogue.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace recloser::price {

// Every figure but `list` is what the operator pays: the contracted price where there is one.
struct Cost {
  NanoUsd total;
  // Its parts, which add up to it.
  NanoUsd input;  // neither cached nor written to a cache
  NanoUsd cached_input;
  NanoUsd cache_write;
  NanoUsd output;
  NanoUsd fees;  // beside tokens

  NanoUsd list;             // the same usage at list prices
  bool complete = true;     // false: something was used that has no price; the figures are the rest
  bool tier_is_own = true;  // false: its service tier has no prices; these are the standard ones
  std::optional<Rate> unpriced;  // the first rate that was missing

  // Adds the amounts. What is said of one cost alone (that it is complete, its tier) stays.
  Cost& operator+=(const Cost& more);
  friend bool operator==(const Cost&, const Cost&) = default;
};

// `priced` must not be empty; `at` is when the call was made. The iterations of a usage are priced
// at their own models, which are looked up at `place`.
Cost cost_of(const Catalogue& catalogue, Place place, const Priced& priced,
             const codec::Usage& usage, WallTime at);

// The same at list prices, with its parts.
Cost list_cost_of(const Catalogue& catalogue, Place place, const Priced& priced,
                  const codec::Usage& usage, WallTime at);

// Whether one of these has a price there: a web search, a file search, a session of code.
bool has_price(const Priced& priced, Rate rate, WallTime at);

// What a call may use at most. Figures that bound nothing (no limit known) are the caller's to
// find.
struct Bound {
  std::uint64_t input_tokens = 0;
  std::uint64_t output_tokens = 0;
  codec::ServiceTier tier = codec::ServiceTier::standard;
  bool audio = false;   // audio may be among the tokens
  bool images = false;  // images may be
  bool caches_for_1h = false;
  std::string_view geography;
  std::uint64_t audio_input_ms = 0;
  std::uint64_t web_searches = 0;
  std::uint64_t file_searches = 0;
  std::uint64_t code_sessions = 0;
};

// What a call costs at most, by how much it reads and writes; its prices are looked up once.
class UpperPrice {
 public:
  // For prompts within the bound; what they write is for of(). Nothing: something beside tokens has
  // no price.
  static std::optional<UpperPrice> find(const Priced& priced, const Bound& bound, WallTime at);

  // Rounded up. Nothing: some of these tokens have no price.
  std::optional<NanoUsd> of(std::uint64_t input_tokens, std::uint64_t output_tokens) const;

 private:
  UpperPrice() = default;

  std::optional<std::uint64_t> input_;  // for a million
  std::optional<std::uint64_t> output_;
  NanoUsd fees_;
  std::uint64_t token_factor_ = 0;
};

// Never below the cost of a usage within the bound: at the dearest tier that the size of the
// prompt may reach, every input token written to the cache where that is dearer, and the dearer
// of the two sources where they disagree. Rounded up. Nothing: something has no price.
std::optional<NanoUsd> upper_bound(const Priced& priced, const Bound& bound, WallTime at);

}  // namespace recloser::price
