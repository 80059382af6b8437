// HTTP over real sockets and virtual time: our server and our client against each other and raw
// bytes.
#include "net/hangup.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/test_loop.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace recloser::net {
namespace {

struct NoSink final : BodySink {
  Result<void> see(std::string_view piece) override {
    seen.append(piece);
    return {};
  }
  std::string seen;
};

// What the server does in these tests, by path.
struct TestHandler final : HttpHandler {
  explicit TestHandler(TestLoop& l) : loop(l) {}

  Task<void> handle(Exchange& exchange) override {
    ++requests;
    std::string path(exchange.head().path());
    if (path == "/echo") {
      co_await echo(exchange);
    } else if (path == "/stream") {
      co_await stream(exchange);
    } else if (path == "/hang") {
      co_await hang(exchange);
    } else if (path == "/who") {
      co_await who(exchange);
    } else if (path == "/refuse-early") {
      co_await exchange.answer(413, "", "too much");
    } else {
      co_await exchange.answer(404, "content-type: text/plain\r\n", "nothing here");
    }
  }

  Task<void> echo(Exchange& exchange) {
    NoSink sink;
    Result<void> read = co_await exchange.read_body(limit, sink);
    if (!read) {
      last_error = read.error().message();
      int status = read.error().kind() == Kind::too_large ? 413 : 400;
      co_await exchange.answer(status, "", last_error);
      co_return;
    }
    EXPECT_EQ(sink.seen, exchange.body());
    exchange.keep();
    std::string body(exchange.body());
    co_await exchange.answer(200, "", body);
  }

  // Reads its head again after it has waited for the body.
  Task<void> who(Exchange& exchange) {
    NoSink sink;
    Result<void> read = co_await exchange.read_body(limit, sink);
    if (!read) co_return;
    std::string name(exchange.head().find("x-name").value_or("nobody"));
    co_await exchange.answer(200, "", name);
  }

  Task<void> stream(Exchange& exchange) {
    exchange.begin(exchange.streaming_framing());
    std::string head = exchange.streaming_framing() == AnswerFraming::chunked
                           ? "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                           : "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    for (int i = 0; i < 3; ++i) {
      std::array<std::string_view, 2> pieces{"data: ", i == 0 ? "one\n\n" : "more\n\n"};
      Last last = i == 2 ? Last::yes : Last::no;
      Result<void> sent = co_await exchange.send(head, pieces, last);
      if (!sent) co_return;
      head.clear();
      co_await loop.worker().sleep_until(loop.worker().now() + 3s);
    }
  }

  // Waits for its client to leave.
  Task<void> hang(Exchange& exchange) {
    struct Never final : Cancellable, Waiter {
      explicit Never(Worker& w)
          : Waiter([](Waiter& self) { static_cast<Never&>(self).handle.resume(); }), worker(w) {}
      void cancel() override { worker.wake_soon(*this); }
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> h) { handle = h; }
      void await_resume() const {}
      Worker& worker;
      std::coroutine_handle<> handle;
    };
    CancelPoint cancel;
    HangupWatch watch(exchange.client(), exchange.read_ahead(), cancel);
    Never never(loop.worker());
    CancelPoint::During waiting(cancel, never);
    co_await never;
    client_left = watch.gone();
    exchange.client().close();
  }

  PlainAnswer refuse(int status, std::string_view sentence) override {
    return {.status = status, .fields = {}, .body = std::string(sentence)};
  }

  TestLoop& loop;
  int requests = 0;
  std::size_t limit = 1u << 20;
  std::string last_error;
  bool client_left = false;
};

class HttpTest : public testing::Test {
 public:
  void SetUp() override { start({}); }
  void start(HttpServer::Options options) {
    server_ = std::move(*HttpServer::open(loop_.worker(), *parse_listen_address("127.0.0.1:0"),
                                          std::move(options), memory_, handler_));
    target_.host = "127.0.0.1";
    target_.port = server_->address().port;
  }
  void TearDown() override {
    pool_.clear();
    server_->drain();
    loop_.worker().run_until([&] { return server_->connections() == 0; });
  }

