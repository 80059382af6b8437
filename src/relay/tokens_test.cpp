// Calls that come with a token of an identity provider: whose they are, what they may, how long
// that holds.
#include "auth/testing/test_signer.h"
#include "relay/routes.h"
#include "relay/testing/test_gateway.h"

#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const auth::TestSigner& signer() {
  static const auth::TestSigner made(config::TokenAlgorithm::es256, "ec-1");
  return made;
}

std::string claims(std::string_view more) {
  return fmt::format(R"({{"iss":"https://idp.test","aud":"llm","exp":1790000600,"org":"acme",{}}})",
                     more);
}
std::string token(std::string_view user, std::string_view team, std::string_view more = {}) {
  return signer().token(claims(fmt::format(R"("sub":"{}","team":"{}"{})", user, team, more)));
}

class TokensTest : public testing::Test {
 protected:
  TokensTest()
      : gateway_(testing::TempDir() + "recloser-tokens-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {}

  void start(bool models = false) {
    auto config = std::make_shared<config::Config>();
    config::TokenIssuer& issuer = config->auth.jwt.emplace_back();
    issuer.issuer = "https://idp.test";
    issuer.audience.names = {"llm"};
    issuer.map.org = {{"org"}};
    issuer.map.team = {{"team"}};
    if (models) issuer.map.models = {{"models"}};
    issuers_ = std::make_unique<auth::jwt::Issuers>(config);
    gateway_.token_issuers = issuers_.get();
    gateway_.start();
    show(auth::key_set({signer().jwk()}));
    gateway_.provider().script = [](net::Exchange& exchange, std::string) -> Task<void> {
      return answer(exchange);
    };
  }
  void show(std::string_view document) {
    issuers_->fetched(0, *auth::jwt::KeySet::parse(document), gateway_.loop().clock().wall());
  }
  static Task<void> answer(net::Exchange& exchange) {
    co_await exchange.answer(
        200, "content-type: application/json\r\n",
        R"({"id":"a","model":"same","choices":[{"index":0,"message":{"content":"so"},)"
        R"("finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}})");
  }
  // A word each minute, a quarter of an hour long.
  static Task<void> slowly(net::Exchange& exchange, net::Worker& worker) {
    exchange.begin(net::AnswerFraming::chunked);
    std::string head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    for (int i = 0; i < 15; ++i) {
      std::array<std::string_view, 1> word{
          "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a \"}}]}\n\n"};
      Result<void> sent = co_await exchange.send(head, word, net::Last::no);
      if (!sent) co_return;
      head.clear();
      co_await worker.sleep_until(worker.now() + 50s);
    }
    std::array<std::string_view, 1> end{
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},"
        "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"};
    co_await exchange.send(head, end, net::Last::yes);
  }
  static std::string head_of(std::string_view method, std::string_view path,
                             std::string_view fields, std::size_t size) {
    return fmt::format("{} {} HTTP/1.1\r\nhost: g\r\n{}content-length: {}\r\n\r\n", method, path,
                       fields, size);
  }
  Seen ask(std::string_view fields) {
    constexpr std::string_view body =
        R"({"model":"same","messages":[{"role":"user","content":"hi"}],"max_tokens":9})";
    return gateway_.request(head_of("POST", "/v1/chat/completions", fields, body.size()),
                            std::string(body));
  }
  Seen ask_with(const std::string& token) { return ask("authorization: Bearer " + token + "\r\n"); }

  TestGateway gateway_;
  std::unique_ptr<auth::jwt::Issuers> issuers_;
};

TEST_F(TokensTest, EveryCredentialHeaderTakesThem) {
  start();
  std::string mine = token("ada", "search");
  for (const char* field : {"authorization: Bearer ", "x-api-key: ", "api-key: "}) {
    EXPECT_EQ(ask(field + mine + "\r\n").status, 200) << field;
  }
  EXPECT_EQ(ask("authorization: Bearer sk-theirs\r\nx-recloser-key: " + mine + "\r\n").status, 200);
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 4u);
  for (const ledger::StoredCall& call : books) {
    EXPECT_EQ(call.org + "/" + call.team + "/" + call.user, "acme/search/ada");
    EXPECT_EQ(call.key_id, books[0].key_id);
    EXPECT_TRUE(call.key_id.starts_with("jwt:")) << call.key_id;
  }
  for (const std::string& head : gateway_.provider().heads) {
    EXPECT_THAT(head, Not(HasSubstr(mine))) << "which is no business of the provider's";
  }
}

TEST_F(TokensTest, KeysAreGoodBesideThem) {
  start();
  EXPECT_EQ(gateway_.post("/v1/chat/completions", R"({"model":"same","messages":[]})").status, 200);
  EXPECT_EQ(gateway_.books().at(0).key_id, "test");
}

