// What the tests of this room share: an admin API over real sockets and virtual time, and a client.
#pragma once

#include "admin/admin_api.h"
#include "auth/declared_keys.h"
#include "ledger/memory_store.h"
#include "ledger/sqlite_store.h"
#include "ledger/test_support.h"
#include "net/http_client.h"
#include "net/test_loop.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::admin {

inline constexpr std::string_view test_token = "adm-0123456789abcdefghijklmnop";

// Bytes that count up: every secret differs, and none is a surprise.
class CountingEntropy final : public auth::Entropy {
 public:
  Result<void> fill(std::span<std::uint8_t> out) override {
    if (fails) return fail(Side::gateway, Kind::io, "the kernel gave no random bytes");
    for (std::uint8_t& byte : out) byte = next_++;
    return {};
  }
  bool fails = false;

 private:
  std::uint8_t next_ = 1;
};

struct Heard {
  int status = 0;
  std::string head;
  std::string body;
  std::string error;

  boost::json::value json() const { return boost::json::parse(body); }
  std::string message() const { return std::string(json().at("error").at("message").as_string()); }
  std::string code() const { return std::string(json().at("error").at("code").as_string()); }
};

class ApiTest : public testing::Test {
 public:
  ApiTest() {
    auto store = std::make_unique<ledger::MemoryStore>();
    store_ = store.get();
    open_ledger(std::move(store));
  }
  ~ApiTest() override { stop(); }