  // Sends raw bytes, then reads until the server closes or is silent for a second.
  std::string raw(std::string bytes, bool then_end = false) {
    std::string all;
    loop_.run(exchange_raw(std::move(bytes), then_end, all));
    return all;
  }
  Task<void> exchange_raw(std::string bytes, bool then_end, std::string& all) {
    CancelPoint cancel;
    Result<std::unique_ptr<Connection>> made =
        co_await dial(loop_.worker(), loop_.resolver(), target_, cancel);
    if (!made) co_return;
    Connection& connection = **made;
    std::array<std::string_view, 1> pieces{bytes};
    co_await connection.write(pieces, BytesLive::until_sent, 10s);
    if (then_end) connection.shut_down_sending();
    std::array<char, 4096> own;
    for (;;) {
      Result<std::size_t> got = co_await connection.read(own, loop_.worker().now() + 8s);
      if (!got || *got == 0) co_return;
      all.append(own.data(), *got);
    }
  }

  struct Fetched {
    int status = 0;
    std::string body;
    std::string error;
    bool replayed = false;
  };
  Fetched fetch(std::string path, std::string body = {}, Duration first_byte = 5s) {
    Fetched out;
    loop_.run(do_fetch(std::move(path), std::move(body), first_byte, out));
    return out;
  }
  Task<void> do_fetch(std::string path, std::string body, Duration first_byte, Fetched& out) {
    CancelPoint cancel;
    HttpCall call(pool_, target_, {.first_byte = first_byte, .idle = 5s}, cancel);
    std::string head = "POST " + path +
                       " HTTP/1.1\r\nhost: t\r\ncontent-length: " + std::to_string(body.size()) +
                       "\r\n\r\n";
    std::array<std::string_view, 1> pieces{body};
    HttpRequest request{.method = http1::Method::post, .head = head, .body = pieces};
    Result<const http1::ResponseHead*> answer = co_await call.start(request);
    out.replayed = call.replayed();
    if (!answer) {
      out.error = answer.error().message();
      co_return;
    }
    out.status = (*answer)->status();
    while (!call.body_ended()) {
      Result<std::string_view> piece = co_await call.next(call.idle_deadline());
      if (!piece) {
        out.error = piece.error().message();
        co_return;
      }
      out.body += *piece;
    }
    call.finish();
  }

  TestLoop loop_;
  MemoryBudget memory_{64u << 20};
  TestHandler handler_{loop_};
  std::unique_ptr<HttpServer> server_;
  DialTarget target_;
  ClientPool pool_{loop_.worker(), loop_.resolver()};
};

TEST_F(HttpTest, OneConnectionCarriesManyCalls) {
  for (int i = 0; i < 3; ++i) {
    Fetched got = fetch("/echo", "body " + std::to_string(i));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "body " + std::to_string(i));
  }
  EXPECT_EQ(server_->connections(), 1u);
  EXPECT_EQ(pool_.idle_count(), 1u);
}

TEST_F(HttpTest, AChunkedAnswerArrivesPieceByPiece) {
  Instant before = loop_.worker().now();
  Fetched got = fetch("/stream");
  EXPECT_EQ(got.body, "data: one\n\ndata: more\n\ndata: more\n\n");
  EXPECT_GE(loop_.worker().now() - before, 6s);
}

