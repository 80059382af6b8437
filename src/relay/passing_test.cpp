// Answers on their way to the client: what arrives late, in pieces, broken off, or not at all.
#include "codec/testing/encode.h"
#include "relay/testing/test_gateway.h"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

constexpr std::string_view answer_a =
    R"({"id":"a","model":"same","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}})";
constexpr std::string_view answer_b =
    R"({"id":"bb","model":"m","choices":[],"usage":{"prompt_tokens":22,"completion_tokens":22}})";
constexpr std::string_view delta =
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
constexpr std::string_view finish =
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
constexpr std::string_view done = "data: [DONE]\n\n";
constexpr std::string_view asks_for_events =
    R"({"model":"same","stream":true,"stream_options":{"include_usage":true}})";

class PassingTest : public testing::Test {
 protected:
  PassingTest()
      : gateway_(testing::TempDir() + "recloser-passing-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {}

  // What a scripted provider writes, as it stands: a pause before each piece.
  struct Written {
    Duration pause;
    std::string bytes;
  };
  // Writes `parts` to the gateway, then keeps the connection, or closes it.
  void provider_writes(std::vector<Written> parts, bool then_closes = true) {
    gateway_.provider().script = [this, parts = std::move(parts), then_closes](
                                     net::Exchange& exchange, std::string) -> Task<void> {
      return write_parts(exchange, gateway_.loop().worker(), parts, then_closes);
    };
  }
  static Task<void> write_parts(net::Exchange& exchange, net::Worker& worker,
                                std::vector<Written> parts, bool then_closes) {
    exchange.begin(net::AnswerFraming::length);
    for (const Written& part : parts) {
      co_await worker.sleep_until(worker.now() + part.pause);
      std::array<std::string_view, 1> payload{part.bytes};
      Result<void> sent = co_await exchange.send("", payload, net::Last::no);
      if (!sent) co_return;
    }
    if (then_closes) {
      exchange.client().shut_down_sending();
    } else {
      co_await worker.sleep_until(worker.now() + 1h);
    }
  }

  static Task<void> answer_ok(net::Exchange& exchange) {
    co_await exchange.answer(200, "content-type: application/json\r\n", "{}");
  }

  static std::string head(std::string fields, std::string_view type = "text/event-stream") {
    return "HTTP/1.1 200 OK\r\ncontent-type: " + std::string(type) + "\r\n" + fields + "\r\n";
  }
  static std::string chunk(std::string_view payload) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", payload.size());
    return size + std::string(payload) + "\r\n";
  }

  // Raw bytes to the gateway; all that it answers until it closes or is silent for 70 s.
  std::string raw(std::string bytes) {
    std::string all;
    gateway_.loop().run(exchange_raw(std::move(bytes), all));
    return all;
  }
  Task<void> exchange_raw(std::string bytes, std::string& all) {
    net::DialTarget target{
        .host = "127.0.0.1", .port = gateway_.port(), .tls = nullptr, .tls_name = {}};
    net::CancelPoint cancel;
    net::Worker& worker = gateway_.loop().worker();
    Result<std::unique_ptr<net::Connection>> made =
        co_await net::dial(worker, gateway_.loop().resolver(), target, cancel);
    if (!made) co_return;
    std::array<std::string_view, 1> pieces{bytes};
    co_await (*made)->write(pieces, net::BytesLive::until_sent, 10s);
    std::array<char, 4096> own;
    for (;;) {
      Result<std::size_t> got = co_await (*made)->read(own, worker.now() + 70s);
      if (!got) all += "<" + got.error().message() + ">";
      if (!got || *got == 0) co_return;
      all.append(own.data(), *got);
    }
  }
  // A client that sends `bytes` and its end, and tells how it was answered.
  Task<void> send_and_end(std::string bytes, std::string& answered) {
    net::DialTarget target{
        .host = "127.0.0.1", .port = gateway_.port(), .tls = nullptr, .tls_name = {}};
    net::CancelPoint cancel;
    net::Worker& worker = gateway_.loop().worker();
    Result<std::unique_ptr<net::Connection>> made =
        co_await net::dial(worker, gateway_.loop().resolver(), target, cancel);
    if (!made) co_return;
    std::array<std::string_view, 1> pieces{bytes};
    co_await (*made)->write(pieces, net::BytesLive::until_sent, 10s);
    (*made)->shut_down_sending();
    std::array<char, 100> own;
    Result<std::size_t> got = co_await (*made)->read(own, worker.now() + 10s);
    answered = !got ? got.error().message() : *got == 0 ? "not at all" : "with bytes";
  }
  static std::string post(std::string_view body, std::string_view version = "1.1",
                          std::string_view fields = "") {
    return "POST /v1/chat/completions HTTP/" + std::string(version) +
           "\r\nhost: g\r\nauthorization: Bearer " + std::string(test_secret) + "\r\n" +
           std::string(fields) + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
  }

