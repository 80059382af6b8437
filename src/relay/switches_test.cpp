#include "relay/switches.h"

#include <array>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

constexpr std::array<std::string_view, 2> labels{"batch", "beta"};
constexpr budget::CallFacts call{.org = "acme",
                                 .team = "search",
                                 .user = "ada",
                                 .agent = "coder",
                                 .key = "ci",
                                 .session = "s-1",
                                 .trace = "t",
                                 .model = "fast",
                                 .provider = "openai",
                                 .target = "openai/gpt-4o",
                                 .labels = labels};

std::string stopped_by(std::vector<std::string> on) {
  SwitchSet set(std::move(on));
  const std::string* name = set.stops(call, "gpt-4o");
  return name == nullptr ? "" : *name;
}

TEST(Switches, ANameSaysWhatItStops) {
  for (const char* name :
       {"all", "org/acme", "team/search", "user/ada", "agent/coder", "key/ci", "session/s-1",
        "model/fast", "model/gpt-4o", "provider/openai", "target/openai/gpt-4o", "label/beta"}) {
    EXPECT_EQ(stopped_by({name}), name);
    EXPECT_NE(stopped_by_switch(name), "");
  }
  for (const char* name : {"org/other", "team/sear", "team/searching", "label/gamma",
                           "model/gpt-4o-mini", "target/openai", "session/s-2"}) {
    EXPECT_EQ(stopped_by({name}), "") << name;
    EXPECT_NE(stopped_by_switch(name), "");
  }
  for (const char* name : {"", "All", "teams/search", "team", "team/", "/search", "trace/t", "x"}) {
    EXPECT_EQ(stopped_by({name}), "") << name;
    EXPECT_EQ(stopped_by_switch(name), "") << name;
  }
}

TEST(Switches, OneThatIsOffStopsNobody) {
  Switches switches;
  auto stops = [&switches] { return switches.current().current()->stops_any(); };
  switches.set("holiday", true);
  EXPECT_FALSE(stops()) << "policies may read it";
  switches.set("all", true);
  switches.set("all", true);
  EXPECT_TRUE(stops());
  EXPECT_TRUE(switches.current().current()->is_on("all"));
  switches.set("all", false);
  EXPECT_FALSE(stops());
  EXPECT_TRUE(switches.current().current()->is_on("holiday"));
}

}  // namespace
}  // namespace recloser::relay
