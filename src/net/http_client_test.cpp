// Requests to providers that misbehave: silent, cut off, early, late, over TLS and plain.
#include "net/http_client.h"

#include "net/http_server.h"
#include "net/listener.h"
#include "net/test_loop.h"
#include "net/testing/certificates.h"

#include <algorithm>
#include <functional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::net {
namespace {

constexpr std::string_view ok_head = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";

class HttpClientTest : public testing::Test, public Accepter {
 public:
  // What the provider does with its n-th connection.
  using Script = std::function<Task<void>(Connection& client, int n)>;

  HttpClientTest()
      : authority_(testing::TempDir() + "recloser-client-" + std::to_string(::getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name()) {
    listener_ = std::move(
        *Listener::open(loop_.worker(), *parse_listen_address("127.0.0.1:0"), false, *this));
    target_.host = "127.0.0.1";
    target_.port = listener_->address().port;
  }
  void TearDown() override {
    pool_.clear();
    loop_.worker().tasks().clear();
  }
  void use_tls() {
    CertificateFiles files = authority_.issue("DNS:localhost");
    server_tls_ = *TlsContext::for_clients(files.certificate, files.key);
    target_.tls = *TlsContext::for_providers({.ca_file = authority_.file()});
    target_.tls_name = "localhost";
  }

  void accepted(std::unique_ptr<Connection> client) override {
    loop_.worker().tasks().spawn("provider", serve(std::move(client), ++connections_));
  }
  Task<void> serve(std::unique_ptr<Connection> client, int n) {
    if (server_tls_) {
      client->start_tls(server_tls_->accept());
      Result<void> done = co_await client->handshake(loop_.worker().now() + 10s);
      if (!done) co_return;
    }
    co_await script_(*client, n);
    client->close();  // without a goodbye
  }

  // One read of a request; "" at the end.
  Task<std::string> take(Connection& client) {
    std::span<char> scratch = loop_.worker().scratch();
    Result<std::size_t> got = co_await client.read(scratch, loop_.worker().now() + 1h);
    co_return got ? std::string(scratch.data(), *got) : std::string();
  }
  Task<void> say(Connection& client, std::string_view text) {
    std::array<std::string_view, 1> pieces{text};
    Result<void> sent = co_await client.write(pieces, BytesLive::until_sent, 1h);
  }
  // Reads and drops until at most `left` are left to come.
  Task<void> take_until(Connection& client, std::size_t& to_come, std::size_t left) {
    while (to_come > left) {
      std::string piece = co_await take(client);
      if (piece.empty()) break;
      to_come -= std::min(to_come, piece.size());
    }
  }
  Task<void> pause(Duration time) {
    co_await loop_.worker().sleep_until(loop_.worker().now() + time);
  }

  struct Fetched {
    int status = 0;
    std::string body;
    std::string error;
    bool replayed = false;
  };
  Fetched fetch(std::string body = "hi") {
    Fetched out;
    loop_.run(do_fetch(std::move(body), out));
    return out;
  }
  Task<void> do_fetch(std::string body, Fetched& out) {
    CancelPoint cancel;
    HttpCall call(pool_, target_, {.first_byte = 20s, .idle = 5s}, cancel);
    std::string head =
        "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
    std::array<std::string_view, 1> pieces{body};
    HttpRequest request{.method = http1::Method::post, .head = head, .body = pieces};
    Result<const http1::ResponseHead*> answer = co_await call.start(request);
    out.replayed = call.replayed();
    if (!answer) {
      out.error = answer.error().message();
      co_return;
    }
    out.status = (*answer)->status();
    if (waits_behind_the_head_) {
      call.keep_unread();
      std::ranges::fill(loop_.worker().scratch(), 'x');
      co_await pause(1s);
    }
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

  // A provider that answers its first request and leaves before the second is answered.
  void leaves_after_one(Duration before_leaving) {
    script_ = [this, before_leaving](Connection& client, int n) -> Task<void> {
      return answer_one_then_leave(client, n, before_leaving);
    };
  }
  Task<void> answer_one_then_leave(Connection& client, int n, Duration before_leaving) {
    std::string request = co_await take(client);
    co_await say(client, std::string(ok_head) + std::to_string(n) + "!");
    request = co_await take(client);
    co_await pause(before_leaving);
  }

  TestLoop loop_;
  TestAuthority authority_;
  std::unique_ptr<Listener> listener_;
  std::shared_ptr<const TlsContext> server_tls_;
  Script script_;
  DialTarget target_;
  ClientPool pool_{loop_.worker(), loop_.resolver()};
  int connections_ = 0;
  bool waits_behind_the_head_ = false;
};

// Others read into the scratch while somebody waits.
TEST_F(HttpClientTest, WhatCameWithTheHeadMayBeKept) {
  leaves_after_one(0s);
  waits_behind_the_head_ = true;
  EXPECT_EQ(fetch().body, "1!");
}

TEST_F(HttpClientTest, ADeadPooledConnectionIsReplacedOnce) {
  leaves_after_one(0ms);
  EXPECT_EQ(fetch().body, "1!");
  Fetched again = fetch();
  EXPECT_EQ(again.body, "2!");
  EXPECT_TRUE(again.replayed);
}

// Most servers end idle TLS connections without a word.
TEST_F(HttpClientTest, ADeadPooledTlsConnectionIsReplacedToo) {
  use_tls();
  leaves_after_one(0ms);
  EXPECT_EQ(fetch().body, "1!");
  Fetched again = fetch();
  EXPECT_EQ(again.body, "2!") << again.error;
  EXPECT_TRUE(again.replayed);
}

TEST_F(HttpClientTest, ARequestThatWasWorkedOnIsNotSentAgain) {
  leaves_after_one(200ms);
  EXPECT_EQ(fetch().body, "1!");
  Fetched again = fetch();
  EXPECT_EQ(again.error, "the provider ended the connection without an answer");
  EXPECT_FALSE(again.replayed);
  EXPECT_EQ(connections_, 1);
}

TEST_F(HttpClientTest, AFreshConnectionIsNotReplaced) {
  script_ = [this](Connection& client, int) -> Task<void> {
    return [](HttpClientTest& t, Connection& c) -> Task<void> {
      std::string request = co_await t.take(c);
    }(*this, client);
  };
  EXPECT_EQ(fetch().error, "the provider ended the connection without an answer");
  EXPECT_EQ(connections_, 1);
}

TEST_F(HttpClientTest, AByteOfAnAnswerForbidsTheReplay) {
  script_ = [this](Connection& client, int n) -> Task<void> {
    return [](HttpClientTest& t, Connection& c, int number) -> Task<void> {
      std::string request = co_await t.take(c);
      co_await t.say(c, std::string(ok_head) + std::to_string(number) + "!");
      request = co_await t.take(c);
      co_await t.say(c, "H");
    }(*this, client, n);
  };
  EXPECT_EQ(fetch().body, "1!");
  EXPECT_EQ(fetch().error, "the provider ended the connection inside the head of its answer");
  EXPECT_EQ(connections_, 1);
}

// A provider that reads the whole request, however long that takes, then answers.
Task<void> read_then_answer(HttpClientTest& t, Connection& client, std::size_t bytes, bool slow) {
  std::size_t got = 0;
  while (got < bytes) {
    std::string piece = co_await t.take(client);
    if (piece.empty()) co_return;
    got += piece.size();
    if (slow) co_await t.pause(1ms);
  }
  co_await t.say(client, std::string(ok_head) + "ok");
  co_await t.pause(1h);
}

// TLS has messages of its own (session tickets, say): they are no answer.
TEST_F(HttpClientTest, ALargeRequestIsSentWholeOverTls) {
  use_tls();
  constexpr std::size_t size = 8u << 20;
  script_ = [this](Connection& client, int) { return read_then_answer(*this, client, size, true); };
  Fetched got = fetch(std::string(size, 'x'));
  EXPECT_EQ(got.body, "ok") << got.error;
  EXPECT_EQ(pool_.idle_count(), 1u);
}

Task<void> answer_early(HttpClientTest& t, Connection& client) {
  std::string request = co_await t.take(client);
  co_await t.say(client, "HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig");
  co_await t.pause(1h);
}

TEST_F(HttpClientTest, AnEarlyAnswerIsSeenOverTls) {
  use_tls();
  script_ = [this](Connection& client, int) { return answer_early(*this, client); };
  Instant before = loop_.worker().now();
  Fetched got = fetch(std::string(32u << 20, 'x'));
  EXPECT_EQ(got.status, 413) << got.error;
  EXPECT_EQ(got.body, "big");
  EXPECT_LE(loop_.worker().now() - before, 1s);
  EXPECT_EQ(pool_.idle_count(), 0u);
}

// 102 (Processing) comes while the request does; its second head comes in two pieces.
Task<void> say_interim(HttpClientTest& t, Connection& client, std::size_t bytes) {
  std::string request = co_await t.take(client);
  bytes -= request.size() - request.find("\r\n\r\n") - 4;
  co_await t.say(client, "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Proc");
  co_await t.take_until(client, bytes, bytes / 2);
  co_await t.say(client, "essing\r\n\r\nHTTP/1.1 20");
  co_await t.take_until(client, bytes, 0);
  co_await t.say(client, "0 OK\r\ncontent-length: 2\r\n\r\nok");
  co_await t.pause(1h);
}

TEST_F(HttpClientTest, AnInterimAnswerDoesNotStopTheSending) {
  constexpr std::size_t size = 8u << 20;
  script_ = [this](Connection& client, int) { return say_interim(*this, client, size); };
  for (bool tls : {false, true}) {
    if (tls) use_tls();
    pool_.clear();
    Fetched got = fetch(std::string(size, 'x'));
    EXPECT_EQ(got.body, "ok") << got.error;
    EXPECT_EQ(pool_.idle_count(), 1u) << "all was sent";
  }
}

Task<void> end_without_an_answer(HttpClientTest& t, Connection& client, bool interim) {
  std::string request = co_await t.take(client);
  if (interim) co_await t.say(client, "HTTP/1.1 102 Processing\r\n\r\n");
  client.shut_down_sending();
  co_await t.pause(1h);
}

TEST_F(HttpClientTest, AnEndDuringTheSendingIsToldForWhatItIs) {
  for (bool interim : {false, true}) {
    script_ = [this, interim](Connection& client, int) {
      return end_without_an_answer(*this, client, interim);
    };
    Instant before = loop_.worker().now();
    Fetched got = fetch(std::string(32u << 20, 'x'));
    EXPECT_EQ(got.error, interim ? "the provider ended the connection inside the head of its answer"
                                 : "the provider ended the connection without an answer");
    EXPECT_LE(loop_.worker().now() - before, 1s);
  }
}

// What interim answers may take is bounded, or nobody else would get a turn.
Task<void> say_interim_for_ever(HttpClientTest& t, Connection& client) {
  std::string request = co_await t.take(client);
  std::string many;
  for (int i = 0; i < 4000; ++i) many += "HTTP/1.1 102 Processing\r\n\r\n";
  co_await t.say(client, many);
  co_await t.say(client, "HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig");
  co_await t.pause(1h);
}

TEST_F(HttpClientTest, AFloodOfInterimAnswersStopsTheSending) {
  script_ = [this](Connection& client, int) { return say_interim_for_ever(*this, client); };
  Fetched got = fetch(std::string(32u << 20, 'x'));
  EXPECT_EQ(got.status, 413) << got.error;
  EXPECT_EQ(pool_.idle_count(), 0u);
}

Task<void> hint_then_be_silent(HttpClientTest& t, Connection& client) {
  std::string request = co_await t.take(client);
  co_await t.say(client, "HTTP/1.1 103 Early Hints\r\n\r\n");
  co_await t.pause(1h);
}

TEST_F(HttpClientTest, AnInterimAnswerIsNoBeginningOfTheAnswer) {
  script_ = [this](Connection& client, int) { return hint_then_be_silent(*this, client); };
  Instant before = loop_.worker().now();
  EXPECT_EQ(fetch().error, "the provider did not begin to answer within 20s");
  EXPECT_GE(loop_.worker().now() - before, 20s);
}

TEST_F(HttpClientTest, AProviderThatTakesNothingIsGivenUpAfterTheIdleTime) {
  script_ = [this](Connection&, int) { return pause(1h); };
  Instant before = loop_.worker().now();
  Fetched got = fetch(std::string(32u << 20, 'x'));
  EXPECT_EQ(got.error, "the provider took nothing of the request within 5s");
  EXPECT_LE(loop_.worker().now() - before, 6s);
}

Task<void> answer_until_close(HttpClientTest& t, Connection& client, bool says_goodbye) {
  std::string request = co_await t.take(client);
  co_await t.say(client, "HTTP/1.1 200 OK\r\n\r\nhalf or whole");
  if (says_goodbye) client.shut_down_sending();
}

TEST_F(HttpClientTest, AnAnswerUntilTheCloseNeedsTheGoodbyeOfTls) {
  use_tls();
  script_ = [this](Connection& client, int) { return answer_until_close(*this, client, true); };
  Fetched whole = fetch();
  EXPECT_EQ(whole.body, "half or whole");
  EXPECT_EQ(whole.error, "");
  script_ = [this](Connection& client, int) { return answer_until_close(*this, client, false); };
  Fetched half = fetch();
  EXPECT_EQ(half.error, "the provider ended the connection in the middle of TLS");
}

// Bytes in chunks of one: read in turns, and whole.
Task<void> answer_in_tiny_chunks(HttpClientTest& t, Connection& client, std::size_t bytes) {
  std::string request = co_await t.take(client);
  std::string all = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  for (std::size_t i = 0; i < bytes; ++i) {
    all += "1\r\n";
    all += static_cast<char>('a' + i % 26);
    all += "\r\n";
  }
  co_await t.say(client, all + "0\r\n\r\n");
  co_await t.pause(1h);
}

Task<void> answer_in_two(HttpClientTest& t, Connection& client, std::string answer,
                         std::size_t cut) {
  std::string request = co_await t.take(client);
  co_await t.say(client, answer.substr(0, cut));
  co_await t.pause(1ms);
  co_await t.say(client, answer.substr(cut));
  co_await t.pause(1h);
}

// However it was cut on its way, the bytes in front of the fault are the same.
TEST_F(HttpClientTest, WhatStandsBeforeABadChunkIsPassedOn) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n3\r\nyou\r\nnonsense\r\n";
  std::size_t cut = 0;
  script_ = [this, &answer, &cut](Connection& client, int) {
    return answer_in_two(*this, client, answer, cut);
  };
  for (cut = 1; cut <= answer.size(); ++cut) {
    Fetched got = fetch();
    EXPECT_EQ(got.body, "helloyou") << cut;
    EXPECT_NE(got.error, "") << cut;
  }
  EXPECT_EQ(pool_.idle_count(), 0u);
}

TEST_F(HttpClientTest, ChunksOfOneByteArriveInOrder) {
  constexpr std::size_t size = 200'000;
  script_ = [this](Connection& client, int) { return answer_in_tiny_chunks(*this, client, size); };
  Fetched got = fetch();
  ASSERT_EQ(got.body.size(), size) << got.error;
  for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(got.body[i], static_cast<char>('a' + i % 26));
  EXPECT_EQ(pool_.idle_count(), 1u);
}

}  // namespace
}  // namespace recloser::net