  TestGateway gateway_;
};

// Both heads have come before either body: each client must get its own.
TEST_F(PassingTest, AHeadThatWaitsForItsBodyStaysThatOfItsCall) {
  gateway_.start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string body) -> Task<void> {
    bool a = body.find("same") != std::string::npos;
    std::string_view answer = a ? answer_a : answer_b;
    std::string fields = a ? "x-whose: a\r\n" : "x-whose: b\r\n";
    fields += "content-length: " + std::to_string(answer.size()) + "\r\n";
    std::vector<Written> parts{{0ms, head(fields, "application/json")},
                               {a ? 100ms : 50ms, std::string(answer)}};
    return write_parts(exchange, gateway_.loop().worker(), std::move(parts), true);
  };
  Seen a;
  Seen b;
  std::string_view auth = "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer ";
  auto ask = [&](std::string body) {
    return std::string(auth) + std::string(test_secret) +
           "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
  };
  std::string body_a = R"({"model":"same"})";
  std::string body_b = R"({"model":"m"})";
  net::TestLoop& loop = gateway_.loop();
  TaskGroup& tasks = loop.worker().tasks();
  tasks.spawn("a", gateway_.fetch(ask(body_a), body_a, a, Instant::never()));
  tasks.spawn("b", gateway_.fetch(ask(body_b), body_b, b, Instant::never()));
  loop.worker().run_until([&] { return !a.body.empty() && !b.body.empty(); });
  EXPECT_EQ(a.body, answer_a);
  EXPECT_EQ(b.body, answer_b);
  EXPECT_NE(a.head.find("x-whose: a"), std::string::npos) << a.head;
  EXPECT_NE(b.head.find("x-whose: b"), std::string::npos) << b.head;
  loop.run_for(10ms);
}

// An error told in the stream, or a comment, would not fit into the announced length.
TEST_F(PassingTest, AStreamOfKnownLengthIsNotPromisedToTheClient) {
  gateway_.start();
  std::string begun = head("content-length: 1000\r\n") + std::string(delta);
  provider_writes({{0ms, begun}});
  Seen seen = gateway_.post("/v1/chat/completions", std::string(asks_for_events));
  EXPECT_EQ(seen.head.find("content-length"), std::string::npos) << seen.head;
  EXPECT_EQ(seen.error, "");
  EXPECT_NE(seen.body.find("\"provider_unavailable\""), std::string::npos) << seen.body;
  EXPECT_EQ(gateway_.books().at(0).outcome, ledger::Outcome::provider_failed);
}

TEST_F(PassingTest, CommentsDoNotOverrunAStreamOfKnownLength) {
  gateway_.start();
  std::string all = std::string(delta) + std::string(finish) + std::string(done);
  std::string fields = "content-length: " + std::to_string(all.size()) + "\r\n";
  provider_writes(
      {{0ms, head(fields) + std::string(delta)}, {20s, std::string(finish) + std::string(done)}});
  Seen seen = gateway_.post("/v1/chat/completions", std::string(asks_for_events));
  EXPECT_EQ(seen.body,
            std::string(delta) + ": keep-alive\n\n" + std::string(finish) + std::string(done));
  EXPECT_EQ(gateway_.books().at(0).outcome, ledger::Outcome::completed);
}

