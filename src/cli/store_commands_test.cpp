// backup and restore as commands: with a gateway that runs, and on a state directory by itself.
#include "cli/test_process.h"
#include "ledger/lock_file.h"
#include "ledger/sqlite_store.h"

#include <filesystem>
#include <memory>
#include <string>

#include <gmock/gmock.h>

namespace recloser::cli {
namespace {

using testing::HasSubstr;

struct StoreCommandsTest : CliTest {
  StoreCommandsTest() {
    environment_.files["recloser.yaml"] = fmt::format(
        "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\nadmin: {{address: "
        "'127.0.0.1:1', token: a-token-of-twenty-letters}}\nstate: {{directory: {}}}\n"
        "providers: {{sim: {{dialect: simulated}}}}\n",
        directory_.path());
  }
  std::unique_ptr<ledger::Store> open() {
    return std::move(*ledger::open_sqlite_store(store_, {}, clock_));
  }
  void book(std::uint64_t number) {
    WallTime at = clock_.wall();
    ledger::CallRecord record(
        CallId{static_cast<std::uint64_t>(at.ns / 1'000'000) << 16 | number, 1}, at,
        ledger::test::someone);
    record.outcome = ledger::Outcome::completed;
    const ledger::CallRecord* one = &record;
    ASSERT_TRUE(open()->insert_calls(std::span(&one, 1)));
  }

  ledger::test::TempDirectory directory_;
  std::string store_ = directory_ / "recloser.db";
  std::string copy_ = directory_ / "copy.db";
};

TEST_F(StoreCommandsTest, ThereAndBackWithoutAGateway) {
  book(1);
  Ran made = run({"backup", copy_.c_str()});
  EXPECT_EQ(made.exit, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("The books are in " + copy_));
  EXPECT_EQ(run({"backup", copy_.c_str()}).exit, 1) << "no file is written over";
  book(2);
  Ran back = run({"restore", copy_.c_str()});
  EXPECT_EQ(back.exit, 0) << back.err;
  EXPECT_THAT(back.out, HasSubstr("What was there before is kept in " + store_));
  EXPECT_EQ(*open()->count_calls(), 1u);
  Ran json = run({"restore", copy_.c_str(), "--json"});
  EXPECT_THAT(json.out, HasSubstr("\"kept\":\"" + store_ + ".before-restore-"));
}

TEST_F(StoreCommandsTest, NotUnderAGatewayThatRuns) {
  book(1);
  ASSERT_EQ(run({"backup", copy_.c_str()}).exit, 0);
  ledger::StateLock lock = std::move(*ledger::StateLock::acquire(directory_.path()));
  for (const char* command : {"restore", "backup"}) {
    Ran ran = run({command, command[0] == 'b' ? (copy_ + "2").c_str() : copy_.c_str()});
    EXPECT_EQ(ran.exit, 3);
    EXPECT_THAT(ran.err, HasSubstr("is in use by another Recloser"));
  }
}

TEST_F(StoreCommandsTest, WhatIsNotThere) {
  Ran no_store = run({"backup", copy_.c_str()});
  EXPECT_EQ(no_store.exit, 3);
  EXPECT_THAT(no_store.err, HasSubstr("there is no store"));
  EXPECT_FALSE(std::filesystem::exists(store_));
  Ran no_file = run({"restore", copy_.c_str()});
  EXPECT_EQ(no_file.exit, 3);
  EXPECT_THAT(no_file.err, HasSubstr("there is no file"));
}

// Its store is in memory, which has no backup: what matters is who was asked.
TEST_F(RemoteTest, AGatewayThatRunsMakesTheBackup) {
  Ran ran = run({"backup", (directory_ / "x.db").c_str()});
  EXPECT_NE(ran.exit, 0);
  EXPECT_THAT(ran.err, HasSubstr("a store in memory has no backup in " + (directory_ / "x.db")));
}

}  // namespace
}  // namespace recloser::cli