TEST_F(HttpTest, ALargeBodyIsReadAndEchoed) {
  std::string big(900'000, 'x');
  for (std::size_t i = 0; i < big.size(); i += 1000)
    big[i] = static_cast<char>('a' + i / 1000 % 26);
  Fetched got = fetch("/echo", big);
  EXPECT_EQ(got.status, 200);
  EXPECT_TRUE(got.body == big);
  EXPECT_EQ(memory_.used(), 0u);
}

TEST_F(HttpTest, BodiesAtTheLimitPassAndOneByteMoreDoesNot) {
  handler_.limit = 100'000;
  EXPECT_EQ(fetch("/echo", std::string(100'000, 'x')).status, 200);
  Fetched got = fetch("/echo", std::string(100'001, 'x'));
  EXPECT_EQ(got.status, 413);
  EXPECT_EQ(got.body, "the request body has 100001 bytes; the limit is 100000");
}

TEST_F(HttpTest, ChunkedRequestBodies) {
  std::string got = raw(
      "POST /echo HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
      "5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nx-t: 1\r\n\r\n");
  EXPECT_NE(got.find("\r\n\r\nhello world"), std::string::npos) << got;
}

TEST_F(HttpTest, AChunkedBodyOverTheLimitIsRefused) {
  handler_.limit = 4;
  std::string got =
      raw("POST /echo HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
  EXPECT_EQ(got.substr(0, 12), "HTTP/1.1 413");
}

TEST_F(HttpTest, PipelinedRequestsAreAnsweredInOrder) {
  std::string got =
      raw("POST /echo HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\n\r\none"
          "GET /nothing HTTP/1.1\r\nhost: t\r\n\r\n"
          "POST /echo HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\nconnection: close\r\n\r\ntwo");
  std::size_t one = got.find("\r\n\r\none");
  std::size_t nothing = got.find("nothing here");
  std::size_t two = got.find("\r\n\r\ntwo");
  ASSERT_NE(two, std::string::npos) << got;
  EXPECT_LT(one, nothing);
  EXPECT_LT(nothing, two);
}

TEST_F(HttpTest, ExpectContinueIsAnsweredBeforeTheBody) {
  std::string got =
      raw("POST /echo HTTP/1.1\r\nhost: t\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n");
  EXPECT_EQ(got.substr(0, 25), "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_F(HttpTest, AHeadRequestGetsNoBody) {
  std::string got = raw("HEAD /nothing HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n");
  EXPECT_NE(got.find("content-length: 12"), std::string::npos);
  EXPECT_EQ(got.find("nothing here"), std::string::npos) << got;
}

TEST_F(HttpTest, MalformedRequestsAreRefusedAndTheConnectionCloses) {
  std::string got = raw("GET / HTTP/1.1\r\nhost : t\r\n\r\nGET /echo HTTP/1.1\r\nhost: t\r\n\r\n");
  EXPECT_EQ(got.substr(0, 12), "HTTP/1.1 400");
  EXPECT_EQ(got.find("HTTP/1.1", 5), std::string::npos) << "answered twice";
  EXPECT_EQ(handler_.requests, 0);
}

TEST_F(HttpTest, ARequestHeadMayArriveByteByByte) {
  std::string request =
      "POST /echo HTTP/1.1\r\nhost: t\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
  std::string all;
  auto drip = [](HttpTest& t, std::string bytes, std::string& out) -> Task<void> {
    CancelPoint cancel;
    Result<std::unique_ptr<Connection>> made =
        co_await dial(t.loop_.worker(), t.loop_.resolver(), t.target_, cancel);
    for (char c : bytes) {
      std::array<std::string_view, 1> piece{std::string_view(&c, 1)};
      co_await (*made)->write(piece, BytesLive::until_sent, 1s);
      co_await t.loop_.worker().sleep_until(t.loop_.worker().now() + 10ms);
    }
    std::array<char, 1000> own;
    Result<std::size_t> got = co_await (*made)->read(own, t.loop_.worker().now() + 1s);
    if (got) out.assign(own.data(), *got);
  };
  loop_.run(drip(*this, request, all));
  EXPECT_NE(all.find("\r\n\r\nok"), std::string::npos) << all;
}

Task<void> send_bytes(HttpTest& test, Connection& connection, std::string_view bytes) {
  std::array<std::string_view, 1> piece{bytes};
  co_await connection.write(piece, BytesLive::until_sent, 1s);
  co_await test.loop_.worker().sleep_until(test.loop_.worker().now() + 10ms);
}

// Bob's head comes in two pieces and is refused; Alice's call begins between the two.
Task<void> refuse_bob_in_alices_call(HttpTest& test, std::string& answer) {
  CancelPoint cancel;
  Worker& worker = test.loop_.worker();
  Result<std::unique_ptr<Connection>> bob =
      co_await dial(worker, test.loop_.resolver(), test.target_, cancel);
  co_await send_bytes(test, **bob, "GET /who HTTP/1.1\r\nx-name: bob\r\nhost: t\r\n");
  Result<std::unique_ptr<Connection>> alice =
      co_await dial(worker, test.loop_.resolver(), test.target_, cancel);
  co_await send_bytes(
      test, **alice,
      "POST /who HTTP/1.1\r\nx-name: alice\r\nhost: t\r\ncontent-length: 4\r\n\r\nha");
  co_await send_bytes(test, **bob, "no field\r\n\r\n");
  co_await send_bytes(test, **alice, "lf");
  std::array<char, 1000> own;
  Result<std::size_t> got = co_await (*alice)->read(own, worker.now() + 1s);
  if (got) answer.assign(own.data(), *got);
}

// The server reads all heads with one reader: what one client sent must never be taken for what
// another one did.
TEST_F(HttpTest, ARefusedHeadIsNotTakenForThatOfAnotherCall) {
  std::string answer;
  loop_.run(refuse_bob_in_alices_call(*this, answer));
  EXPECT_NE(answer.find("\r\n\r\nalice"), std::string::npos) << answer;
}

TEST_F(HttpTest, ASlowHeadTimesOut) {
  Instant before = loop_.worker().now();
  std::string got = raw("GET / HTTP/1.1\r\nhost: t\r\n");
  // The client of this test stops listening after 8 s of silence.
  EXPECT_EQ(got, "");
  loop_.run_for(5s);
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_LT(loop_.worker().now() - before, 20s);
}

TEST_F(HttpTest, AnEarlyAnswerStopsTheSendingAndIsRead) {
  Fetched got = fetch("/refuse-early", std::string(8u << 20, 'x'));
  EXPECT_EQ(got.status, 413);
  EXPECT_EQ(got.body, "too much");
  EXPECT_EQ(pool_.idle_count(), 0u) << "half a request was sent on it";
}

Task<void> start_and_finish_unread(HttpTest& test, int& status) {
  CancelPoint cancel;
  HttpCall call(test.pool_, test.target_, {}, cancel);
  HttpRequest request{.method = http1::Method::post,
                      .head = "POST /stream HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\n\r\n",
                      .body = {}};
  Result<const http1::ResponseHead*> answer = co_await call.start(request);
  if (answer) status = (*answer)->status();
  call.finish();
}

// A connection with unread bytes would give one client's text to the next.
TEST_F(HttpTest, AnAnswerNotReadToItsEndIsNeverPooled) {
  int status = 0;
  loop_.run(start_and_finish_unread(*this, status));
  EXPECT_EQ(status, 200);
  EXPECT_EQ(pool_.idle_count(), 0u);
}

TEST_F(HttpTest, ASilentProviderTimesOutWithItsOwnMessage) {
  Fetched got = fetch("/hang", "", 7s);
  EXPECT_EQ(got.error, "the provider did not begin to answer within 7s");
  loop_.run_for(10ms);
  EXPECT_TRUE(handler_.client_left);
}

TEST_F(HttpTest, APooledConnectionThatDiedIsReplacedOnce) {
  EXPECT_EQ(fetch("/echo", "x").status, 200);
  ASSERT_EQ(pool_.idle_count(), 1u);
  server_->drain();  // closes the idle connection
  loop_.worker().run_until([&] { return server_->connections() == 0; });
  loop_.run_for(5ms);
  EXPECT_EQ(pool_.idle_count(), 0u) << "the pool saw the end";
  server_.reset();
  start({});
  EXPECT_EQ(fetch("/echo", "again").body, "again");
}

TEST_F(HttpTest, IdleConnectionsExpire) {
  fetch("/echo", "x");
  loop_.run_for(61s);
  EXPECT_EQ(pool_.idle_count(), 0u);
  loop_.run_for(20s);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpTest, DrainFinishesWhatIsRunning) {
  Fetched got;
  bool done = false;
  auto run = [](HttpTest& t, Fetched& out, bool& ended) -> Task<void> {
    co_await t.do_fetch("/stream", "", 5s, out);
    ended = true;
  };
  loop_.worker().tasks().spawn("fetch", run(*this, got, done));
  loop_.worker().run_until([&] { return handler_.requests == 1; });
  server_->drain();
  loop_.worker().run_until([&] { return done; });
  EXPECT_EQ(got.body, "data: one\n\ndata: more\n\ndata: more\n\n");
  loop_.worker().run_until([&] { return server_->connections() == 0; });
}

}  // namespace
}  // namespace recloser::net