TEST_F(TokensTest, ABadOneIs401OnEveryRoute) {
  start();
  std::string good = token("ada", "search");
  std::string hidden = "hidden-0123456789";
  std::vector<std::string> bad{
      token(hidden, "search", R"(,"exp":1789990000)"),
      token(hidden, "search", R"(,"aud":"other")"),
      token(hidden, "search", R"(,"iss":"https://evil.test")"),
      signer().token(claims(R"("sub":"ada")")),
      good.substr(0, good.size() - 8),
      auth::TestSigner(config::TokenAlgorithm::es256, "ec-9").token(claims(R"("sub":"ada")")),
      "eyJhbGciOiJub25lIn0." + auth::base64url(claims(R"("sub":"ada","team":"search")")) + ".",
      "a.b.c"};
  for (const RouteEntry& route : route_table()) {
    if (route.kind == RouteKind::health || route.kind == RouteKind::ready) continue;
    std::string path(route.path);
    if (path.ends_with('*')) path.replace(path.size() - 1, 1, "same");
    bool posts = route.method == net::http1::Method::post;
    std::string_view method = posts                                     ? "POST"
                              : route.method == net::http1::Method::get ? "GET"
                                                                        : "HEAD";
    std::string body = posts ? R"({"model":"same","messages":[],"max_tokens":1})" : "";
    for (const std::string& each : bad) {
      Seen seen = gateway_.request(
          head_of(method, path, "authorization: Bearer " + each + "\r\n", body.size()), body);
      EXPECT_EQ(seen.status, 401) << path << " " << each;
      EXPECT_THAT(seen.head + seen.body, Not(HasSubstr(hidden)));
    }
  }
  EXPECT_TRUE(gateway_.books().empty());
  EXPECT_TRUE(gateway_.provider().heads.empty());
  std::string log = gateway_.loop().log_text();
  EXPECT_THAT(log, HasSubstr("bad_token_expired"));
  EXPECT_THAT(log, HasSubstr("bad_token_audience"));
  EXPECT_THAT(log, Not(HasSubstr(hidden)));
  EXPECT_THAT(log, Not(HasSubstr(bad[0].substr(0, 20)))) << "nor a part of a token";
}

TEST_F(TokensTest, BeforeItsKeysAreKnownATokenIsRefusedAndWeAreNotReady) {
  auto config = std::make_shared<config::Config>();
  config->auth.jwt.emplace_back().issuer = "https://idp.test";
  issuers_ = std::make_unique<auth::jwt::Issuers>(config);
  gateway_.token_issuers = issuers_.get();
  gateway_.start();
  EXPECT_EQ(ask_with(token("ada", "search")).status, 401);
  EXPECT_THAT(gateway_.loop().log_text(), HasSubstr("bad_token_keys_missing"));
  EXPECT_EQ(gateway_.request(head_of("GET", "/readyz", "", 0), "").status, 503);
  EXPECT_TRUE(issuers_->take_wish(0));
  issuers_->failed(0);
  EXPECT_EQ(gateway_.request(head_of("GET", "/readyz", "", 0), "").status, 200);
}

TEST_F(TokensTest, ModelsOfTheTokenHold) {
  start(true);
  EXPECT_EQ(ask_with(token("ada", "search", R"(,"models":["gpt-*"])")).status, 403);
  EXPECT_EQ(ask_with(token("ada", "search", R"(,"models":["sa*"])")).status, 200);
  EXPECT_EQ(ask_with(token("ada", "search", R"(,"models":[])")).status, 401);
}

TEST_F(TokensTest, AClientFillsWhatTheTokenLeavesOpenAndNothingElse) {
  start();
  EXPECT_EQ(ask("authorization: Bearer " + token("ada", "search") +
                "\r\nx-recloser-user: eve\r\nx-recloser-agent: cli\r\n")
                .status,
            200);
  EXPECT_EQ(gateway_.books().at(0).user + "/" + gateway_.books().at(0).agent, "ada/cli");
}

std::shared_ptr<const budget::Budget> requests(std::string name, budget::Amount limit,
                                               std::vector<budget::KeyPart> key) {
  budget::Budget budget;
  budget.name = std::move(name);
  budget.unit = budget::Unit::requests;
  budget.limit = limit;
  budget.reserve = budget::Reserve::upper_bound;
  for (budget::KeyPart part : key) budget.key.push_back({.what = part});
  return std::make_shared<const budget::Budget>(std::move(budget));
}

// All scopes or none: two people of one team share what the team has, and each has a limit.
TEST_F(TokensTest, LimitsOfTheTeamAndOfTheUserBothHold) {
  start();
  using enum budget::KeyPart;
  gateway_.budgets().configure(
      {requests("team", 5, {org, team}), requests("user", 3, {org, user})});
  std::string ada = token("ada", "search");
  std::string bob = token("bob", "search");
  std::string eve = token("eve", "ads");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask_with(ada).status, 200);
  Seen fourth = ask_with(ada);
  EXPECT_EQ(fourth.status, 429);
  EXPECT_THAT(fourth.head, HasSubstr("x-recloser-decision: budget/user"));
  // Another token of the same person is the same person.
  EXPECT_EQ(ask_with(token("ada", "search", R"(,"jti":"2")")).status, 429);
  EXPECT_EQ(ask_with(bob).status, 200);
  EXPECT_EQ(ask_with(bob).status, 200);
  Seen third = ask_with(bob);
  EXPECT_EQ(third.status, 429);
  EXPECT_THAT(third.head, HasSubstr("x-recloser-decision: budget/team"));
  EXPECT_EQ(ask_with(eve).status, 200);
}

// A stream outlives the keys, the end of its token, and the memory of both.
TEST_F(TokensTest, ACallKeepsThePrincipalItBeganWith) {
  start();
  gateway_.provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return slowly(exchange, gateway_.loop().worker());
  };
  Seen seen;
  std::string body = R"({"model":"same","stream":true,"messages":[]})";
  net::Worker& worker = gateway_.loop().worker();
  std::string mine = token("ada", "search");
  worker.tasks().spawn(
      "slow client", gateway_.fetch(head_of("POST", "/v1/chat/completions",
                                            "authorization: Bearer " + mine + "\r\n", body.size()),
                                    body, seen, Instant::never()));
  gateway_.loop().run_for(1s);
  show(auth::key_set({}));
  EXPECT_EQ(ask_with(mine).status, 401) << "the keys are gone, and with them what they verified";
  gateway_.loop().run_for(20min);
  EXPECT_EQ(seen.status, 200);
  EXPECT_THAT(seen.body, HasSubstr("[DONE]"));
  gateway_.settle();
  EXPECT_EQ(gateway_.books().at(0).user, "ada");
}

}  // namespace
}  // namespace recloser::relay
