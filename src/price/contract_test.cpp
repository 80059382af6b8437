#include "price/catalogue.h"
#include "price/contract_reader.h"
#include "price/cost.h"

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::price {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ContractsRead read(std::vector<std::string> texts) {
  std::vector<PriceFile> files;
  for (std::size_t i = 0; i < texts.size(); ++i)
    files.push_back({.file = fmt::format("p{}.yaml", i), .text = std::move(texts[i])});
  return read_contracts(files);
}

std::string complaints(std::vector<std::string> texts) {
  ContractsRead made = read(std::move(texts));
  std::string out;
  for (const FileFinding& finding : made.findings) out += finding.text() + "\n";
  EXPECT_EQ(made.failed(), !made.findings.empty());
  EXPECT_EQ(made.contracts.empty(), true);
  return out;
}

// What a million input tokens and as many output tokens cost, contracted and at list price.
std::string cost(const std::string& list, std::string_view provider, std::string_view model,
                 std::string_view at = "2026-11-21T12:00:00Z", codec::Usage usage = {}) {
  ContractsRead made = read({list});
  for (const FileFinding& finding : made.findings) ADD_FAILURE() << finding.text();
  std::shared_ptr<const Catalogue> catalogue = Catalogue::shipped(std::move(made.contracts));
  config::Provider configured{.name = std::string(provider)};
  configured.base_url = config::BaseUrl::parse("http://127.0.0.1:9").value();
  Place place = catalogue->place_of(configured);
  Priced priced = catalogue->find(place, model);
  if (!priced) return "none";
  if (usage.input_tokens == 0) usage = {.input_tokens = 1'000'000, .output_tokens = 1'000'000};
  Cost made_cost = cost_of(*catalogue, place, priced, usage, parse_rfc3339(at).value());
  if (!made_cost.complete) return "unpriced";
  return fmt::format("{} of {}", text_of(made_cost.total), text_of(made_cost.list));
}

TEST(Contract, OwnPricesStandBesideTheList) {
  std::string list = "- {provider: openai, model: gpt-5.1, input: 1.00, output: 8}\n";
  EXPECT_EQ(cost(list, "openai", "gpt-5.1"), "9.000000000 of 11.250000000");
  EXPECT_EQ(cost(list, "openai", "gpt-5.1-2025-11-13"), "9.000000000 of 11.250000000")
      << "the same entry by another name";
  EXPECT_EQ(cost(list, "openai", "gpt-5"), "11.250000000 of 11.250000000");
}

TEST(Contract, AModelThatOnlyTheOperatorKnows) {
  std::string list =
      "- {provider: openai, model: my-tune, input: 0.30, cachedInput: 0.15, cacheWrite: 0.375,\n"
      "   output: 1.20, from: 2026-01-01, contextWindow: 128000, maxOutput: 16384}\n";
  EXPECT_EQ(cost(list, "openai", "My-Tune"), "1.500000000 of 1.500000000");
  EXPECT_EQ(cost(list, "openai", "my-tune", "2025-12-31T23:59:59Z"), "unpriced");
  EXPECT_EQ(cost(list, "openai", "my-tun"), "none");
}

TEST(Contract, AFreeModelSaysSo) {
  EXPECT_EQ(cost("- {provider: local, model: llama, input: 0, output: 0}", "local", "llama"),
            "0.000000000 of 0.000000000");
  EXPECT_EQ(cost("- {provider: local, model: llama, input: 0}", "local", "llama"), "unpriced")
      << "output without a price is not free";
}

TEST(Contract, DiscountsOnTheListAndOnEverything) {
  EXPECT_EQ(cost("- {provider: openai, model: gpt-5.1, discount: 20%}", "openai", "gpt-5.1"),
            "9.000000000 of 11.250000000");
  std::string all = "- {provider: azure-eu, model: '*', discount: 12.5%}";
  EXPECT_EQ(cost(all, "azure-eu", "gpt-5.1"), "9.843750000 of 11.250000000");
  EXPECT_EQ(cost(all, "azure-eu", "nobody-knows"), "none");
  EXPECT_EQ(cost(all, "openai", "gpt-5.1"), "11.250000000 of 11.250000000");
}

TEST(Contract, TimesHoursAndTiers) {
  std::string list =
      "- {provider: p, model: m, input: 1, output: 0}\n"
      "- {provider: p, model: m, input: 2, output: 0, from: 2026-06-01, until: 2026-07-01}\n"
      "- {provider: p, model: m, input: 3, output: 0, from: 2026-06-01, daily: 22:00-06:00}\n"
      "- {provider: p, model: m, input: 4, output: 0, tier: batch}\n";
  EXPECT_EQ(cost(list, "p", "m", "2026-05-31T23:59:59Z"), "1.000000000 of 1.000000000");
  EXPECT_EQ(cost(list, "p", "m", "2026-06-01T12:00:00Z"), "2.000000000 of 2.000000000");
  EXPECT_EQ(cost(list, "p", "m", "2026-06-02T05:59:59Z"), "3.000000000 of 3.000000000");
  EXPECT_EQ(cost(list, "p", "m", "2026-07-01T12:00:00Z"), "1.000000000 of 1.000000000");
  codec::Usage batch{.input_tokens = 1'000'000};
  batch.tier = codec::ServiceTier::batch;
  EXPECT_EQ(cost(list, "p", "m", "2026-05-01T12:00:00Z", batch), "4.000000000 of 4.000000000");
}

TEST(Contract, LongPromptsAndUnits) {
  std::string list =
      "- provider: p\n  model: m\n  unit: 1\n  input: 1.5e-07\n  output: 0.0000006\n"
      "  tiers:\n  - {above: 1000, input: 0.0000003}\n";
  codec::Usage usage{.input_tokens = 1'000, .output_tokens = 1'000};
  EXPECT_EQ(cost(list, "p", "m", "2026-05-01T12:00:00Z", usage), "0.000750000 of 0.000750000");
  usage.input_tokens = 2'000;
  EXPECT_EQ(cost(list, "p", "m", "2026-05-01T12:00:00Z", usage), "0.001200000 of 0.001200000");
}

struct Mistake {
  std::string_view text;
  std::string_view complaint;
};

TEST(Contract, MistakesAreToldWithTheirPlace) {
  for (const Mistake& mistake : {
           Mistake{"- {provider: p, model: m, inptu: 1}",
                   "p0.yaml:1:27: [0] has no field inptu; did you mean input?\n"},
           Mistake{"- {provider: p, model: m, input: -0.5}",
                   "p0.yaml:1:34: [0].input must not be negative; you wrote -0.5\n"},
           Mistake{"- {provider: p, model: m, input: 0.30000000000000004}",
                   "p0.yaml:1:34: [0].input must have at most 6 places (a float's noise? then "
                   "round it); you wrote 0.30000000000000004\n"},
           Mistake{"- {provider: p, model: m, unit: 1G, input: 1}",
                   "p0.yaml:1:33: [0].unit must be 1M, 1K or 1: the tokens that a price is for; "
                   "you wrote 1G\n"},
           Mistake{"- {provider: p, model: m, input: cheap}",
                   "p0.yaml:1:34: [0].input must be a price in USD, such as 0.15; you wrote "
                   "cheap\n"},
           Mistake{"- {provider: p, model: m, input: 1e12}",
                   "p0.yaml:1:34: [0].input must be at most a million dollars; you wrote 1e12\n"},
           Mistake{"- {model: m, input: 1}", "p0.yaml:1:3: [0] has no provider; write one\n"},
           Mistake{"- {provider: p, input: 1}", "p0.yaml:1:3: [0] has no model; write one\n"},
           Mistake{"- {provider: p, model: m}",
                   "p0.yaml:1:3: [0] says nothing: write prices, a discount, or limits\n"},
           Mistake{"- {provider: p, model: m, discount: 0.2}",
                   "p0.yaml:1:37: [0].discount must be a percentage from 0% to 100%, such as "
                   "20%; you wrote 0.2\n"},
           Mistake{"- {provider: p, model: m, discount: 101%}", "p0.yaml:1:37: [0].discount must"},
           Mistake{"- {provider: p, model: m, discount: 20%, from: 2026-01-01}",
                   "p0.yaml:1:3: [0] has times or a tier, and no prices"},
           Mistake{"- {provider: p, model: '*', input: 1}",
                   "p0.yaml:1:3: [0] is for every model (*); that takes a discount only\n"},
           Mistake{"- {provider: p, model: m, input: 1, from: yesterday}",
                   "p0.yaml:1:43: [0].from must be a date"},
           Mistake{"- {provider: p, model: m, input: 1, from: 2026-02-30}",
                   "p0.yaml:1:43: [0].from must be a date"},
           Mistake{"- {provider: p, model: m, input: 1, from: 2026-02-01, until: 2026-01-01}",
                   "p0.yaml:1:62: [0] ends before it begins\n"},
           Mistake{"- {provider: p, model: m, input: 1, daily: 25:00-26:00}",
                   "p0.yaml:1:44: [0].daily must be two times"},
           Mistake{"- {provider: p, model: m, input: 1, tier: cheap}",
                   "p0.yaml:1:43: [0].tier must be standard, batch, flex, priority or fast; you "
                   "wrote cheap\n"},
           Mistake{"- {provider: p, model: m, input: 1, tiers: [{above: 5, output: 1}]}",
                   "[0] has output in `tiers` and none of its own"},
           Mistake{"- {provider: p, model: m, input: 1, tiers: [{above: 5, inputs: 1}]}",
                   "p0.yaml:1:56: [0].tiers[0] has no field inputs; did you mean input?\n"},
           Mistake{"- {provider: p, model: m, input: 1, tiers: [{above: 5, input: 1}, {above: 4}]}",
                   "[0].tiers[1].above must rise from tier to tier; you wrote 4\n"},
           Mistake{"- {provider: p, model: m, input: 1, contextWindow: 1.5}",
                   "[0].contextWindow must be a whole number of tokens; you wrote 1.5\n"},
           Mistake{"- provider\n", "p0.yaml:1:3: [0] must be {provider: .., model: .."},
           Mistake{"provider: p\n", "p0.yaml:1:1: the file must be a list"},
           Mistake{"- {provider: p, provider: p, model: m, input: 1}", "p0.yaml:1:17: "},
           Mistake{"- {provider: [p], model: m, input: [1]}", "[0].provider must be a name"},
       }) {
    EXPECT_THAT(complaints({std::string(mistake.text)}), HasSubstr(mistake.complaint));
  }
}

TEST(Contract, PricesThatOverlapAreRefusedInWhicheverFileTheyStand) {
  EXPECT_EQ(complaints({"- {provider: p, model: m, input: 1}\n",
                        "\n- {provider: P, model: M, input: 2}\n"}),
            "p1.yaml:2:3: p/m has prices from that time on already, at p0.yaml:1:3\n");
  EXPECT_EQ(complaints({"- {provider: p, model: m, input: 1, from: 2026-01-01, until: 2026-03-01}\n"
                        "- {provider: p, model: m, input: 1, from: 2026-02-01}\n"}),
            "p0.yaml:2:3: p/m begins before prices of the same model end, at p0.yaml:1:3\n");
  EXPECT_EQ(complaints({"- {provider: p, model: m, input: 1, daily: 22:00-06:00}\n"
                        "- {provider: p, model: m, input: 1, daily: 05:00-07:00}\n"}),
            "p0.yaml:1:44: p/m has prices for some of these hours already, at p0.yaml:2:3\n");
  EXPECT_EQ(complaints({"- {provider: p, model: m, discount: 1%}\n"
                        "- {provider: p, model: m, discount: 2%}\n"}),
            "p0.yaml:2:3: p/m has a discount already, at p0.yaml:1:3\n");
}

TEST(Contract, ProvidersThatListsSpeakOfAreSaid) {
  ContractsRead made = read({"- {provider: opnai, model: m, input: 1}\n", "# none yet\n"});
  ASSERT_EQ(made.mentions.size(), 1u);
  EXPECT_EQ(made.mentions[0].provider, "opnai");
  EXPECT_EQ(made.mentions[0].place, (config::Place{1, 3}));
  EXPECT_NE(made.contracts.hash, 0u);
}

}  // namespace
}  // namespace recloser::price
