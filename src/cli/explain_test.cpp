// explain against a real admin port: one call as a story.
#include "cli/test_process.h"

#include <string>

#include <gmock/gmock.h>

namespace recloser::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class ExplainTest : public RemoteTest {
 protected:
  template <class Fill>
  std::string book_call(ledger::Outcome outcome, Fill fill) {
    CallId id = ids_.next(clock_.wall());
    Result<ledger::OpenCall> call =
        ledger_->begin(id, clock_.now(), clock_.wall(), ledger::test::someone);
    fill(call->record());
    call->settle(outcome, clock_.now() + 1'432ms);
    return id.str();
  }
};

void fill_failover(ledger::CallRecord& record) {
  record.set(ledger::Text::route,
             R"(["least_latency",1,["azure/gpt-4o-mini","passing",180],)"
             R"(["openai/gpt-4o-mini","passing",250],["groq/llama","tripped",0,"tripped"],)"
             R"(["local/llama","passing",0,"vision"],["backup/x","passing",90]])");
  ledger::Attempt* failed = record.begin_attempt("azure/gpt-4o-mini", record.started_at + 1ms);
  failed->status = 503;
  failed->outcome = ledger::Outcome::provider_failed;
  EXPECT_TRUE(record.set_error_class(*failed, "overloaded"));
  failed->cost_nano_usd = 0;
  ledger::test::fill_completed(record);
  EXPECT_TRUE(record.add_decision({.phase = "request",
                                   .rule = "clamp",
                                   .action = "set",
                                   .reason = "max_tokens is lowered to 512"}));
}

TEST_F(ExplainTest, ACallThatFailedOverIsTold) {
  std::string id = book_call(ledger::Outcome::completed, fill_failover);
  Ran ran = run({"explain", id.c_str()});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(
      ran.out,
      "call            " + id +
          "\n"
          "when            2026-09-21T14:13:20.000Z\n"
          "who             key ci, user ada, agent crawler, team search, org acme\n"
          "asked for       gpt-4o-mini, chat in the dialect openai\n"
          "session         session-42\n"
          "labels          nightly,batch\n"
          "\n"
          "Targets at that moment, one that answers sooner before the others, sessions "
          "together\n"
          "TARGET              STATE     FIRST  ASKED\n"
          "azure/gpt-4o-mini   passing  180 ms  attempt 1\n"
          "openai/gpt-4o-mini  passing  250 ms  attempt 2\n"
          "groq/llama          tripped       -  no: it has failed too often of late\n"
          "local/llama         passing       -  no: it cannot read images\n"
          "backup/x            passing   90 ms  no need\n"
          "\n"
          "Attempts\n"
          "N  TARGET                BEGUN   FIRST  STATUS  OUTCOME          ERROR       INPUT  "
          "OUTPUT       COST\n"
          "1  azure/gpt-4o-mini   +1.0 ms       -     503  provider_failed  overloaded      "
          "-       -  $0.000000\n"
          "2  openai/gpt-4o-mini  +1.0 ms  250 ms     200  completed        -           "
          "1,234     567  $0.000448\n"
          "\n"
          "Decisions\n"
          "set by clamp at request: max_tokens is lowered to 512\n"
          "\n"
          "What came of it\n"
          "outcome         completed, status 200\n"
          "served by       openai, gpt-4o-mini-2024-07-18\n"
          "tokens          1,234 input (1,024 cached), 567 output, exact\n"
          "cost            $0.000448 (input $0.000032, cached $0.000077, output $0.000340), "
          "catalogue 2026-09-01\n"
          "first token     251 ms\n"
          "took            1.43 s\n"
          "overhead        143 µs of Recloser's\n");
  EXPECT_TRUE(run({"explain", id.c_str(), "--json"}).out.starts_with("{\"id\":\"" + id));
}

TEST_F(ExplainTest, WhatNobodyWasAskedFor) {
  std::string id = book_call(ledger::Outcome::refused, [](ledger::CallRecord& record) {
    record.set(ledger::Text::model_requested, "gpt-4o");
    record.status = 429;
    ledger::BudgetLine line{.name = "team-month", .unit = "usd", .key = "team=search"};
    line.figures = {.reserved = 5'000'000, .charged = 0, .remaining = 1'000'000};
    EXPECT_TRUE(record.add_budget(line));
  });
  Ran ran = run({"explain", id.c_str()});
  EXPECT_THAT(ran.out, HasSubstr("\nAttempts\nNone: no provider was asked.\n"));
  EXPECT_THAT(ran.out,
              HasSubstr("\nBudgets\n"
                        "BUDGET      KEY          UNIT       HELD    CHARGED       LEFT\n"
                        "team-month  team=search  usd   $0.005000  $0.000000  $0.001000\n"));
  EXPECT_THAT(ran.out, HasSubstr("\noutcome         refused, status 429\n"));
  EXPECT_THAT(ran.out, Not(HasSubstr("Targets")));
  EXPECT_THAT(ran.out, Not(HasSubstr("Decisions")));
}

TEST_F(ExplainTest, WhatNobodyPaysForHasNoSource) {
  std::string id = book_call(ledger::Outcome::completed, [](ledger::CallRecord& record) {
    record.input_tokens = record.output_tokens = 0;
    record.cost_nano_usd = 0;
    EXPECT_TRUE(record.add_decision({.phase = "request",
                                     .rule = "idempotency",
                                     .action = "replay",
                                     .reason = "it is answered as call X"}));
  });
  EXPECT_THAT(run({"explain", id.c_str()}).out,
              HasSubstr("\ntokens          0 input, 0 output\ncost            $0.000000\n"));
}

TEST_F(ExplainTest, ACallThatIsNotThere) {
  Ran ran = run({"explain", "01JD3Z8QK6T2V9M4B7XHPW5RNC"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr("there is no call '01JD3Z8QK6T2V9M4B7XHPW5RNC'"));
  EXPECT_THAT(ran.err, HasSubstr("x-recloser-call"));
  EXPECT_EQ(run({"explain", "../keys"}).exit, 1);
  EXPECT_EQ(run({"explain"}).exit, 2);
}

}  // namespace
}  // namespace recloser::cli
