// What a worker does while its providers are silent: nothing (acceptance 24).
#include "relay/testing/test_gateway.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

constexpr std::string_view delta =
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
constexpr std::string_view asks =
    R"({"model":"same","stream":true,"stream_options":{"include_usage":true}})";

class StallTest : public testing::Test {
 protected:
  StallTest() : gateway_(testing::TempDir() + "recloser-stall-" + std::to_string(::getpid())) {
    gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
      return begin_and_stall(exchange, worker());
    };
    gateway_.start();
  }

  // One event; then silence until long after the gateway has given up.
  static Task<void> begin_and_stall(net::Exchange& exchange, net::Worker& worker) {
    exchange.begin(net::AnswerFraming::chunked);
    constexpr std::string_view head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    std::array<std::string_view, 1> payload{delta};
    Result<void> sent = co_await exchange.send(head, payload, net::Last::no);
    co_await worker.sleep_until(worker.now() + 1h);
  }
  static Task<void> watch(TestGateway& gateway, Seen& seen) {
    std::string head = "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer " +
                       std::string(test_secret) +
                       "\r\ncontent-length: " + std::to_string(asks.size()) + "\r\n\r\n";
    return gateway.fetch(std::move(head), std::string(asks), seen, Instant::never());
  }

  net::Worker& worker() { return gateway_.loop().worker(); }
  std::int64_t streams_open() {
    Metrics::Snapshot counted;
    gateway_.relay().metrics().add_to(counted);
    return counted.streams_open;
  }
  // Clients that have their first event, and wait.
  void begin(std::size_t streams) {
    for (std::size_t i = 0; i < streams; ++i) {
      seen_.push_back(std::make_unique<Seen>());
      worker().tasks().spawn("client", watch(gateway_, *seen_.back()));
    }
    worker().run_until(
        [&] { return std::ranges::all_of(seen_, [](const auto& s) { return s->body == delta; }); });
    gateway_.loop().run_for(100ms);  // the last acknowledgements come
  }
  // How often the worker turns in so much time. Its loop waits in the kernel once in each turn, so
  // without turns there is no system call, and nothing that costs processor time.
  std::uint64_t turns_in(Duration time) {
    Instant until = worker().now() + time;
    struct Alarm : net::Timer {
      Alarm() : Timer([](Timer&) {}) {}
    } alarm;
    worker().timers().set(alarm, until);
    std::uint64_t before = worker().turns();
    std::uint64_t enough = before + 1'000;
    worker().run_until([&] { return worker().now() >= until || worker().turns() >= enough; });
    return worker().turns() - before;
  }

  std::vector<std::unique_ptr<Seen>> seen_;  // outlives the clients that write to it
  TestGateway gateway_;
};

TEST_F(StallTest, NothingRunsUntilThereIsAReason) {
  constexpr std::size_t streams = 40;
  begin(streams);
  EXPECT_EQ(streams_open(), static_cast<std::int64_t>(streams));
  // The timer wheel looks now and then what is near: rarer than once a second, for all together.
  EXPECT_LE(turns_in(14s), 14u);
  for (const auto& seen : seen_) EXPECT_EQ(seen->body, delta);
  // The next reason: comments that keep clients awake; and at last the idle limit.
  turns_in(2s);
  for (const auto& seen : seen_) EXPECT_EQ(seen->body, std::string(delta) + ": keep-alive\n\n");
  EXPECT_LE(turns_in(12s), 12u);
  turns_in(61s);
  EXPECT_EQ(streams_open(), 0);
  for (const auto& seen : seen_) {
    EXPECT_NE(seen->body.find("sent nothing more within 1m"), std::string::npos) << seen->body;
  }
}

}  // namespace
}  // namespace recloser::relay