  // The store that a gateway has, in place of the one in memory. Before anything is booked.
  void use_sqlite() {
    ledger_.reset();
    store_ = nullptr;
    open_ledger(
        std::move(*ledger::open_sqlite_store(directory_ / "recloser.db", {}, loop_.clock())));
  }
  void open_ledger(std::unique_ptr<ledger::Store> store) {
    ledger::LedgerOptions options;
    options.directory = directory_.path();
    options.watcher = &live_;
    ledger_ =
        std::move(*ledger::Ledger::open(options, std::move(store), loop_.clock(), loop_.log()));
    auto ring = [this] {
      if (look_again_) look_again_();
    };
    adjustments_ = std::make_unique<Adjustments>(ledger_->store(), budgets_, ring);
    switch_board_ = std::make_unique<SwitchBoard>(ledger_->store(), switches_, [this, ring] {
      ++switches_thrown_;
      target_board_->follow();
      ring();
    });
    target_board_ = std::make_unique<TargetBoard>(
        health_, *switch_board_, switches_, [this](const std::string& target) {
          targets_left_.push_back(target);
          return relay::LeftTarget{.switched = 2, .staying = 1};
        });
    open_roster();
  }
  // What is declared, and what the store has, in force. Not while the API runs.
  void open_roster() {
    roster_ = std::make_unique<Roster>(
        config_, *auth::declared_keys(config_->keys, loop_.clock().wall()), ledger_->store(),
        budgets_, Roster::Hooks{.changed = [this]() -> Result<void> {
          ++roster_changes_;
          Result<void> restored = adjustments_->restore(loop_.clock().wall());
          if (look_again_) look_again_();
          return restored;
        }});
    Result<void> loaded = roster_->load();
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message());
  }

  // Starts the API; what `services()` gave may be changed before.
  void start(Services services) {
    alerts_->also_tell(live_);
    api_ = std::make_unique<AdminApi>(std::move(services));
    server_ = std::move(*net::HttpServer::open(
        loop_.worker(), *net::parse_listen_address("127.0.0.1:0"), {}, memory_, *api_));
    target_.host = "127.0.0.1";
    target_.port = server_->address().port;
  }
  Services services() {
    return {.worker = loop_.worker(),
            .pool = pool_,
            .ledger = *ledger_,
            .roster = *roster_,
            .budgets = budgets_,
            .adjustments = *adjustments_,
            .switches = *switch_board_,
            .health = health_,
            .targets = *target_board_,
            .alerts = *alerts_,
            .live = live_,
            .entropy = entropy_,
            .log = loop_.log(),
            .metrics = {&metrics_},
            .token = config::Secret(test_token),
            .token_path = "state/admin.token",
            .version = "1.2.3",
            .simulated_port = std::nullopt,
            .config_file = "recloser.yaml",
            .client_addresses = {},
            .accepts_calls = [this] { return accepts_calls_; }};
  }
  void stop() {
    pool_.clear();
    clients_.clear();
    if (!server_) return;
    live_.end();
    server_->drain();
    loop_.worker().run_until([&] { return server_->connections() == 0; });
    server_.reset();
    api_.reset();
  }

  void declare(std::string id, std::string secret) {
    config::Key key;
    key.id = std::move(id);
    key.secret = config::Secret(secret);
    config_->keys.push_back(key);
    open_roster();
  }

  Heard get(std::string_view target) { return ask("GET", target, {}, bearer()); }
  Heard del(std::string_view target) { return ask("DELETE", target, {}, bearer()); }
  Heard post(std::string_view target, std::string body) {
    return ask("POST", target, std::move(body), bearer());
  }
  Heard patch(std::string_view target, std::string body) {
    return ask("PATCH", target, std::move(body), bearer());
  }
  Heard put(std::string_view target, std::string body) {
    return ask("PUT", target, std::move(body), bearer());
  }
  static std::string bearer(std::string_view token = test_token) {
    return fmt::format("authorization: Bearer {}\r\n", token);
  }
  Heard ask(std::string_view method, std::string_view target, std::string body,
            std::string fields) {
    if (!server_) start(services());
    Heard heard;
    std::string head = fmt::format("{} {} HTTP/1.1\r\nhost: a\r\n{}content-length: {}\r\n\r\n",
                                   method, target, fields, body.size());
    bool no_body = method == "HEAD";
    loop_.run(fetch(no_body ? net::http1::Method::head : net::http1::Method::get, std::move(head),
                    std::move(body), heard));
    return heard;
  }

  // One call in the books, settled at once.
  CallId book(ledger::Outcome outcome = ledger::Outcome::completed,
              std::string_view session = "session-42") {
    CallId id = ids_.next(loop_.clock().wall());
    Result<ledger::OpenCall> call =
        ledger_->begin(id, loop_.clock().now(), loop_.clock().wall(), ledger::test::someone);
    ledger::test::fill_completed(call->record());
    call->record().set(ledger::Text::session, session);
    call->settle(outcome, loop_.clock().now() + 5ms);
    return id;
  }
  bool admits(std::string_view secret) {
    return roster_->keys().current()->find(secret, loop_.clock().wall()).admitted();
  }

  ledger::test::TempDirectory directory_;
  net::TestLoop loop_;
  LiveFeed live_;
  ledger::MemoryStore* store_ = nullptr;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  budget::Table budgets_{loop_.clock(), nullptr};
  std::unique_ptr<Adjustments> adjustments_;
  relay::Switches switches_;
  std::unique_ptr<SwitchBoard> switch_board_;
  route::Health health_{1, nullptr};
  std::unique_ptr<TargetBoard> target_board_;
  std::vector<std::string> targets_left_;  // in the midst of their answers
  int switches_thrown_ = 0;
  std::function<void()> look_again_;  // what runs is to; on any thread
  std::unique_ptr<Roster> roster_;
  int roster_changes_ = 0;
  CountingEntropy entropy_;
  relay::Metrics metrics_;
  bool accepts_calls_ = true;
  net::ClientPool pool_{loop_.worker(), loop_.resolver()};
  std::unique_ptr<Alerts> alerts_ = *Alerts::make(pool_, {}, 1);
  net::ClientPool clients_{loop_.worker(), loop_.resolver()};
  net::MemoryBudget memory_{64u << 20};
  CallIdMaker ids_{7};
  std::unique_ptr<AdminApi> api_;
  std::unique_ptr<net::HttpServer> server_;
  net::DialTarget target_;

 private:
  Task<void> fetch(net::http1::Method method, std::string head, std::string body, Heard& heard) {
    net::CancelPoint cancel;
    net::HttpCall call(clients_, target_, {.first_byte = 1h, .idle = 1h}, cancel);
    std::array<std::string_view, 1> pieces{body};
    net::HttpRequest request{.method = method, .head = head, .body = pieces};
    Result<const net::http1::ResponseHead*> answer = co_await call.start(request);
    if (!answer) {
      heard.error = answer.error().message();
      co_return;
    }
    heard.status = (*answer)->status();
    for (std::size_t i = 0; i < (*answer)->field_count(); ++i) {
      net::http1::Field field = (*answer)->field(i);
      heard.head += fmt::format("{}: {}\n", field.name, field.value);
    }
    while (!call.body_ended()) {
      Result<std::string_view> piece = co_await call.next(call.idle_deadline());
      if (!piece) {
        heard.error = piece.error().message();
        co_return;
      }
      heard.body += *piece;
    }
    call.finish();
  }
};

// Over the store in memory, and over the one that a gateway has.
class BothStoresTest : public ApiTest, public testing::WithParamInterface<const char*> {
 protected:
  BothStoresTest() {
    if (GetParam() == std::string_view("sqlite")) use_sqlite();
  }
};

}  // namespace recloser::admin
