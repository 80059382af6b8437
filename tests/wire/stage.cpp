#include "wire/stage.h"

#include "net/testing/certificates.h"
#include "relay/testing/test_gateway.h"
#include "wire/books.h"
#include "wire/client.h"
#include "wire/provider.h"
#include "wire/setting.h"
#include "wire/words.h"

#include <span>
#include <utility>

#include <fmt/format.h>

namespace recloser::wire {
namespace {

constexpr Duration time_limit = 3h;  // virtual, of a whole play

class Stage {
 public:
  Stage(const Scenario& scenario, std::string directory)
      : scenario_(scenario), gateway_(directory), authority_(directory + "-tls") {}
  ~Stage() { end(); }

  std::optional<std::string> run();

 private:
  struct TimeLimit final : net::Timer {
    explicit TimeLimit(Stage& s)
        : Timer([](Timer& t) { static_cast<TimeLimit&>(t).stage.time_is_up(); }), stage(s) {}
    Stage& stage;
  };

  struct EndCalls final : net::Timer {
    explicit EndCalls(Stage& s)
        : Timer([](Timer& t) { static_cast<EndCalls&>(t).stage.gateway_.relay().end_calls(); }),
          stage(s) {}
    Stage& stage;
  };

  struct ThrowSwitch final : net::Timer {
    explicit ThrowSwitch(Stage& s)
        : Timer([](Timer& t) { static_cast<ThrowSwitch&>(t).turn_on(); }), stage(s) {}
    void turn_on() const {
      stage.gateway_.switches().set(name, true);
      stage.gateway_.relay().look_again();
    }
    Stage& stage;
    std::string name;
  };

  net::HttpServer::Options set_tls();
  Task<void> play_client();
  Task<void> play_provider();
  void failed(const Step& step, std::string_view why);
  void time_is_up();
  void end();
  void check_books();
  void check_secrets();

