#include "simulated_month.h"

#include "codec/usage_text.h"
#include "price/cost.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::books::test {
namespace {

using codec::ServiceTier;
using price::Rate;

// Tokens of each rate, for a sum that shares nothing with price::cost_of but the table of prices.
struct Line {
  std::uint32_t tokens;
  Rate rate;
};

Wide half_to_even(Wide value, Wide unit) {
  Wide whole = value / unit;
  Wide rest = value % unit;
  bool up = rest * 2 > unit || (rest * 2 == unit && whole % 2 != 0);
  return up ? whole + 1 : whole;
}

}  // namespace

const std::vector<Model>& models() {
  static const std::vector<Model> all{
      {.provider = "openai", .served = "gpt-4o-mini-2024-07-18", .caches = true},
      {.provider = "openai", .served = "gpt-4.1-2025-04-14", .caches = true},
      {.provider = "openai", .served = "gpt-5.1-2025-11-13", .caches = true, .has_tiers = true},
      {.provider = "anthropic",
       .served = "claude-sonnet-4-5-20250929",
       .caches = true,
       .writes_cache = true,
       .searches = true},
      {.provider = "anthropic",
       .served = "claude-haiku-4-5-20251001",
       .caches = true,
       .writes_cache = true},
      {.provider = "google", .served = "gemini-2.5-pro", .caches = true}};
  return all;
}

Month::Month(std::size_t calls, std::uint64_t seed) : catalogue_(price::Catalogue::shipped()) {
  for (const Model& model : models()) {
    price::Place place = catalogue_->place_named(model.provider);
    terms_.push_back({.place = place, .priced = catalogue_->find(place, model.served)});
    EXPECT_TRUE(terms_.back().priced && terms_.back().priced.entry) << model.served;
  }
  Random random(seed);
  CallIdMaker ids(seed);
  constexpr std::int64_t day_ns = 86'400'000'000'000;
  std::int64_t step = days * day_ns / static_cast<std::int64_t>(calls);
  calls_.reserve(calls);
  for (std::size_t i = 0; i < calls; ++i) {
    auto jitter = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(step)));
    WallTime at{begin.ns + static_cast<std::int64_t>(i) * step + jitter};
    calls_.push_back(draw(random, at, ids.next(at)));
  }
}

