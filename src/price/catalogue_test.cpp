#include "price/catalogue.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::price {
namespace {

const Catalogue& shipped() {
  static const std::shared_ptr<const Catalogue> catalogue = Catalogue::shipped();
  return *catalogue;
}

std::string found(std::string_view provider, std::string_view model) {
  Priced priced = shipped().find(shipped().place_named(provider), model);
  return priced.entry ? priced.entry->home->id + "/" + priced.entry->model : "";
}

std::string placed(std::string_view name, std::string_view url,
                   config::Dialect dialect = config::Dialect::openai) {
  config::Provider provider{.name = std::string(name), .dialect = dialect};
  if (!url.empty()) provider.base_url = config::BaseUrl::parse(url).value();
  return std::string(shipped().provider_id(shipped().place_of(provider)));
}

TEST(Catalogue, NamesResolveAsTheirProvidersSpellThem) {
  EXPECT_EQ(found("openai", "gpt-5.1"), "openai/gpt-5.1");
  EXPECT_EQ(found("openai", "GPT-5.1-2025-11-13"), "openai/gpt-5.1");
  EXPECT_EQ(found("openai", "gpt-5.1-20251113"), "openai/gpt-5.1") << "a date without dashes";
  EXPECT_EQ(found("openai", "openai/gpt-5.1"), "openai/gpt-5.1");
  EXPECT_EQ(found("anthropic", "claude-sonnet-4-5-20250929"), "anthropic/claude-sonnet-4-5");
  EXPECT_EQ(found("azure", "gpt-5.1"), "openai/gpt-5.1") << "lent by OpenAI";
  EXPECT_EQ(found("vertex", "claude-sonnet-4-5@20250929"), "google/claude-sonnet-4-5");
  EXPECT_EQ(found("bedrock", "global.anthropic.claude-opus-4-8"),
            "aws/global.anthropic.claude-opus-4-8-v1:0");
  EXPECT_EQ(found("x-ai", "grok-4.3-20260101"), "x-ai/grok-4.3") << "digits by rule";
  EXPECT_EQ(found("google", "gemini-2.5-pro-preview-05-06"), "google/gemini-2.5-pro");
  EXPECT_NE(found("google", "gemini-2.5-pro-preview-tts"), "google/gemini-2.5-pro");
}

TEST(Catalogue, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(found("openai", "gpt-4o-minii"), "");
  EXPECT_EQ(found("anthropic", "clod-opus-4.1\xff"), "");
  EXPECT_EQ(found("openai", ""), "");
  EXPECT_EQ(found("openai", std::string(100'000, 'a')), "");
  EXPECT_EQ(found("no such provider", "gpt-5.1"), "");
  EXPECT_FALSE(shipped().find(Place{}, "gpt-5.1"));
}

TEST(Catalogue, NearNamesAreOffered) {
  EXPECT_THAT(shipped().near(shipped().place_named("openai"), "gpt-4o-minii"),
              testing::HasSubstr("gpt-4o-mini"));
  EXPECT_EQ(shipped().near(shipped().place_named("openai"), "zzzzzzzzzzzzzz"), "");
}

TEST(Catalogue, SimulatedModelsHaveThePriceOfTheirTier) {
  EXPECT_EQ(found("simulated", "sim-fast"), "simulated/sim-fast");
  EXPECT_EQ(found("simulated", "sim-t400-d5"), "simulated/sim-fast");
  EXPECT_EQ(found("simulated", "sim"), "simulated/sim-fast");
  EXPECT_EQ(found("simulated", "sim-smart"), "simulated/sim-smart");
  EXPECT_EQ(found("simulated", "sim-t400-smart-d5"), "simulated/sim-smart");
  EXPECT_EQ(found("simulated", "sim-long"), "simulated/sim-long");
}

TEST(Catalogue, ProvidersAreKnownByAddressThenByNameThenByDialect) {
  EXPECT_EQ(placed("mine", "https://api.openai.com/v1"), "openai");
  EXPECT_EQ(placed("mine", "https://eu.api.openai.com/v1"), "openai");
  EXPECT_EQ(placed("mine", "https://my-thing.openai.azure.com/openai/v1"), "azure");
  EXPECT_EQ(placed("mine", "https://api.x.ai/v1"), "x-ai");
  EXPECT_EQ(placed("mine", "https://router.huggingface.co/groq/v1"), "huggingface_groq");
  EXPECT_EQ(placed("mine", "https://bedrock-runtime.eu-west-1.amazonaws.com"), "aws");
  EXPECT_EQ(placed("mine", "https://api.openai.com.example.com/v1"), "openai")
      << "by its dialect, not as that host";
  EXPECT_EQ(placed("groq", "https://proxy.example.com/v1"), "groq");
  EXPECT_EQ(placed("gemini", "http://127.0.0.1:9000"), "google");
  EXPECT_EQ(placed("mine", "http://127.0.0.1:9000"), "openai");
  EXPECT_EQ(placed("mine", "http://127.0.0.1:9000", config::Dialect::anthropic), "anthropic");
  EXPECT_EQ(placed("openai", "", config::Dialect::simulated), "simulated");
}

TEST(Catalogue, ModelsHaveLimitsAndDates) {
  Priced priced = shipped().find(shipped().place_named("openai"), "gpt-5.1");
  ASSERT_TRUE(priced);
  EXPECT_EQ(priced.limits(), (Limits{.context = 400'000, .input = 272'000, .output = 128'000}));
  EXPECT_TRUE(priced.entry->can_do(Capability::tools));
  EXPECT_FALSE(priced.entry->can_do(Capability::audio_output));
  EXPECT_EQ(priced.entry->deprecation_s, parse_rfc3339("2027-04-01T00:00:00Z")->ns / 1'000'000'000);
}

TEST(Catalogue, TheVersionNamesEverythingThatPricesHangOn) {
  EXPECT_LE(shipped().version().size(), 24u);
  EXPECT_TRUE(shipped().version().starts_with("2026-")) << shipped().version();
  auto version_with = [](std::string_view price, std::uint64_t contracts_hash) {
    std::string text = R"({"date":"2026-10-15","providers":[{"id":"p","models":[)"
                       R"({"id":"m","match":["m"],"prices":[{"input":")" +
                       std::string(price) + R"("}]}]}]})";
    return std::string(
        Catalogue::read(text, "{}", {.groups = {}, .rates = {}, .hash = contracts_hash})
            .value()
            ->version());
  };
  EXPECT_EQ(version_with("1", 0), version_with("1", 0));
  EXPECT_NE(version_with("1", 0), version_with("2", 0));
  EXPECT_NE(version_with("1", 0), version_with("1", 7));
}

