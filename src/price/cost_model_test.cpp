// Costs against a slow model that knows nothing of the arithmetic under test: random price lists,
// random usages, prices as decimal texts.
#include "core/ids.h"
#include "price/cost.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::price {
namespace {

__extension__ using Big = __int128;

using PriceTexts = std::map<std::string, std::string>;  // rate -> "1.25"

// "1.25" as nano-dollars, by moving digits.
Big nano_of(const std::string& text) {
  std::size_t point = text.find('.');
  std::string digits = text.substr(0, point);
  std::string places = point == text.npos ? "" : text.substr(point + 1);
  places.resize(9, '0');
  Big value = 0;
  for (char c : digits + places) value = value * 10 + (c - '0');
  return value;
}

Big divided_half_even(Big numerator, Big denominator) {
  Big below = numerator / denominator;
  Big twice = 2 * (numerator - below * denominator);
  if (twice < denominator) return below;
  if (twice > denominator) return below + 1;
  return below % 2 == 0 ? below : below + 1;
}

struct Case {
  PriceTexts base;
  PriceTexts above;  // of the same rates
  std::uint64_t start = 0;
  std::uint64_t input = 0, cached = 0, write = 0, write_1h = 0, audio = 0, image = 0;
  std::uint64_t output = 0, reasoning = 0, audio_out = 0, searches = 0;
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t up_to(std::uint64_t most) { return random_.below(most + 1); }
  bool once_in(std::uint64_t times) { return up_to(times - 1) == 0; }
  std::string price() {
    return fmt::format("{}.{:06}", once_in(8) ? up_to(5'000) : up_to(30), up_to(999'999));
  }

