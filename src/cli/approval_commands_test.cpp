// Commands of requests for more against a real admin port: what they print, and what then holds.
#include "cli/test_process.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>

namespace recloser::cli {
namespace {

using testing::HasSubstr;

class ApprovalCommandsTest : public RemoteTest {
 protected:
  ApprovalCommandsTest() {
    budget::Budget team;
    team.name = "team-day";
    team.limit = 2'000'000'000;
    team.key = {{.what = budget::KeyPart::team, .label = {}}};
    team.contact = "#finops";
    live_ = budgets_.configure({std::make_shared<const budget::Budget>(team)}).front();
  }
  Ran ask() {
    return run({"budget", "request", "team-day", "--key", "team=search", "--add", "5", "--for",
                "8h", "--reason", "the launch", "--who", "grace"});
  }
  budget::Amount limit() {
    return budgets_.standing(*live_, account_key(*live_, "team=search")).limit;
  }

  budget::Live* live_ = nullptr;
};

TEST_F(ApprovalCommandsTest, AskedListedAndApproved) {
  EXPECT_EQ(run({"approvals", "list"}).out, "Nothing waits for an answer.\n");
  Ran asked = ask();
  EXPECT_EQ(asked.exit, 0) << asked.err;
  EXPECT_EQ(asked.out,
            "Request 1 waits until 2026-09-22 14:13 UTC for an answer of #finops: recloser "
            "approvals approve 1\n");
  EXPECT_EQ(run({"approvals", "list"}).out,
            "ID  STATE    BUDGET                   MORE  FOR  WHO    ANSWER BY (UTC)   REASON\n"
            " 1  waiting  team-day (team=search)  $5.00  8h   grace  2026-09-22 14:13  the "
            "launch\n");
  Ran yes = run({"approvals", "approve", "1", "--add", "1.50", "--who", "ada"});
  EXPECT_EQ(yes.exit, 0) << yes.err;
  EXPECT_EQ(yes.out,
            "Request 1 is approved: the limit of team-day (team=search) is $1.50 higher until "
            "2026-09-21 22:13 UTC.\n");
  EXPECT_EQ(limit(), 3'500'000'000);
  EXPECT_THAT(run({"budget", "show", "team-day"}).out,
              HasSubstr("\nKEY          ADDED  UNTIL (UTC)       WHO  REASON\n"
                        "team=search  $1.50  2026-09-21 22:13  ada  the launch\n"));
  EXPECT_EQ(run({"approvals", "list"}).out, "Nothing waits for an answer.\n");
  EXPECT_THAT(run({"approvals", "list", "--all"}).out, HasSubstr("approved"));
}

TEST_F(ApprovalCommandsTest, DeniedOnceAndNeverAgain) {
  ask();
  Ran no = run({"approvals", "deny", "1", "--reason", "use the small model"});
  EXPECT_EQ(no.exit, 0) << no.err;
  EXPECT_EQ(no.out, "Request 1 is denied: the limit of team-day (team=search) stays as it is.\n");
  Ran again = run({"approvals", "approve", "1"});
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.err, HasSubstr("was denied by admin"));
  EXPECT_EQ(run({"approvals", "deny", "7"}).exit, 1);
  EXPECT_EQ(limit(), 2'000'000'000);
  EXPECT_THAT(run({"approvals", "list", "--all", "--json"}).out,
              HasSubstr(R"("answer_reason":"use the small model")"));
}

TEST_F(ApprovalCommandsTest, WithoutAnAmountOrAReasonNothingIsAsked) {
  EXPECT_EQ(run({"budget", "request", "team-day", "--reason", "x"}).exit, 2);
  Ran ran = run({"budget", "request", "team-day", "--add", "5"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("--reason TEXT"));
  EXPECT_EQ(run({"budget", "request", "team-day", "--add", "5", "--reason", "x"}).exit, 2)
      << "of which account?";
  EXPECT_EQ(run({"budget", "request", "none", "--add", "5", "--reason", "x"}).exit, 1);
  EXPECT_EQ(run({"approvals", "deny", "1", "--add", "5"}).exit, 2);
}

}  // namespace
}  // namespace recloser::cli
