#include "cli/exposure.h"

#include "cli/test_process.h"
#include "config/load.h"
#include "price/catalogue.h"

#include <string>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view head =
    "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\nproviders: {sim: {dialect: simulated}}\n";

class ExposureTest : public CliTest {
 protected:
  // "scope: $ a minute by whom; $ in a window by whom, .."
  std::vector<std::string> told(std::string_view text, std::string_view documents = "") {
    environment_.files["b.yaml"] = documents;
    std::string all(head);
    if (!documents.empty()) all += "policies: [b.yaml]\n";
    config::Checked checked = config::check_text(all + std::string(text), "r.yaml", environment_);
    EXPECT_TRUE(checked.config) << checked.report("r.yaml");
    std::vector<std::string> lines;
    for (const Exposure& exposure :
         exposures(*checked.config, *price::Catalogue::shipped(), clock_.wall()).value()) {
      std::string line = exposure.scope + ":";
      if (exposure.per_minute) {
        line += fmt::format(" {} {};", text_of(exposure.per_minute->usd), exposure.per_minute->by);
      }
      for (const Bite& bite : exposure.until) {
        line += fmt::format(" {}/{} {}", text_of(bite.usd), bite.over, bite.by);
      }
      lines.push_back(line);
    }
    return lines;
  }
  static std::string document(std::string_view name, std::string_view spec) {
    return fmt::format(
        "---\napiVersion: recloser.dev/v1alpha1\nkind: Budget\nmetadata: {{name: {}}}\n"
        "spec: {{{}}}\n",
        name, spec);
  }
};

TEST_F(ExposureTest, WithoutALimitNothingIsBounded) {
  EXPECT_THAT(told("keys: [{id: ci, secret: 01234567890123456789}]\n"),
              ElementsAre("all calls:", "key ci:"));
}

TEST_F(ExposureTest, TheLeastOfEachWindowAndTheLeastOfAMinute) {
  EXPECT_THAT(
      told("keys:\n"
           "  - id: ci\n    secret: 01234567890123456789\n    tpm: 1000\n"
           "    budget: [{usd: 5, per: day}, {tokens: 100000, per: day}, {usd: 60, per: month}]\n"),
      // sim-smart is the dearest: 10 USD for a million tokens of output.
      ElementsAre("all calls:",
                  "key ci: 0.010000000 key/ci/tpm; 1.000000000/day key/ci/tokens/day "
                  "60.000000000/month key/ci/usd/month"));
}

TEST_F(ExposureTest, AKeyPaysTheDearestModelThatItMayAskFor) {
  EXPECT_THAT(
      told("models: {house: {targets: [{provider: sim, model: sim-smart}]}}\nkeys:\n"
           "  - {id: a, secret: 01234567890123456789, models: [sim-fast], tpm: 1000000}\n"
           "  - {id: b, secret: 11234567890123456789, models: [house], tpm: 1000000}\n"),
      ElementsAre("all calls:", "key a: 0.600000000 key/a/tpm;", "key b: 10.000000000 key/b/tpm;"));
}

TEST_F(ExposureTest, AScopeThatCallersNameBoundsNoKeyAndStandsForItself) {
  std::string documents =
      document("all", "unit: usd, limit: 100, window: {type: total}") +
      document("session",
               "unit: usd, limit: 2, key: [session], window: {type: session, "
               "maxAge: 1h}") +
      document("team",
               "unit: usd, limit: 50, key: [org, team], window: {type: calendar, period: "
               "month, timezone: UTC}") +
      document("counts", "unit: usd, limit: 1, reserve: none, window: {type: total}");
  EXPECT_THAT(told("keys: [{id: ci, secret: 01234567890123456789, org: acme, team: search}]\n"
                   "rateLimits: [{name: s, key: [session], tpm: 100}]\n",
                   documents),
              ElementsAre("all calls: 100.000000000 all; 100.000000000/total all",
                          "key ci: 50.000000000 team; 50.000000000/month team "
                          "100.000000000/total all",
                          "each session: 0.001000000 rate/s/tpm; 2.000000000/session session",
                          "each org, team: 50.000000000 team; 50.000000000/month team"));
}

TEST_F(ExposureTest, ATableAndJson) {
  environment_.files["recloser.yaml"] =
      std::string(head) +
      "keys: [{id: ci, secret: '${CI_KEY}', budget: {usd: 5, per: day, reserve: elastic}}]\n";
  Ran table = run({"budget", "exposure"});
  EXPECT_EQ(table.exit, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("all calls"));
  EXPECT_THAT(table.out, HasSubstr("no limit"));
  EXPECT_THAT(table.out, HasSubstr("$5.00 in a day (key/ci/usd/day)"));
  Ran json = run({"budget", "exposure", "--json"});
  EXPECT_THAT(json.out, HasSubstr(R"({"scope":"key ci","per_minute":{"usd":"5.000000000","by":)"
                                  R"("key/ci/usd/day","window":"day"},"until":[)"));
  environment_.files["recloser.yaml"] = "kind: Gateway\n";
  EXPECT_EQ(run({"budget", "exposure"}).exit, 2);
}

}  // namespace
}  // namespace recloser::cli
