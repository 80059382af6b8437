// TestGateway: a relay between a scripted provider and a client, on one worker with a virtual
// clock.
#pragma once

#include "auth/declared_keys.h"
#include "ledger/memory_store.h"
#include "net/hangup.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/test_loop.h"
#include "relay/relay.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace recloser::relay {

inline constexpr std::string_view test_secret = "rk-test-secret-0123456789";

// Answers requests by a script of the test's, and remembers what it got.
class TestProvider final : public net::HttpHandler {
 public:
  using Script = std::function<Task<void>(net::Exchange&, std::string body)>;

  explicit TestProvider(net::TestLoop& loop) : loop_(loop) {
    server_ = std::move(*net::HttpServer::open(
        loop.worker(), *net::parse_listen_address("127.0.0.1:0"), {}, memory_, *this));
  }
  ~TestProvider() { stop(); }
  void stop() {
    if (!server_) return;
    server_->drain();
    loop_.worker().run_until([&] { return server_->connections() == 0; });
    server_.reset();
  }

  Task<void> handle(net::Exchange& exchange) override {
    struct Nothing final : net::BodySink {
      Result<void> see(std::string_view) override { return {}; }
    } nothing;
    Result<void> read = co_await exchange.read_body(64u << 20, nothing);
    if (!read) co_return;
    exchange.keep();
    std::string body(exchange.body());
    heads.emplace_back(exchange.head_bytes());
    bodies.push_back(body);
    NoteWhenGone note(*this);
    net::CancelPoint cancel;
    net::CancelPoint::During answering(cancel, note);
    net::HangupWatch watch(exchange.client(), exchange.read_ahead(), cancel);
    co_await script(exchange, std::move(body));
  }
  net::PlainAnswer refuse(int status, std::string_view sentence) override {
    refused.emplace_back(sentence);
    return {.status = status, .fields = {}, .body = std::string(sentence)};
  }

  std::uint16_t port() const { return server_->address().port; }
  std::size_t connections() const { return server_->connections(); }

  Script script;
  std::optional<Instant> left_at;  // when the gateway closed a connection in mid-answer
  std::vector<std::string> heads;
  std::vector<std::string> bodies;
  std::vector<std::string> refused;

 private:
  struct NoteWhenGone final : net::Cancellable {
    explicit NoteWhenGone(TestProvider& p) : provider(p) {}
    void cancel() override { provider.left_at = provider.loop_.worker().now(); }
    TestProvider& provider;
  };

  net::TestLoop& loop_;
  net::MemoryBudget memory_{256u << 20};
  std::unique_ptr<net::HttpServer> server_;
};

// What a client saw of one answer.
struct Seen {
  int status = 0;
  std::string head;
  std::string body;
  std::string error;  // the connection failed, and how
};

class TestGateway {
 public:
  explicit TestGateway(std::string directory);
  ~TestGateway();

  net::TestLoop& loop() { return loop_; }
  TestProvider& provider() { return provider_; }
  Relay& relay() { return *relay_; }
  net::HttpServer& server() { return *server_; }
  config::Config& config() { return *config_; }
  // After config() was changed.
  void start(net::HttpServer::Options options = {});
  std::uint16_t port() const { return gateway_.port; }

  Seen post(std::string path, std::string body, std::string fields = {});
  Seen request(std::string head, std::string body);
  Task<void> fetch(std::string head, std::string body, Seen& seen, Instant leave_at);
  // From now on the keys of the configuration are no longer good.
  void revoke_keys();
  // Lets calls end whose clients have left.
  void settle();
  budget::Table& budgets() { return *budgets_; }
  net::MemoryBudget& memory() { return memory_; }
  net::ConnectionLimit connections{100};  // that the relay looks at; no server takes of it
  PlanQuota* plans = nullptr;             // before start()
  auth::jwt::Issuers* token_issuers = nullptr;
  // Before start(): who is told of thresholds.
  void watch_budgets(budget::Watcher& watcher) {
    budgets_ = std::make_unique<budget::Table>(loop_.clock(), &watcher);
  }
  route::Health& health() { return health_; }
  Switches& switches() { return switches_; }
  Answers& answers() { return *answers_; }
  // What keeps the books; a test may have it refuse.
  ledger::MemoryStore& store() { return *store_; }
  // The calls in the books, oldest first.
  std::vector<ledger::StoredCall> books();

 private:
  net::TestLoop loop_;
  TestProvider provider_{loop_};
  std::string directory_;
  std::shared_ptr<config::Config> config_;
  net::MemoryBudget memory_{256u << 20};
  ledger::MemoryStore* store_ = nullptr;  // the ledger's
  std::unique_ptr<ledger::Ledger> ledger_;
  session::ResponseChain responses_;
  RefusedSessions refused_sessions_;
  std::unique_ptr<budget::Table> budgets_ = std::make_unique<budget::Table>(loop_.clock(), nullptr);
  route::Health health_{7, nullptr};
  Switches switches_;
  std::unique_ptr<Answers> answers_;
  std::unique_ptr<Published<auth::KeyRing>> keys_;
  Published<route::ModelLists> lists_{std::make_shared<const route::ModelLists>()};
  std::unique_ptr<Services> services_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<net::HttpServer> server_;
  net::DialTarget gateway_;
  net::ClientPool clients_{loop_.worker(), loop_.resolver()};
};

}  // namespace recloser::relay
