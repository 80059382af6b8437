// Every route of the table, whatever is added to it, against who may not use it.
#include "relay/routes.h"

#include "relay/testing/test_gateway.h"

#include <string>
#include <unistd.h>

#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The health of the process is everybody's business; a kind that is not named here asks for a key.
bool is_open(RouteKind kind) { return kind == RouteKind::health || kind == RouteKind::ready; }

std::string method_of(const RouteEntry& route) {
  switch (route.method) {
    case net::http1::Method::get:
      return "GET";
    case net::http1::Method::post:
      return "POST";
    default:
      return "HEAD";
  }
}

class RoutesTest : public testing::Test {
 protected:
  RoutesTest() : gateway_(testing::TempDir() + "recloser-routes-" + std::to_string(::getpid())) {
    gateway_.start();
  }

  Seen ask(const RouteEntry& route, const std::string& fields) {
    std::string path(route.path);
    if (path.ends_with('*')) path.replace(path.size() - 1, 1, "same");
    constexpr std::string_view body = R"({"model":"same","messages":[],"max_tokens":1})";
    bool posts = route.method == net::http1::Method::post;
    std::string length = posts ? "content-length: " + std::to_string(body.size()) + "\r\n" : "";
    return gateway_.request(
        method_of(route) + " " + path + " HTTP/1.1\r\nhost: g\r\n" + fields + length + "\r\n",
        posts ? std::string(body) : std::string());
  }
  void expect_refused(const std::string& fields, const std::string& secret) {
    for (const RouteEntry& route : route_table()) {
      if (is_open(route.kind)) continue;
      SCOPED_TRACE(method_of(route) + " " + std::string(route.path) + " " + fields);
      bool lists_theirs =
          route.kind == RouteKind::models && fields.starts_with("anthropic-version");
      bool anthropic = route.family == codec::Family::anthropic || lists_theirs;
      Seen seen = ask(route, fields);
      EXPECT_EQ(seen.status, 401);
      EXPECT_THAT(seen.body, HasSubstr(anthropic ? R"({"type":"error","error":{"type":)"
                                                   R"("authentication_error",)"
                                                 : R"("type":"invalid_key")"));
      EXPECT_THAT(seen.head, HasSubstr("x-recloser-call: "));
      if (!secret.empty()) EXPECT_THAT(seen.body + seen.head, Not(HasSubstr(secret)));
    }
    EXPECT_TRUE(gateway_.provider().heads.empty());
    EXPECT_TRUE(gateway_.books().empty());
  }

  TestGateway gateway_;
};

TEST_F(RoutesTest, WithoutAKeyEveryRouteIs401) {
  expect_refused("", "");
  expect_refused("authorization: Bearer \r\n", "");
}

TEST_F(RoutesTest, WithAWrongKeyEveryRouteIs401) {
  std::string wrong = "rk-wrong-secret-0123456789";
  for (const char* field : {"authorization: Bearer ", "x-api-key: ", "api-key: "}) {
    expect_refused(field + wrong + "\r\n", wrong);
  }
}

TEST_F(RoutesTest, WithARevokedKeyEveryRouteIs401) {
  std::string secret(test_secret);
  gateway_.provider().script = [](net::Exchange& exchange, std::string) -> Task<void> {
    return [](net::Exchange& e) -> Task<void> {
      co_await e.answer(200, "content-type: application/json\r\n", "{}");
    }(exchange);
  };
  // Good until now: this worker has seen it, and remembers.
  for (const RouteEntry& route : route_table()) {
    if (is_open(route.kind)) continue;
    EXPECT_EQ(ask(route, "x-api-key: " + secret + "\r\n").status, 200) << route.path;
  }
  std::size_t calls = gateway_.books().size();
  std::size_t asked = gateway_.provider().heads.size();
  EXPECT_GT(asked, 0u);
  gateway_.revoke_keys();
  for (const RouteEntry& route : route_table()) {
    if (is_open(route.kind)) continue;
    EXPECT_EQ(ask(route, "x-api-key: " + secret + "\r\n").status, 401) << route.path;
  }
  EXPECT_EQ(gateway_.books().size(), calls);
  EXPECT_EQ(gateway_.provider().heads.size(), asked);
}

TEST_F(RoutesTest, TheListOfModelsRefusesInAnthropicsWordsToo) {
  expect_refused("anthropic-version: 2023-06-01\r\n", "");
}

TEST_F(RoutesTest, OnlyHealthIsOpen) {
  for (const RouteEntry& route : route_table()) {
    if (is_open(route.kind) && route.method == net::http1::Method::get) {
      EXPECT_EQ(ask(route, "").status, 200) << route.path;
    }
    if (route.kind != RouteKind::call && route.kind != RouteKind::models) {
      EXPECT_TRUE(is_open(route.kind)) << route.path;
    }
  }
}

}  // namespace
}  // namespace recloser::relay
