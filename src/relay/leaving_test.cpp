// A target is drained at once: calls that do not go on from it are left as they are.
#include "relay/testing/failing_targets.h"

#include <string>

#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::ElementsAre;

// Its first attempt was a stream that could have been gone on with. What came in its place is none.
TEST_F(FailoverTest, AWholeAnswerStaysWhereAStreamHadFailed) {
  with_targets(3);
  model().interrupted = config::Interrupted::go_on;
  gateway_.start();
  first_ = stream(error_in_band);
  std::string begun =
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
      "content-length: 900000\r\n\r\n{\"text\":\"";
  *others_[0].answer = {.bytes = begun + std::string(600'000, 'x'), .stays_open = 1h};
  Seen seen;
  begin_stream(seen);
  after(1s);
  ASSERT_FALSE(seen.body.empty()) << "its client has some of it";
  LeftTarget left = gateway_.relay().leave("q/two");
  EXPECT_EQ(left.switched, 0u);
  EXPECT_EQ(left.staying, 1u);
  after(2min);
  EXPECT_THAT(attempts(), ElementsAre("p/one error_in_answer provider_failed",
                                      "q/two timeout provider_failed"));
  EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::provider_failed);
}

}  // namespace
}  // namespace recloser::relay