TrueCall Month::draw(Random& random, WallTime at, CallId id) const {
  auto chance = [&](std::uint64_t percent) { return random.below(100) < percent; };
  auto up_to = [&](std::uint64_t most) {
    return static_cast<std::uint32_t>(random.below(most + 1));
  };
  TrueCall call{.at = at, .id = id};
  call.model = static_cast<std::uint8_t>(random.below(models().size()));
  const Model& model = models()[call.model];
  bool long_prompt = chance(1);  // beyond the cliff of those that have one
  call.input = long_prompt ? 150'000 + up_to(150'000) : 50 + up_to(20'000);
  call.output = 1 + up_to(2'000);
  if (model.caches && chance(40)) call.cached = up_to(call.input);
  if (model.writes_cache && chance(20)) call.written = up_to(call.input - call.cached);
  if (call.written != 0 && chance(30)) call.written_1h = up_to(call.written);
  if (model.searches && chance(2)) call.searches = 1 + up_to(3);
  constexpr std::array tiers{ServiceTier::flex, ServiceTier::priority};
  if (model.has_tiers && chance(20)) call.tier = tiers[random.below(tiers.size())];
  return call;
}

// The rates are looked up as a reader of the price list would; the sum is ours.
std::optional<Wide> Month::tokens_of(const TrueCall& call, const Fault& fault) const {
  ServiceTier tier = fault.tier.value_or(call.tier);
  price::Schedule::Found found = terms_[call.model].priced.entry->list.at(call.at, tier);
  if (found.window == nullptr || !found.tier_is_own) return std::nullopt;
  const price::Rates& rates = price::rates_for(*found.window, call.input);
  std::uint32_t cached = fault.cached_as_input ? 0 : call.cached;
  const std::array lines{Line{.tokens = call.input - cached - call.written, .rate = Rate::input},
                         Line{.tokens = cached, .rate = Rate::cached_input},
                         Line{.tokens = call.written - call.written_1h, .rate = Rate::cache_write},
                         Line{.tokens = call.written_1h, .rate = Rate::cache_write_1h},
                         Line{.tokens = call.output, .rate = Rate::output}};
  Wide sum = 0;
  for (const Line& line : lines) {
    EXPECT_TRUE(line.tokens == 0 || rates.has(line.rate));
    sum += Wide{line.tokens} * rates[line.rate];
  }
  return sum;
}

Wide Month::fees_of(const TrueCall& call) const {
  if (call.searches == 0) return 0;
  price::Schedule::Found found = terms_[call.model].priced.entry->list.at(call.at, call.tier);
  const price::Rates& rates = price::rates_for(*found.window, call.input);
  return Wide{call.searches} * rates[Rate::web_search] * femto_per_nano;
}

std::optional<Wide> Month::cost_of(const TrueCall& call, const Fault& fault) const {
  std::optional<Wide> tokens = tokens_of(call, fault);
  return tokens ? std::optional(*tokens + fees_of(call)) : std::nullopt;
}

std::int64_t Month::nano_of(const TrueCall& call) const {
  Wide tokens = tokens_of(call, {}).value_or(0);
  return static_cast<std::int64_t>(half_to_even(tokens, femto_per_nano) +
                                   fees_of(call) / femto_per_nano);
}

void Month::book(ledger::Store& store) const {
  constexpr std::size_t batch = 1'000;
  constexpr ledger::CallOpening who{.operation = "chat",
                                    .client_dialect = "openai",
                                    .key_id = "ci",
                                    .org = "acme",
                                    .team = "search",
                                    .user = "ada",
                                    .agent = "crawler"};
  std::vector<std::unique_ptr<ledger::CallRecord>> room;
  std::vector<const ledger::CallRecord*> records;
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    const TrueCall& call = calls_[i];
    const Model& model = models()[call.model];
    codec::Usage usage{.input_tokens = call.input,
                       .output_tokens = call.output,
                       .cached_input_tokens = call.cached,
                       .cache_write_tokens = call.written,
                       .tier = call.tier};
    if (call.written_1h != 0) usage.rare.make().cache_write_1h_tokens = call.written_1h;
    if (call.searches != 0) usage.rare.make().web_searches = call.searches;
    const Terms& terms = terms_[call.model];
    price::Cost cost = price::cost_of(*catalogue_, terms.place, terms.priced, usage, call.at);
    auto record = std::make_unique<ledger::CallRecord>(call.id, call.at, who);
    ledger::Attempt* attempt =
        record->begin_attempt(fmt::format("{}/{}", model.provider, model.served), call.at);
    record->set_provider_request_id(*attempt, request_id_of(call));
    attempt->cost_nano_usd = cost.total.count;
    attempt->input_tokens = call.input;
    attempt->output_tokens = call.output;
    attempt->outcome = ledger::Outcome::completed;
    record->set(ledger::Text::model_requested, model.served);
    record->set(ledger::Text::provider, model.provider);
    record->set(ledger::Text::model_served, model.served);
    record->set(ledger::Text::price_version, catalogue_->version());
    record->set(ledger::Text::rare_usage, codec::text_of_rare(usage));
    record->set(ledger::Text::session, fmt::format("session-{}", i % 1'000));
    record->set(ledger::Text::labels, i % 3 == 0 ? "nightly,batch" : "");
    record->duration_ns = 1'000'000'000;
    record->input_tokens = call.input;
    record->cached_input_tokens = call.cached;
    record->cache_write_tokens = call.written;
    record->output_tokens = call.output;
    record->tokens_source = ledger::TokensSource::exact;
    record->cost_source = ledger::CostSource::catalogue;
    record->cost_nano_usd = cost.total.count;
    record->list_cost_nano_usd = cost.list.count;
    record->fees_nano_usd = cost.fees.count;
    record->input_cost_nano_usd = cost.input.count;
    record->cached_cost_nano_usd = cost.cached_input.count;
    record->cache_write_cost_nano_usd = cost.cache_write.count;
    record->output_cost_nano_usd = cost.output.count;
    record->status = 200;
    record->outcome = ledger::Outcome::completed;
    records.push_back(record.get());
    room.push_back(std::move(record));
    if (records.size() < batch && i + 1 < calls_.size()) continue;
    Result<std::size_t> stored = store.insert_calls(records);
    ASSERT_TRUE(stored) << stored.error().message();
    ASSERT_EQ(*stored, records.size());
    records.clear();
    room.clear();
  }
}

std::string request_id_of(const TrueCall& call) { return "req-" + call.id.str(); }

std::string text_of(Wide femto) {
  constexpr Wide femto_per_usd = 1'000'000'000'000'000;
  return fmt::format("{}.{:015}", static_cast<std::int64_t>(femto / femto_per_usd),
                     static_cast<std::int64_t>(femto % femto_per_usd));
}

}  // namespace recloser::books::test
