// What a client sees of a gateway that is at its own limits.
#include "relay/testing/test_gateway.h"

#include <algorithm>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view other_secret = "rk-other-secret-0123456789";
constexpr std::string_view namesake_secret = "rk-namesake-secret-0123456789";
constexpr std::string_view body = R"({"model":"same","messages":[]})";

class SheddingTest : public testing::Test {
 protected:
  SheddingTest()
      : gateway_(testing::TempDir() + "recloser-shedding-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {
    gateway_.provider().script = [](net::Exchange& exchange, std::string) -> Task<void> {
      return answer(exchange);
    };
    config::Key other = gateway_.config().keys[0];
    other.id = "other";
    other.team = "other";
    other.secret = config::Secret(other_secret);
    gateway_.config().keys.push_back(other);
    config::Key namesake = gateway_.config().keys[0];
    namesake.id = "namesake";
    namesake.org = "emca";
    namesake.secret = config::Secret(namesake_secret);
    gateway_.config().keys.push_back(namesake);
    gateway_.start();
  }
  static Task<void> answer(net::Exchange& exchange) {
    co_await exchange.answer(200, "content-type: application/json\r\n", "{}");
  }
  // `announced`: bytes of a body of which nothing comes; 0: a call as usual.
  Seen ask(std::string_view secret, std::size_t announced = 0) {
    std::string head = fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n"
        "content-length: {}\r\n\r\n",
        secret, announced == 0 ? body.size() : announced);
    return gateway_.request(head, announced == 0 ? std::string(body) : std::string());
  }
  void one_has_most_of_the_calls() {
    for (int i = 0; i < 30; ++i) ASSERT_EQ(ask(test_secret).status, 200);
    for (int i = 0; i < 2; ++i) ASSERT_EQ(ask(other_secret).status, 200);
  }
  void take_connections(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) places_.push_back(gateway_.connections.take());
    gateway_.loop().run_for(Overload::look_every);
  }
  std::size_t asked() { return gateway_.provider().heads.size(); }
  Metrics::Snapshot metrics() {
    Metrics::Snapshot sum;
    gateway_.relay().metrics().add_to(sum);
    return sum;
  }

  TestGateway gateway_;
  std::vector<net::ConnectionLimit::Place> places_;
};

TEST_F(SheddingTest, WhoHasMostIsRefusedAndTheOthersAreNot) {
  one_has_most_of_the_calls();
  take_connections(85);
  std::size_t before = asked();
  Seen seen = ask(test_secret);
  EXPECT_EQ(seen.status, 503);
  EXPECT_THAT(seen.body, HasSubstr(R"("type":"gateway_overloaded")"));
  EXPECT_THAT(seen.head, HasSubstr("x-should-retry: true\n"));
  EXPECT_THAT(seen.head, ContainsRegex("retry-after: [12]\n"));
  EXPECT_EQ(asked(), before);
  ledger::StoredCall row = gateway_.books().back();
  EXPECT_EQ(row.outcome, ledger::Outcome::refused);
  EXPECT_THAT(row.decisions, HasSubstr(R"("overload/connections")"));
  EXPECT_EQ(ask(other_secret).status, 200);
  EXPECT_EQ(metrics().shed[static_cast<std::size_t>(Strain::connections)], 1u);
}

TEST_F(SheddingTest, ATeamOfTheSameNameElsewhereIsAnother) {
  one_has_most_of_the_calls();
  take_connections(85);
  EXPECT_EQ(ask(test_secret).status, 503);
  EXPECT_EQ(ask(namesake_secret).status, 200);
}

TEST_F(SheddingTest, ARefusalWaitsForNoBody) {
  one_has_most_of_the_calls();
  take_connections(90);
  EXPECT_EQ(ask(test_secret, 30'000'000).status, 503);
}

TEST_F(SheddingTest, NoConnectionIsKeptWhereThereAreTooMany) {
  EXPECT_THAT(ask(test_secret).head, Not(HasSubstr("connection: close")));
  take_connections(94);
  EXPECT_THAT(ask(test_secret).head, Not(HasSubstr("connection: close")));
  take_connections(1);
  Seen seen = ask(test_secret);
  EXPECT_EQ(seen.status, 200);  // who is alone is not refused
  EXPECT_THAT(seen.head, HasSubstr("connection: close"));
}

TEST_F(SheddingTest, WhereMemoryIsFullOnlySmallCallsAreTaken) {
  net::MemoryBudget& memory = gateway_.memory();
  net::MemoryBudget::Share taken;
  ASSERT_TRUE(taken.grow_to(memory, memory.bytes_max() / 1000 * 940));
  ask(test_secret);
  EXPECT_EQ(metrics().overload[static_cast<std::size_t>(Strain::memory)], 1);
  ASSERT_TRUE(taken.grow_to(memory, memory.bytes_max() / 1000 * 952));
  gateway_.loop().run_for(Overload::look_every);
  EXPECT_EQ(ask(test_secret).status, 200);
  Seen seen = ask(test_secret, 100'000);
  EXPECT_EQ(seen.status, 503);
  EXPECT_THAT(seen.head, ContainsRegex("retry-after: [4-8]\n"));
  EXPECT_THAT(gateway_.books().back().decisions, HasSubstr(R"("overload/memory")"));
}

// Also where nobody calls.
TEST_F(SheddingTest, ItIsToldThatAndWhenItIsOver) {
  take_connections(96);
  ask(test_secret);
  EXPECT_THAT(gateway_.loop().log_text(), HasSubstr("level=full"));
  EXPECT_EQ(metrics().overload[static_cast<std::size_t>(Strain::connections)], 2);
  places_.clear();
  gateway_.loop().run_for(900ms);
  EXPECT_THAT(gateway_.loop().log_text(), Not(HasSubstr("no longer at its limits")));
  gateway_.loop().run_for(200ms);
  EXPECT_THAT(gateway_.loop().log_text(), HasSubstr("no longer at its limits"));
  EXPECT_EQ(metrics().overload[static_cast<std::size_t>(Strain::connections)], 0);
}

TEST_F(SheddingTest, EveryCallGivesItsShareBack) {
  one_has_most_of_the_calls();
  gateway_.loop().run_for(20s);
  take_connections(96);
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(ask(test_secret).status, 200) << i;
    EXPECT_EQ(ask(other_secret).status, 200) << i;
  }
}

}  // namespace
}  // namespace recloser::relay
