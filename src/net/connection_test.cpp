#include "net/connection.h"

#include "net/dial.h"
#include "net/listener.h"
#include "net/test_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::net {
namespace {

// One connection over loopback, both ends on the test's worker.
class ConnectionTest : public testing::Test, public Accepter {
 protected:
  void SetUp() override {
    listener_ = std::move(
        *Listener::open(loop_.worker(), *parse_listen_address("127.0.0.1:0"), false, *this));
    loop_.run(connect());
    ASSERT_NE(near_, nullptr);
    loop_.worker().run_until([&] { return far_ != nullptr; });
  }

  void accepted(std::unique_ptr<Connection> client) override { far_ = std::move(client); }

  Task<void> connect() {
    DialTarget target{
        .host = "127.0.0.1", .port = listener_->address().port, .tls = nullptr, .tls_name = {}};
    CancelPoint cancel;
    Result<std::unique_ptr<Connection>> made =
        co_await dial(loop_.worker(), loop_.resolver(), target, cancel);
    if (made) near_ = std::move(*made);
  }

  Instant in(Duration duration) { return loop_.worker().now() + duration; }

  TestLoop loop_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Connection> near_;
  std::unique_ptr<Connection> far_;
};

Task<void> write_text(Connection& to, std::string text, Result<void>& out, Instant deadline) {
  std::string_view pieces[] = {text};
  out = co_await to.write(pieces, BytesLive::until_sent, 1h, deadline);
}

Task<void> read_once(Connection& from, std::string& out, Result<std::size_t>& result,
                     Instant deadline) {
  std::span<char> scratch = from.worker().scratch();
  result = co_await from.read(scratch, deadline);
  if (result) out.assign(scratch.data(), *result);
}

Task<void> read_all(Connection& from, std::string& out, Instant deadline) {
  for (;;) {
    std::span<char> scratch = from.worker().scratch();
    Result<std::size_t> got = co_await from.read(scratch, deadline);
    if (!got || *got == 0) co_return;
    out.append(scratch.data(), *got);
  }
}

TEST_F(ConnectionTest, BytesArrive) {
  Result<void> written;
  Result<std::size_t> read;
  std::string text;
  loop_.run(write_text(*near_, "hello", written, in(1s)));
  loop_.run(read_once(*far_, text, read, in(1s)));
  EXPECT_TRUE(written);
  EXPECT_EQ(text, "hello");
}

TEST_F(ConnectionTest, ASilentPeerTimesOutAtTheDeadline) {
  Result<std::size_t> read;
  std::string text;
  Instant before = loop_.worker().now();
  loop_.run(read_once(*far_, text, read, in(30s)));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), Kind::timed_out);
  EXPECT_EQ(read.error().side(), Side::client);
  EXPECT_GE(loop_.worker().now() - before, 30s);
  EXPECT_LE(loop_.worker().now() - before, 30s + 2ms);
}

TEST_F(ConnectionTest, TheEndIsReadAfterTheBytesBeforeIt) {
  Result<void> written;
  loop_.run(write_text(*near_, "last words", written, in(1s)));
  near_->shut_down_sending();
  std::string all;
  loop_.run(read_all(*far_, all, in(1s)));
  EXPECT_EQ(all, "last words");
  EXPECT_LT(loop_.worker().now(), in(1s));
}

TEST_F(ConnectionTest, CloseEndsAPendingReadAsCancelled) {
  Result<std::size_t> read;
  std::string text;
  bool ended = false;
  auto reader = [](std::string& out, Result<std::size_t>& r, bool& e, Connection& from,
                   Instant deadline) -> Task<void> {
    co_await read_once(from, out, r, deadline);
    e = true;
  };
  loop_.worker().tasks().spawn("reader", reader(text, read, ended, *far_, in(1h)));
  far_->close();
  EXPECT_FALSE(ended) << "resumed inside close()";
  loop_.worker().run_until([&] { return ended; });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), Kind::cancelled);
}

