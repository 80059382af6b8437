// Lists of models: who cannot tell is asked again soon, who can is asked now and then.
#include "cli/model_fetch.h"

#include "net/http_server.h"
#include "net/test_loop.h"

#include <memory>
#include <string>
#include <utility>

namespace recloser::cli {
namespace {

// A provider that comes up late.
struct ListHandler final : net::HttpHandler {
  Task<void> handle(net::Exchange& exchange) override {
    ++asked;
    EXPECT_EQ(exchange.head().path(), "/v1/models");
    std::string body = R"({"data":[{"id":"m1"},{"id":"m2"}]})";
    int status = asked > failures ? 200 : 503;
    co_await exchange.answer(status, "", body);
  }
  net::PlainAnswer refuse(int status, std::string_view sentence) override {
    return {.status = status, .fields = {}, .body = std::string(sentence)};
  }
  int asked = 0;
  int failures = 0;
};

class ModelFetchTest : public testing::Test {
 protected:
  ModelFetchTest() {
    Result<std::unique_ptr<net::HttpServer>> server = net::HttpServer::open(
        loop_.worker(), *net::Endpoint::literal("127.0.0.1", 0), {}, memory_, handler_);
    EXPECT_TRUE(server);
    server_ = std::move(*server);
    auto config = std::make_shared<config::Config>();
    config::Provider& provider = config->providers.emplace_back();
    provider.name = "late";
    provider.dialect = config::Dialect::openai;
    provider.base_url = *config::BaseUrl::parse(
        "http://127.0.0.1:" + std::to_string(server_->address().port) + "/v1");
    providers_ = *relay::Providers::make(std::move(config), std::nullopt);
  }

  ~ModelFetchTest() override { loop_.worker().tasks().clear(); }

  void keep_lists_for(Duration time) {
    loop_.worker().tasks().spawn("lists", keep_model_lists(pool_, *providers_, lists_));
    loop_.run_for(time);
  }

  net::TestLoop loop_;
  net::MemoryBudget memory_{1u << 20};
  ListHandler handler_;
  std::unique_ptr<net::HttpServer> server_;
  net::ClientPool pool_{loop_.worker(), loop_.resolver()};
  std::shared_ptr<const relay::Providers> providers_;
  Published<route::ModelLists> lists_{std::make_shared<const route::ModelLists>()};
};

TEST_F(ModelFetchTest, AProviderThatIsUpLateIsKnownSoonAfter) {
  handler_.failures = 3;
  keep_lists_for(6900ms);  // asked at 0, 1, 3 and 7 s
  EXPECT_EQ(handler_.asked, 3);
  EXPECT_FALSE(lists_.current()->known(0));
  loop_.run_for(200ms);
  EXPECT_EQ(handler_.asked, 4);
  EXPECT_TRUE(lists_.current()->has(0, "m2"));
  std::string log = loop_.log_text();
  EXPECT_EQ(log.find("did not list its models"), log.rfind("did not list its models")) << log;
  EXPECT_NE(log.find("status 503"), std::string::npos) << log;
  EXPECT_NE(log.find("lists its models now"), std::string::npos) << log;
}

TEST_F(ModelFetchTest, OneThatListsThemIsAskedNowAndThen) {
  keep_lists_for(1s);
  EXPECT_EQ(handler_.asked, 1);
  loop_.run_for(model_lists_every);
  EXPECT_EQ(handler_.asked, 2);
  EXPECT_EQ(loop_.log_text().find("models"), std::string::npos);
}

TEST_F(ModelFetchTest, WhatWasKnownIsKeptWhileItIsDown) {
  keep_lists_for(1s);
  handler_.failures = 100;
  loop_.run_for(model_lists_every + 10s);
  EXPECT_GT(handler_.asked, 3);
  EXPECT_TRUE(lists_.current()->has(0, "m1"));
}

}  // namespace
}  // namespace recloser::cli
