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

}  // namespace
}  // namespace recloser::relay
