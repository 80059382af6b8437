// A whole gateway with several workers, met over its own port.
#include "cli/gateway.h"

#include "auth/testing/test_signer.h"
#include "cli/test_process.h"
#include "config/load.h"
#include "ledger/sqlite_db.h"

#include <arpa/inet.h>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Memory final : LogSink {
  explicit Memory(std::string& text) : out(text) {}
  void write(std::string_view lines) override { out += lines; }
  std::string& out;
};

class GatewayTest : public testing::Test {
 protected:
  GatewayTest()
      : directory_(testing::TempDir() + "recloser-gateway-" + std::to_string(::getpid())) {}
  ~GatewayTest() override {
    for (int client : clients_) ::close(client);
    gateway_.reset();
    std::filesystem::remove_all(directory_);
  }

  Started<std::unique_ptr<Gateway>> try_start(const std::string& settings) {
    config::FakeEnvironment environment;
    config::Checked checked = config::check_text(
        "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\n"
        "admin: {address: 127.0.0.1:0}\nstate: {directory: " +
            directory_ + "}\n" +
            (settings.contains("providers:") ? "" : "providers: {sim: {dialect: simulated}}\n") +
            (settings.starts_with("listen:") ? "" : "listen: [{address: 127.0.0.1:0}]\n") +
            settings,
        "recloser.yaml", environment);
    EXPECT_TRUE(checked.config) << checked.report("recloser.yaml");
    return Gateway::start(checked.config, {.clock = clock_,
                                           .log = log_,
                                           .entropy = entropy_,
                                           .program_version = "1.2.3",
                                           .config_file = "recloser.yaml"});
  }
  void start(const std::string& settings) {
    Started<std::unique_ptr<Gateway>> gateway = try_start(settings);
    ASSERT_TRUE(gateway) << gateway.error().error.message();
    gateway_ = std::move(*gateway);
  }
  // A store and a journal as an earlier run left them.
  void run_once() {
    start("");
    gateway_.reset();
  }
  void in_store(const std::string& sql) {
    Result<std::unique_ptr<ledger::Database>> store =
        ledger::Database::open(directory_ + "/recloser.db");
    ASSERT_TRUE(store) << store.error().message();
    ASSERT_TRUE((*store)->execute(sql));
  }
  // Connects and asks, and keeps the connection, whose descriptor is returned; -1 where nobody
  // listens.
  int begin(const net::Endpoint& where, std::string_view request) {
    int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    clients_.push_back(client);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(where.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
    ::send(client, request.data(), request.size(), MSG_NOSIGNAL);
    return client;
  }
  static std::string heard(int client) {
    char own[100];
    ssize_t got = ::recv(client, own, sizeof own, 0);
    std::string heard(own, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return heard.substr(0, heard.find('\r'));
  }
  // The first line of the answer.
  std::string ask(const net::Endpoint& where, std::string_view path) {
    return heard(begin(where, fmt::format("GET {} HTTP/1.1\r\nhost: g\r\n\r\n", path)));
  }
  std::string ask() { return ask(gateway_->addresses().front(), "/healthz"); }

  // What comes to the last client until its connection ends, which it must.
  std::string rest() {
    timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(clients_.back(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string all;
    char own[4096];
    ssize_t got = 0;
    while ((got = ::recv(clients_.back(), own, sizeof own, 0)) > 0) {
      all.append(own, static_cast<std::size_t>(got));
    }
    EXPECT_EQ(got, 0) << "it broke off, or nothing came";
    return all;
  }

  std::string admin_token() const {
    std::ifstream file(gateway_->admin_token_path());
    std::string token{std::istreambuf_iterator<char>(file), {}};
    token.resize(std::min(token.find('\n'), token.size()));
    return token;
  }
  // An answer of the admin port, with the operator's token.
  std::string admin(std::string_view line, std::string_view body) {
    std::string token = admin_token();
    begin(gateway_->admin_address(),
          fmt::format("{} HTTP/1.1\r\nhost: g\r\nconnection: close\r\nauthorization: Bearer {}\r\n"
                      "content-length: {}\r\n\r\n{}",
                      line, token, body.size(), body));
    return rest();
  }

  SystemClock clock_;
  std::string logged_;
  Log log_{LogLevel::warning, LogFormat::text, clock_, std::make_unique<Memory>(logged_)};
  FixedEntropy entropy_;
  std::string directory_;
  std::vector<int> clients_;
  std::unique_ptr<Gateway> gateway_;
};

// Whichever worker the kernel gives a connection to.
TEST_F(GatewayTest, TheLimitOfConnectionsHoldsForAllWorkersTogether) {
  start("workers: 3\nlimits: {connections: 2}\n");
  EXPECT_EQ(ask(), "HTTP/1.1 200 OK");
  EXPECT_EQ(ask(), "HTTP/1.1 200 OK");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(ask(), "HTTP/1.1 503 Service Unavailable");
}

// From the first moment on no balancer sends new clients; those that come all the same are still
// served until the port closes, and what runs goes on.
TEST_F(GatewayTest, ADrainIsToldOnTheAdminPortAndClosesThePortOfClients) {
  start("workers: 2\n");
  net::Endpoint port = gateway_->addresses().front();
  net::Endpoint admin = gateway_->admin_address();
  std::string body =
      R"({"model":"sim-inf","stream":true,"messages":[{"role":"user","content":"x"}]})";
  int stream = begin(port, fmt::format("POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\n"
                                       "authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{}",
                                       gateway_->first_secret(), body.size(), body));
  EXPECT_EQ(heard(stream), "HTTP/1.1 200 OK");
  EXPECT_EQ(ask(admin, "/readyz"), "HTTP/1.1 200 OK");
  std::atomic<bool> enough = false;
  std::thread draining([&] { gateway_->drain(1h, enough); });
  while (ask(admin, "/readyz") == "HTTP/1.1 200 OK") std::this_thread::yield();
  EXPECT_EQ(ask(admin, "/readyz"), "HTTP/1.1 503 Service Unavailable");
  EXPECT_EQ(ask(admin, "/healthz"), "HTTP/1.1 200 OK");
  while (int client = begin(port, "GET /readyz HTTP/1.1\r\nhost: g\r\n\r\n")) {
    if (client < 0) break;
    std::string answer = heard(client);
    if (!answer.empty()) EXPECT_EQ(answer, "HTTP/1.1 503 Service Unavailable");
  }
  char more[1];
  for (int i = 0; i < 3'000; ++i) ASSERT_EQ(::recv(stream, more, 1, 0), 1) << "it goes on";
  enough = true;
  draining.join();
}

// Whoever follows hears of calls while they come, of those that a drain waits for, and of its end.
TEST_F(GatewayTest, TheLiveFeedTellsAllUntilTheGatewayEnds) {
  start("workers: 2\nauth: {mode: open}\n");
  int follower = begin(gateway_->admin_address(),
                       fmt::format("GET /admin/live HTTP/1.1\r\nhost: g\r\nauthorization: Bearer "
                                   "{}\r\n\r\n",
                                   admin_token()));
  EXPECT_EQ(heard(follower), "HTTP/1.1 200 OK") << "from here on it follows";
  constexpr std::string_view body =
      R"({"model":"sim/sim-fast","messages":[{"role":"user","content":"a secret plan"}]})";
  auto call = [&] {
    begin(gateway_->addresses().front(),
          fmt::format("POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: "
                      "close\r\ncontent-length: {}\r\n\r\n{}",
                      body.size(), body));
    return rest();
  };
  EXPECT_THAT(call(), testing::StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(admin("PUT /admin/switches/all", R"({"on":true,"reason":"x","who":"ada"})"),
              testing::StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(call(), testing::StartsWith("HTTP/1.1 403"));
  gateway_->stop();
  clients_.push_back(follower);
  std::string all = rest();
  clients_.pop_back();
  EXPECT_THAT(all, HasSubstr("\nevent: call\ndata: {\"id\":\""));
  EXPECT_THAT(all, HasSubstr("\"outcome\":\"completed\""));
  EXPECT_THAT(all, HasSubstr("\nevent: switch\ndata: {\"name\":\"all\",\"on\":true"));
  EXPECT_THAT(all, HasSubstr("\nevent: decision\ndata: {\"call\":\""));
  EXPECT_THAT(all, HasSubstr("\"rule\":\"switch/all\""));
  EXPECT_THAT(all, HasSubstr("\"outcome\":\"refused\""));
  EXPECT_THAT(all, testing::Not(HasSubstr("secret plan")));
  EXPECT_TRUE(all.ends_with("0\r\n\r\n")) << "whole, so that it is no failure: " << all;
}

// A stream that would never end, at the end of a drain: told in its dialect, and counted in the
// log.
TEST_F(GatewayTest, WhatStillRunsAtTheEndOfADrainIsEndedAndTold) {
  start("workers: 1\nauth: {mode: open}\n");
  constexpr std::string_view body =
      R"({"model":"sim/sim-inf-d5","stream":true,"messages":[{"role":"user","content":"hi"}]})";
  int stream = begin(gateway_->addresses().front(),
                     fmt::format("POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n"
                                 "content-length: {}\r\n\r\n{}",
                                 body.size(), body));
  EXPECT_EQ(heard(stream), "HTTP/1.1 200 OK");
  std::atomic<bool> enough = false;
  std::string all;
  std::thread client([&] {
    all = rest();
    ::close(std::exchange(clients_.back(), -1));  // else the drain would wait for it
  });
  gateway_->drain(0s, enough);
  client.join();
  EXPECT_THAT(all, testing::HasSubstr(R"("code":"draining")"));
  EXPECT_TRUE(all.ends_with("0\r\n\r\n")) << all;
  log_.flush();
  EXPECT_THAT(logged_, testing::HasSubstr("calls that still ran were ended calls=1\n"));
}

// Exit status 2 sends a person to the configuration, where nothing is wrong.
TEST_F(GatewayTest, AStoreThatCannotBeOpenedIsNoMistakeInTheConfiguration) {
  run_once();
  auto refused = [this](std::string_view because) {
    Started<std::unique_ptr<Gateway>> gateway = try_start("");
    ASSERT_FALSE(gateway) << because;
    EXPECT_EQ(gateway.error().exit, Exit::could_not) << because;
    EXPECT_THAT(gateway.error().error.message(), testing::HasSubstr(because));
  };
  in_store("PRAGMA user_version = 99");
  refused("has schema 99");
  in_store("PRAGMA user_version = 1; PRAGMA application_id = 7");
  refused("an SQLite file of another program");
  std::filesystem::resize_file(directory_ + "/recloser.db", 5000);
  refused("the file is damaged");
  ledger::test::write_file(directory_ + "/recloser.db", std::string(9000, 'x'));
  refused("the file is damaged");
  std::filesystem::remove(directory_ + "/recloser.db");
  std::filesystem::create_directory(directory_ + "/recloser.db");
  refused("Is a directory");
}

TEST_F(GatewayTest, WhatTheConfigurationNamesAndIsNotThereIsOne) {
  Started<std::unique_ptr<Gateway>> gateway =
      try_start("listen: [{address: 127.0.0.1:0, tls: {cert: no.pem, key: no.key}}]\n");
  ASSERT_FALSE(gateway);
  EXPECT_EQ(gateway.error().exit, Exit::usage) << gateway.error().error.message();
}

// Shows one key set to whoever asks, on a thread of its own.
class IdentityProvider final : public net::HttpHandler {
 public:
  explicit IdentityProvider(std::string keys) : keys_(std::move(keys)) {
    thread_ = std::thread([this] { worker_->run(); });
  }
  ~IdentityProvider() {
    worker_->stop();
    thread_.join();
    worker_->tasks().clear();
  }
  Task<void> handle(net::Exchange& exchange) override {
    co_await exchange.answer(200, "content-type: application/json\r\n", keys_);
  }
  net::PlainAnswer refuse(int status, std::string_view sentence) override {
    return {.status = status, .fields = {}, .body = std::string(sentence)};
  }
  std::string url() const { return "http://" + server_->address().text(); }

 private:
  std::string keys_;
  SystemClock clock_;
  std::string logged_;
  Log log_{LogLevel::warning, LogFormat::text, clock_, std::make_unique<Memory>(logged_)};
  net::MemoryBudget memory_{1u << 20};
  std::unique_ptr<net::Worker> worker_ = std::move(*net::Worker::create("idp", clock_, log_));
  std::unique_ptr<net::HttpServer> server_ = std::move(*net::HttpServer::open(
      *worker_, *net::Endpoint::literal("127.0.0.1", 0), {}, memory_, *this));
  std::thread thread_;
};

TEST_F(GatewayTest, ATokenIsTakenOnceTheKeysOfItsIssuerAreHere) {
  auth::TestSigner signer(config::TokenAlgorithm::eddsa, "ed-1");
  IdentityProvider idp(auth::key_set({signer.jwk()}));
  start(
      fmt::format("workers: 2\nauth: {{jwt: {{issuer: https://idp.test, audience: llm, jwksUrl: "
                  "'{}/keys', fallback: {{org: acme}}}}}}\n",
                  idp.url()));
  EXPECT_EQ(gateway_->first_secret(), "") << "who has tokens needs no key to begin with";
  net::Endpoint admin = gateway_->admin_address();
  while (ask(admin, "/readyz") != "HTTP/1.1 200 OK") std::this_thread::yield();
  auto call_with = [&](std::string_view audience) {
    std::string token =
        signer.token(fmt::format(R"({{"iss":"https://idp.test","aud":"{}","sub":"ada","exp":{}}})",
                                 audience, clock_.wall().ns / 1'000'000'000 + 600));
    constexpr std::string_view body =
        R"({"model":"sim-fast","messages":[{"role":"user","content":"hi"}],"max_tokens":5})";
    return heard(begin(gateway_->addresses().front(),
                       fmt::format("POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\n"
                                   "authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{}",
                                   token, body.size(), body)));
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(call_with("llm"), "HTTP/1.1 200 OK") << "on any worker";
  EXPECT_EQ(call_with("other"), "HTTP/1.1 401 Unauthorized");
  std::ifstream file(gateway_->admin_token_path());
  std::string admin_token;
  std::getline(file, admin_token);
  begin(admin, fmt::format("GET /metrics HTTP/1.1\r\nhost: g\r\nconnection: close\r\n"
                           "authorization: Bearer {}\r\n\r\n",
                           admin_token));
  std::string metrics = rest();
  EXPECT_THAT(metrics, HasSubstr("recloser_token_keys{issuer=\"https://idp.test\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("recloser_token_key_fetches_total{issuer=\"https://idp.test\","
                                 "outcome=\"fetched\"} 1\n"));
}

// The simulated provider says 200, and is expected to say something else.
TEST_F(GatewayTest, AProviderThatFailsItsHealthCheckIsLeftAloneBeforeAnyCall) {
  start(
      "providers: {sim: {dialect: simulated, probe: {path: /healthz, status: 204, every: 1s, "
      "timeout: 1s, unhealthy: 1}}}\n");
  std::string targets;
  while (!targets.contains(R"("held_by":"probe_failed")")) {
    targets = admin("GET /admin/targets", "");
    ASSERT_THAT(targets, HasSubstr("sim/sim-fast"));
    ::close(clients_.back());
    clients_.pop_back();
  }
  EXPECT_THAT(targets, HasSubstr(R"("probe":{"passed":false,)"));
  EXPECT_THAT(targets, HasSubstr(R"("status":200,)"));
}

TEST_F(GatewayTest, WhatAnOwnerAddedHoldsAfterARestart) {
  std::string keys =
      "keys: [{id: ci, secret: a-declared-secret-of-size, budget: {usd: 5, per: total}}]\n";
  start(keys);
  EXPECT_THAT(admin("GET /admin/budgets", ""), HasSubstr(R"("limit":"5.00")"));
  EXPECT_THAT(admin("POST /admin/budgets/key%2Fci%2Fusd%2Ftotal/adjust",
                    R"({"add":"2","reason":"the launch"})"),
              HasSubstr(R"("limit":"7.00")"));
  gateway_.reset();
  start(keys);
  EXPECT_THAT(admin("GET /admin/budgets", ""), HasSubstr(R"("limit":"7.00")"));
}

TEST_F(GatewayTest, WhatAnOwnerApprovedHoldsAfterARestart) {
  std::string keys =
      "keys: [{id: ci, secret: a-declared-secret-of-size, budget: {usd: 5, per: total}}]\n";
  start(keys);
  EXPECT_THAT(admin("POST /admin/budgets/key%2Fci%2Fusd%2Ftotal/request",
                    R"({"add":"3","for":"2h","reason":"the launch"})"),
              HasSubstr(R"("id":"1")"));
  gateway_.reset();
  start(keys);
  EXPECT_THAT(admin("GET /admin/approvals?state=waiting", ""), HasSubstr(R"("id":"1")"));
  EXPECT_THAT(admin("POST /admin/approvals/1", R"({"decision":"approve","add":"2"})"),
              HasSubstr(R"("state":"approved")"));
  gateway_.reset();
  start(keys);
  EXPECT_THAT(admin("GET /admin/budgets", ""), HasSubstr(R"("limit":"7.00")"));
  EXPECT_THAT(admin("POST /admin/approvals/1", R"({"decision":"approve"})"), HasSubstr(" 409 "));
}

TEST_F(GatewayTest, AnAnswerOutlivesARestartOnTheDiskAlone) {
  auto call = [this](std::string_view store) {
    start(fmt::format("auth: {{mode: open}}\nidempotency: {{store: {}}}\n", store));
    std::string_view body = R"({"model":"sim/sim-t5","messages":[{"role":"user","content":"x"}]})";
    begin(
        gateway_->addresses().front(),
        fmt::format("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
                    "idempotency-key: k\r\ncontent-length: {}\r\n\r\n{}",
                    body.size(), body));
    std::string answer = rest();
    gateway_.reset();
    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 OK"));
    return answer;
  };
  auto body_of = [](const std::string& answer) { return answer.substr(answer.find("\r\n\r\n")); };
  std::string first = call("disk");
  for (int restart = 0; restart < 2; ++restart) {
    std::string again = call("disk");
    EXPECT_THAT(again, HasSubstr("idempotency-replayed: true"));
    EXPECT_EQ(body_of(again), body_of(first));
  }
  EXPECT_THAT(call("memory"), Not(HasSubstr("idempotency-replayed")));
  EXPECT_THAT(call("disk"), Not(HasSubstr("idempotency-replayed"))) << "it was deleted";
}

}  // namespace
}  // namespace recloser::cli