  const Scenario& scenario_;
  std::optional<net::ConnectionLimit> connections_;
  relay::TestGateway gateway_;
  net::TestAuthority authority_;
  Play play_{.loop = gateway_.loop()};
  Provider provider_{play_};
  Client client_{play_};
  const Step* client_does_ = nullptr;
  const Step* provider_does_ = nullptr;
  int running_ = 0;
  std::optional<std::string> failure_;
};

std::optional<std::string> Stage::run() {
  net::HttpServer::Options options = set_tls();
  Result<void> written =
      write_config(scenario_, provider_.port(), authority_.file(), gateway_.config());
  if (!written) return written.error().message();
  options.connections = &connections_.emplace(gateway_.config().limits.connections);
  play_.secret = std::string(gateway_.config().keys.front().secret.reveal());
  Result<std::vector<std::shared_ptr<const budget::Budget>>> budgets = budgets_of(scenario_);
  if (!budgets) return budgets.error().message();
  gateway_.budgets().configure(std::move(*budgets));
  gateway_.start(std::move(options));
  play_.gateway_port = gateway_.port();
  if (says_config(scenario_, Verb::config_provider_down)) provider_.stop_listening();
  net::Worker& worker = play_.worker();
  EndCalls end_calls(*this);
  ThrowSwitch throw_switch(*this);
  for (const Step& step : scenario_.gateway) {
    if (step.verb == Verb::gateway_drains) gateway_.relay().drain();
    if (step.verb == Verb::gateway_ends_calls) {
      worker.timers().set(end_calls, worker.now() + step.duration);
    }
    if (step.verb == Verb::gateway_throws) {
      throw_switch.name = *find(step.pairs, "switch");
      const std::string* after = find(step.pairs, "after");
      Duration later = after == nullptr ? Duration{} : *parse_duration(*after);
      worker.timers().set(throw_switch, worker.now() + later);
    }
  }

  TimeLimit limit(*this);
  worker.timers().set(limit, worker.now() + time_limit);
  running_ = 2;
  worker.tasks().spawn("wire provider", play_provider());
  worker.tasks().spawn("wire client", play_client());
  worker.run_until([&] { return running_ == 0; });
  limit.cancel();
  std::string left_over = provider_.left_over();
  if (!failure_ && !left_over.empty()) {
    failure_ = fmt::format("{}: {}", scenario_.file, left_over);
  }
  end();
  if (!failure_) check_books();
  if (!failure_) check_secrets();
  return std::move(failure_);
}

// The certificates of the ends that are played over TLS.
net::HttpServer::Options Stage::set_tls() {
  net::HttpServer::Options options;
  if (!says_config(scenario_, Verb::config_client_tls) &&
      !says_config(scenario_, Verb::config_provider_tls)) {
    return options;
  }
  net::CertificateFiles files = authority_.issue("IP:127.0.0.1");
  std::shared_ptr<const net::TlsContext> server =
      *net::TlsContext::for_clients(files.certificate, files.key);
  if (says_config(scenario_, Verb::config_provider_tls)) play_.provider_tls = server;
  if (says_config(scenario_, Verb::config_client_tls)) {
    play_.client_tls = *net::TlsContext::for_providers({.ca_file = authority_.file()});
    options.tls = server;
  }
  return options;
}

Task<void> Stage::play_client() {
  for (const Step& step : scenario_.client) {
    client_does_ = &step;
    Result<void> done = co_await client_.step(step);
    if (!done) failed(step, done.error().message());
    if (failure_) break;
  }
  if (!failure_) {
    Result<void> done = co_await client_.finish();
    if (!done) failed(scenario_.client.back(), done.error().message());
  }
  --running_;
}

Task<void> Stage::play_provider() {
  for (const Step& step : scenario_.provider) {
    provider_does_ = &step;
    Result<void> done = co_await provider_.step(step);
    if (!done) failed(step, done.error().message());
    if (failure_) break;
  }
  --running_;
}

// The first failure counts: what fails after it does so because of it.
void Stage::failed(const Step& step, std::string_view why) {
  if (failure_) return;
  failure_ =
      fmt::format("{}:{}: `{}`: {}", scenario_.file, step.line, visible(step.written, 80), why);
  provider_.give_up();
  client_.leave();
}

void Stage::time_is_up() {
  const Step& step = client_does_ != nullptr ? *client_does_ : scenario_.client.front();
  std::string provider = provider_does_ == nullptr ? "none" : provider_does_->written;
  failed(step, fmt::format("nothing came of it; the provider is at `{}`", provider));
}

// Both ends go; the gateway then ends what still runs.
void Stage::end() {
  client_.leave();
  provider_.give_up();
  net::Worker& worker = play_.worker();
  worker.run_until([&] { return running_ == 0; });
  gateway_.settle();
}

void Stage::check_books() {
  std::vector<ledger::StoredCall> rows = gateway_.books();
  relay::Metrics::Snapshot metrics;
  gateway_.relay().metrics().add_to(metrics);
  std::size_t next = 0;
  for (const Step& step : scenario_.after) {
    Result<void> fits;
    if (step.verb == Verb::ledger_row) {
      fits = next < rows.size() ? check_row(step, rows[next]) : unmet("there is no such row");
      ++next;
    } else if (step.verb != Verb::ledger_empty) {
      fits = check_metrics(step, metrics);
    }
    if (!fits) failed(step, fits.error().message());
  }
  if (!failure_ && rows.size() > next) {
    failure_ = fmt::format("{}: the ledger has {} rows; {} were expected", scenario_.file,
                           rows.size(), next);
  }
  if (!failure_ && metrics.streams_open != 0) {
    failure_ = fmt::format("{}: {} streams are still open", scenario_.file, metrics.streams_open);
  }
}

// Of every play: no virtual key reaches a provider, no provider key a client, and no key a log.
void Stage::check_secrets() {
  std::string to_provider = provider_.received();
  std::string log = gateway_.loop().log_text();
  auto leaks = [&](std::string_view where, std::string_view bytes, std::string_view what) {
    if (failure_ || what.empty() || bytes.find(what) == std::string_view::npos) return;
    failure_ = fmt::format("{}: \"{}\" got into {}", scenario_.file, what, where);
  };
  for (const config::Key& key : gateway_.config().keys) {
    leaks("a request to the provider", to_provider, key.secret.reveal());
    leaks("the log", log, key.secret.reveal());
  }
  leaks("a request to the provider", to_provider, "x-recloser-");
  leaks("an answer to the client", client_.received(), provider_key);
  leaks("the log", log, provider_key);
}

}  // namespace

void use_tls(Scenario& scenario) {
  for (Verb verb : {Verb::config_client_tls, Verb::config_provider_tls}) {
    scenario.config.insert(scenario.config.begin(), Step{.verb = verb, .words = "--tls"});
  }
}

std::optional<std::string> play(const Scenario& scenario, std::string directory) {
  Stage stage(scenario, std::move(directory));
  return stage.run();
}

}  // namespace recloser::wire