TEST_F(PassingTest, AProviderThatClosesAfterDoneHasFinished) {
  gateway_.start();
  provider_writes(
      {{0ms, head("transfer-encoding: chunked\r\n") + chunk(delta) + chunk(finish) + chunk(done)}});
  Seen seen = gateway_.post("/v1/chat/completions", std::string(asks_for_events));
  EXPECT_EQ(seen.body, std::string(delta) + std::string(finish) + std::string(done));
  EXPECT_EQ(seen.error, "");
  EXPECT_EQ(gateway_.books().at(0).outcome, ledger::Outcome::completed);
}

TEST_F(PassingTest, AProviderThatHangsAfterDoneDoesNotHangItsClient) {
  gateway_.start();
  provider_writes(
      {{0ms, head("transfer-encoding: chunked\r\n") + chunk(delta) + chunk(finish) + chunk(done)}},
      false);
  Instant before = gateway_.loop().worker().now();
  Seen seen = gateway_.post("/v1/chat/completions", std::string(asks_for_events));
  EXPECT_EQ(seen.body, std::string(delta) + std::string(finish) + std::string(done));
  EXPECT_LE(gateway_.loop().worker().now() - before, 3s);
}

// One time for all that follows the end, however often something comes.
TEST_F(PassingTest, AProviderThatGoesOnAfterDoneDoesNotHoldItsClient) {
  gateway_.start();
  std::vector<Written> pieces{
      {0ms, head("transfer-encoding: chunked\r\n") + chunk(delta) + chunk(finish) + chunk(done)}};
  for (int i = 0; i < 40; ++i) pieces.push_back({500ms, chunk(": here\n\n")});
  provider_writes(std::move(pieces));
  Instant before = gateway_.loop().worker().now();
  Seen seen = gateway_.post("/v1/chat/completions", std::string(asks_for_events));
  EXPECT_LE(gateway_.loop().worker().now() - before, 2s);
  EXPECT_EQ(seen.error, "");
  EXPECT_TRUE(seen.body.starts_with(std::string(delta) + std::string(finish) + std::string(done)));
}

// The row is settled: nothing of it would be booked.
TEST_F(PassingTest, AnAnswerBehindTheEndOfAStreamReachesNobody) {
  gateway_.start();
  std::string ended = chunk(delta) + chunk(finish) + chunk(done);
  provider_writes({{0ms, head("transfer-encoding: chunked\r\n") + ended},
                   {100ms, chunk(done) + chunk("\n")},
                   {100ms, chunk(delta) + chunk(done) + "0\r\n\r\n"}});
  Seen seen = gateway_.post("/v1/chat/completions", std::string(asks_for_events));
  EXPECT_EQ(seen.error, "");
  std::string twice = std::string(done) + std::string(done) + "\n";
  EXPECT_EQ(seen.body, std::string(delta) + std::string(finish) + twice);
  EXPECT_EQ(gateway_.books().at(0).outcome, ledger::Outcome::completed);
}

TEST_F(PassingTest, AnHttp10ClientThatKeepsItsConnectionIsTold) {
  gateway_.start();
  std::string body = R"({"id":"x"})";
  provider_writes({{0ms, head("content-length: 10\r\n", "application/json") + body}});
  std::string got = raw(post(R"({"model":"same"})", "1.0", "connection: keep-alive\r\n"));
  EXPECT_NE(got.find("connection: keep-alive\r\n"), std::string::npos) << got;
  got = raw(post(R"({"model":"bogus"})", "1.0", "connection: keep-alive\r\n"));
  EXPECT_NE(got.find("404 Not Found"), std::string::npos) << got;
  EXPECT_NE(got.find("connection: keep-alive\r\n"), std::string::npos) << got;
}

TEST_F(PassingTest, TrailersArePassedOn) {
  gateway_.start();
  std::string body = R"({"id":"x","choices":[]})";
  provider_writes({{0ms, head("transfer-encoding: chunked\r\n", "application/json") + chunk(body) +
                             "0\r\nx-checksum: 7\r\n\r\n"}});
  std::string got = raw(post(R"({"model":"same"})", "1.1", "connection: close\r\n"));
  EXPECT_NE(got.find("\r\n0\r\nx-checksum: 7\r\n\r\n"), std::string::npos) << got;
}

