// price rerate: through a gateway, and on the store of one that does not run.
#include "cli/test_process.h"
#include "ledger/lock_file.h"
#include "ledger/sqlite_store.h"

namespace recloser::cli {
namespace {

using testing::HasSubstr;

class RerateTest : public RemoteTest {
 public:
  RerateTest() {
    environment_.variables["USER"] = "ada";
    environment_.files["recloser.yaml"] = fmt::format(
        "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\nstate: {{directory: {}}}\n"
        "prices: {{overrides: [ours.yaml]}}\n",
        files_.path());
    environment_.files["ours.yaml"] = "- {provider: openai, model: '*', discount: 50%}\n";
  }
  Ran rerate(const char* reason, const char* more = "--until=1h") {
    return run({"price", "rerate", "--config", "recloser.yaml", "--reason", reason, more});
  }
  std::vector<ledger::Rating> ratings(CallId id) { return *ledger_->store().ratings(id); }

  ledger::test::TempDirectory files_;
};

TEST_F(RerateTest, StandsBesideWhatWasBooked) {
  CallId id = book();
  clock_.advance(2h);
  CallId late = book();
  ASSERT_TRUE(ledger_->flush());
  ledger::StoredCall before = **ledger_->store().call(id);
  Ran ran = rerate("half price");
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("gpt-4o-mini-2024-07-18      1  0.000448500  0.000224250  "
                                 "-0.000224250\n"));
  EXPECT_THAT(ran.out, HasSubstr("Written beside 1 call, by prices "));
  EXPECT_EQ(**ledger_->store().call(id), before) << "its row stays as it was";
  ASSERT_EQ(ratings(id).size(), 1u);
  ledger::Rating first = ratings(id)[0];
  EXPECT_EQ(first.at, clock_.wall());
  EXPECT_EQ(first.cost_nano_usd, 224'250);
  EXPECT_EQ(first.list_cost_nano_usd, 448'500);
  EXPECT_EQ(first.reason, "half price");
  EXPECT_EQ(first.who, "ada");
  EXPECT_TRUE(ratings(late).empty()) << "it began after --until";

  environment_.files["ours.yaml"] = "- {provider: openai, model: '*', discount: 10%}\n";
  EXPECT_EQ(rerate("a tenth").exit, 0);
  ASSERT_EQ(ratings(id).size(), 2u) << "a second time adds another";
  EXPECT_EQ(ratings(id)[0], first);
  EXPECT_EQ(ratings(id)[1].cost_nano_usd, 403'650);
  EXPECT_NE(ratings(id)[1].price_version, first.price_version);
  EXPECT_THAT(run({"calls", id.str().c_str()}).out,
              HasSubstr("$0.000404 by ada at 2026-09-21T16:13:20.000Z, prices " +
                        ratings(id)[1].price_version + ": a tenth\n"));
  EXPECT_THAT(run({"usage", "--rated", "--until", "1h", "--csv"}).out, HasSubstr(",0.000403650,"));
  EXPECT_THAT(run({"usage", "--until", "1h", "--csv"}).out, HasSubstr(",0.000448500,"));
}

TEST_F(RerateTest, SeesAndWritesNothing) {
  CallId id = book();
  clock_.advance(2h);
  Ran ran = run({"price", "rerate", "--config", "recloser.yaml", "--dry-run"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("0.000224250"));
  EXPECT_THAT(ran.out, HasSubstr("Nothing was written.\n"));
  Ran json = run({"price", "rerate", "--config", "recloser.yaml", "--dry-run", "--json"});
  EXPECT_THAT(json.out,
              HasSubstr(R"("total":{"calls":1,"unpriced_before":0,"booked_cost_usd":"0.000448500",)"
                        R"("cost_usd":"0.000224250","difference_usd":"-0.000224250"},)"
                        R"("left":{"provider_bill":0,"unpriced":0,"unreadable":0},)"));
  EXPECT_THAT(json.out, HasSubstr(R"("dry_run":true,"written":0,"next":null})"));
  EXPECT_TRUE(ratings(id).empty());
}

TEST_F(RerateTest, AProvidersOwnBillStays) {
  CallId id = ids_.next(clock_.wall());
  Result<ledger::OpenCall> call =
      ledger_->begin(id, clock_.now(), clock_.wall(), ledger::test::someone);
  ledger::test::fill_completed(call->record());
  call->record().cost_source = ledger::CostSource::provider;
  call->settle(ledger::Outcome::completed, clock_.now() + 5ms);
  clock_.advance(2h);
  Ran ran = rerate("half price");
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("There are no such calls to rate.\n"
                                 "1 call keeps the bill that its provider made itself.\n"));
  EXPECT_TRUE(ratings(id).empty());
}

TEST_F(RerateTest, PagesAreWrittenOneAfterTheOther) {
  std::vector<CallId> booked;
  for (std::size_t i = 0; i < ledger::page_calls_max + 5; ++i) booked.push_back(book());
  clock_.advance(2h);
  Ran ran = rerate("half price");
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("Written beside 1,005 calls"));
  for (CallId id : booked) ASSERT_EQ(ratings(id).size(), 1u);
}

TEST_F(RerateTest, WhatIsWrongIsSaid) {
  CallId id = book();
  clock_.advance(2h);
  EXPECT_EQ(rerate("").exit, 2);
  Ran blank = rerate("   ");
  EXPECT_EQ(blank.exit, 2);
  EXPECT_THAT(blank.err, HasSubstr("--reason is empty"));
  EXPECT_EQ(run({"price", "rerate", "--config", "recloser.yaml"}).exit, 2) << "no reason at all";
  EXPECT_EQ(rerate("two\nlines").exit, 2);
  EXPECT_EQ(rerate(std::string(501, 'x').c_str()).exit, 2);
  EXPECT_EQ(rerate("why", "--since=soon").exit, 2);
  Ran elsewhere = run({"price", "rerate", "--reason", "why"});
  EXPECT_EQ(elsewhere.exit, 2);
  EXPECT_THAT(elsewhere.err, HasSubstr("say with --config which configuration's hold"));
  environment_.files["ours.yaml"] = "- {provider: openai, model: x, input: -1}\n";
  Ran bad = rerate("why");
  EXPECT_EQ(bad.exit, 2);
  EXPECT_THAT(bad.err, HasSubstr("ours.yaml:1:"));
  EXPECT_TRUE(ratings(id).empty());
}

TEST_F(RerateTest, WorksOnTheStoreWhereNoGatewayRuns) {
  std::string path = files_ / "recloser.db";
  auto open = [&] { return std::move(*ledger::open_sqlite_store(path, {}, clock_)); };
  ledger::CallRecord record(ids_.next(clock_.wall()), clock_.wall(), ledger::test::someone);
  ledger::test::fill_completed(record);
  record.outcome = ledger::Outcome::completed;
  const ledger::CallRecord* one = &record;
  ASSERT_TRUE(open()->insert_calls({&one, 1}));
  clock_.advance(2h);
  environment_.variables.erase("RECLOSER_ADMIN");
  {
    ledger::StateLock lock = std::move(*ledger::StateLock::acquire(files_.path()));
    EXPECT_EQ(rerate("half price").exit, 3) << "a gateway holds it, and does not answer";
  }
  EXPECT_TRUE(open()->ratings(record.id)->empty());
  Ran ran = rerate("half price");
  EXPECT_EQ(ran.exit, 0) << ran.err;
  ASSERT_EQ(open()->ratings(record.id)->size(), 1u);
  EXPECT_EQ(open()->ratings(record.id)->front().cost_nano_usd, 224'250);
  EXPECT_EQ((*open()->call(record.id))->cost_nano_usd, 448'500);
}

}  // namespace
}  // namespace recloser::cli
