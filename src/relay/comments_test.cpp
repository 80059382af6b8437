#include "relay/comments.h"

#include "relay/testing/test_gateway.h"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

// A client that reads nothing until it is told to.
class SlowClient {
 public:
  explicit SlowClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    // Who sends to it keeps little, too: room for some segments.
    int few_bytes = 4096;
    int segment_bytes = 536;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &few_bytes, sizeof few_bytes);
    ::setsockopt(socket_, IPPROTO_TCP, TCP_MAXSEG, &segment_bytes, sizeof segment_bytes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    constexpr std::string_view request = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
    EXPECT_EQ(::send(socket_, request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
  }
  SlowClient(const SlowClient&) = delete;
  SlowClient& operator=(const SlowClient&) = delete;
  ~SlowClient() { ::close(socket_); }

  // What there is. False at the end.
  bool read() {
    std::array<char, 65536> piece{};
    for (;;) {
      ssize_t bytes = ::recv(socket_, piece.data(), piece.size(), MSG_DONTWAIT);
      if (bytes <= 0) return bytes < 0;
      text.append(piece.data(), static_cast<std::size_t>(bytes));
    }
  }

  std::string text;

 private:
  int socket_;
};

class CommentsTest : public testing::Test {
 protected:
  CommentsTest() {
    server_.script = [this](net::Exchange& exchange, std::string) { return tell(exchange); };
  }
  ~CommentsTest() override { ends_ = true; }

  Task<void> tell(net::Exchange& exchange) {
    net::Worker& worker = loop_.worker();
    exchange.begin(net::AnswerFraming::length);
    std::array<std::string_view, 1> payload{begun_};
    Result<void> sent = co_await exchange.send("", payload, net::Last::no);
    Comments comments(exchange, worker, 1ms);
    while (!ends_) {
      Instant next = worker.now() + 10ms;
      co_await worker.sleep_until(next);
      looks_sending_ = comments.is_sending() ? looks_sending_ + 1 : 0;
    }
    co_await comments.end();
    ended_ = true;
    payload = {event};
    sent = co_await exchange.send("", payload, net::Last::no);
    exchange.break_off();
  }
  // All that was heard between the two.
  std::string comments_in(std::string_view text) {
    EXPECT_TRUE(text.starts_with(begun_) && text.ends_with(event));
    return std::string(text.substr(begun_.size(), text.size() - begun_.size() - event.size()));
  }

  // Half of what there is room for on the way; it is full sooner so.
  const std::string begun_ = "HTTP/1.1 200 OK\r\n\r\n" + std::string(32'000, ' ');
  static constexpr std::string_view event = "data: 1\n\n";

  net::TestLoop loop_;
  TestProvider server_{loop_};
  bool ends_ = false;
  bool ended_ = false;
  int looks_sending_ = 0;  // in a row
};

TEST_F(CommentsTest, OneThatASlowClientStillTakesIsNotTorn) {
  SlowClient client(server_.port());
  for (int i = 0; i < 1000 && looks_sending_ < 50; ++i) loop_.run_for(100ms);
  ASSERT_GE(looks_sending_, 50) << "its room is full";
  ends_ = true;
  loop_.run_for(1s);
  EXPECT_FALSE(ended_);
  bool open = true;
  for (int i = 0; i < 10'000 && open; ++i) {
    open = client.read();
    loop_.run_for(1ms);
  }
  EXPECT_FALSE(open);
  EXPECT_TRUE(ended_);
  std::string heard = comments_in(client.text);
  std::string whole;
  while (whole.size() < heard.size()) whole += keep_alive_comment;
  EXPECT_TRUE(heard == whole) << heard.size() << " bytes";
}

}  // namespace
}  // namespace recloser::relay