// HTTP/1.0 knows no chunks: the close is the end, so half an answer must not end in a clean one.
TEST_F(PassingTest, HalfAnAnswerToAnHttp10ClientEndsInAReset) {
  gateway_.start();
  provider_writes({{0ms, head("transfer-encoding: chunked\r\n", "application/json") + chunk("\n")},
                   {10ms, chunk(R"({"id":"x",)")},
                   {1s, ""}});
  std::string got = raw(post(R"({"model":"same"})", "1.0"));
  EXPECT_NE(got.find("{\"id\":\"x\","), std::string::npos) << got;
  EXPECT_NE(got.find("reset"), std::string::npos) << got;
}

TEST_F(PassingTest, AnHttp10ClientGetsAWholeAnswerUntilTheClose) {
  gateway_.start();
  provider_writes({{0ms, head("transfer-encoding: chunked\r\n", "application/json") +
                             chunk(R"({"id":"x"})") + "0\r\n\r\n"}});
  std::string got = raw(post(R"({"model":"same"})", "1.0"));
  EXPECT_TRUE(got.ends_with("\r\n\r\n{\"id\":\"x\"}")) << got;
  EXPECT_NE(got.find("connection: close\r\n"), std::string::npos) << got;
  EXPECT_EQ(got.find("transfer-encoding"), std::string::npos) << got;
}

TEST_F(PassingTest, AnAnswerUntilTheCloseIsChunkedForAnHttp11Client) {
  gateway_.start();
  provider_writes({{0ms, head("", "application/json") + R"({"id":)"}, {1s, "\"x\"}"}});
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same"})");
  EXPECT_EQ(seen.body, R"({"id":"x"})");
  EXPECT_NE(seen.head.find("transfer-encoding: chunked"), std::string::npos) << seen.head;
}

TEST_F(PassingTest, AStreamWithAnErrorStatusHasFailed) {
  gateway_.start();
  std::string stream = std::string(delta) + std::string(finish) + std::string(done);
  provider_writes({{0ms,
                    "HTTP/1.1 503 Oops\r\ncontent-type: text/event-stream\r\n"
                    "transfer-encoding: chunked\r\n\r\n" +
                        chunk(stream) + "0\r\n\r\n"}});
  Seen seen = gateway_.post("/v1/chat/completions", std::string(asks_for_events));
  EXPECT_EQ(seen.status, 503);
  EXPECT_EQ(seen.body, stream);
  EXPECT_EQ(gateway_.books().at(0).outcome, ledger::Outcome::provider_failed);
}

// What is encoded so that we cannot read it passes, and says so.
TEST_F(PassingTest, AStreamInAnUnknownCodingPassesUnread) {
  gateway_.start();
  std::string bytes("\x1f\x9d\x08\x00\x01\x02\x03", 7);
  provider_writes({{0ms, head("content-encoding: compress\r\ntransfer-encoding: chunked\r\n") +
                             chunk(bytes) + "0\r\n\r\n"}});
  Seen seen = gateway_.post("/v1/chat/completions", std::string(asks_for_events));
  EXPECT_EQ(seen.body, bytes);
}

TEST_F(PassingTest, ALargeEncodedAnswerIsDecodedInSteps) {
  gateway_.start();
  std::string text = R"({"id":"a","model":"m","data":[)";
  for (std::uint32_t i = 1; text.size() < 1'000'000; i = i * 1664525 + 1013904223) {
    text += std::to_string(i) + ",";
  }
  text += R"(0],"usage":{"prompt_tokens":7,"completion_tokens":2}})";
  std::string bytes = codec::testing::encode(codec::ContentCoding::gzip, text);
  std::string fields = "content-encoding: gzip\r\ncontent-length: " + std::to_string(bytes.size());
  provider_writes({{0ms, head(fields + "\r\n", "application/json") + bytes}}, false);
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same"})");
  EXPECT_EQ(seen.error, "");
  EXPECT_TRUE(seen.body == text) << seen.body.size();
  EXPECT_EQ(gateway_.books().at(0).input_tokens, 7);
}