TEST(Catalogue, SmallEnoughToKeep) { EXPECT_LE(shipped().bytes(), 1'250'000u); }

TEST(Catalogue, MistakesInTheListsAreNamed) {
  struct Case {
    std::string_view model;
    std::string_view complaint;
  };
  for (const Case& mistake : {
           Case{R"("prices":[{"input":"-1"}])", "\"-1\" is no price"},
           Case{R"("prices":[{"input":1}])", "p/m: \"\" is not a decimal number"},
           Case{R"("prices":[{"inputs":"1"}])", "no price is called \"inputs\""},
           Case{R"("prices":[{"input":["1",200,"2",100,"3"]}])", "the starts of tiers must rise"},
           Case{R"("prices":[{"input":["1",200]}])", "price, start, price"},
           Case{R"("prices":[])", "prices are missing"},
           Case{R"("prices":[{"from":"2026-13-01","input":"1"}])", "from must be a date"},
           Case{R"("prices":[{"daily":["01:00"],"input":"1"}])", "two times"},
           Case{R"("prices":[{"input":"1"}],"variants":[{"tier":"slow","input":"1"}])", "slow"},
       }) {
    std::string text =
        R"({"date":"2026-10-15","providers":[{"id":"p","models":[{"id":"m","match":["m"],)" +
        std::string(mistake.model) + "}]}]}";
    auto read = Catalogue::read(text, "{}", {});
    ASSERT_FALSE(read) << mistake.model;
    EXPECT_THAT(read.error().message(), testing::HasSubstr(mistake.complaint));
  }
  EXPECT_FALSE(Catalogue::read("{", "{}", {}));
  EXPECT_FALSE(Catalogue::read("{}", "[", {}));
  EXPECT_FALSE(Catalogue::read("[]", "{}", {}));
}

TEST(NameRule, GlobsAreAnchoredAndTakeNoTimeToRefuse) {
  EXPECT_TRUE(glob_matches("gpt-*-####", "gpt-4o-2024"));
  EXPECT_FALSE(glob_matches("gpt-*-####", "gpt-4o-202"));
  EXPECT_FALSE(glob_matches("gpt-*-####", "gpt-4o-2024x"));
  EXPECT_TRUE(glob_matches("*a*b*", "xxaxxbxx"));
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_FALSE(glob_matches("", "a"));
  std::string hostile(4096, 'a');
  EXPECT_FALSE(glob_matches("*a*a*a*a*a*a*a*a*a*a*b", hostile));
}

}  // namespace
}  // namespace recloser::price
