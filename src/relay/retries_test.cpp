// Second attempts: how many there may be, and what they do to the figures of a call.
#include "relay/testing/failing_targets.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::HasSubstr;

class RetriesTest : public FailoverTest {};

// As the client saw it: what failed before is in it.
TEST_F(RetriesTest, TheFirstTokenCountsFromTheRequest) {
  with_targets(2);
  gateway_.start();
  first_ = status(503);
  first_.before = 2s;
  for (bool streams : {true, false}) {
    *others_[0].answer = streams ? stream(all_events()) : json(whole);
    others_[0].answer->before = 1s;
    EXPECT_EQ((streams ? ask_stream() : ask_whole()).status, 200);
    ledger::StoredCall row = gateway_.books().back();
    EXPECT_NEAR(row.ttft_ns.value_or(0) / 1e9, 3.0, 0.1) << streams;
  }
  EXPECT_LE(standing("q/two").ewma_ttft, 1s) << "what the first one took is not of the second";
}

// A stream that began and failed said who served it; the one that answers is paid for as itself.
TEST_F(RetriesTest, WhoAnswersIsPaidForAndNamed) {
  with_targets(2);
  model().targets[0].model = "sim-fast";
  model().targets[1].model = "sim-smart";
  gateway_.start();
  auto named = [](std::string_view model) {
    return fmt::format(R"(data: {{"id":"c","model":"{}","choices":[{{"index":0,"delta":)"
                       R"({{"role":"assistant"}}}}]}})"
                       "\n\n",
                       model);
  };
  first_ = stream(named("sim-fast") + std::string(error_in_band));
  *others_[0].answer = stream(named("sim-smart") + std::string(piece) + std::string(rest));
  ask_stream();
  ledger::StoredCall row = gateway_.books().back();
  EXPECT_EQ(row.model_served, "sim-smart");
  std::int64_t before = row.input_tokens.value_or(0) - 7;
  EXPECT_EQ(row.cost_nano_usd, before * 150 + 7 * 2'500 + 1 * 10'000);
}

class BeginningToFail : public RetriesTest, public testing::WithParamInterface<bool> {};

// Few calls, one after the other, until it has tripped.
TEST_P(BeginningToFail, LosesNoCallWhereAnotherAnswers) {
  with_targets(2);
  gateway_.start();
  first_ = status(503);
  *others_[0].answer = GetParam() ? stream(all_events()) : json(whole);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ((GetParam() ? ask_stream() : ask_whole()).status, 200) << i;
  }
  EXPECT_EQ(asked(0), 5u);
  EXPECT_EQ(asked(1), 12u);
  EXPECT_EQ(gateway_.health().find("q/two")->retries().running(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Retries, BeginningToFail, testing::Bool(),
                         [](const auto& each) { return each.param ? "streams" : "whole"; });

// A second attempt whose answer has begun is in no other one's way, however long it runs.
TEST_F(RetriesTest, ManyMayBeAnsweredByAnotherAtATime) {
  with_targets(2);
  gateway_.start();
  first_ = status(503);
  *others_[0].answer = {.bytes = events_head() + std::string(role) + std::string(piece),
                        .stays_open = 20s};
  std::vector<Seen> seen(5);
  Instant leave_at = gateway_.loop().worker().now() + 10s;
  for (Seen& each : seen) {
    begin_stream(each, leave_at);
    after(1s);
  }
  EXPECT_EQ(asked(1), 5u);
  EXPECT_EQ(standing("q/two").running, 5u);
  EXPECT_EQ(gateway_.health().find("q/two")->retries().running(), 0u);
  after(10s);
}

// Thinking that nobody sees is told from the silence of the target that thinks, whatever was
// before.
TEST_F(RetriesTest, HiddenThinkingIsOfTheTargetThatThinks) {
  with_targets(2);
  gateway_.start();
  auto usage = [](int output, int hidden) {
    return fmt::format(R"(data: {{"id":"c","choices":[],"usage":{{"prompt_tokens":7,)"
                       R"("completion_tokens":{},"completion_tokens_details":)"
                       R"({{"reasoning_tokens":{}}}}}}})"
                       "\n\n",
                       output, hidden);
  };
  first_ = status(503);
  first_.before = 20s;
  *others_[0].answer =
      stream(std::string(role) + std::string(piece) + usage(101, 100) + "data: [DONE]\n\n");
  others_[0].answer->before = 2s;
  ask_stream();
  first_.before = 10s;
  *others_[0].answer = stream(std::string(role) + std::string(piece));
  others_[0].answer->before = 2s;
  ask_stream();
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::provider_failed);
  EXPECT_NEAR(static_cast<double>(gateway_.books().back().reasoning_tokens.value_or(0)), 100, 2);
}

TEST_F(RetriesTest, WhereAllFailsFewAreTriedAgainAndTheRowSaysWhy) {
  with_targets(2);
  gateway_.start();
  first_ = *others_[0].answer = status(503);
  for (int i = 0; i < 4; ++i) ask_whole();
  EXPECT_EQ(asked(0), 4u);
  EXPECT_EQ(asked(1), 3u);
  EXPECT_THAT(gateway_.books().back().decisions, HasSubstr(R"("rule":"retries","action":"deny")"));
  EXPECT_THAT(gateway_.books().back().decisions, HasSubstr("q/two is not asked"));
}

}  // namespace
}  // namespace recloser::relay
