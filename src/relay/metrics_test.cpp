#include "relay/metrics.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

TEST(Metrics, OnlySoManyNamesOfClientsHaveALabel) {
  Metrics metrics;
  auto ended = [&metrics](std::string_view model, bool known) {
    metrics.call_ended(
        {.model = model, .outcome = "completed", .model_known = known, .answered = true});
  };
  std::size_t many = Metrics::answered_names_max;
  for (std::size_t i = 0; i <= many; ++i) ended("p/" + std::to_string(i), false);
  ended("p/0", false);
  ended("configured", true);
  Metrics::Snapshot counted;
  metrics.add_to(counted);
  auto calls_of = [&counted](std::string_view model) {
    return counted.calls[{{"", std::string(model), "", "", "completed"}}];
  };
  EXPECT_EQ(calls_of("p/0"), 2u);
  EXPECT_EQ(calls_of("p/" + std::to_string(many - 1)), 1u);
  EXPECT_EQ(calls_of("p/" + std::to_string(many)), 0u);
  EXPECT_EQ(calls_of("other"), 1u);
  EXPECT_EQ(calls_of("configured"), 1u);
}

TEST(Metrics, MoneyIsToldInDollars) {
  Metrics metrics;
  codec::Usage usage{.input_tokens = 7, .output_tokens = 3};
  CallSample sample{.model = "m",
                    .provider = "p",
                    .team = "search",
                    .outcome = "completed",
                    .model_known = true,
                    .usage = &usage,
                    .cost = {1'500'000'001}};
  metrics.call_ended(sample);
  sample.billed = {400};
  sample.by_catalogue = NanoUsd{500};
  metrics.call_ended(sample);
  metrics.call_ended({.model = "new",
                      .provider = "p",
                      .outcome = "completed",
                      .model_known = true,
                      .unpriced = true});
  Metrics::Snapshot counted;
  metrics.add_to(counted);
  std::string page;
  append_call_metrics(page, counted);
  for (std::string_view line :
       {"recloser_cost_usd_total{team=\"search\",model=\"m\"} 3.000000002\n",
        "recloser_billed_usd_total{model=\"m\",provider=\"p\"} 0.000000400\n",
        "recloser_billed_by_catalogue_usd_total{model=\"m\",provider=\"p\"} 0.000000500\n",
        "recloser_unpriced_total{model=\"new\",provider=\"p\"} 1\n",
        "recloser_tokens_total{kind=\"input\",model=\"m\",provider=\"p\"} 14\n"}) {
    EXPECT_NE(page.find(line), std::string::npos) << line << page;
  }
}

TEST(Metrics, CutsAreCountedByRuleAndBounded) {
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::series_max + 3; ++i) {
    metrics.stream_cut("budget/" + std::to_string(i));
  }
  metrics.stream_cut("budget/0");
  Metrics::Snapshot counted;
  metrics.add_to(counted);
  EXPECT_EQ(counted.stream_cuts.size(), Metrics::series_max + 1);
  std::string page;
  append_call_metrics(page, counted);
  for (std::string_view line : {"recloser_stream_cuts_total{rule=\"budget/0\"} 2\n",
                                "recloser_stream_cuts_total{rule=\"other\"} 3\n"}) {
    EXPECT_NE(page.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace recloser::relay
