// price show, lint and import, and what check says of price lists.
#include "cli/test_process.h"

#include <string>

namespace recloser::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view head = "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\n";

TEST_F(CliTest, PriceShowsTheListOfADay) {
  environment_.files["recloser.yaml"] = head;
  Ran ran = run({"price", "show", "gemini-3.8-flash", "--at", "2026-12-31"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("gemini-3.8-flash at google, standard, 2026-12-31\n"));
  EXPECT_THAT(ran.out, HasSubstr("input tokens          0.75"));
  ran = run({"price", "show", "gemini-3.8-flash", "--at", "2027-01-01T00:00:00Z", "--json"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(R"("bands":[{"above":0,"input":"1.5","cachedInput":"0.15",)"));
}

TEST_F(CliTest, PriceShowsTheContractBesideTheList) {
  environment_.files["recloser.yaml"] =
      std::string(head) + "prices: {overrides: [prices/*.yaml]}\n";
  environment_.files["prices/ours.yaml"] =
      "- {provider: openai, model: gpt-5.1, input: 1.1, output: 9, tier: flex}\n"
      "- {provider: openai, model: gpt-5.1, discount: 12.5%}\n";
  Ran ran = run({"price", "show", "gpt-5.1", "--tier", "flex", "--at", "2026-11-21", "--json"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out,
              HasSubstr(R"("list":{"tier_is_own":true,"bands":[{"above":0,"input":"0.625")"));
  EXPECT_THAT(ran.out,
              HasSubstr(R"("contracted":{"tier_is_own":true,"bands":[{"above":0,"input":"1.1")"));
  EXPECT_THAT(ran.out, HasSubstr(R"("discount_percent":"12.5")"));
}

TEST_F(CliTest, PriceOfWhatIsNotThere) {
  environment_.files["recloser.yaml"] = head;
  Ran ran = run({"price", "show", "gpt-5.1-imaginary"});
  EXPECT_EQ(ran.exit, 1);
  ran = run({"price", "show", "gpt-4o-minii", "--provider", "openai"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr("'gpt-4o-minii' has no price at openai; near names are "));
  EXPECT_THAT(ran.err, HasSubstr("gpt-4o-mini\n"));
  EXPECT_EQ(run({"price", "show", "gpt-5.1", "--at", "soon"}).exit, 2);
  EXPECT_EQ(run({"price", "show", "gpt-5.1", "--tier", "cheap"}).exit, 2);
  EXPECT_THAT(run({"price", "show", "nobody-knows-me"}).err,
              HasSubstr("say where with --provider"));
}

TEST_F(CliTest, PriceLintOfOnesOwnLists) {
  environment_.files["good.yaml"] = "- {provider: openai, model: gpt-5.1, discount: 10%}\n";
  EXPECT_EQ(run({"price", "lint", "good.yaml"}).exit, 0);
  environment_.files["doubtful.yaml"] =
      "- {provider: openai, model: gpt-5.1-mini-x, discount: 10%}\n"
      "- {provider: anthropic, model: claude-opus4-8, input: 1, output: 2}\n"
      "- {provider: openai, model: gpt-5, input: 1}\n";
  Ran ran = run({"price", "lint", "doubtful.yaml"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("discounts or limits a model that no list has"));
  EXPECT_THAT(ran.out, HasSubstr("the names near it are claude-opus-4"));
  environment_.files["wrong.yaml"] = "- {provider: openai, model: m, inptu: 1}\n";
  ran = run({"price", "lint", "wrong.yaml"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("wrong.yaml:1:32: [0] has no field inptu"));
}

TEST_F(CliTest, PriceLintOfWhatIsShipped) {
  environment_.files["recloser.yaml"] = head;
  Ran ran = run({"price", "lint", "--json"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr(R"({"kind":"disagreement","provider":"deepseek")"));
  EXPECT_THAT(ran.out, HasSubstr(R"({"kind":"deprecated",)"));
}

TEST_F(CliTest, CheckReadsThePriceLists) {
  environment_.files["conf/a.yaml"] =
      std::string(head) + "prices: {overrides: [prices/*.yaml, one.yaml]}\n";
  environment_.files["conf/one.yaml"] = "- {provider: sim, model: sim-fast, discount: 5%}\n";
  Ran ran = run({"check", "conf/a.yaml"});
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("conf/prices/*.yaml: warning: names no file"));
  environment_.files["conf/prices/b.yaml"] = "\n- {provider: sim, model: m, input: -1}\n";
  ran = run({"check", "conf/a.yaml"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.out, HasSubstr("conf/prices/b.yaml:2:36: [0].input must not be negative"));
  ran = run({"check", "conf/a.yaml", "--json"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.out, HasSubstr(R"("file":"conf/prices/b.yaml","line":2,"column":36)"));
  environment_.files["conf/prices/b.yaml"] = "- {provider: nobody, model: m, input: 1}\n";
  EXPECT_THAT(run({"check", "conf/a.yaml"}).out, HasSubstr("no provider is called nobody"));
  environment_.files.erase("conf/one.yaml");
  ran = run({"check", "conf/a.yaml"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.out, HasSubstr("conf/one.yaml: cannot be read (prices.overrides): No such file"));
}

TEST_F(CliTest, PriceListsOfOthersBecomeOurs) {
  environment_.files["litellm.json"] = R"({"sample_spec": {"max_tokens": 1},
    "groq/m'1": {"litellm_provider": "groq", "input_cost_per_token": 1.5e-07,
                 "output_cost_per_token": 6.000000000000001e-07, "max_output_tokens": 4096},
    "xai/m2": {"litellm_provider": "xai", "input_cost_per_token": 0, "output_cost_per_token": 2e-6},
    "dall-e": {"litellm_provider": "openai", "input_cost_per_image": 0.04}})";
  Ran ran = run({"price", "import", "litellm.json"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "- {provider: 'groq', model: 'm''1', input: 0.15, output: 0.6, maxOutput: 4096}\n"
            "- {provider: 'x-ai', model: 'm2', input: 0, output: 2}\n");
  EXPECT_THAT(ran.err, HasSubstr("2 models are in the list; 1 were left out"));
  environment_.files["genai.json"] = R"([{"id": "google", "models": [{"id": "g",
    "context_window": 1000, "prices": [{"prices": {"input_mtok": 9}},
    {"constraint": {"start_date": "2026-01-01"}, "prices": {"input_mtok":
    {"base": 1.25, "tiers": [{"start": 200000, "price": 2.5}]}, "output_mtok": "10",
    "web_searches_kcount": 35}},
    {"constraint": {"start_date": "2099-01-01"}, "prices": {"input_mtok": 8}}]}]}])";
  ran = run({"price", "import", "genai.json", "--provider", "google"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "- {provider: 'google', model: 'g', input: 1.25, output: 10, webSearch: 0.035, "
            "contextWindow: 1000, tiers: [{above: 200000, input: 2.5}]}\n");
  EXPECT_EQ(run({"price", "import", "genai.json", "--provider", "groq"}).exit, 2);
}

TEST_F(CliTest, WhatIsNoPriceListIsNotImported) {
  environment_.files["text"] = "nothing";
  environment_.files["ours.json"] = R"([{"provider": "p", "model": "m", "input": 1}])";
  environment_.files["bad.json"] = R"([{"provider": "p", "model": "m", "input": -1}])";
  EXPECT_EQ(run({"price", "import", "text"}).exit, 2);
  EXPECT_EQ(run({"price", "import", "none"}).exit, 3);
  EXPECT_THAT(run({"price", "import", "https://x.example/p.json"}).err, HasSubstr("curl -fO URL"));
  EXPECT_EQ(run({"price", "import", "ours.json"}).out, environment_.files["ours.json"]);
  Ran bad = run({"price", "import", "bad.json"});
  EXPECT_EQ(bad.exit, 2);
  EXPECT_THAT(bad.err, HasSubstr("bad.json:1:43: [0].input must not be negative"));
}

}  // namespace
}  // namespace recloser::cli