TEST_F(ConnectionTest, ASlowReaderHoldsTheWriterBack) {
  std::string big(8u << 20, 'x');
  for (std::size_t i = 0; i < big.size(); i += 4096)
    big[i] = static_cast<char>('a' + i / 4096 % 26);
  Result<void> written;
  bool sent = false;
  auto writer = [](Connection& to, std::string text, Result<void>& out, bool& done,
                   Instant deadline) -> Task<void> {
    co_await write_text(to, std::move(text), out, deadline);
    done = true;
  };
  loop_.worker().tasks().spawn("writer", writer(*near_, big, written, sent, in(1h)));
  loop_.run_for(10ms);
  EXPECT_FALSE(sent);
  std::string all;
  bool end = false;
  auto reader = [](Connection& from, std::string& out, bool& e, Instant deadline) -> Task<void> {
    co_await read_all(from, out, deadline);
    e = true;
  };
  loop_.worker().tasks().spawn("reader", reader(*far_, all, end, in(1h)));
  loop_.worker().run_until([&] { return sent; });
  near_->shut_down_sending();
  loop_.worker().run_until([&] { return end; });
  EXPECT_TRUE(written);
  EXPECT_EQ(all.size(), big.size());
  EXPECT_TRUE(all == big);
}

TEST_F(ConnectionTest, AWriteFromScratchIsCopiedWhenItMustWait) {
  Result<void> written;
  bool sent = false;
  // The kernel's buffers fill up first; then scratch is overwritten while the rest waits.
  auto writer = [](Connection& to, Result<void>& out, bool& done, Instant deadline) -> Task<void> {
    for (int round = 0; round < 200; ++round) {
      std::span<char> scratch = to.worker().scratch();
      std::fill(scratch.begin(), scratch.end(), static_cast<char>('a' + round % 26));
      std::string_view pieces[] = {{scratch.data(), scratch.size()}};
      out = co_await to.write(pieces, BytesLive::only_now, 1h, deadline);
      if (!out) co_return;
    }
    done = true;
  };
  loop_.worker().tasks().spawn("writer", writer(*near_, written, sent, in(1h)));
  loop_.run_for(5ms);
  EXPECT_FALSE(sent);
  std::span<char> scratch = loop_.worker().scratch();
  std::fill(scratch.begin(), scratch.end(), '!');
  std::string all;
  bool end = false;
  auto reader = [](Connection& from, std::string& out, bool& e, Instant deadline) -> Task<void> {
    std::vector<char> own(100'000);
    for (;;) {
      Result<std::size_t> got = co_await from.read(own, deadline);
      if (!got || *got == 0) break;
      out.append(own.data(), *got);
    }
    e = true;
  };
  loop_.worker().tasks().spawn("reader", reader(*far_, all, end, in(1h)));
  loop_.worker().run_until([&] { return sent; });
  near_->close();
  loop_.worker().run_until([&] { return end; });
  ASSERT_EQ(all.size(), 200u * Worker::scratch_bytes);
  for (std::size_t i = 0; i < all.size(); i += 1000) {
    ASSERT_EQ(all[i], static_cast<char>('a' + i / Worker::scratch_bytes % 26)) << i;
  }
}

TEST_F(ConnectionTest, DestroyingAReaderLeavesTheConnectionUsable) {
  {
    Connection::Read abandoned = far_->read(loop_.worker().scratch(), in(1h));
    EXPECT_FALSE(abandoned.await_ready());
    abandoned.await_suspend(std::noop_coroutine());
  }
  Result<void> written;
  Result<std::size_t> read;
  std::string text;
  loop_.run(write_text(*near_, "still here", written, in(1s)));
  loop_.run(read_once(*far_, text, read, in(1s)));
  EXPECT_EQ(text, "still here");
}

Task<void> dial_into(TestLoop& loop, DialTarget target, std::string& message, Kind& kind) {
  CancelPoint cancel;
  Result<std::unique_ptr<Connection>> made =
      co_await dial(loop.worker(), loop.resolver(), target, cancel);
  if (made) co_return;
  message = made.error().message();
  kind = made.error().kind();
}

int option_of(const Connection& connection, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(connection.descriptor(), level, name, &value, &size);
  return value;
}

// What the kernel holds of a stream is paid for after a cut; a dead peer is found in any case.
TEST_F(ConnectionTest, SocketsHoldLittleAndFindDeadPeers) {
  EXPECT_LE(option_of(*near_, SOL_SOCKET, SO_RCVBUF), 2 * (64 << 10)) << "the kernel doubles it";
  EXPECT_EQ(option_of(*far_, IPPROTO_TCP, TCP_USER_TIMEOUT), 30'000);
  EXPECT_EQ(option_of(*far_, SOL_SOCKET, SO_KEEPALIVE), 1);
  for (const Connection* each : {near_.get(), far_.get()}) {
    EXPECT_EQ(option_of(*each, IPPROTO_TCP, TCP_NODELAY), 1);
  }
}

Task<void> dial_cancelled(TestLoop& loop, DialTarget target, Kind& kind) {
  CancelPoint cancel;
  cancel.cancel(CancelReason::draining, loop.worker().now());
  Result<std::unique_ptr<Connection>> made =
      co_await dial(loop.worker(), loop.resolver(), target, cancel);
  if (!made) kind = made.error().kind();
}

// Nothing wakes who waits on a connection that was closed before.
TEST_F(ConnectionTest, ADialThatWasCancelledBeforeEndsAtOnce) {
  Kind kind{};
  Instant before = loop_.worker().now();
  loop_.run(dial_cancelled(loop_, {.host = "127.0.0.1", .port = 9}, kind));
  EXPECT_EQ(kind, Kind::cancelled);
  EXPECT_LT(loop_.worker().now() - before, 100ms);
}

TEST_F(ConnectionTest, DialSaysWhatEachAddressAnswered) {
  std::uint16_t port = listener_->address().port;
  listener_->close();
  std::string message;
  Kind kind{};
  loop_.run(dial_into(loop_, {.host = "localhost", .port = port, .tls = nullptr, .tls_name = {}},
                      message, kind));
  EXPECT_EQ(kind, Kind::unreachable);
  for (const char* address : {"127.0.0.1", "[::1]"}) {
    std::string told = fmt::format("({}:{}): ", address, port);
    EXPECT_NE(message.find(told), std::string::npos) << message;
  }
  EXPECT_NE(message.find("Connection refused"), std::string::npos) << message;
}

// A listener whose queue is full: the kernel drops what else asks, as a firewall would.
TEST_F(ConnectionTest, DialGivesUpOnAnAddressThatDoesNotAnswer) {
  int full = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(full, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(full, 0), 0);
  ::getsockname(full, reinterpret_cast<sockaddr*>(&address), &size);
  int queued = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(queued, reinterpret_cast<sockaddr*>(&address), size), 0);
  std::string message;
  Kind kind{};
  DialTarget target{.host = "127.0.0.1", .port = ntohs(address.sin_port), .tls = nullptr};
  target.connect_timeout = 3s;
  Instant before = loop_.worker().now();
  loop_.run(dial_into(loop_, target, message, kind));
  EXPECT_EQ(kind, Kind::timed_out);
  EXPECT_EQ(message, fmt::format("127.0.0.1 (127.0.0.1:{}) did not take the connection in time",
                                 target.port));
  EXPECT_EQ((loop_.worker().now() - before) / 1s, 3);
  ::close(queued);
  ::close(full);
}

TEST_F(ConnectionTest, DialRefusesForbiddenAddresses) {
  DialTarget target{.host = "localhost",
                    .port = listener_->address().port,
                    .tls = nullptr,
                    .tls_name = {},
                    .is_forbidden = [](std::span<const std::uint8_t>) { return true; }};
  std::string message;
  Kind kind{};
  loop_.run(dial_into(loop_, target, message, kind));
  EXPECT_EQ(kind, Kind::refused);
  EXPECT_NE(message.find("allowLinkLocal"), std::string::npos) << message;
}

TEST_F(ConnectionTest, ATakenPortIsRefusedWithAdvice) {
  Result<void> free = Listener::check_free(listener_->address());
  ASSERT_FALSE(free);
  EXPECT_EQ(free.error().kind(), Kind::conflict);
  EXPECT_NE(free.error().message().find("choose another port"), std::string::npos);
}

TEST(Resolver, ANameThatDoesNotExistFailsWithItsName) {
  TestLoop loop;
  std::string message;
  Kind kind{};
  loop.run(dial_into(loop,
                     {.host = "no-such-host.invalid", .port = 1, .tls = nullptr, .tls_name = {}},
                     message, kind));
  EXPECT_EQ(kind, Kind::name_lookup);
  EXPECT_NE(message.find("no-such-host.invalid"), std::string::npos) << message;
}

}  // namespace
}  // namespace recloser::net
