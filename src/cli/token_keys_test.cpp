// Keys of an issuer of tokens: fetched at the start, again, when they are wished for, and kept when
// they cannot be had.
#include "cli/token_keys.h"

#include "auth/testing/test_signer.h"
#include "net/http_server.h"
#include "net/test_loop.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

// An identity provider: a page by its path.
struct Pages final : net::HttpHandler {
  Task<void> handle(net::Exchange& exchange) override {
    std::string path(exchange.head().path());
    ++asked[path];
    std::string body = bodies.contains(path) ? bodies[path] : "no such page";
    int answer = bodies.contains(path) ? status : 404;
    co_await exchange.answer(answer, "content-type: application/json\r\n", body);
  }
  net::PlainAnswer refuse(int code, std::string_view sentence) override {
    return {.status = code, .fields = {}, .body = std::string(sentence)};
  }
  std::map<std::string, std::string> bodies;
  std::map<std::string, int> asked;
  int status = 200;
};

std::string set_of(std::string_view kid) {
  static const auth::TestSigner signer(config::TokenAlgorithm::es256, "");
  return auth::key_set({signer.jwk(fmt::format(R"(,"kid":"{}")", kid))});
}

class TokenKeysTest : public testing::Test {
 protected:
  TokenKeysTest() {
    server_ = std::move(*net::HttpServer::open(
        loop_.worker(), *net::Endpoint::literal("127.0.0.1", 0), {}, memory_, pages_));
    url_ = fmt::format("http://127.0.0.1:{}", server_->address().port);
    config::TokenIssuer& issuer = config_->auth.jwt.emplace_back();
    issuer.issuer = url_ + "/realm";
    issuer.keys_url = *config::KeysUrl::parse(url_ + "/keys");
    pages_.bodies["/keys"] = set_of("a");
  }
  ~TokenKeysTest() override { loop_.worker().tasks().clear(); }

  void keep() {
    issuers_ = std::make_unique<auth::jwt::Issuers>(config_);
    Result<std::unique_ptr<TokenKeys>> keys = TokenKeys::make(pool_, *issuers_);
    ASSERT_TRUE(keys) << keys.error().message();
    keys_ = std::move(*keys);
    keys_->keep();
    loop_.run_for(100ms);
  }
  // How many keys are known; nothing while none was fetched.
  std::optional<std::size_t> known() const {
    const auto& set = issuers_->keys().current()->of[0];
    return set ? std::optional(set->size()) : std::nullopt;
  }
  bool knows(std::string_view document) const {
    const auto& set = issuers_->keys().current()->of[0];
    return set && set->document_hash() == auth::hash_secret(document);
  }

  net::TestLoop loop_;
  net::MemoryBudget memory_{4u << 20};
  Pages pages_;
  std::unique_ptr<net::HttpServer> server_;
  std::string url_;
  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  net::ClientPool pool_{loop_.worker(), loop_.resolver()};
  std::unique_ptr<auth::jwt::Issuers> issuers_;
  std::unique_ptr<TokenKeys> keys_;
};

TEST_F(TokenKeysTest, AreFetchedAtTheStartAndNowAndThen) {
  keep();
  EXPECT_TRUE(knows(set_of("a")));
  EXPECT_TRUE(issuers_->asked());
  EXPECT_EQ(pages_.asked["/keys"], 1);
  pages_.bodies["/keys"] = set_of("b");
  loop_.run_for(9min);
  EXPECT_EQ(pages_.asked["/keys"], 1);
  loop_.run_for(1min);
  EXPECT_EQ(pages_.asked["/keys"], 2);
  EXPECT_TRUE(knows(set_of("b"))) << "they were changed";
  EXPECT_THAT(loop_.log_text(), Not(HasSubstr("keys")));
}

TEST_F(TokenKeysTest, AreFetchedWhenATokenNamesAnotherButNotForEveryStranger) {
  keep();
  pages_.bodies["/keys"] = set_of("b");
  issuers_->wish_for_keys(0);
  loop_.run_for(9s);
  EXPECT_EQ(pages_.asked["/keys"], 1) << "it was asked a moment ago";
  loop_.run_for(3s);
  EXPECT_EQ(pages_.asked["/keys"], 2);
  EXPECT_TRUE(knows(set_of("b")));
  loop_.run_for(30s);
  EXPECT_EQ(pages_.asked["/keys"], 2) << "a wish is granted once";
  issuers_->wish_for_keys(0);
  loop_.run_for(2s);
  EXPECT_EQ(pages_.asked["/keys"], 3);
  for (int i = 0; i < 60; ++i) {
    issuers_->wish_for_keys(0);
    loop_.run_for(1s);
  }
  EXPECT_LE(pages_.asked["/keys"], 9);
}