TEST_F(PassingTest, ABombIsNoWholeAnswer) {
  gateway_.start();
  std::string bytes = codec::testing::encode(codec::ContentCoding::br, std::string(20u << 20, 'a'));
  std::string fields = "content-encoding: br\r\ncontent-length: " + std::to_string(bytes.size());
  provider_writes({{0ms, head(fields + "\r\n", "application/json") + bytes}}, false);
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same"})");
  EXPECT_NE(seen.error, "");
  EXPECT_LT(seen.body.size(), 5u << 20);
  EXPECT_EQ(gateway_.books().at(0).outcome, ledger::Outcome::provider_failed);
}

// More of it than is held had gone: it is ended, and the error is an event of its own.
TEST_F(PassingTest, ALargeEventThatBreaksOffIsFollowedByTheError) {
  gateway_.start();
  std::string half = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"";
  half += std::string(100'000, 'x');
  provider_writes({{0ms, head("") + half}});
  Seen seen = gateway_.post("/v1/chat/completions", std::string(asks_for_events));
  EXPECT_EQ(seen.error, "");
  ASSERT_GT(seen.body.size(), half.size());
  EXPECT_TRUE(seen.body.starts_with(half + "\n\ndata: {\"error\":"))
      << seen.body.substr(half.size());
}

TEST_F(PassingTest, ResponseHeadsMayBeSplitAnywhereAndFollowInterimOnes) {
  gateway_.start();
  std::string answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" +
                       head("content-length: 10\r\n", "application/json") + R"({"id":"x"})";
  for (std::size_t at = 1; at < answer.size(); at += 3) {
    provider_writes({{0ms, answer.substr(0, at)}, {5ms, answer.substr(at)}});
    Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same"})");
    ASSERT_EQ(seen.status, 200) << at << seen.body << seen.error;
    ASSERT_EQ(seen.body, R"({"id":"x"})") << at;
  }
}

// The head waits for the first bytes behind it; when those are broken, an honest status can go out.
TEST_F(PassingTest, AStreamThatIsBrokenFromItsFirstByteIsAnErrorWithAStatus) {
  gateway_.start();
  provider_writes({{0ms, head("transfer-encoding: chunked\r\n") + "no chunk\r\n"}});
  Seen seen = gateway_.post("/v1/chat/completions", std::string(asks_for_events));
  EXPECT_EQ(seen.error, "");
  EXPECT_EQ(seen.status, 502) << seen.body;
  EXPECT_NE(seen.body.find("provider_error"), std::string::npos) << seen.body;
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].status, 502);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::provider_failed);
}

TEST_F(PassingTest, NothingIsNoAnswer) {
  gateway_.start();
  provider_writes({{0ms, head("content-length: 0\r\n", "application/json")}});
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same"})");
  EXPECT_EQ(seen.status, 200) << "what the provider sends passes as it is";
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::provider_failed);
  EXPECT_NE(books[0].attempts.find(R"("error_class":"malformed")"), std::string::npos)
      << books[0].attempts;
}

TEST_F(PassingTest, NoContentHasNoBody) {
  gateway_.start();
  provider_writes({{0ms, "HTTP/1.1 204 No Content\r\n\r\n"}}, false);
  std::string got = raw(post(R"({"model":"same"})", "1.1", "connection: close\r\n"));
  EXPECT_EQ(got.substr(0, 25), "HTTP/1.1 204 No Content\r\n");
  EXPECT_TRUE(got.ends_with("connection: close\r\n\r\n")) << got;
  EXPECT_EQ(got.find("content-length"), std::string::npos);
}

TEST_F(PassingTest, BytesBehindTheAnswerReachNobody) {
  gateway_.start();
  provider_writes({{0ms, head("content-length: 2\r\n", "application/json") +
                             "{}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother"}},
                  false);
  EXPECT_EQ(gateway_.post("/v1/chat/completions", R"({"model":"same"})").body, "{}");
  EXPECT_EQ(gateway_.post("/v1/chat/completions", R"({"model":"same"})").body, "{}");
  EXPECT_EQ(gateway_.relay().pool().idle_count(), 0u);
}

