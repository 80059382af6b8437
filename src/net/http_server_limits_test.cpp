// What a server does at its limits: slow and silent clients, many of them, no descriptors, a drain.
#include "net/dial.h"
#include "net/http_server.h"
#include "net/test_loop.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <dirent.h>
#include <latch>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::net {
namespace {

// Counts what it is shown, and in which turn of the loop.
struct CountingSink final : BodySink {
  explicit CountingSink(Worker& w) : worker(w) {}
  Result<void> see(std::string_view piece) override {
    if (turn != worker.turns()) in_turn = 0;
    turn = worker.turns();
    in_turn += piece.size();
    in_turn_max = std::max(in_turn_max, in_turn);
    bytes += piece.size();
    if (bytes > refuse_after) return fail(Side::client, Kind::malformed, "enough");
    return {};
  }
  Worker& worker;
  std::uint64_t turn = 0;
  std::size_t in_turn = 0;
  std::size_t in_turn_max = 0;
  std::size_t bytes = 0;
  std::size_t refuse_after = SIZE_MAX;
};

struct LimitsHandler final : HttpHandler {
  explicit LimitsHandler(TestLoop& l) : loop(l) {}

  Task<void> handle(Exchange& exchange) override {
    ++requests;
    std::string path(exchange.head().path());
    if (path == "/slow") co_await loop.worker().sleep_until(loop.worker().now() + 1s);
    CountingSink sink(loop.worker());
    sink.refuse_after = refuse_after;
    if (stops_reading) exchange.stop_reading_body();
    Result<void> read = co_await exchange.read_body(body_max, sink);
    in_turn_max = std::max(in_turn_max, sink.in_turn_max);
    last_error = read ? "" : read.error().message();
    exchange.release_body();
    std::string body = path == "/big" ? std::string(32u << 20, 'x') : path;
    int status = exchange.late() ? 503 : read ? 200 : 400;
    co_await exchange.answer(status, "", body);
  }
  PlainAnswer refuse(int status, std::string_view sentence) override {
    return {.status = status, .fields = {}, .body = std::string(sentence)};
  }

  TestLoop& loop;
  std::size_t body_max = 64u << 20;
  std::size_t refuse_after = SIZE_MAX;
  std::size_t in_turn_max = 0;
  bool stops_reading = false;
  std::string last_error;
  int requests = 0;
};

class ServerLimitsTest : public testing::Test {
 public:
  void start(HttpServer::Options options) {
    server_ = std::move(*HttpServer::open(loop_.worker(), *parse_listen_address("127.0.0.1:0"),
                                          std::move(options), memory_, handler_));
    target_.host = "127.0.0.1";
    target_.port = server_->address().port;
  }
  void TearDown() override {
    clients_.clear();
    if (!server_) return;
    server_->drain();
    loop_.worker().run_until([&] { return server_->connections() == 0; });
  }

