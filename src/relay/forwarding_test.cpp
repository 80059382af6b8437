// What of a client's head reaches its provider, and what of ours the client sees.
#include "relay/testing/test_gateway.h"

#include <algorithm>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

int connected_to(std::uint16_t port) {
  int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return descriptor;
}

// What has come up to the end; closes.
std::string all_of(int descriptor) {
  std::string all(10'000, ' ');
  ssize_t got = ::recv(descriptor, all.data(), all.size(), MSG_WAITALL);
  all.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  ::close(descriptor);
  return all;
}

class ForwardingTest : public testing::Test {
 protected:
  ForwardingTest()
      : gateway_(testing::TempDir() + "recloser-forwarding-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {
    gateway_.provider().script = [](net::Exchange& exchange, std::string) -> Task<void> {
      return answer(exchange);
    };
  }
  static Task<void> answer(net::Exchange& exchange) {
    co_await exchange.answer(200, "content-type: application/json\r\n", "{}");
  }
  // The head that the provider got.
  const std::string& sent() { return gateway_.provider().heads.at(0); }
  bool sent_has(std::string_view line) {
    return sent().find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
  }
  static std::string post(std::string target, std::string fields) {
    return "POST " + target + " HTTP/1.1\r\nhost: gateway\r\n" + fields +
           "content-length: 16\r\n\r\n";
  }
  static std::string our_key() { return "authorization: Bearer " + std::string(test_secret); }

  static constexpr std::string_view body = R"({"model":"same"})";
  TestGateway gateway_;
};

TEST_F(ForwardingTest, WhatConnectionNamesEndsHere) {
  gateway_.start();
  Seen seen = gateway_.request(
      post("/v1/chat/completions", our_key() + "\r\nconnection: x-foo, keep-alive\r\nx-foo: 1\r\n"
                                               "x-foobar: 2\r\nkeep-alive: 5\r\nte: trailers\r\n"
                                               "proxy-authorization: Basic x\r\n"),
      std::string(body));
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_EQ(sent().find("x-foo:"), std::string::npos) << sent();
  EXPECT_TRUE(sent_has("x-foobar: 2")) << sent();
  for (std::string_view gone : {"keep-alive", "te:", "proxy-", "connection:"}) {
    EXPECT_EQ(sent().find(gone), std::string::npos) << sent();
  }
}

TEST_F(ForwardingTest, TheSameHoldsWhereTheOperatorSetsHeaders) {
  gateway_.config().providers[0].headers.push_back({"x-team", config::Secret("ops")});
  gateway_.start();
  Seen seen = gateway_.request(
      post("/v1/chat/completions",
           our_key() + "\r\nconnection: x-foo\r\nx-foo: 1\r\nX-Team: mine\r\nx-api-key: " +
               std::string(test_secret) + "\r\n"),
      std::string(body));
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_EQ(sent().find("x-foo"), std::string::npos) << sent();
  EXPECT_EQ(sent().find("mine"), std::string::npos) << sent();
  EXPECT_EQ(sent().find("x-api-key"), std::string::npos) << sent();
  EXPECT_TRUE(sent_has("x-team: ops")) << sent();
}

TEST_F(ForwardingTest, NoCredentialOfTheClientIsForwarded) {
  gateway_.start();
  Seen seen = gateway_.request(
      post("/v1/chat/completions", "x-api-key: " + std::string(test_secret) +
                                       "\r\napi-key: a-secret\r\nx-goog-api-key: b-secret\r\n"
                                       "x-recloser-key: " +
                                       std::string(test_secret) + "\r\n"),
      std::string(body));
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_EQ(sent().find("secret"), std::string::npos) << sent();
  EXPECT_TRUE(sent_has("authorization: Bearer provider-key")) << sent();
}

TEST_F(ForwardingTest, TheClientsOwnKeyGoesOnWhereTheProviderWantsItAndOursDoesNot) {
  gateway_.config().providers[0].api_key = {};
  gateway_.config().providers[0].api_key.source = config::ApiKey::Source::client;
  gateway_.start();
  Seen seen = gateway_.request(
      post("/v1/chat/completions", "authorization: Bearer sk-theirs\r\nx-recloser-key: " +
                                       std::string(test_secret) + "\r\n"),
      std::string(body));
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_TRUE(sent_has("authorization: Bearer sk-theirs")) << sent();
  EXPECT_EQ(sent().find(test_secret), std::string::npos) << sent();
  EXPECT_EQ(sent().find("x-recloser"), std::string::npos) << sent();

  Seen without =
      gateway_.request(post("/v1/chat/completions", our_key() + "\r\n"), std::string(body));
  EXPECT_EQ(without.status, 401) << without.body;
  // An empty x-recloser-key names nobody, so what the other header holds is our key.
  Seen empty = gateway_.request(post("/v1/chat/completions", our_key() + "\r\nx-recloser-key:\r\n"),
                                std::string(body));
  EXPECT_EQ(empty.status, 401) << empty.body;
  EXPECT_EQ(gateway_.provider().heads.size(), 1u);
}

TEST_F(ForwardingTest, ATargetWithAnAddressGoesToOurProviderAllTheSame) {
  gateway_.start();
  Seen seen = gateway_.request(
      post("http://gateway/v1/chat/completions?a=b%20c&d", our_key() + "\r\n"), std::string(body));
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_EQ(sent().substr(0, sent().find('\r')), "POST /chat/completions?a=b%20c&d HTTP/1.1");
  EXPECT_EQ(sent().find("gateway"), std::string::npos) << sent();
}

// Names from a body reach our own heads: none may end its line.
TEST_F(ForwardingTest, NamesCannotBreakOutOfOurHeads) {
  gateway_.start();
  std::string hostile = R"({"model":"p/a\r\nx-evil: 1\r\n\r\nHTTP/1.1 200 OK"})";
  Seen seen = gateway_.post("/v1/chat/completions", hostile);
  EXPECT_EQ(seen.head.find("x-evil: 1\n"), std::string::npos) << seen.head;
  std::string session =
      R"({"model":"same","metadata":{"session_id":"s\r\nx-evil: 1"},"messages":[]})";
  seen = gateway_.post("/v1/responses", session);
  EXPECT_EQ(seen.head.find("x-evil: 1\n"), std::string::npos) << seen.head;
  for (const std::string& head : gateway_.provider().heads) {
    EXPECT_EQ(head.find("x-evil"), std::string::npos) << head;
  }
}

TEST_F(ForwardingTest, FieldsOfOursThatAProviderSendsAreNotBelieved) {
  gateway_.start();
  gateway_.provider().script = [](net::Exchange& exchange, std::string) -> Task<void> {
    return [](net::Exchange& e) -> Task<void> {
      co_await e.answer(200,
                        "content-type: application/json\r\nx-recloser-call: forged\r\n"
                        "connection: x-hop\r\nx-hop: 1\r\nx-keep: 1\r\n",
                        "{}");
    }(exchange);
  };
  Seen seen = gateway_.post("/v1/chat/completions", std::string(body));
  EXPECT_EQ(seen.head.find("forged"), std::string::npos) << seen.head;
  EXPECT_EQ(seen.head.find("x-hop"), std::string::npos) << seen.head;
  EXPECT_NE(seen.head.find("x-keep: 1"), std::string::npos) << seen.head;
}

// Connected before the drain: who has asked by then is served, who asks later is told.
TEST_F(ForwardingTest, ADrainServesWhatIsQueuedAndRefusesWhatIsLateWithARow) {
  gateway_.start();
  int queued = connected_to(gateway_.port());
  int late = connected_to(gateway_.port());
  std::string asks = "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer " +
                     std::string(test_secret) +
                     "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" +
                     std::string(body);
  ::send(queued, asks.data(), asks.size(), 0);
  gateway_.relay().drain();
  gateway_.server().drain();
  gateway_.loop().worker().turn();
  ::send(late, asks.data(), asks.size(), 0);
  gateway_.loop().worker().run_until([&] { return gateway_.server().connections() == 0; });
  std::string served = all_of(queued);
  EXPECT_TRUE(served.starts_with("HTTP/1.1 200")) << served;
  std::string refused = all_of(late);
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503")) << refused;
  EXPECT_NE(refused.find("x-should-retry: true"), std::string::npos) << refused;
  EXPECT_NE(refused.find("retry-after: "), std::string::npos) << refused;
  EXPECT_NE(refused.find("draining"), std::string::npos) << refused;
  EXPECT_EQ(gateway_.books().size(), 2u);
}

}  // namespace
}  // namespace recloser::relay