TEST_F(PassingTest, AClientMayPipelineWhileItsStreamRuns) {
  gateway_.start();
  std::string stream = std::string(delta) + std::string(finish) + std::string(done);
  provider_writes({{0ms, head("transfer-encoding: chunked\r\n") + chunk(delta)},
                   {1s, chunk(std::string(finish) + std::string(done)) + "0\r\n\r\n"}});
  std::string got = raw(post(asks_for_events) + "GET /healthz HTTP/1.1\r\nhost: g\r\n" +
                        "connection: close\r\n\r\n");
  std::size_t end = got.find("0\r\n\r\nHTTP/1.1 200 OK\r\n");
  EXPECT_NE(end, std::string::npos) << got;
  EXPECT_TRUE(got.ends_with("ok\n")) << got;
}

TEST_F(PassingTest, AClientThatHasSentItsEndHasLeft) {
  gateway_.start();
  provider_writes({{1h, head("content-length: 2\r\n", "application/json") + "{}"}});
  std::string answered;
  gateway_.loop().run(send_and_end(post(R"({"model":"same"})"), answered));
  EXPECT_EQ(answered, "not at all");
  gateway_.settle();
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::client_gone);
  EXPECT_EQ(books[0].attempts.find("provider_failed"), std::string::npos) << books[0].attempts;
}

TEST_F(PassingTest, AClientThatLeavesInItsBodyIsBookedAsGone) {
  gateway_.start();
  std::string request = post(std::string(200'000, ' '));
  std::string answered;
  gateway_.loop().run(send_and_end(request.substr(0, 100'000), answered));
  gateway_.settle();
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::client_gone);
}

// It left after the finish, while we waited for the usage; the provider ends without its grammar's
// end.
TEST_F(PassingTest, AClientThatLeftBeforeABrokenEndIsBookedAsGone) {
  gateway_.start();
  std::string events =
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\n"
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
      "\"end_turn\"}}\n\n";
  provider_writes(
      {{0ms, head("transfer-encoding: chunked\r\n") + chunk(events)}, {500ms, "0\r\n\r\n"}}, false);
  std::string body = R"({"model":"same","max_tokens":9,"stream":true})";
  std::string request =
      "POST /v1/messages HTTP/1.1\r\nhost: g\r\nx-api-key: " + std::string(test_secret) +
      "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
  Seen seen;
  net::TestLoop& loop = gateway_.loop();
  loop.run(gateway_.fetch(request, body, seen, loop.worker().now() + 100ms));
  EXPECT_EQ(seen.body, events);
  gateway_.settle();
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::client_gone);
}

TEST_F(PassingTest, AWebSocketIsToldToPost) {
  gateway_.start();
  std::string got =
      raw("GET /v1/responses HTTP/1.1\r\nhost: g\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
          "sec-websocket-key: x\r\nauthorization: Bearer " +
          std::string(test_secret) + "\r\n\r\n");
  EXPECT_EQ(got.substr(0, 12), "HTTP/1.1 426") << got;
  EXPECT_NE(got.find("upgrade_required"), std::string::npos) << got;
  EXPECT_NE(got.find("upgrade: HTTP/1.1\r\n"), std::string::npos) << got;
}

TEST_F(PassingTest, ALateReplayIsAnAttemptOfItsOwn) {
  gateway_.start();
  int calls = 0;
  gateway_.provider().script = [this, &calls](net::Exchange& exchange, std::string) -> Task<void> {
    ++calls;
    // The second request on the pooled connection gets no byte.
    return calls == 2 ? write_parts(exchange, gateway_.loop().worker(), {}, true)
                      : answer_ok(exchange);
  };
  std::string body = R"({"model":"m","x":")" + std::string(100'000, 'b') + "\"}";
  std::string expected = R"({"model":"m-large","x":")" + std::string(100'000, 'b') + "\"}";
  EXPECT_EQ(gateway_.post("/v1/chat/completions", body).body, "{}");
  EXPECT_EQ(gateway_.post("/v1/chat/completions", body).body, "{}");
  EXPECT_EQ(calls, 3);
  for (const std::string& sent : gateway_.provider().bodies) EXPECT_TRUE(sent == expected);
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 2u);
  EXPECT_NE(books[1].attempts.find("\"error_class\":\"closed\""), std::string::npos)
      << books[1].attempts;
  EXPECT_NE(books[1].attempts.find("\"n\":2"), std::string::npos) << books[1].attempts;
}

}  // namespace
}  // namespace recloser::relay