  // A connected client, held by the test.
  Connection& client() {
    loop_.run(connect());
    return *clients_.back();
  }
  Task<void> connect() {
    CancelPoint cancel;
    Result<std::unique_ptr<Connection>> made =
        co_await dial(loop_.worker(), loop_.resolver(), target_, cancel);
    clients_.push_back(std::move(*made));
  }
  void send(Connection& to, std::string text) { loop_.run(write(to, std::move(text))); }
  Task<void> write(Connection& to, std::string text) {
    std::array<std::string_view, 1> pieces{text};
    co_await to.write(pieces, BytesLive::until_sent, 1h);
  }
  // All that comes until the end, an error or a second of silence.
  std::string all_of(Connection& from) {
    std::string out;
    loop_.run(read(from, out));
    return out;
  }
  Task<void> read(Connection& from, std::string& out) {
    std::vector<char> own(100'000);
    for (;;) {
      Result<std::size_t> got = co_await from.read(own, loop_.worker().now() + 1s);
      if (!got || *got == 0) co_return;
      out.append(own.data(), *got);
    }
  }
  static std::string get(std::string path, std::string fields = "") {
    return "GET " + path + " HTTP/1.1\r\nhost: t\r\n" + fields + "\r\n";
  }
  static std::string post(std::size_t body_bytes) {
    return "POST /post HTTP/1.1\r\nhost: t\r\ncontent-length: " + std::to_string(body_bytes) +
           "\r\n\r\n";
  }

  TestLoop loop_;
  MemoryBudget memory_{64u << 20};
  std::optional<ConnectionLimit> limit_;
  LimitsHandler handler_{loop_};
  std::unique_ptr<HttpServer> server_;
  DialTarget target_;
  std::vector<std::unique_ptr<Connection>> clients_;
};

// What follows half an answer would be taken for its rest.
TEST_F(ServerLimitsTest, NothingFollowsAnAnswerThatCouldNotBeWritten) {
  start({});
  Connection& slow = client();
  send(slow, get("/big") + get("/next"));
  loop_.run_for(70s);  // the server gives up after 60
  std::string got = all_of(slow);
  EXPECT_EQ(handler_.requests, 1);
  EXPECT_EQ(got.find("HTTP/1.1", 10), std::string::npos);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ServerLimitsTest, BeyondTheLimitOfConnectionsTheAnswerIs503) {
  limit_.emplace(2);
  start({.connections = &*limit_});
  Connection& one = client();
  Connection& two = client();
  loop_.run_for(1ms);
  std::string third = all_of(client());
  EXPECT_EQ(third.substr(0, 12), "HTTP/1.1 503");
  EXPECT_NE(third.find("no room for more connections"), std::string::npos);
  send(one, get("/a"));
  EXPECT_TRUE(all_of(one).ends_with("\r\n\r\n/a"));
  two.close();
  loop_.run_for(3s);
  Connection& fourth = client();
  send(fourth, get("/b"));
  EXPECT_TRUE(all_of(fourth).ends_with("\r\n\r\n/b"));
}

TEST_F(ServerLimitsTest, TheLimitOfConnectionsIsThatOfAllWorkersTogether) {
  ConnectionLimit& limit = limit_.emplace(2);
  start({.connections = &limit});
  TestLoop other_loop;
  LimitsHandler other_handler(other_loop);
  std::unique_ptr<HttpServer> other =
      std::move(*HttpServer::open(other_loop.worker(), *parse_listen_address("127.0.0.1:0"),
                                  {.connections = &limit}, memory_, other_handler));
  DialTarget here = target_;
  DialTarget there{.host = "127.0.0.1", .port = other->address().port, .tls = nullptr};
  // A client of the other worker; what it hears by then.
  auto client_there = [&]() -> Connection& {
    target_ = there;
    Connection& made = client();
    target_ = here;
    other_loop.run_for(1ms);
    return made;
  };
  Connection& one = client();
  loop_.run_for(1ms);
  Connection& two = client_there();
  EXPECT_EQ(limit.taken(), 2u);
  EXPECT_EQ(all_of(client()).substr(0, 12), "HTTP/1.1 503");
  EXPECT_EQ(all_of(client_there()).substr(0, 12), "HTTP/1.1 503");
  two.close();
  other_loop.run_for(3s);  // those who were turned away have left too
  EXPECT_EQ(limit.taken(), 1u);
  Connection& three = client();
  send(three, get("/three"));
  EXPECT_TRUE(all_of(three).ends_with("\r\n\r\n/three"));
  EXPECT_EQ(all_of(client_there()).substr(0, 12), "HTTP/1.1 503");
  one.close();
  other->drain();
  other_loop.worker().run_until([&] { return other->connections() == 0; });
}

// Threads that take all they can get: what they have together is the limit, no more and no less.
TEST(ConnectionLimit, IsExactBetweenThreads) {
  constexpr std::size_t most = 300'000;  // enough for the threads to meet
  ConnectionLimit limit(most);
  std::array<std::vector<ConnectionLimit::Place>, 4> taken;
  std::latch all_here(taken.size());
  std::vector<std::thread> threads;
  for (std::vector<ConnectionLimit::Place>& mine : taken) {
    threads.emplace_back([&limit, &mine, &all_here] {
      all_here.arrive_and_wait();
      for (bool keeps = true;; keeps = !keeps) {
        ConnectionLimit::Place place = limit.take();
        if (!place) break;
        if (keeps) mine.push_back(std::move(place));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::size_t sum = 0;
  for (const std::vector<ConnectionLimit::Place>& mine : taken) sum += mine.size();
  EXPECT_EQ(sum, most);
  EXPECT_EQ(limit.taken(), most);
  EXPECT_FALSE(limit.take());
  taken[0].clear();
  taken[1].clear();
  EXPECT_EQ(limit.taken(), taken[2].size() + taken[3].size());
}

int open_descriptors() {
  int highest = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (dirent* entry = ::readdir(folder)) highest = std::max(highest, std::atoi(entry->d_name));
  ::closedir(folder);
  return highest + 1;
}

TEST_F(ServerLimitsTest, WithoutDescriptorsAcceptingWaits) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "UBSan looks at an object through a pipe, for which no descriptor is left";
#endif
#endif
  start({});
  // The client's end exists before the limit falls; only the server's is missing.
  int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  none.rlim_cur = static_cast<rlim_t>(open_descriptors());
  std::vector<int> filling;
  ::setrlimit(RLIMIT_NOFILE, &none);
  for (int taken = ::dup(descriptor); taken >= 0; taken = ::dup(descriptor)) {
    filling.push_back(taken);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(target_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  loop_.run_for(50ms);
  EXPECT_EQ(server_->connections(), 0u);
  ::setrlimit(RLIMIT_NOFILE, &before);
  loop_.run_for(200ms);
  EXPECT_EQ(server_->connections(), 1u);
  EXPECT_NE(loop_.log_text().find("cannot accept connections now"), std::string::npos);
  for (int taken : filling) ::close(taken);
  ::close(descriptor);
}

// Connected and asked, but not yet accepted, when the drain begins.
TEST_F(ServerLimitsTest, ADrainServesWhatIsQueued) {
  start({});
  int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(target_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  std::string request = get("/queued");
  ASSERT_EQ(::send(descriptor, request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  server_->drain();
  loop_.worker().run_until([&] { return server_->connections() == 0; });
  char own[1000];
  ssize_t got = ::recv(descriptor, own, sizeof own, 0);
  std::string answer(own, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n/queued")) << answer;
  EXPECT_NE(answer.find("connection: close"), std::string::npos);
  ::close(descriptor);
}

// A queue longer than what one turn accepts: nobody in it is reset, and others get their turns.
TEST_F(ServerLimitsTest, ADrainServesALongQueueTurnByTurn) {
  start({});
  constexpr std::size_t queued = 150;
  std::vector<int> descriptors;
  for (std::size_t i = 0; i < queued; ++i) {
    descriptors.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(target_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(descriptors.back(), reinterpret_cast<sockaddr*>(&address), sizeof address),
              0);
    std::string request = get("/queued");
    ASSERT_EQ(::send(descriptors.back(), request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
  }
  server_->drain();
  EXPECT_EQ(handler_.requests, 64);
  EXPECT_TRUE(server_->listening());
  loop_.worker().run_until([&] { return server_->connections() == 0 && !server_->listening(); });
  for (int descriptor : descriptors) {
    char own[1000];
    ssize_t got = ::recv(descriptor, own, sizeof own, 0);
    std::string answer(own, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    EXPECT_TRUE(answer.ends_with("connection: close\r\n\r\n/queued")) << answer;
    ::close(descriptor);
  }
}

TEST_F(ServerLimitsTest, ADrainClosesIdleClientsSomeInEachTurn) {
  start({});
  for (int i = 0; i < 150; ++i) client();
  loop_.worker().run_until([&] { return server_->connections() == 150; });
  server_->drain();
  std::vector<std::size_t> left;
  while (left.empty() || left.back() > 0) {
    left.push_back(server_->connections());
    loop_.worker().turn();
  }
  EXPECT_EQ(left, (std::vector<std::size_t>{150, 86, 22, 0}));
}

// Connected when the drain begins, but its request comes after that.
TEST_F(ServerLimitsTest, ADrainTellsWhoComesLate) {
  start({});
  int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(target_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  server_->drain();
  loop_.worker().turn();
  std::string request = get("/late");
  ::send(descriptor, request.data(), request.size(), 0);
  loop_.worker().run_until([&] { return server_->connections() == 0; });
  char own[1000];
  ssize_t got = ::recv(descriptor, own, sizeof own, 0);
  EXPECT_EQ(std::string(own, static_cast<std::size_t>(std::max<ssize_t>(got, 0))).substr(0, 12),
            "HTTP/1.1 503");
  ::close(descriptor);
}

// Its bytes are in the socket, and the loop has not heard of them yet.
TEST_F(ServerLimitsTest, ADrainServesARequestOnAnIdleConnection) {
  start({});
  Connection& one = client();
  send(one, get("/first"));
  EXPECT_TRUE(all_of(one).ends_with("\r\n\r\n/first"));
  std::string request = get("/second");
  ASSERT_EQ(::send(one.descriptor(), request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  server_->drain();
  std::string got = all_of(one);
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200")) << got;
  EXPECT_TRUE(got.ends_with("connection: close\r\n\r\n/second")) << got;
}

TEST_F(ServerLimitsTest, ADrainAnswersPipelinedRequestsAndSaysClose) {
  start({});
  Connection& one = client();
  send(one, get("/slow") + get("/next"));
  loop_.run_for(10ms);
  EXPECT_EQ(handler_.requests, 1);
  server_->drain();
  std::string got = all_of(one) + all_of(one);
  EXPECT_NE(got.find("\r\n\r\n/slow"), std::string::npos) << got;
  EXPECT_TRUE(got.ends_with("connection: close\r\n\r\n/next")) << got;
}

// A close with unread bytes would be a reset, which can cost the client its answer.
TEST_F(ServerLimitsTest, ARefusedClientMaySendOnForTwoSeconds) {
  start({});
  handler_.body_max = 1000;
  Connection& one = client();
  send(one, post(2u << 20) + std::string(500'000, 'x'));
  EXPECT_EQ(all_of(one).substr(0, 12), "HTTP/1.1 400");
  loop_.run_for(1s);
  send(one, std::string(100'000, 'x'));
  loop_.run_for(900ms);
  EXPECT_EQ(server_->connections(), 1u);
  loop_.run_for(200ms);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ServerLimitsTest, ARefusedClientMaySendOneMegabyteMore) {
  start({});
  handler_.body_max = 1000;
  Connection& one = client();
  loop_.worker().tasks().spawn("write", write(one, post(64u << 20) + std::string(64u << 20, 'x')));
  loop_.run_for(100ms);
  EXPECT_EQ(server_->connections(), 0u);
  one.close();
  loop_.run_for(1ms);
}

TEST_F(ServerLimitsTest, ALargeBodyTakesTurnsWithOthers) {
  start({});
  Connection& one = client();
  std::size_t size = 16u << 20;
  send(one, post(size) + std::string(size, 'x'));
  EXPECT_NE(all_of(one).find("200 OK"), std::string::npos);
  EXPECT_LE(handler_.in_turn_max, 128u << 10);
}

TEST_F(ServerLimitsTest, AReadingThatIsStoppedBetweenTwoReadsEndsAtOnce) {
  start({});
  handler_.stops_reading = true;
  Connection& one = client();
  Instant before = loop_.worker().now();
  send(one, post(16u << 20) + "the client then pauses");
  loop_.worker().run_until([&] { return !handler_.last_error.empty(); });
  EXPECT_LT(loop_.worker().now() - before, 1s);
  EXPECT_EQ(handler_.last_error, "the reading was stopped");
}

TEST_F(ServerLimitsTest, AChunkedBodyTakesTurnsWithOthers) {
  start({});
  Connection& one = client();
  std::string request = "POST /post HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n";
  for (int i = 0; i < 256; ++i) request += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 100'000; ++i) request += "1\r\nx\r\n";
  send(one, request + "0\r\n\r\n");
  EXPECT_NE(all_of(one).find("200 OK"), std::string::npos) << handler_.last_error;
  EXPECT_LE(handler_.in_turn_max, 128u << 10);
}

TEST_F(ServerLimitsTest, WhatABodyHeldIsGivenBackHoweverItEnds) {
  start({});
  std::string body(300'000, 'x');
  Connection& well = client();
  send(well, post(body.size()) + body);
  EXPECT_NE(all_of(well).find("200 OK"), std::string::npos);
  EXPECT_EQ(memory_.used(), 0u);

  handler_.refuse_after = 100'000;
  Connection& refused = client();
  send(refused, post(body.size()) + body);
  EXPECT_NE(all_of(refused).find("400 "), std::string::npos);
  EXPECT_EQ(memory_.used(), 0u);
  handler_.refuse_after = SIZE_MAX;

  Connection& gone = client();
  send(gone, post(body.size()) + body.substr(1000));
  loop_.worker().run_until([&] { return memory_.used() == body.size(); });
  gone.close();
  loop_.run_for(3s);
  EXPECT_EQ(memory_.used(), 0u);
  EXPECT_NE(handler_.last_error.find("of its body"), std::string::npos) << handler_.last_error;

  Connection& silent = client();
  send(silent, post(body.size()) + body.substr(1000));
  loop_.run_for(65s);
  EXPECT_EQ(memory_.used(), 0u);
  EXPECT_EQ(handler_.last_error, "the client was silent too long");
}

TEST_F(ServerLimitsTest, BodiesBeyondTheBudgetOfAllAreRefused) {
  start({});
  std::string most(33u << 20, 'x');
  Connection& one = client();
  send(one, post(40u << 20) + most);
  loop_.worker().run_until([&] { return memory_.used() == 40u << 20; });
  Connection& two = client();
  loop_.worker().tasks().spawn("too much", write(two, post(40u << 20) + most));
  EXPECT_EQ(all_of(two).substr(0, 12), "HTTP/1.1 400");
  EXPECT_NE(handler_.last_error.find("bufferedBytes"), std::string::npos);
  loop_.run_for(1ms);  // what it did hold is given back in turns
  EXPECT_EQ(memory_.used(), 40u << 20);
  two.close();
  loop_.run_for(1ms);
}

TEST_F(ServerLimitsTest, ABodyThatIsOnlyAnnouncedTakesNothing) {
  start({});
  Connection& silent = client();
  send(silent, post(60u << 20));
  loop_.worker().run_until([&] { return handler_.requests == 1; });
  EXPECT_EQ(memory_.used(), 0u);
  Connection& other = client();
  std::string body(10u << 20, 'x');
  send(other, post(body.size()) + body);
  EXPECT_NE(all_of(other).find("200 OK"), std::string::npos) << handler_.last_error;
}

}  // namespace
}  // namespace recloser::net
