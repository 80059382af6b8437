// Switch commands against a real admin port: what they print, and what is in force afterwards.
#include "cli/test_process.h"

#include <string>

#include <gmock/gmock.h>

namespace recloser::cli {
namespace {

using testing::HasSubstr;

class SwitchCommandsTest : public RemoteTest {
 protected:
  bool is_on(std::string_view name) { return switches_.current().current()->is_on(name); }
};

TEST_F(SwitchCommandsTest, OnOffAndWhatTheyStop) {
  Ran ran = run({"switch", "on", "team/search", "--reason", "too dear", "--who", "ada"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, "The switch team/search is on: it stops calls of the team search.\n");
  EXPECT_TRUE(is_on("team/search"));
  EXPECT_EQ(run({"switch", "on", "paella", "--reason", "x"}).out,
            "The switch paella is on: it stops nothing by itself.\n");
  EXPECT_EQ(run({"switch", "off", "team/search", "--reason", "over"}).out,
            "The switch team/search is off: what it stopped passes again: calls of the team "
            "search.\n");
  EXPECT_FALSE(is_on("team/search"));
  Ran json = run({"switch", "on", "all", "--reason", "fire", "--json"});
  EXPECT_THAT(json.out, HasSubstr(R"("on":true)"));
  EXPECT_THAT(json.out, HasSubstr(R"("stops":"every call")"));
}

TEST_F(SwitchCommandsTest, AListSaysWhoAndWhy) {
  EXPECT_EQ(run({"switch", "list"}).out, "No switch was ever thrown.\n");
  run({"switch", "on", "key/ci", "--reason", "its secret is on a web page", "--who", "ada"});
  Ran ran = run({"switch", "list"});
  EXPECT_EQ(ran.out,
            "SWITCH  IS  SINCE (UTC)       WHO  STOPS                REASON\n"
            "key/ci  on  2026-09-21 14:13  ada  calls of the key ci  its secret is on a web page\n")
      << ran.err;
}

TEST_F(SwitchCommandsTest, WithoutAReasonNothingIsThrown) {
  Ran ran = run({"switch", "on", "all"});
  EXPECT_EQ(ran.exit, static_cast<int>(Exit::usage));
  EXPECT_THAT(ran.err, HasSubstr("--reason"));
  EXPECT_FALSE(is_on("all"));
  EXPECT_NE(run({"switch", "on", "a,b", "--reason", "x"}).exit, 0);
}

}  // namespace
}  // namespace recloser::cli
