// The simulated provider over real sockets and virtual time: pace, faults, keys, and the truth.
#include "sim/serve/server.h"

#include "net/dial.h"
#include "net/test_loop.h"
#include "sim/read/json.h"

#include <array>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace recloser::sim {
namespace {

using net::BytesLive;
using net::CancelPoint;
using net::Connection;

std::string post(std::string_view path, std::string_view body, std::string_view fields = {}) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nhost: t\r\nauthorization: Bearer k\r\nanthropic-version: 2023-06-01\r\n"
         "content-length: " +
         std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

std::string chat(std::string_view model, std::string_view members = R"(,"stream":true)") {
  return post("/v1/chat/completions", R"({"model":")" + std::string(model) +
                                          R"(","messages":[{"role":"user","content":"hi"}])" +
                                          std::string(members) + "}");
}

constexpr std::string_view whole = "";

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
  return found;
}

// Pieces of a chat stream that arrived.
std::size_t pieces(std::string_view stream) { return count(stream, R"("delta":{"content":" )"); }

class ServerTest : public testing::Test {
 public:
  void SetUp() override { start({}); }
  void TearDown() override {
    server_->stop();
    loop_.worker().run_until([&] { return server_->idle(); });
  }
  void start(SimulatorOptions options) {
    server_ = std::move(
        *Server::open(loop_.worker(), *net::parse_listen_address("127.0.0.1:0"), options));
    target_.host = "127.0.0.1";
    target_.port = server_->address().port;
  }
  void restart(SimulatorOptions options) {
    TearDown();
    start(std::move(options));
  }

  struct Heard {
    std::string text;
    std::string ended;  // "end", or why the connection failed
    Duration took{};
  };

  // Sends `request`, listens until the provider ends or is silent for `patience`, then closes.
  Heard hear(std::string request, Duration patience = 3s) {
    Heard heard;
    loop_.run(listen(std::move(request), patience, SIZE_MAX, heard));
    loop_.run_for(1ms);
    return heard;
  }
  // As hear(), but leaves after `bytes`.
  Heard leave_after(std::string request, std::size_t bytes) {
    Heard heard;
    loop_.run(listen(std::move(request), 60s, bytes, heard));
    loop_.run_for(1ms);
    return heard;
  }

  Json truth(std::string_view query = {}) {
    return boost::json::parse(server_->simulator().truth_json(query)).at("data");
  }
  Json last_call() { return truth().as_array().back(); }

  net::TestLoop loop_;
  net::DialTarget target_;
  std::unique_ptr<Server> server_;

  Task<void> listen(std::string request, Duration patience, std::size_t most, Heard& heard) {
    CancelPoint cancel;
    Result<std::unique_ptr<Connection>> made =
        co_await net::dial(loop_.worker(), loop_.resolver(), target_, cancel);
    if (!made) co_return;
    Connection& connection = **made;
    Instant before = loop_.worker().now();
    std::array<std::string_view, 1> bytes{request};
    co_await connection.write(bytes, BytesLive::until_sent, 10s);
    std::array<char, 4096> own;
    while (heard.text.size() < most) {
      Result<std::size_t> got = co_await connection.read(own, loop_.worker().now() + patience);
      if (!got || *got == 0) {
        heard.ended = got ? "end" : got.error().message();
        break;
      }
      heard.text.append(own.data(), *got);
      heard.took = loop_.worker().now() - before;
    }
  }
};

TEST_F(ServerTest, AStreamAtItsPace) {
  Heard heard = hear(chat("sim-t5-d100"));
  EXPECT_TRUE(heard.text.starts_with("HTTP/1.1 200 OK\r\n")) << heard.text;
  EXPECT_EQ(pieces(heard.text), 5u);
  EXPECT_TRUE(heard.text.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"));
  EXPECT_GE(heard.took, 500ms);
  EXPECT_LT(heard.took, 520ms);
  Json call = last_call();
  EXPECT_EQ(call.at("state"), "finished");
  EXPECT_EQ(call.at("output_written"), 5);
  EXPECT_EQ(call.at("output_acked"), 5);
  EXPECT_EQ(call.at("input"), 5);
  EXPECT_EQ(call.at("key"), "k");
  std::string id(call.at("id").as_string());
  EXPECT_NE(heard.text.find("\r\nx-request-id: " + id + "\r\n"), std::string::npos);
}

TEST_F(ServerTest, AWholeAnswerTakesAsLongAsItsPieces) {
  Heard heard = hear(chat("sim-t5-d100", whole));
  EXPECT_GE(heard.took, 500ms);
  EXPECT_NE(heard.text.find(R"("completion_tokens":5)"), std::string::npos);
  EXPECT_EQ(last_call().at("output_acked"), 5);
}

TEST_F(ServerTest, SlowMeansBeforeTheFirstByteToo) {
  Heard heard = hear(chat("sim-slow-t2"));
  EXPECT_GE(heard.took, 2'400ms);
  EXPECT_EQ(pieces(heard.text), 2u);
}

TEST_F(ServerTest, APeerThatLeavesEndsAnEndlessStream) {
  Heard heard = leave_after(chat("sim-inf"), 20'000);
  Json call = last_call();
  EXPECT_EQ(call.at("state"), "aborted");
  std::int64_t written = call.at("output_written").as_int64();
  EXPECT_GE(written, static_cast<std::int64_t>(pieces(heard.text)));
  EXPECT_LE(written, static_cast<std::int64_t>(pieces(heard.text)) + 25);
  EXPECT_LE(call.at("output_acked").as_int64(), written);
  EXPECT_TRUE(server_->idle());
}

TEST_F(ServerTest, APeerThatDoesNotReadIsWaitedFor) {
  CancelPoint cancel;
  bool connected = false;
  auto ask = [](ServerTest& t, CancelPoint& c, std::string request,
                std::unique_ptr<Connection>& out, bool& done) -> Task<void> {
    Result<std::unique_ptr<Connection>> made =
        co_await net::dial(t.loop_.worker(), t.loop_.resolver(), t.target_, c);
    out = std::move(*made);
    std::array<std::string_view, 1> bytes{request};
    co_await out->write(bytes, BytesLive::until_sent, 10s);
    done = true;
  };
  std::unique_ptr<Connection> peer;
  loop_.run(ask(*this, cancel, chat("sim-inf-d0"), peer, connected));
  ASSERT_TRUE(connected);
  // Until the buffers of both kernels are full, which is when nothing more is written.
  std::int64_t written = -1;
  int unchanged = 0;
  for (int i = 0; i < 20'000 && unchanged < 100; ++i) {
    loop_.run_for(1ms);
    std::int64_t now = last_call().at("output_written").as_int64();
    unchanged = now == written ? unchanged + 1 : 0;
    written = now;
  }
  EXPECT_EQ(unchanged, 100) << "written into nothing";
  EXPECT_GT(written, 0);
  Json call = last_call();
  EXPECT_EQ(call.at("state"), "open");
  EXPECT_LT(call.at("output_acked").as_int64(), written);
  peer.reset();
  loop_.run_for(10ms);
  EXPECT_EQ(last_call().at("state"), "aborted");
}

TEST_F(ServerTest, HangSaysNothingAtAll) {
  Heard heard = hear(chat("sim-hang"), 30s);
  EXPECT_EQ(heard.text, "");
  Json call = last_call();
  EXPECT_EQ(call.at("state"), "aborted");
  EXPECT_EQ(call.at("output_written"), 0);
  EXPECT_TRUE(server_->idle());
}

TEST_F(ServerTest, StallStopsAfterItsPieces) {
  Heard heard = hear(chat("sim-t60-stall4"), 30s);
  EXPECT_EQ(pieces(heard.text), 4u);
  EXPECT_EQ(heard.text.find("[DONE]"), std::string::npos);
  EXPECT_EQ(heard.ended, "the provider was silent too long");
  EXPECT_EQ(last_call().at("state"), "aborted");
  EXPECT_EQ(last_call().at("output_acked"), 4);
}

TEST_F(ServerTest, ResetBreaksTheConnection) {
  Heard heard = hear(chat("sim-t60-reset4-d1"));
  EXPECT_EQ(heard.ended, "the provider reset the connection");
  EXPECT_EQ(pieces(heard.text), 4u);
  EXPECT_EQ(last_call().at("state"), "fault");
  EXPECT_EQ(last_call().at("output_written"), 4);
}

TEST_F(ServerTest, TruncEndsTheBodyButNotTheDialect) {
  Heard heard = hear(chat("sim-t60-trunc4"));
  EXPECT_EQ(pieces(heard.text), 4u);
  EXPECT_TRUE(heard.text.ends_with("\r\n0\r\n\r\n"));
  EXPECT_EQ(heard.text.find("finish_reason\":\"stop"), std::string::npos);
  EXPECT_EQ(last_call().at("state"), "fault");
}

TEST_F(ServerTest, AFaultAfterTheLastPieceIsStillOne) {
  EXPECT_EQ(hear(chat("sim-t4-trunc4")).text.find("[DONE]"), std::string::npos);
  EXPECT_EQ(pieces(hear(chat("sim-t4-trunc0")).text), 0u);
}

TEST_F(ServerTest, AFaultComesWhateverWasAsked) {
  std::string tool = R"(,"stream":true,"tools":[{"type":"function","function":{"name":"f"}}])";
  for (std::string_view more : {std::string_view(R"(,"stream":true,"user":"a")"),
                                std::string_view(R"(,"stream":true,"user":"b")")}) {
    Heard heard = hear(chat("sim-trunc40", more));
    EXPECT_EQ(pieces(heard.text), 40u) << heard.text;
    EXPECT_EQ(heard.text.find("[DONE]"), std::string::npos);
  }
  Heard heard = hear(chat("sim-tool-reset40", tool));
  EXPECT_NE(heard.text.find(R"("arguments":)"), std::string::npos) << heard.text;
  EXPECT_EQ(heard.text.find("[DONE]"), std::string::npos) << "an object ends with the fault";
  EXPECT_EQ(heard.ended, "the provider reset the connection");
  heard = hear(chat("sim-trunc40", R"(,"stream":true,"max_tokens":8)"));
  EXPECT_NE(heard.text.find(R"("finish_reason":"length")"), std::string::npos)
      << "the request's own limit comes first";
}

TEST_F(ServerTest, FaultsOfWholeAnswersComeInTheMiddleOfTheBody) {
  for (auto [model, ended] : {std::pair{"sim-t9-stall1", "the provider was silent too long"},
                              {"sim-t9-reset1", "the provider reset the connection"},
                              {"sim-t9-trunc1", "end"}}) {
    Heard heard = hear(chat(model, whole));
    EXPECT_NE(heard.text.find(R"({"id":)"), std::string::npos) << model;
    EXPECT_EQ(heard.text.find(R"("usage")"), std::string::npos) << model;
    EXPECT_EQ(heard.ended, ended) << model;
    EXPECT_EQ(last_call().at("output_written"), 0) << model;
  }
}

TEST_F(ServerTest, AnErrorInTheStreamEndsIt) {
  Heard heard = hear(chat("sim-t60-err4"));
  EXPECT_TRUE(heard.text.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(pieces(heard.text), 4u);
  EXPECT_NE(heard.text.find(R"(data: {"error":{"message":)"), std::string::npos) << heard.text;
  EXPECT_EQ(heard.text.find("[DONE]"), std::string::npos);
  EXPECT_TRUE(heard.text.ends_with("\r\n0\r\n\r\n"));
  EXPECT_EQ(last_call().at("state"), "fault");
  EXPECT_EQ(last_call().at("output_written"), 4);
  heard = hear(post("/v1/messages", R"({"model":"sim-err0-429","max_tokens":9,"stream":true,
      "messages":[{"role":"user","content":"x"}]})"));
  std::size_t begun = heard.text.find("message_start");
  EXPECT_LT(begun, heard.text.find(R"("error":{"type":"rate_limit_error")")) << heard.text;
  EXPECT_EQ(heard.text.find("text_delta"), std::string::npos);
}

TEST_F(ServerTest, AnErrorInAWholeAnswerIsTheAnswer) {
  Heard heard = hear(chat("sim-err4", whole));
  EXPECT_TRUE(heard.text.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(heard.text.find(R"({"error":{"message":)"), std::string::npos) << heard.text;
  EXPECT_EQ(heard.text.find("choices"), std::string::npos);
  heard = hear(chat("sim-t60-err4-d100", whole));
  EXPECT_GE(heard.took, 400ms);
  EXPECT_LT(heard.took, 500ms) << "it comes when the error would have";
  EXPECT_EQ(last_call().at("state"), "fault");
  EXPECT_EQ(last_call().at("output_written"), 0);
}

TEST_F(ServerTest, FlakyFailsTheSameCallsForTheSameSeed) {
  auto outcome = [this](std::string_view model, int calls) {
    std::string all;
    for (int i = 0; i < calls; ++i) {
      bool failed = hear(chat(model, whole)).text.starts_with("HTTP/1.1 503 ");
      all += failed ? 'x' : '.';
    }
    return all;
  };
  std::string first = outcome("sim-flaky50-t1", 24);
  EXPECT_NE(first.find('x'), std::string::npos) << first;
  EXPECT_NE(first.find('.'), std::string::npos) << first;
  EXPECT_NE(outcome("sim-flaky50-t1", 24), first) << "the count goes on";
  restart({});
  EXPECT_EQ(outcome("sim-flaky50-t1", 24), first);
  EXPECT_EQ(outcome("sim-flaky0-t1", 3), "...");
  EXPECT_EQ(outcome("sim-flaky100-t1", 3), "xxx");
}

TEST_F(ServerTest, AModelIsLoadedFromItsFirstCallOn) {
  loop_.run_for(10s);
  Heard heard = hear(chat("sim-load3-t1", whole), 100ms);
  EXPECT_TRUE(heard.text.starts_with("HTTP/1.1 503 ")) << heard.text;
  EXPECT_NE(heard.text.find(R"("message":"Loading model")"), std::string::npos) << heard.text;
  EXPECT_EQ(heard.text.find("retry-after"), std::string::npos);
  loop_.run_for(1500ms);
  EXPECT_TRUE(hear(chat("sim-load3-t1", whole), 100ms).text.starts_with("HTTP/1.1 503 "));
  loop_.run_for(1500ms);
  EXPECT_TRUE(hear(chat("sim-load3-t1", whole)).text.starts_with("HTTP/1.1 200 "));
  heard = hear(chat("sim-load3-ra2-t1", whole));
  EXPECT_NE(heard.text.find("\r\nretry-after: 2\r\n"), std::string::npos) << heard.text;
}

TEST_F(ServerTest, AScriptedStatusBillsNothing) {
  Heard heard = hear(chat("sim-429"));
  EXPECT_TRUE(heard.text.starts_with("HTTP/1.1 429 "));
  EXPECT_NE(heard.text.find("\r\nretry-after: 1\r\n"), std::string::npos);
  EXPECT_EQ(last_call().at("state"), "fault");
  EXPECT_EQ(last_call().at("input"), 0);
  heard = hear(chat("sim-429-ra5"));
  EXPECT_NE(heard.text.find("\r\nretry-after: 5\r\n"), std::string::npos) << heard.text;
  heard = hear(post("/v1/messages", R"({"model":"sim-529","max_tokens":1,
      "messages":[{"role":"user","content":"x"}]})"));
  EXPECT_TRUE(heard.text.starts_with("HTTP/1.1 529 "));
  EXPECT_NE(heard.text.find("overloaded_error"), std::string::npos);
}

TEST_F(ServerTest, OneConnectionCarriesManyCalls) {
  std::string close = chat("sim-t2", whole);
  close.insert(close.find("\r\n\r\n"), "\r\nconnection: close");
  Heard heard = hear(chat("sim-t2") + chat("sim-500") + chat("sim-trunc1-t2") + close);
  EXPECT_EQ(count(heard.text, "HTTP/1.1 200 OK\r\n"), 3u) << heard.text;
  EXPECT_EQ(count(heard.text, "HTTP/1.1 500 "), 1u);
  EXPECT_EQ(heard.ended, "end");
  EXPECT_EQ(truth().as_array().size(), 4u);
}

TEST_F(ServerTest, KeysAreChecked) {
  std::string without = "GET /v1/models HTTP/1.1\r\nhost: t\r\n\r\n";
  EXPECT_TRUE(hear(without).text.starts_with("HTTP/1.1 401 "));
  std::string wrong = "GET /v1/models HTTP/1.1\r\nhost: t\r\nx-api-key: invalid-1\r\n\r\n";
  EXPECT_NE(hear(wrong).text.find("invalid_api_key"), std::string::npos);
  std::string right = "GET /v1/models HTTP/1.1\r\nhost: t\r\nauthorization: bearer k\r\n\r\n";
  EXPECT_TRUE(hear(right).text.starts_with("HTTP/1.1 200 "));

  restart({.keys = {"only-this"}});
  EXPECT_TRUE(hear(right).text.starts_with("HTTP/1.1 401 "));
  restart({.check_keys = false});
  EXPECT_TRUE(hear(without).text.starts_with("HTTP/1.1 200 "));
}

TEST_F(ServerTest, WhatIsNotServedIsSaidSo) {
  EXPECT_TRUE(hear(post("/v1/nowhere", "{}")).text.starts_with("HTTP/1.1 404 "));
  std::string get = "GET /v1/responses HTTP/1.1\r\nhost: t\r\nauthorization: Bearer k\r\n\r\n";
  EXPECT_TRUE(hear(get).text.starts_with("HTTP/1.1 405 "));
  Heard heard = hear(chat("gpt-4o"));
  EXPECT_TRUE(heard.text.starts_with("HTTP/1.1 404 "));
  EXPECT_NE(heard.text.find("model_not_found"), std::string::npos);
  EXPECT_TRUE(hear("GET / HTTP/1.1\r\n\r\n").text.starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(truth().as_array().empty()) << "none of them was a call";
}

TEST_F(ServerTest, BodiesAtTheLimitAndOnePast) {
  std::string body = R"({"input":")" + std::string(100'000, 'x') + R"("})";
  restart({.body_bytes_max = body.size()});
  EXPECT_TRUE(hear(post("/v1/moderations", body)).text.starts_with("HTTP/1.1 200 "));
  Heard heard = hear(post("/v1/moderations", body + " "));
  EXPECT_TRUE(heard.text.starts_with("HTTP/1.1 413 ")) << heard.text;
}

TEST_F(ServerTest, AnthropicAsksForItsVersion) {
  std::string request = post("/v1/messages", "{}");
  std::string field = "anthropic-version: 2023-06-01\r\n";
  request.erase(request.find(field), field.size());
  EXPECT_NE(hear(request).text.find("anthropic-version: header is required"), std::string::npos);
}

TEST_F(ServerTest, EveryOperationIsServedWithAndWithoutItsPrefix) {
  struct Case {
    std::string_view path;
    std::string_view body;
    std::string_view holds;
  };
  constexpr Case cases[] = {
      {"/completions", R"({"model":"sim-t1","prompt":"x"})", "text_completion"},
      {"/responses", R"({"model":"sim-t1","input":"x"})", R"("object":"response")"},
      {"/responses/compact", R"({"model":"sim-t1","input":"x"})", "response.compaction"},
      {"/responses/input_tokens", R"({"input":"x"})", "response.input_tokens"},
      {"/embeddings", R"({"model":"sim","input":"x"})", "embedding"},
      {"/moderations", R"({"input":"x"})", "flagged"},
      {"/messages/count_tokens", R"({"model":"sim","messages":[{"role":"user","content":"x"}]})",
       "input_tokens"},
  };
  for (const Case& one : cases) {
    for (std::string prefix : {"", "/v1"}) {
      Heard heard = hear(post(prefix + std::string(one.path), one.body));
      EXPECT_TRUE(heard.text.starts_with("HTTP/1.1 200 ")) << one.path << heard.text;
      EXPECT_NE(heard.text.find(one.holds), std::string::npos) << one.path;
    }
  }
  EXPECT_EQ(truth().as_array().size(), 14u);
}

TEST_F(ServerTest, TheTruthIsServedWithoutAKeyAndWhileCallsAreOpen) {
  Heard stream;
  loop_.worker().tasks().spawn("stream", listen(chat("sim-t50-d100"), 3s, SIZE_MAX, stream));
  loop_.run_for(1s);
  Heard heard = hear("GET /sim/truth?state=open HTTP/1.1\r\nhost: t\r\n\r\n", 100ms);
  EXPECT_NE(heard.text.find(R"("state":"open","input":5,"output_written":)"), std::string::npos)
      << heard.text;
  std::int64_t written = last_call().at("output_written").as_int64();
  EXPECT_GE(written, 9);
  EXPECT_LT(written, 50);
  heard = hear("GET /sim/attempts HTTP/1.1\r\nhost: t\r\n\r\n", 100ms);
  EXPECT_NE(heard.text.find(R"("path":"/v1/chat/completions")"), std::string::npos);
  loop_.run_for(10s);
  EXPECT_EQ(pieces(stream.text), 50u);
}

TEST_F(ServerTest, TheSameSeedGivesTheSameAnswers) {
  std::string first = hear(chat("sim-t30", whole)).text;
  restart({});
  EXPECT_EQ(hear(chat("sim-t30", whole)).text.substr(first.find("\r\n\r\n")).size(),
            first.substr(first.find("\r\n\r\n")).size());
  restart({.seed = 2});
  std::string other = hear(chat("sim-t30", whole)).text;
  EXPECT_NE(other.substr(other.find("content\":")), first.substr(first.find("content\":")));
}

TEST_F(ServerTest, StopEndsWhatIsUnderWay) {
  Heard stream;
  loop_.worker().tasks().spawn("stream", listen(chat("sim-inf"), 3s, SIZE_MAX, stream));
  loop_.worker().tasks().spawn("hang", listen(chat("sim-hang"), 3s, SIZE_MAX, stream));
  loop_.run_for(1s);
  EXPECT_FALSE(server_->idle());
  server_->stop();
  loop_.run_for(1ms);
  EXPECT_TRUE(server_->idle());
  for (const Json& call : truth().as_array()) EXPECT_EQ(call.at("state"), "aborted");
}

TEST_F(ServerTest, ManyStreamsAtOnce) {
  constexpr int streams = 300;
  std::vector<Heard> heard(streams);
  for (Heard& one : heard) {
    loop_.worker().tasks().spawn("stream", listen(chat("sim-t20-d50"), 5s, SIZE_MAX, one));
  }
  loop_.run_for(20s);
  for (const Heard& one : heard) EXPECT_EQ(pieces(one.text), 20u);
  Json sums = truth("by=key").at(0);
  EXPECT_EQ(sums.at("finished"), streams);
  EXPECT_EQ(sums.at("output_written"), 20 * streams);
  EXPECT_EQ(sums.at("output_acked"), 20 * streams);
}

}  // namespace
}  // namespace recloser::sim
