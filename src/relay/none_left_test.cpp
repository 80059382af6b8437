// A target has failed, and nobody is left who may be asked: what the client is told then.
#include "relay/testing/failing_targets.h"

#include <string>

#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NoneLeftTest : public FailoverTest {
 protected:
  // The second target may be asked by its health, and not by an operator.
  void with_a_second_that_is_switched_off() {
    with_targets(2);
    gateway_.start();
    gateway_.switches().set("provider/q", true);
  }
  void nothing_is_held() {
    gateway_.settle();
    for (std::string_view target : {"p/one", "q/two"}) {
      EXPECT_EQ(standing(target).running, 0u) << target;
    }
  }
};

TEST_F(NoneLeftTest, TheLastAnswerIsTheAnswer) {
  with_a_second_that_is_switched_off();
  first_ = status(500, "x-of-the-provider: yes\r\n", R"({"error":{"message":"mine"}})");
  for (Seen seen : {ask_whole(), ask_stream()}) {
    EXPECT_EQ(seen.status, 500);
    EXPECT_THAT(seen.head, HasSubstr("x-of-the-provider: yes\n"));
    EXPECT_EQ(seen.body, R"({"error":{"message":"mine"}})");
    EXPECT_THAT(attempts(), ElementsAre("p/one server_error provider_failed"));
  }
  EXPECT_EQ(asked(1), 0u);
  nothing_is_held();
}

// Of one that is too large to be kept a part is all there is, and that is no answer.
TEST_F(NoneLeftTest, OneThatIsTooLargeIsNot) {
  with_a_second_that_is_switched_off();
  first_ = status(500, "", R"({"error":{"message":")" + std::string(200'000, 'x') + "\"}}");
  for (Seen seen : {ask_whole(), ask_stream()}) {
    EXPECT_EQ(seen.status, 403);
    EXPECT_THAT(seen.head, HasSubstr("x-recloser-decision: switch/provider/q\n"));
    EXPECT_EQ(seen.error, "");
    EXPECT_THAT(attempts(), ElementsAre("p/one server_error provider_failed"));
  }
  nothing_is_held();
}

// The connection of an error that broke off is in nobody's way while the next attempt is waited
// for.
TEST_F(NoneLeftTest, AnErrorThatBreaksOffIsTriedAgain) {
  with_targets(1);
  gateway_.config().providers[0].retries = 1;
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    Answer half{.bytes = "HTTP/1.1 503 X\r\ncontent-length: 100\r\n\r\n{"};
    return write(exchange, gateway_.loop().worker(), asked(0) % 2 == 1 ? half : json(whole));
  };
  EXPECT_EQ(ask_whole().body, whole);
  EXPECT_THAT(attempts(), ElementsAre("p/one closed provider_failed", "p/one - completed"));
}

TEST_F(NoneLeftTest, AlsoOfACallThatCouldHaveBeenHedged) {
  with_targets(2);
  model().hedge = true;
  gateway_.start();
  for (int i = 0; i < 30; ++i) ASSERT_EQ(ask_stream().status, 200);
  gateway_.switches().set("provider/q", true);
  first_ = status(500, "", R"({"error":{"message":"mine"}})");
  Seen seen = ask_stream();
  EXPECT_EQ(seen.status, 500);
  EXPECT_EQ(seen.body, R"({"error":{"message":"mine"}})");
  EXPECT_THAT(attempts(), ElementsAre("p/one server_error provider_failed"));
  first_ = status(500, "", std::string(200'000, 'x'));
  EXPECT_EQ(ask_stream().status, 403);
  nothing_is_held();
}

// That is no fault of the request.
TEST_F(NoneLeftTest, WhereAllAreDrainedTheClientMayComeAgain) {
  with_targets(2);
  gateway_.start();
  for (std::string_view target : {"p/one", "q/two"})
    gateway_.health().of(target.substr(0, 1), target.substr(2)).drain(true);
  Seen seen = ask_whole();
  EXPECT_EQ(seen.status, 503);
  EXPECT_THAT(seen.body, HasSubstr("provider_unavailable"));
  EXPECT_THAT(seen.body, HasSubstr("p/one is drained by an operator"));
}

}  // namespace
}  // namespace recloser::relay
