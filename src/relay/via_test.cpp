#include "relay/via.h"

#include "core/ids.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using net::http1::RequestHead;

Way judge(const Via& via, const std::vector<std::string>& values) {
  std::string bytes = "POST /v1/messages HTTP/1.1\r\nhost: g\r\n";
  for (const std::string& value : values) bytes += "via: " + value + "\r\n";
  bytes += "\r\n";
  RequestHead head;
  EXPECT_EQ(head.read(bytes), net::http1::Progress::complete);
  return via.judge(head);
}

TEST(Via, IsAPseudonymOrTheOperatorsWord) {
  EXPECT_EQ(Via("", 0x5f2c).name(), "recloser-0000000000005f2c");
  EXPECT_EQ(Via("eu-west", 0x5f2c).line(), "via: 1.1 recloser-eu-west\r\n");
}

TEST(Via, ACallThatComesFromElsewhereGoesOn) {
  Via via("here", 1);
  EXPECT_EQ(judge(via, {}), Way::forward);
  for (const char* value :
       {"1.1 fred", "1.1 recloser-there", "HTTP/2 edge.example:8443 (nginx), 1.0 fred", "1.1",
        "recloser-here", "1.1 (recloser-here)", "1.1 recloser-here-too", "1.1 x-recloser-here", ",",
        "", "1.1 fred (says recloser-here)", "recloser-here 1.1"}) {
    EXPECT_EQ(judge(via, {value}), Way::forward) << value;
  }
}

TEST(Via, ACallThatWasHereIsKnownWhereverThatStands) {
  Via via("here", 1);
  for (const char* value :
       {"1.1 recloser-here", "1.1 RECLOSER-Here", "1.1\trecloser-here (a comment)",
        "1.1 fred,1.1 recloser-here", "HTTP/1.1  recloser-here , 1.1 fred",
        "1.0 fred (a, b), 1.1 recloser-here"}) {
    EXPECT_EQ(judge(via, {value}), Way::cycle) << value;
    EXPECT_EQ(judge(via, {"1.1 fred", value, "1.1 barney"}), Way::cycle) << value;
  }
}

TEST(Via, NoChainIsLongerThanAChainCanBe) {
  Via via("here", 1);
  std::vector<std::string> chain;
  for (std::size_t i = 0; i < gateways_per_call_max; ++i) {
    chain.push_back("1.1 recloser-" + std::to_string(i));
  }
  EXPECT_EQ(judge(via, chain), Way::forward);
  // Proxies of other kinds do not turn a chain into a circle.
  chain.insert(chain.end(), 20, "1.1 squid");
  EXPECT_EQ(judge(via, chain), Way::forward);
  chain.push_back("1.1 recloser-one-more");
  EXPECT_EQ(judge(via, chain), Way::too_long);
}

TEST(Via, HostileValuesDoNoHarm) {
  Via via("here", 1);
  constexpr std::string_view bytes = "1. recloser-here(),\t\"\\;";
  Random random(29);
  for (int round = 0; round < 2000; ++round) {
    std::string value;
    for (std::uint64_t i = random.below(40); i > 0; --i) value += bytes[random.below(bytes.size())];
    judge(via, {value});
  }
  EXPECT_EQ(judge(via, {std::string(20'000, ',')}), Way::forward);
}

}  // namespace
}  // namespace recloser::relay