 private:
  Random random_;
};

Case random_case(Dice& random) {
  Case made;
  made.start = 1 + random.up_to(400'000);
  for (const char* rate : {"input", "output"}) {
    made.base[rate] = random.price();
    made.above[rate] = random.price();
  }
  for (const char* rate : {"cachedInput", "cacheWrite", "cacheWrite1h", "audioInput", "imageInput",
                           "reasoning", "audioOutput"}) {
    if (random.once_in(2)) continue;
    made.base[rate] = random.price();
    made.above[rate] = random.price();
  }
  std::uint64_t left = random.once_in(10) ? made.start + random.up_to(2) : random.up_to(900'000);
  if (random.once_in(50)) left = 1'000'000'000'000;
  made.input = left;
  for (std::uint64_t* part : {&made.cached, &made.write, &made.audio, &made.image}) {
    if (random.once_in(2)) continue;
    *part = random.up_to(left);
    left -= *part;
  }
  made.write_1h = random.up_to(made.write);
  made.output = random.up_to(50'000);
  made.reasoning = random.once_in(2) ? 0 : random.up_to(made.output);
  made.audio_out = random.once_in(2) ? 0 : random.up_to(made.output - made.reasoning);
  made.searches = random.once_in(2) ? 0 : random.up_to(9);
  return made;
}

std::string json_of(const Case& made) {
  std::string prices = R"("webSearch":"0.0123")";
  for (const auto& [rate, price] : made.base) {
    prices += fmt::format(R"(,"{}":["{}",{},"{}"])", rate, price, made.start, made.above.at(rate));
  }
  return fmt::format(R"({{"date":"2026-10-15","providers":[{{"id":"p","models":[)"
                     R"({{"id":"m","match":["m"],"prices":[{{{}}}]}}]}}]}})",
                     prices);
}

// The price that stands in for one that is missing, said once more.
Big price_in(const PriceTexts& prices, const std::string& rate) {
  static const std::map<std::string, std::string> general{
      {"cachedInput", "input"}, {"cacheWrite", "input"}, {"cacheWrite1h", "cacheWrite"},
      {"audioInput", "input"},  {"imageInput", "input"}, {"reasoning", "output"},
      {"audioOutput", "output"}};
  auto found = prices.find(rate);
  return found != prices.end() ? nano_of(found->second) : price_in(prices, general.at(rate));
}

Big naive_cost(const Case& made) {
  const PriceTexts& prices = made.input > made.start ? made.above : made.base;
  std::uint64_t fresh = made.input - made.cached - made.write - made.audio - made.image;
  std::uint64_t text = made.output - made.reasoning - made.audio_out;
  Big sum = 0;
  for (const auto& [rate, tokens] : std::vector<std::pair<std::string, std::uint64_t>>{
           {"input", fresh},
           {"cachedInput", made.cached},
           {"cacheWrite", made.write - made.write_1h},
           {"cacheWrite1h", made.write_1h},
           {"audioInput", made.audio},
           {"imageInput", made.image},
           {"output", text},
           {"reasoning", made.reasoning},
           {"audioOutput", made.audio_out}}) {
    sum += Big{tokens} * price_in(prices, rate);
  }
  return divided_half_even(sum, 1'000'000) + Big{made.searches} * 12'300'000;
}

codec::Usage usage_of(const Case& made) {
  codec::Usage usage{.input_tokens = made.input,
                     .output_tokens = made.output,
                     .cached_input_tokens = made.cached,
                     .cache_write_tokens = made.write,
                     .reasoning_tokens = made.reasoning};
  codec::RareUsage& rare = usage.rare.make();
  rare.cache_write_1h_tokens = made.write_1h;
  rare.audio_input_tokens = made.audio;
  rare.image_input_tokens = made.image;
  rare.audio_output_tokens = made.audio_out;
  rare.web_searches = made.searches;
  return usage;
}

TEST(CostModel, RandomUsagesUnderRandomPrices) {
  Dice random(20261121);
  for (int i = 0; i < 3'000; ++i) {
    Case made = random_case(random);
    auto catalogue = Catalogue::read(json_of(made), "{}", {}).value();
    Place place = catalogue->place_named("p");
    Priced priced = catalogue->find(place, "m");
    Cost cost = cost_of(*catalogue, place, priced, usage_of(made), WallTime{});
    ASSERT_TRUE(cost.complete) << json_of(made);
    ASSERT_EQ(Big{cost.total.count} == naive_cost(made), true)
        << cost.total.count << " " << json_of(made);
    ASSERT_EQ(cost.total,
              cost.input + cost.cached_input + cost.cache_write + cost.output + cost.fees);
    ASSERT_GE(std::min({cost.input, cost.cached_input, cost.cache_write, cost.output, cost.fees}),
              NanoUsd{});
    Bound bound{.input_tokens = made.input + random.up_to(1'000),
                .output_tokens = made.output + random.up_to(1'000),
                .audio = true,
                .images = true,
                .caches_for_1h = true,
                .geography = {},
                .web_searches = made.searches};
    ASSERT_GE(upper_bound(priced, bound, WallTime{}).value(), cost.total) << json_of(made);
  }
}

// A provider may lie about parts: nothing is charged twice, and nothing overflows.
TEST(CostModel, PartsLargerThanTheirWhole) {
  auto catalogue = Catalogue::shipped();
  Place place = catalogue->place_named("anthropic");
  Priced priced = catalogue->find(place, "claude-sonnet-4-5");
  Dice random(7);
  Bound bound{.input_tokens = 1'000,
              .output_tokens = 1'000,
              .audio = true,
              .images = true,
              .caches_for_1h = true,
              .geography = {}};
  NanoUsd most = upper_bound(priced, bound, WallTime{}).value();
  for (int i = 0; i < 3'000; ++i) {
    codec::Usage usage{.input_tokens = random.up_to(1'000), .output_tokens = random.up_to(1'000)};
    codec::RareUsage& rare = usage.rare.make();
    for (std::uint64_t* part :
         {&usage.cached_input_tokens, &usage.cache_write_tokens, &usage.reasoning_tokens,
          &rare.cache_write_1h_tokens, &rare.audio_input_tokens, &rare.cached_audio_tokens,
          &rare.image_input_tokens, &rare.cached_image_tokens, &rare.audio_output_tokens,
          &rare.image_output_tokens}) {
      *part = random.once_in(4) ? UINT64_MAX - random.up_to(3) : random.up_to(2'000);
    }
    Cost cost = cost_of(*catalogue, place, priced, usage, WallTime{});
    ASSERT_LE(cost.total, most);
    ASSERT_GE(cost.total, NanoUsd{});
  }
}

TEST(CostModel, TheLargestUsageEndsAtTheEndOfTheRange) {
  auto catalogue = Catalogue::shipped();
  Place place = catalogue->place_named("openai");
  Priced priced = catalogue->find(place, "gpt-4-32k");
  codec::Usage usage{.input_tokens = 1'000'000'000'000, .output_tokens = 1'000'000'000'000};
  EXPECT_EQ(text_of(cost_of(*catalogue, place, priced, usage, WallTime{}).total),
            "180000000.000000000");
}

}  // namespace
}  // namespace recloser::price