TEST_F(TokenKeysTest, WhatWasKnownIsKeptWhileTheyCannotBeHad) {
  keep();
  pages_.status = 503;
  loop_.run_for(30min);
  EXPECT_TRUE(knows(set_of("a")));
  EXPECT_GT(pages_.asked["/keys"], 10) << "and it is asked again soon";
  EXPECT_LT(pages_.asked["/keys"], 40) << "at growing intervals";
  std::string log = loop_.log_text();
  EXPECT_THAT(log, HasSubstr("answered with status 503"));
  EXPECT_EQ(log.find("could not be fetched"), log.rfind("could not be fetched")) << "once";
  pages_.status = 200;
  pages_.bodies["/keys"] = set_of("b");
  loop_.run_for(2min);
  EXPECT_TRUE(knows(set_of("b")));
  EXPECT_THAT(loop_.log_text(), HasSubstr("were fetched now"));
  EXPECT_GT(issuers_->status()[0].failures, 10u);
  pages_.status = 503;
  int asked = pages_.asked["/keys"];
  while (pages_.asked["/keys"] == asked) loop_.run_for(1s);
  loop_.run_for(8s);
  EXPECT_GE(pages_.asked["/keys"], asked + 3) << "the next failure begins at short intervals again";
}

// Whatever stands on it.
TEST_F(TokenKeysTest, APageOfAFailureIsNoKeySet) {
  keep();
  pages_.bodies["/keys"] = set_of("b");
  for (int status : {201, 404}) {
    pages_.status = status;
    loop_.run_for(11min);
    EXPECT_TRUE(knows(set_of("a"))) << status;
  }
}

TEST_F(TokenKeysTest, ALongAnswerIsNotRead) {
  keep();
  pages_.bodies["/keys"] = set_of("b") + std::string(auth::jwt::KeySet::document_bytes_max, ' ');
  loop_.run_for(11min);
  EXPECT_TRUE(knows(set_of("a")));
  EXPECT_THAT(loop_.log_text(), HasSubstr("its answer is larger than"));
}

// A name of the issuer's may lead anywhere; here it is the address itself, to need no resolver.
TEST_F(TokenKeysTest, TheMachinesOwnSecretsAreNotAskedFor) {
  config::KeysUrl& url = *config_->auth.jwt[0].keys_url;
  url = *config::KeysUrl::parse("https://idp.test/keys");
  url.base.host = "169.254.169.254";
  keep();
  EXPECT_EQ(known(), std::nullopt);
  EXPECT_THAT(loop_.log_text(), HasSubstr("a link-local or metadata address"));
}

TEST_F(TokenKeysTest, WhatIsNoKeySetChangesNothing) {
  keep();
  pages_.bodies["/keys"] = "<html>";
  loop_.run_for(11min);
  EXPECT_TRUE(knows(set_of("a")));
  EXPECT_THAT(loop_.log_text(), HasSubstr("is no key set"));
  pages_.bodies["/keys"] = std::string(auth::jwt::KeySet::document_bytes_max + 1, ' ');
  loop_.run_for(2min);
  EXPECT_TRUE(knows(set_of("a")));
}

// An issuer that withdraws its keys means it.
TEST_F(TokenKeysTest, AnEmptySetIsTaken) {
  keep();
  pages_.bodies["/keys"] = R"({"keys":[]})";
  loop_.run_for(11min);
  EXPECT_EQ(known(), 0u);
  EXPECT_THAT(loop_.log_text(), HasSubstr("no key that could be used"));
}

TEST_F(TokenKeysTest, AreLookedForWhereTheIssuerSays) {
  config_->auth.jwt[0].keys_url.reset();
  constexpr const char* page = "/realm/.well-known/openid-configuration";
  auto says = [&](std::string_view issuer, std::string_view keys) {
    pages_.bodies[page] = fmt::format(R"({{"issuer":"{}","jwks_uri":"{}"}})", issuer, keys);
  };
  says(url_ + "/other", url_ + "/keys");
  keep();
  EXPECT_EQ(known(), std::nullopt);
  EXPECT_THAT(loop_.log_text(), HasSubstr("of another issuer"));
  EXPECT_EQ(pages_.asked["/keys"], 0);
  says(url_ + "/realm", "http://idp.test/keys");
  loop_.run_for(10s);
  EXPECT_EQ(known(), std::nullopt);
  says(url_ + "/realm", url_ + "/keys");
  loop_.run_for(2min);
  EXPECT_TRUE(knows(set_of("a")));
}

TEST_F(TokenKeysTest, OneIssuerThatHangsHoldsUpNoOther) {
  config::TokenIssuer& other = config_->auth.jwt.emplace_back();
  other.issuer = "https://other.test";
  other.keys_url = *config::KeysUrl::parse("http://127.0.0.1:1/keys");  // nobody listens
  keep();
  EXPECT_TRUE(knows(set_of("a")));
  EXPECT_EQ(issuers_->keys().current()->of[1], nullptr);
  EXPECT_TRUE(issuers_->asked());
}

TEST_F(TokenKeysTest, AuthoritiesThatCannotBeReadAreToldAtTheStart) {
  config_->auth.jwt[0].ca_path = "/nowhere/ca.pem";
  auth::jwt::Issuers issuers(config_);
  Result<std::unique_ptr<TokenKeys>> keys = TokenKeys::make(pool_, issuers);
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().message(), HasSubstr("auth.jwt.ca: "));
}

}  // namespace
}  // namespace recloser::cli
