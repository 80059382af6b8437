#include "price/cost.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::price {
namespace {

const Catalogue& shipped() {
  static const std::shared_ptr<const Catalogue> catalogue = Catalogue::shipped();
  return *catalogue;
}

WallTime day(std::string_view date) {
  return parse_rfc3339(std::string(date) + (date.size() > 10 ? "" : "T12:00:00Z")).value();
}

Cost cost(std::string_view provider, std::string_view model, const codec::Usage& usage,
          std::string_view at = "2026-11-21") {
  Place place = shipped().place_named(provider);
  Priced priced = shipped().find(place, model);
  EXPECT_TRUE(priced) << model;
  return cost_of(shipped(), place, priced, usage, day(at));
}

codec::Usage usage(std::uint64_t input, std::uint64_t output, std::uint64_t cached = 0,
                   std::uint64_t written = 0) {
  return {.input_tokens = input,
          .output_tokens = output,
          .cached_input_tokens = cached,
          .cache_write_tokens = written};
}

TEST(Cost, TheExampleOfTheContract) {
  EXPECT_EQ(text_of(cost("openai", "gpt-4o-mini", usage(1234, 567)).total), "0.000525300");
  EXPECT_EQ(text_of(cost("simulated", "sim-t400", usage(1234, 567)).total), "0.000525300");
}

TEST(Cost, PartsAddUpToTheTotal) {
  Cost sonnet = cost("anthropic", "claude-sonnet-4-5", usage(10'000, 777, 4'000, 1'000));
  EXPECT_EQ(text_of(sonnet.input), "0.015000000");
  EXPECT_EQ(text_of(sonnet.cached_input), "0.001200000");
  EXPECT_EQ(text_of(sonnet.cache_write), "0.003750000");
  EXPECT_EQ(text_of(sonnet.output), "0.011655000");
  EXPECT_EQ(sonnet.total, sonnet.input + sonnet.cached_input + sonnet.cache_write + sonnet.output);
  EXPECT_EQ(sonnet.list, sonnet.total);
  EXPECT_TRUE(sonnet.complete);
}

TEST(Cost, ALongerCacheWriteCostsMore) {
  codec::Usage written = usage(2'000, 0, 0, 2'000);
  written.rare.make().cache_write_1h_tokens = 1'500;
  EXPECT_EQ(text_of(cost("anthropic", "claude-sonnet-4-5", written).cache_write), "0.010875000");
}

TEST(Cost, LongPromptsAreACliff) {
  EXPECT_EQ(text_of(cost("google", "gemini-2.5-pro", usage(200'000, 10)).total), "0.250100000");
  EXPECT_EQ(text_of(cost("google", "gemini-2.5-pro", usage(200'001, 10)).total), "0.500152500");
}

TEST(Cost, PricesOfTheTimeOfTheCall) {
  codec::Usage million = usage(1'000'000, 0);
  EXPECT_EQ(text_of(cost("deepseek", "deepseek-flash", million, "2026-11-21T00:59:59Z").total),
            "0.150000000");
  EXPECT_EQ(text_of(cost("deepseek", "deepseek-flash", million, "2026-11-21T01:00:00Z").total),
            "0.300000000");
  EXPECT_EQ(text_of(cost("deepseek", "deepseek-flash", million, "2026-11-21T04:00:00Z").total),
            "0.150000000");
  EXPECT_EQ(text_of(cost("google", "gemini-3.8-flash", usage(1'000, 0), "2026-12-31").total),
            "0.000750000");
  EXPECT_EQ(text_of(cost("google", "gemini-3.8-flash", usage(1'000, 0), "2027-01-01").total),
            "0.001500000");
}

TEST(Cost, ServiceTiers) {
  codec::Usage flex = usage(1'000'000, 0);
  flex.tier = codec::ServiceTier::flex;
  EXPECT_EQ(text_of(cost("openai", "gpt-5.1", flex).total), "0.625000000");
  flex.tier = codec::ServiceTier::priority;
  EXPECT_EQ(text_of(cost("openai", "gpt-5.1", flex).total), "2.500000000");
  EXPECT_TRUE(cost("openai", "gpt-5.1", flex).tier_is_own);
  flex.tier = codec::ServiceTier::batch;
  EXPECT_EQ(text_of(cost("openai", "gpt-5.1", flex, "2026-01-01").total), "0.625000000")
      << "before the catalogue has batch prices: half of the standard ones";
  flex.tier = codec::ServiceTier::priority;
  Cost standard = cost("anthropic", "claude-3-haiku-20240307", flex);
  EXPECT_FALSE(standard.tier_is_own);
  flex.tier = codec::ServiceTier::standard;
  EXPECT_EQ(standard.total, cost("anthropic", "claude-3-haiku-20240307", flex).total);
}

// Azure has batches of OpenAI's models, not of those that it offers beside them.
TEST(Cost, ABatchFactorIsOfTheModelsThatHaveIt) {
  codec::Usage batch = usage(1'000'000, 0);
  batch.tier = codec::ServiceTier::batch;
  EXPECT_EQ(text_of(cost("azure", "gpt-5.1", batch, "2026-01-01").total), "0.625000000");
  codec::Usage standard = usage(1'000'000, 0);
  for (std::string_view other : {"deepseek-chat", "claude-3-haiku-20240307", "phi-4"}) {
    Cost there = cost("azure", other, batch);
    EXPECT_GT(there.total.count, 0) << other;
    EXPECT_EQ(there.total, cost("azure", other, standard).total) << other;
    EXPECT_FALSE(there.tier_is_own) << other;
  }
}

TEST(Cost, SumsHaveEveryAmount) {
  Cost sum{.total = {1},
           .input = {2},
           .cached_input = {3},
           .cache_write = {4},
           .output = {5},
           .fees = {6},
           .list = {7},
           .complete = false};
  sum += {.total = {10},
          .input = {20},
          .cached_input = {30},
          .cache_write = {40},
          .output = {50},
          .fees = {60},
          .list = {70}};
  EXPECT_EQ(sum, (Cost{.total = {11},
                       .input = {22},
                       .cached_input = {33},
                       .cache_write = {44},
                       .output = {55},
                       .fees = {66},
                       .list = {77},
                       .complete = false}));
}

TEST(Cost, FeesStandBesideTokens) {
  codec::Usage searched = usage(1'000, 100);
  searched.rare.make().web_searches = 3;
  searched.rare.make().code_sessions = 1;
  Cost searching = cost("openai", "gpt-5.1", searched);
  EXPECT_EQ(text_of(searching.fees), "0.060000000");
  EXPECT_EQ(text_of(searching.total), "0.062250000");
  EXPECT_TRUE(searching.complete);
}

TEST(Cost, AudioByTheHourIsNotChargedByTheTokenAsWell) {
  codec::Usage heard = usage(384, 201);
  heard.rare.make().audio_input_tokens = 375;
  heard.rare.make().audio_input_ms = 4'000;
  Cost hearing = cost("mistral", "voxtral-small-latest", heard);
  EXPECT_EQ(text_of(hearing.input), "0.000000900");
  EXPECT_EQ(text_of(hearing.fees), "0.000266667");
  heard.rare.make().audio_input_ms = 0;
  EXPECT_EQ(text_of(cost("mistral", "voxtral-small-latest", heard).input), "0.000038400");
}

TEST(Cost, AFeeWithoutAPriceIsNotZero) {
  codec::Usage searched = usage(1'000, 100);
  searched.rare.make().web_searches = 1;
  Cost unknown = cost("groq", "llama-3.3-70b-versatile", searched);
  EXPECT_FALSE(unknown.complete);
  EXPECT_EQ(unknown.unpriced, Rate::web_search);
}

TEST(Cost, IterationsAtTheirOwnModels) {
  codec::Usage both = usage(3'000, 300);
  both.rare.make().iterations.push_back(usage(1'000, 100));
  both.rare.make().iterations.push_back(usage(2'000, 200));
  both.rare.make().iterations.back().rare.make().model = "claude-haiku-4-5";
  EXPECT_EQ(text_of(cost("anthropic", "claude-opus-4-8", both).total), "0.010500000");
  both.rare.make().iterations.back().rare.make().model = "no-such-model";
  EXPECT_FALSE(cost("anthropic", "claude-opus-4-8", both).complete);
}

TEST(Cost, GeographyMultipliesTokensOnly) {
  codec::Usage us = usage(1'000, 0);
  us.rare.make().geography = "us";
  us.rare.make().web_searches = 1;
  EXPECT_EQ(text_of(cost("anthropic", "claude-opus-4-8", us).total), "0.015500000");
}

TEST(UpperBound, CoversTheDearestThatMayHappen) {
  Priced pro = shipped().find(shipped().place_named("google"), "gemini-2.5-pro");
  Bound bound{.input_tokens = 200'001, .output_tokens = 10};
  EXPECT_EQ(text_of(upper_bound(pro, bound, day("2026-11-21")).value()), "0.500152500");
  Priced sonnet = shipped().find(shipped().place_named("anthropic"), "claude-sonnet-4-5");
  bound = {.input_tokens = 1'000, .output_tokens = 0};
  EXPECT_EQ(text_of(upper_bound(sonnet, bound, day("2026-11-21")).value()), "0.003750000")
      << "all of it may be written to the cache";
  bound.caches_for_1h = true;
  EXPECT_EQ(text_of(upper_bound(sonnet, bound, day("2026-11-21")).value()), "0.006000000");
}

}  // namespace
}  // namespace recloser::price
