// Budget commands against a real admin port: what they print, and their exit statuses.
#include "cli/test_process.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::cli {
namespace {

using testing::HasSubstr;

class BudgetCommandsTest : public RemoteTest {
 protected:
  BudgetCommandsTest() {
    budget::Budget all;
    all.name = "all";
    all.unit = budget::Unit::output_tokens;
    all.limit = 1500;
    budget::Budget team;
    team.name = "team-day";
    team.limit = 2'000'000'000;
    team.key = {{.what = budget::KeyPart::org, .label = {}},
                {.what = budget::KeyPart::team, .label = {}}};
    team.window = {.type = budget::WindowType::calendar,
                   .period = budget::Period::day,
                   .zone = *budget::find_zone("UTC")};
    team.owner = "ada";
    std::vector<budget::Live*> lives =
        budgets_.configure({std::make_shared<const budget::Budget>(all),
                            std::make_shared<const budget::Budget>(team)});
    budgets_.set_charged(*lives[1], account_key(*lives[1], "org=acme,team=search"), 500'000'000);
  }
};

TEST_F(BudgetCommandsTest, AListAsATable) {
  Ran ran = run({"budget", "list"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "BUDGET    KEY                                LIMIT            SPENT             HELD"
            "                LEFT  USED  OPEN  RESETS (UTC)\n"
            "all       -                     1500 output tokens  0 output tokens  0 output tokens"
            "  1500 output tokens   0 %     0  -\n"
            "team-day  org=acme,team=search               $2.00            $0.50            $0.00"
            "               $1.50  25 %     0  2026-09-22 00:00\n");
  Ran one = run({"budget", "list", "--name", "team-day", "--key", "team=search", "--key",
                 "org=acme", "--json"});
  EXPECT_TRUE(one.out.starts_with(R"({"data":[{"name":"team-day","key":"org=acme,team=search",)"))
      << one.out << one.err;
  EXPECT_EQ(run({"budget", "list", "--key", "org=x"}).out,
            "There are no such accounts of budgets.\n");
  EXPECT_THAT(run({"budget", "list", "--limit", "1"}).out,
              HasSubstr("There are more: --cursor 'all:'\n"));
}

TEST_F(BudgetCommandsTest, OneWithAllThatIsKnown) {
  Ran ran = run({"budget", "show", "team-day"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "budget   team-day\n"
            "counts   usd, calendar day UTC\n"
            "reserve  clamp\n"
            "owner    ada\n"
            "contact  -\n\n"
            "KEY                   LIMIT  SPENT   HELD   LEFT  USED  OPEN  RESETS (UTC)\n"
            "org=acme,team=search  $2.00  $0.50  $0.00  $1.50  25 %     0  2026-09-22 00:00\n");
  Ran none = run({"budget", "show", "team-dya"});
  EXPECT_EQ(none.exit, 1);
  EXPECT_THAT(none.err, HasSubstr("did you mean team-day?"));
}

TEST_F(BudgetCommandsTest, AnAdjustmentIsToldAndKept) {
  Ran ran = run({"budget", "adjust", "team-day", "--key", "team=search", "--key", "org=acme",
                 "--add", "1.50", "--reason", "the launch", "--expires", "24h"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "The budget team-day (org=acme,team=search) has a limit of $3.50: $0.50 spent, $0.00 "
            "held, $3.00 left.\n");
  Ran set = run({"budget", "adjust", "all", "--set", "7", "--reason", "x", "--json"});
  EXPECT_THAT(set.out, HasSubstr("\"spent\":\"7\""));
  std::vector<ledger::Adjustment> kept = *ledger_->store().adjustments();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].reason, "the launch");
  EXPECT_TRUE(kept[0].expires_at);
}

TEST_F(BudgetCommandsTest, WithoutAReasonNothingIsAdjusted) {
  Ran ran = run({"budget", "adjust", "all", "--add", "5"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("say why with --reason TEXT"));
  EXPECT_EQ(run({"budget", "adjust", "all", "--reason", "x"}).exit, 2);
  EXPECT_EQ(run({"budget", "adjust", "all", "--add", "5", "--set", "1", "--reason", "x"}).exit, 2);
  EXPECT_EQ(run({"budget", "adjust", "all", "--add", "x", "--reason", "x"}).exit, 2);
  EXPECT_EQ(run({"budget", "adjust", "none", "--add", "5", "--reason", "x"}).exit, 1);
  EXPECT_TRUE(ledger_->store().adjustments()->empty());
}

}  // namespace
}  // namespace recloser::cli
