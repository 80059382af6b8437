// The admin port over real sockets: the token, the routes, health, metrics, the truth.
#include "admin/admin_api.h"

#include "admin/test_api.h"
#include "sim/serve/server.h"

#include <map>
#include <set>
#include <sstream>
#include <string>

namespace recloser::admin {
namespace {

using testing::HasSubstr;

constexpr std::string_view all_paths[] = {
    "/",           "/metrics",         "/admin/calls",   "/admin/calls/01JD3Z8QK6T2V9M4B7XHPW5RNC",
    "/admin/keys", "/admin/keys/ci",   "/admin/budgets", "/admin/sim/truth",
    "/nothing",    "/admin/calls/a/b", "/admin/",        "/admin/sessions/x"};

TEST_F(ApiTest, NothingButHealthAnswersWithoutTheToken) {
  for (std::string_view path : all_paths) {
    for (std::string_view method : {"GET", "POST", "DELETE", "PUT"}) {
      Heard heard = ask(method, path, {}, "");
      EXPECT_EQ(heard.status, 401) << method << " " << path;
      EXPECT_EQ(heard.code(), "invalid_token");
      EXPECT_THAT(heard.head, HasSubstr("www-authenticate: Bearer"));
    }
  }
  EXPECT_EQ(ask("GET", "/healthz", {}, "").status, 200);
  EXPECT_EQ(ask("GET", "/readyz", {}, "").status, 200);
}

TEST_F(ApiTest, ARefusalTellsAStrangerNothing) {
  EXPECT_EQ(ask("GET", "/metrics", {}, "").message(),
            "the admin API needs `Authorization: Bearer TOKEN`; where it lies is said in "
            "Recloser's log");
  EXPECT_EQ(ask("GET", "/metrics", {}, bearer("wrong")).message(),
            "the admin token is wrong; where it lies is said in Recloser's log");
  EXPECT_THAT(loop_.log_text(), HasSubstr("state/admin.token"));
  stop();
  Services configured = services();
  configured.token_path.clear();
  start(std::move(configured));
  ask("GET", "/metrics", {}, bearer("wrong"));
  EXPECT_THAT(loop_.log_text(), HasSubstr("admin.token of the configuration"));
}

TEST_F(ApiTest, OnlyTheWholeTokenIsRight) {
  std::string right(test_token);
  const std::string wrongs[] = {right.substr(1), right.substr(0, right.size() - 1),
                                right + "x",     std::string("x"),
                                right + " x",    "' OR '1'='1"};
  for (const std::string& wrong : wrongs) {
    EXPECT_EQ(ask("GET", "/metrics", {}, bearer(wrong)).status, 401) << wrong;
  }
  EXPECT_EQ(ask("GET", "/metrics", {}, "authorization: " + right + "\r\n").status, 401);
  EXPECT_EQ(ask("GET", "/metrics", {}, "authorization: Basic " + right + "\r\n").status, 401);
  EXPECT_EQ(ask("GET", "/metrics", {}, bearer() + bearer()).status, 401) << "two of them";
  EXPECT_EQ(ask("GET", "/metrics", {}, "x-api-key: " + right + "\r\n").status, 401);
  EXPECT_EQ(ask("GET", "/metrics", {}, "AUTHORIZATION: bearer  " + right + "\r\n").status, 200);
}

TEST_F(ApiTest, NoLogLineOrAnswerHoldsAToken) {
  Heard heard = ask("GET", "/metrics", {}, bearer("guessed-token-4711"));
  EXPECT_EQ(heard.body.find("guessed"), std::string::npos);
  std::string log = loop_.log_text();
  EXPECT_THAT(log, HasSubstr("without the right token"));
  EXPECT_EQ(log.find("guessed"), std::string::npos);
  EXPECT_EQ(log.find(test_token), std::string::npos);
}

TEST_F(ApiTest, WhatIsPromisedAndNotBuiltSaysSo) {
  for (std::string_view path : {"/admin/sessions", "/admin/sessions/x", "/admin/policies",
                                "/admin/decisions", "/admin/reload"}) {
    Heard heard = get(path);
    EXPECT_EQ(heard.status, 404) << path;
    EXPECT_THAT(heard.message(), HasSubstr("is not supported in this version")) << path;
  }
  EXPECT_THAT(get("/admin/call").message(), HasSubstr("there is no /admin/call here; there are"));
  for (std::string_view path : {"/admin/alerts", "/admin/approvals", "/admin/switches"}) {
    EXPECT_THAT(get("/admin/call").message(), HasSubstr(path)) << "it is served";
  }
}

TEST_F(ApiTest, APathIsNotAnotherOneInDisguise) {
  EXPECT_EQ(get("/admin/%63alls").status, 200) << "the same letters, escaped";
  for (std::string_view path : {"/admin//calls", "/admin/./calls", "/admin/calls/", "/ADMIN/calls",
                                "/admin%2fcalls", "/x/../admin/calls", "/admin/keys/%00"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
}

TEST_F(ApiTest, AMethodThatIsNotThereIsToldTheOthers) {
  Heard heard = post("/admin/calls", "{}");
  EXPECT_EQ(heard.status, 405);
  EXPECT_EQ(heard.message(), "/admin/calls takes GET, HEAD");
  EXPECT_THAT(heard.head, HasSubstr("allow: GET, HEAD\n"));
  EXPECT_EQ(post("/admin/keys/ci", "{}").status, 405);
  EXPECT_EQ(del("/admin/keys").status, 405);
  EXPECT_EQ(ask("HEAD", "/admin/calls", {}, bearer()).body, "");
  EXPECT_EQ(ask("HEAD", "/healthz", {}, "").status, 200);
}

TEST_F(ApiTest, ReadyIsWhatTheGatewayAndTheLedgerSay) {
  EXPECT_EQ(get("/readyz").body, "{\"status\":\"ready\"}\n");
  accepts_calls_ = false;
  Heard draining = get("/readyz");
  EXPECT_EQ(draining.status, 503);
  EXPECT_THAT(draining.body, HasSubstr("shutting down"));
  EXPECT_EQ(get("/healthz").status, 200);

  accepts_calls_ = true;
  store_->fail_writes_with(Error(Side::operator_, Kind::full, "the disk is full"));
  book();
  Result<void> failed = ledger_->flush();
  EXPECT_FALSE(failed);
  Heard full = get("/readyz");
  EXPECT_EQ(full.status, 503);
  EXPECT_THAT(full.body, HasSubstr("the ledger cannot take calls"));
  store_->fail_writes_with(std::nullopt);
}

TEST_F(ApiTest, TheFrontPageTellsAPersonWhatRuns) {
  Services named = services();
  named.client_addresses.push_back(*net::parse_listen_address("127.0.0.1:8787"));
  start(std::move(named));
  Heard page = get("/");
  EXPECT_THAT(page.head, HasSubstr("content-type: text/plain"));
  for (const char* part : {"Recloser 1.2.3", "Clients connect to:\n  127.0.0.1:8787\n",
                           "2026-09-21T", "/admin/calls", "recloser key list"}) {
    EXPECT_THAT(page.body, HasSubstr(part));
  }
}

TEST_F(ApiTest, NoAnswerIsKeptByACache) {
  EXPECT_THAT(get("/admin/keys").head, HasSubstr("cache-control: no-store\n"));
  EXPECT_THAT(ask("GET", "/admin/keys", {}, "").head, HasSubstr("cache-control: no-store\n"));
}

TEST_F(ApiTest, ARequestThatCannotBeReadIsToldInJson) {
  Heard heard = ask("GET", "/healthz", {}, "bad name: x\r\n");
  EXPECT_EQ(heard.status, 400);
  EXPECT_EQ(heard.code(), "invalid_request");
}

// Every line is a comment of a family, or a sample of the family that was announced last; families
// come once, and series once; histograms are cumulative and end with +Inf.
void expect_exposition(const std::string& page) {
  std::set<std::string> families;
  std::set<std::string> series;
  std::string family;
  std::string type;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, what, name;
    if (line.starts_with("# ")) {
      words >> hash >> what >> name;
      if (what == "HELP") {
        EXPECT_TRUE(families.insert(name).second) << name << " comes twice";
        family = name;
        continue;
      }
      ASSERT_EQ(what, "TYPE") << line;
      EXPECT_EQ(name, family) << line;
      words >> type;
      EXPECT_TRUE(type == "counter" || type == "gauge" || type == "histogram") << line;
      continue;
    }
    std::size_t space = line.rfind(' ');
    ASSERT_NE(space, std::string::npos) << line;
    std::string sample = line.substr(0, space);
    EXPECT_TRUE(series.insert(sample).second) << sample << " comes twice";
    std::string base = sample.substr(0, sample.find('{'));
    std::string suffix = base.starts_with(family) ? base.substr(family.size()) : "?";
    bool fits = type == "histogram" ? suffix == "_bucket" || suffix == "_sum" || suffix == "_count"
                                    : suffix.empty();
    EXPECT_TRUE(fits) << line << " in family " << family;
    std::size_t used = 0;
    double value = std::stod(line.substr(space + 1), &used);
    EXPECT_EQ(used, line.size() - space - 1) << line;
    EXPECT_GE(value, 0) << line;
    if (sample.find('{') != std::string::npos) {
      EXPECT_TRUE(sample.ends_with('}')) << line;
    }
    if (type == "counter") {
      EXPECT_TRUE(family.ends_with("_total")) << family;
    }
  }
  EXPECT_TRUE(page.ends_with('\n'));
}

TEST_F(ApiTest, MetricsAreWhatPrometheusReads) {
  metrics_.call_ended({.dialect = "openai",
                       .model = "a \"quoted\\\" name\n",
                       .provider = "p",
                       .team = "search",
                       .outcome = "completed",
                       .model_known = true,
                       .usage = {},
                       .overhead = 100us,
                       .ttft = 200ms});
  metrics_.refused_without_row(401);
  Heard page = get("/metrics");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.head, HasSubstr("content-type: text/plain; version=0.0.4; charset=utf-8\n"));
  expect_exposition(page.body);
  for (const char* line :
       {"recloser_ledger_queue_depth 0\n", "recloser_ledger_dropped_total 0\n",
        "recloser_build_info{version=\"1.2.3\"} 1\n", "recloser_calls_open 0\n",
        "process_start_time_seconds 1790000000.000\n", "recloser_log_lines_dropped_total 0\n",
        "recloser_refused_without_row_total{status=\"401\"} 1\n",
        "recloser_ledger_admitting 1\n"}) {
    EXPECT_THAT(page.body, HasSubstr(line));
  }
}

TEST_F(ApiTest, MetricsAddUpWhatAllWorkersCounted) {
  relay::Metrics second;
  Services two = services();
  two.metrics.push_back(&second);
  start(std::move(two));
  for (relay::Metrics* worker : {&metrics_, &second}) {
    worker->call_ended({.dialect = "openai",
                        .model = "m",
                        .provider = "p",
                        .team = "t",
                        .outcome = "completed",
                        .model_known = true,
                        .usage = {},
                        .overhead = 1us,
                        .ttft = 1ms});
  }
  EXPECT_THAT(get("/metrics").body,
              HasSubstr("recloser_calls_total{dialect=\"openai\",model=\"m\",provider=\"p\","
                        "team=\"t\",outcome=\"completed\"} 2\n"));
}

TEST_F(ApiTest, TheTruthComesFromTheSimulatedProvider) {
  std::unique_ptr<sim::Server> simulator =
      std::move(*sim::Server::open(loop_.worker(), *net::parse_listen_address("127.0.0.1:0"), {}));
  Services simulated = services();
  simulated.simulated_port = simulator->address().port;
  start(std::move(simulated));
  Heard truth = get("/admin/sim/truth?limit=5&by=model");
  EXPECT_EQ(truth.status, 200);
  EXPECT_EQ(truth.body, "{\"data\":[],\"next\":null}\n");
  Heard head = ask("HEAD", "/admin/sim/truth", {}, bearer());
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(ask("GET", "/admin/sim/truth", {}, "").status, 401);
  stop();
  simulator->stop();
  loop_.worker().run_until([&] { return simulator->idle(); });
}

TEST_F(ApiTest, WithoutASimulatedProviderThereIsNoTruth) {
  Heard none = get("/admin/sim/truth");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(none.message(), HasSubstr("no simulated provider runs"));
  stop();
  Services gone = services();
  gone.simulated_port = 1;  // nobody listens there
  start(std::move(gone));
  Heard lost = get("/admin/sim/truth");
  EXPECT_EQ(lost.status, 502);
  EXPECT_THAT(lost.message(), HasSubstr("simulated provider: "));
}

}  // namespace
}  // namespace recloser::admin
