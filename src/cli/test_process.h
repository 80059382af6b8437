// What the tests of commands share: a process whose output is kept, and a gateway's admin port.
#pragma once

#include "admin/admin_api.h"
#include "cli/cli.h"
#include "config/testing/fake_environment.h"
#include "ledger/memory_store.h"
#include "ledger/test_support.h"
#include "net/http_server.h"

#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::cli {

// A file without a name that a command writes to and a test reads.
class Captured {
 public:
  Captured() {
    char name[] = "/tmp/recloser-cli-XXXXXX";
    descriptor_ = ::mkstemp(name);
    EXPECT_GE(descriptor_, 0);
    ::unlink(name);
  }
  ~Captured() { ::close(descriptor_); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  int descriptor() const { return descriptor_; }
  // What a command will read.
  void put(std::string_view text) {
    EXPECT_EQ(::ftruncate(descriptor_, 0), 0);
    EXPECT_EQ(::pwrite(descriptor_, text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    ::lseek(descriptor_, 0, SEEK_SET);
  }
  std::string take() {
    std::string text(static_cast<std::size_t>(::lseek(descriptor_, 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(descriptor_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    EXPECT_EQ(::ftruncate(descriptor_, 0), 0);
    ::lseek(descriptor_, 0, SEEK_SET);
    return text;
  }

 private:
  int descriptor_ = -1;
};

class FixedEntropy final : public auth::Entropy {
 public:
  Result<void> fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
    return {};
  }

 private:
  std::uint8_t next_ = 1;
};

struct Ran {
  int exit = -1;
  std::string out;
  std::string err;
};

class CliTest : public testing::Test {
 public:
  Ran run(std::initializer_list<const char*> words) {
    std::vector<const char*> argv{"recloser"};
    argv.insert(argv.end(), words);
    Process process{.environment = environment_,
                    .clock = *process_clock_,
                    .entropy = entropy_,
                    .version = "1.2.3",
                    .program_path = {},
                    .out = out_.descriptor(),
                    .err = err_.descriptor(),
                    .in = in_.descriptor()};
    int exit = run_cli(static_cast<int>(argv.size()), argv.data(), process);
    return {.exit = exit, .out = out_.take(), .err = err_.take()};
  }

  config::FakeEnvironment environment_;
  ledger::test::SharedClock clock_;
  const Clock* process_clock_ = &clock_;
  FixedEntropy entropy_;
  Captured out_;
  Captured err_;
  Captured in_;
};

// The same with an admin port to talk to, on a thread of its own.
class RemoteTest : public CliTest {
 public:
  RemoteTest() {
    ledger::LedgerOptions options;
    options.directory = directory_.path();
    options.watcher = &live_;
    ledger_ = std::move(
        *ledger::Ledger::open(options, std::make_unique<ledger::MemoryStore>(), clock_, log_.log));
    adjustments_ = std::make_unique<admin::Adjustments>(ledger_->store(), budgets_);
    switch_board_ = std::make_unique<admin::SwitchBoard>(ledger_->store(), switches_,
                                                         [this] { target_board_->follow(); });
    target_board_ = std::make_unique<admin::TargetBoard>(
        health_, *switch_board_, switches_,
        [](const std::string&) { return relay::LeftTarget{.switched = 1, .staying = 3}; });
    roster_ = std::make_unique<admin::Roster>(std::make_shared<const config::Config>(),
                                              std::vector<auth::KeyRecord>(), ledger_->store(),
                                              budgets_, admin::Roster::Hooks());
    Result<void> loaded = roster_->load();
    EXPECT_TRUE(loaded);
    worker_ = std::move(*net::Worker::create("admin", clock_, log_.log));
    pool_ = std::make_unique<net::ClientPool>(*worker_, resolver_);
    alerts_ = *admin::Alerts::make(*pool_, {}, 1);
    api_ = std::make_unique<admin::AdminApi>(
        admin::Services{.worker = *worker_,
                        .pool = *pool_,
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
                        .log = log_.log,
                        .metrics = {},
                        .token = config::Secret("the-admin-token"),
                        .token_path = "state/admin.token",
                        .version = "1.2.3"});
    server_ = std::move(*net::HttpServer::open(*worker_, *net::parse_listen_address("127.0.0.1:0"),
                                               {}, memory_, *api_));
    thread_ = std::thread([this] { worker_->run(); });
    url_ = fmt::format("http://{}", server_->address().text());
    environment_.variables["RECLOSER_ADMIN"] = url_;
    environment_.variables["RECLOSER_ADMIN_TOKEN"] = "the-admin-token";
  }
  ~RemoteTest() override {
    worker_->stop();
    thread_.join();
    server_->drain();
    worker_->run_until([this] { return server_->connections() == 0; });
    pool_->clear();
    server_.reset();
    api_.reset();
    pool_.reset();
    worker_.reset();
  }

  CallId book(ledger::Outcome outcome = ledger::Outcome::completed) {
    CallId id = ids_.next(clock_.wall());
    Result<ledger::OpenCall> call =
        ledger_->begin(id, clock_.now(), clock_.wall(), ledger::test::someone);
    ledger::test::fill_completed(call->record());
    call->settle(outcome, clock_.now() + 1'432ms);
    return id;
  }

  ledger::test::TempDirectory directory_;
  SystemClock system_;
  ledger::test::TestLog log_{system_};
  admin::LiveFeed live_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<admin::Roster> roster_;
  budget::Table budgets_{clock_, nullptr};
  std::unique_ptr<admin::Adjustments> adjustments_;
  relay::Switches switches_;
  std::unique_ptr<admin::SwitchBoard> switch_board_;
  route::Health health_{1, nullptr};
  std::unique_ptr<admin::TargetBoard> target_board_;
  std::unique_ptr<admin::Alerts> alerts_;
  net::Resolver resolver_{system_};
  net::MemoryBudget memory_{64u << 20};
  CallIdMaker ids_{7};
  std::string url_;
  std::unique_ptr<net::Worker> worker_;
  std::unique_ptr<net::ClientPool> pool_;
  std::unique_ptr<admin::AdminApi> api_;
  std::unique_ptr<net::HttpServer> server_;
  std::thread thread_;
};

}  // namespace recloser::cli
