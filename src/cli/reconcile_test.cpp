// reconcile: with a gateway, and on the store of one that does not run.
#include "cli/test_process.h"
#include "ledger/sqlite_store.h"

#include <fstream>

namespace recloser::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view head =
    "day,model,requests,input_tokens,cached_input_tokens,"
    "output_tokens,cost_usd\n";

class ReconcileTest : public RemoteTest {
 public:
  std::string write(const std::string& text, const std::string& name = "bill.csv") {
    std::string path = files_.path() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  void book_two() {
    book();
    clock_.advance(1h);
    book();
    clock_.advance(48h);  // the day is over
  }

  ledger::test::TempDirectory files_;
};

TEST_F(ReconcileTest, AgreesWithABillThatSaysTheSame) {
  book_two();
  std::string bill =
      write(std::string(head) + "2026-09-21,gpt-4o-mini,2,2468,2048,1134,0.000897\n");
  Ran ran = run({"reconcile", bill.c_str()});
  EXPECT_EQ(ran.exit, 0) << ran.err << ran.out;
  EXPECT_EQ(ran.out,
            "generic CSV, 2026-09-21 to 2026-09-21, 1 line; 2 calls of openai in our books.\n"
            "Billed $0.000897000, booked $0.000897000, a difference of +0.000000000.\n"
            "The bill and our books agree.\n");
}

TEST_F(ReconcileTest, SaysWhatDiffersAndWhy) {
  book_two();
  std::string bill =
      write(std::string(head) + "2026-09-21,gpt-4o-mini,2,2468,2048,1134,0.0010506\n");
  Ran ran = run({"reconcile", bill.c_str()});
  EXPECT_EQ(ran.exit, 1) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("gpt-4o-mini-2024-07-18  priced_otherwise"));
  EXPECT_THAT(ran.out, HasSubstr("cached tokens are charged at the full price of input"));
  EXPECT_THAT(ran.out, HasSubstr("1 finding.\n"));
  Ran json = run({"reconcile", bill.c_str(), "--json"});
  EXPECT_EQ(json.exit, 1);
  EXPECT_THAT(json.out, HasSubstr(R"("explained_by":"cached_as_input")"));
}

TEST_F(ReconcileTest, ProvidersAreChosen) {
  book_two();
  constexpr std::string_view anthropic =
      "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_output_tokens\n"
      "2026-09-21,claude-haiku-4-5,10,20\n";
  std::string bill = write(std::string(anthropic));
  Ran ran = run({"reconcile", bill.c_str()});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("Note: no call of the period is of the bill's provider "
                                 "(anthropic); there are calls of openai"));
  std::string ours =
      write(std::string(head) + "2026-09-21,gpt-4o-mini,2,2468,2048,1134,0.000897\n");
  EXPECT_EQ(run({"reconcile", ours.c_str(), "--provider", "openai,azure"}).exit, 0);
  EXPECT_EQ(run({"reconcile", ours.c_str(), "--provider", "azure"}).exit, 1);
}

TEST_F(ReconcileTest, ReadsTheStoreWhereNoGatewayRuns) {
  std::string state = files_.path() + "/state";
  ASSERT_TRUE(ledger::make_private_directory(state));
  {
    auto store = ledger::open_sqlite_store(state + "/recloser.db", {}, clock_);
    ASSERT_TRUE(store);
    ledger::CallRecord record(ids_.next(clock_.wall()), clock_.wall(), ledger::test::someone);
    ledger::test::fill_completed(record);
    record.outcome = ledger::Outcome::completed;
    const ledger::CallRecord* one = &record;
    ASSERT_TRUE((*store)->insert_calls({&one, 1}));
  }
  clock_.advance(48h);
  environment_.variables.erase("RECLOSER_ADMIN");
  std::string config = files_.path() + "/recloser.yaml";
  environment_.files[config] = "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\n";
  std::string bill =
      write(std::string(head) + "2026-09-21,gpt-4o-mini,1,1234,1024,567,0.0004485\n");
  Ran ran = run({"reconcile", bill.c_str(), "--config", config.c_str()});
  EXPECT_EQ(ran.exit, 0) << ran.err << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("1 call of openai"));
}

TEST_F(ReconcileTest, TheContractExplainsABillAtListPrice) {
  for (int i = 0; i < 2; ++i) {
    CallId id = ids_.next(clock_.wall());
    Result<ledger::OpenCall> call =
        ledger_->begin(id, clock_.now(), clock_.wall(), ledger::test::someone);
    ledger::test::fill_completed(call->record());
    call->record().cost_nano_usd = 224'250;
    call->settle(ledger::Outcome::completed, clock_.now() + 5ms);
  }
  clock_.advance(48h);
  std::string bill =
      write(std::string(head) + "2026-09-21,gpt-4o-mini,2,2468,2048,1134,0.000897\n");
  environment_.files["recloser.yaml"] =
      "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\nprices: {overrides: [ours.yaml]}\n";
  environment_.files["ours.yaml"] = "- {provider: openai, model: '*', discount: 50%}\n";
  Ran ran = run({"reconcile", bill.c_str(), "--json", "--config", "recloser.yaml"});
  EXPECT_EQ(ran.exit, 1) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("list_price")) << "what the contract takes off was not";
  EXPECT_THAT(run({"reconcile", bill.c_str(), "--json"}).out, Not(HasSubstr("list_price")))
      << "of a gateway elsewhere nothing tells the contract";
  environment_.files["ours.yaml"] = "- {provider: openai}\n";
  EXPECT_EQ(run({"reconcile", bill.c_str(), "--config", "recloser.yaml"}).exit, 2);
}

TEST_F(ReconcileTest, WhatIsWrongIsSaid) {
  std::string bad = write("day,model,cost_usd\n2026-09-21,m,x\n");
  Ran ran = run({"reconcile", bad.c_str()});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err,
            "recloser: " + bad + ": line 2: 'x' is not an amount of dollars, such as 12.34\n");
  EXPECT_EQ(run({"reconcile", "/nonexistent/bill.csv"}).exit, 3);
  std::string empty = write("day,model,cost_usd\n", "empty.csv");
  EXPECT_EQ(run({"reconcile", empty.c_str()}).exit, 2);
  for (const char* offset : {"8", "+25:00", "+05:07", "05:30x"}) {
    EXPECT_EQ(run({"reconcile", bad.c_str(), "--utc-offset", offset}).exit, 2) << offset;
  }
  EXPECT_EQ(run({"reconcile", bad.c_str(), "--tolerance", "101"}).exit, 2);
  EXPECT_EQ(run({"reconcile", bad.c_str(), "--since", "soon"}).exit, 2);
  EXPECT_EQ(run({"reconcile"}).exit, 2);
}

}  // namespace
}  // namespace recloser::cli
