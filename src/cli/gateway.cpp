#include "cli/gateway.h"

#include "admin/admin_api.h"
#include "admin/keys.h"
#include "auth/declared_keys.h"
#include "budget/compile.h"
#include "cli/model_fetch.h"
#include "cli/state_files.h"
#include "cli/token_keys.h"
#include "ledger/sqlite_store.h"
#include "relay/probing.h"
#include "sim/serve/server.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

net::Endpoint endpoint_of(const config::ListenAddress& address) {
  net::Endpoint endpoint;
  std::span<const std::uint8_t> bytes = address.ip.bytes();
  std::copy(bytes.begin(), bytes.end(), endpoint.bytes.begin());
  endpoint.is_v6 = !address.ip.is_v4();
  endpoint.port = address.port;
  return endpoint;
}

Result<std::uint64_t> seed_from(auth::Entropy& entropy) {
  std::array<std::uint8_t, 8> bytes;
  Result<void> filled = entropy.fill(bytes);
  if (!filled) return fail(filled.error());
  std::uint64_t seed = 0;
  for (std::uint8_t byte : bytes) seed = seed << 8 | byte;
  return seed;
}

std::uint32_t worker_count(const config::Workers& workers) {
  if (!workers.automatic()) return workers.count;
  return std::max(1u, std::thread::hardware_concurrency());
}

// Runs `task` on the worker's thread and waits for its end.
template <class Work>
void run_on(net::Worker& worker, Work work) {
  std::promise<void> done;
  worker.post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

// Waits on the worker's timer.
void run_on_timer(net::Worker& worker, Duration duration) {
  std::promise<void> done;
  worker.post([&worker, &done, duration] {
    worker.tasks().spawn("drain look",
                         [](net::Worker& w, Duration d, std::promise<void>& p) -> Task<void> {
                           co_await w.sleep_until(w.now() + d);
                           p.set_value();
                         }(worker, duration, done));
  });
  done.get_future().wait();
}

std::unexpected<StartFailure> misconfigured(Error error) {
  return std::unexpected(StartFailure(std::move(error), Exit::usage));
}

constexpr Duration drain_look_every = 10ms;
constexpr Duration told_within = 3s;  // clients whose calls were ended; slower ones never hear why

}  // namespace

// Its members die in this order's reverse, after its thread has ended and its coroutines are gone.
struct Gateway::Traffic {
  std::unique_ptr<net::Worker> worker;
  std::unique_ptr<relay::Relay> relay;
  std::vector<std::unique_ptr<net::HttpServer>> servers;
  std::thread thread;

  // Clients that are served, and those that a listener may still accept.
  bool has_clients() const {
    return std::ranges::any_of(servers, [](const std::unique_ptr<net::HttpServer>& server) {
      return server->connections() > 0 || server->listening();
    });
  }
};

struct Gateway::Side {
  std::unique_ptr<net::Worker> worker;
  std::unique_ptr<sim::Server> simulator;
  std::unique_ptr<net::MemoryBudget> memory;
  std::unique_ptr<net::ClientPool> pool;
  std::unique_ptr<admin::Alerts> alerts;
  std::unique_ptr<TokenKeys> token_keys;
  std::unique_ptr<admin::AdminApi> api;
  std::unique_ptr<net::HttpServer> server;
  std::thread thread;
};

Gateway::Gateway(std::shared_ptr<const config::Config> config, const Surroundings& surroundings)
    : config_(std::move(config)),
      surroundings_(surroundings),
      model_lists_(std::make_shared<const route::ModelLists>()),
      thresholds_(surroundings.log, surroundings.clock),
      budgets_(surroundings.clock, &thresholds_),
      health_log_(surroundings.log),
      resolver_(surroundings.clock),
      memory_(config_->limits.buffered.count),
      connections_(config_->limits.connections) {}

Gateway::~Gateway() { stop(); }

Started<std::unique_ptr<Gateway>> Gateway::start(std::shared_ptr<const config::Config> config,
                                                 const Surroundings& surroundings) {
  std::unique_ptr<Gateway> gateway(new Gateway(std::move(config), surroundings));
  // Ports are tried before anything is written: a second instance leaves no trace.
  std::vector<config::ListenAddress> addresses{gateway->config_->admin.address};
  for (const config::Listen& listen : gateway->config_->listen) addresses.push_back(listen.address);
  for (const config::ListenAddress& address : addresses) {
    Result<void> free = net::Listener::check_free(endpoint_of(address));
    if (!free) return fail(free.error());
  }
  for (auto step : {&Gateway::open_books, &Gateway::load_keys, &Gateway::load_roster,
                    &Gateway::start_simulator, &Gateway::start_traffic, &Gateway::start_admin}) {
    Started<void> done = (gateway.get()->*step)();
    if (!done) return std::unexpected(done.error());
  }
  return gateway;
}

Started<void> Gateway::open_books() {
  const config::State& state = config_->state;
  Result<ledger::StateLock> lock = ledger::StateLock::acquire(state.directory_path);
  if (!lock) return fail(lock.error());
  lock_ = std::move(*lock);
  Result<std::string> token = admin_token(state.directory_path, config_->admin.token,
                                          surroundings_.entropy, admin_token_path_);
  if (!token) return fail(token.error());
  admin_token_ = std::move(*token);

  ledger::SqliteOptions sqlite{.program_version = surroundings_.program_version,
                               .log = &surroundings_.log};
  Result<std::unique_ptr<ledger::Store>> store =
      ledger::open_sqlite_store(state.database_path(), sqlite, surroundings_.clock);
  if (!store) return fail(store.error());
  ledger::LedgerOptions options;
  options.directory = state.directory_path;
  options.journal.program_version = surroundings_.program_version;
  options.retain = config_->ledger.retain;
  options.watcher = &live_;
  const config::Idempotency& idempotency = config_->idempotency;
  if (idempotency.store == config::AnswerStore::disk) options.answers_ttl = idempotency.ttl;
  Result<std::unique_ptr<ledger::Ledger>> ledger =
      ledger::Ledger::open(options, std::move(*store), surroundings_.clock, surroundings_.log);
  if (!ledger) return fail(ledger.error());
  ledger_ = std::move(*ledger);
  return {};
}

Started<void> Gateway::load_keys() {
  WallTime now = surroundings_.clock.wall();
  Result<std::vector<auth::KeyRecord>> declared = auth::declared_keys(config_->keys, now);
  if (!declared) return misconfigured(declared.error());
  declared_keys_ = std::move(*declared);
  Result<std::vector<ledger::KeyRow>> stored = ledger_->store().keys();
  if (!stored) return fail(stored.error());
  if (config_->auth.mode == config::AuthMode::keys) {
    bool none = declared_keys_.empty() && stored->empty() && config_->auth.jwt.empty();
    Result<std::string> first = first_key(config_->state.directory_path, none, *stored,
                                          surroundings_.entropy, now, ledger_->store());
    if (!first) return fail(first.error());
    first_secret_ = std::move(*first);
    if (none) stored = ledger_->store().keys();
    if (!stored) return fail(stored.error());
  }
  if (!config_->auth.jwt.empty()) token_issuers_ = std::make_unique<auth::jwt::Issuers>(config_);
  return {};
}

// What is declared and what is stored, together: budgets first, then the keys.
Started<void> Gateway::load_roster() {
  // What the configuration alone says wrong is its own fault, and the store's is not.
  Result<std::vector<std::shared_ptr<const budget::Budget>>> compiled = budget::compile(*config_);
  if (!compiled) return misconfigured(compiled.error());
  Result<std::shared_ptr<const auth::KeyRing>> declared =
      auth::KeyRing::make(declared_keys_, {}, auth::Holders(config_->holders));
  if (!declared) return misconfigured(declared.error());
  auto ring = [this] { bell_.ring(); };
  adjustments_ = std::make_unique<admin::Adjustments>(ledger_->store(), budgets_, ring);
  admin::Roster::Hooks hooks{
      .restore =
          [this](std::span<budget::Live* const> fresh) {
            return restore_balances(ledger_->store(), budgets_, fresh, surroundings_.clock.wall());
          },
      .changed =
          [this] {
            Result<void> adjusted = adjustments_->restore(surroundings_.clock.wall());
            bell_.ring();
            return adjusted;
          }};
  roster_ = std::make_unique<admin::Roster>(config_, declared_keys_, ledger_->store(), budgets_,
                                            std::move(hooks));
  Result<void> loaded = roster_->load();
  if (!loaded) return fail(loaded.error());
  auto thrown = [this] {
    if (target_board_) target_board_->follow();
    bell_.ring();
  };
  switch_board_ = std::make_unique<admin::SwitchBoard>(ledger_->store(), switches_, thrown);
  Result<void> restored = switch_board_->restore();
  if (!restored) return fail(restored.error());
  warn_of_ends();
  return {};
}

// A key that is refused from the first call on is no surprise then.
void Gateway::warn_of_ends() {
  WallTime now = surroundings_.clock.wall();
  for (const config::Key& key : config_->keys) {
    if (!key.expires || *key.expires > now) continue;
    surroundings_.log.warning("a key of the configuration has expired: it is refused",
                              {{"key", key.id}, {"expired", rfc3339(*key.expires)}});
  }
  for (const config::Holder& holder : config_->holders) {
    if (!holder.expires || *holder.expires > now) continue;
    surroundings_.log.warning("a document has expired: all keys of it are refused",
                              {{"kind", config::name_of(*holder.kind)},
                               {"name", holder.name},
                               {"expired", rfc3339(*holder.expires)}});
  }
}

Started<void> Gateway::start_simulator() {
  bool wanted = std::ranges::any_of(config_->providers, [](const config::Provider& provider) {
    return provider.dialect == config::Dialect::simulated && provider.base_url.empty();
  });
  if (wanted) {
    simulator_ = std::make_unique<Side>();
    Result<std::unique_ptr<net::Worker>> worker =
        net::Worker::create("simulator", surroundings_.clock, surroundings_.log);
    if (!worker) return fail(worker.error());
    simulator_->worker = std::move(*worker);
    Result<std::unique_ptr<sim::Server>> server = sim::Server::open(
        *simulator_->worker, *net::Endpoint::literal("127.0.0.1", 0), {.check_keys = false});
    if (!server) return fail(server.error());
    simulator_->simulator = std::move(*server);
    simulated_port_ = simulator_->simulator->address().port;
    simulator_->thread = std::thread([side = simulator_.get()] { side->worker->run(); });
  }
  Result<std::shared_ptr<const relay::Providers>> providers =
      relay::Providers::make(config_, simulated_port_);
  if (!providers) return misconfigured(providers.error());
  providers_ = std::move(*providers);
  return {};
}

Started<void> Gateway::start_traffic() {
  prices_ = surroundings_.prices ? surroundings_.prices : price::Catalogue::shipped();
  Result<std::uint64_t> hash_seed = seed_from(surroundings_.entropy);
  if (!hash_seed) return fail(hash_seed.error());
  Result<std::uint64_t> instance_seed = seed_from(surroundings_.entropy);
  if (!instance_seed) return fail(instance_seed.error());
  health_ = std::make_unique<route::Health>(*hash_seed, &health_log_);
  // Targets that nobody has called yet can be looked at, too.
  for (const config::Model& model : config_->models) {
    for (const config::Target& target : model.targets) health_->of(target.provider, target.model);
  }
  target_board_ = std::make_unique<admin::TargetBoard>(
      *health_, *switch_board_, switches_,
      [this](const std::string& target) { return bell_.leave(target); });
  target_board_->follow();
  const config::Idempotency& idempotency = config_->idempotency;
  if (idempotency.ttl > Duration{}) {
    answers_ = std::make_unique<relay::Answers>(
        relay::Answers::Limits{.ttl = idempotency.ttl,
                               .answer_bytes_max = idempotency.answer_max.count},
        *hash_seed, ledger_->keeps_answers() ? ledger_.get() : nullptr);
  }
  services_ =
      std::make_unique<relay::Services>(relay::Services{.config = config_,
                                                        .providers = providers_,
                                                        .prices = prices_,
                                                        .keys = roster_->keys(),
                                                        .model_lists = model_lists_,
                                                        .ledger = *ledger_,
                                                        .responses = responses_,
                                                        .resolver = resolver_,
                                                        .budgets = budgets_,
                                                        .health = *health_,
                                                        .switches = switches_,
                                                        .refused_sessions = refused_sessions_,
                                                        .token_issuers = token_issuers_.get(),
                                                        .answers = answers_.get(),
                                                        .connections = &connections_,
                                                        .memory = &memory_,
                                                        .plans = surroundings_.plans,
                                                        .instance_seed = *instance_seed,
                                                        .hash_seed = *hash_seed});
  std::uint32_t count = worker_count(config_->workers);
  for (std::uint32_t i = 0; i < count; ++i) {
    auto traffic = std::make_unique<Traffic>();
    Result<std::unique_ptr<net::Worker>> worker =
        net::Worker::create(fmt::format("worker {}", i), surroundings_.clock, surroundings_.log);
    if (!worker) return fail(worker.error());
    traffic->worker = std::move(*worker);
    Result<std::uint64_t> seed = seed_from(surroundings_.entropy);
    if (!seed) return fail(seed.error());
    traffic->relay = std::make_unique<relay::Relay>(*services_, *traffic->worker, *seed,
                                                    static_cast<std::uint8_t>(i));
    bell_.add(*traffic->worker, *traffic->relay);
    Started<void> opened = open_listeners(*traffic, count > 1);
    traffic_.push_back(std::move(traffic));
    if (!opened) return opened;
  }
  for (std::unique_ptr<Traffic>& traffic : traffic_) {
    traffic->thread = std::thread([worker = traffic->worker.get()] { worker->run(); });
  }
  return {};
}

Started<void> Gateway::open_listeners(Traffic& traffic, bool shared) {
  for (std::size_t i = 0; i < config_->listen.size(); ++i) {
    const config::Listen& listen = config_->listen[i];
    net::HttpServer::Options options{.header_timeout = listen.timeouts.header,
                                     .body_timeout = listen.timeouts.body,
                                     .idle_timeout = listen.timeouts.idle,
                                     .write_timeout = listen.timeouts.write,
                                     .tls = nullptr,
                                     .connections = &connections_,
                                     .shared_address = shared};
    if (listen.tls) {
      Result<std::shared_ptr<const net::TlsContext>> tls =
          net::TlsContext::for_clients(listen.tls->cert_path, listen.tls->key_path);
      if (!tls) return misconfigured(tls.error().while_doing(fmt::format("listen[{}].tls", i)));
      options.tls = std::move(*tls);
    }
    net::Endpoint address = endpoint_of(listen.address);
    // The first worker has turned port 0 into a real one; the others share that.
    if (!traffic_.empty()) address = traffic_.front()->servers[i]->address();
    Result<std::unique_ptr<net::HttpServer>> server = net::HttpServer::open(
        *traffic.worker, address, std::move(options), memory_, *traffic.relay);
    if (!server) return fail(server.error());
    traffic.servers.push_back(std::move(*server));
  }
  return {};
}

Started<void> Gateway::start_admin() {
  admin_ = std::make_unique<Side>();
  Result<std::unique_ptr<net::Worker>> worker =
      net::Worker::create("admin", surroundings_.clock, surroundings_.log);
  if (!worker) return fail(worker.error());
  admin_->worker = std::move(*worker);
  admin_->memory = std::make_unique<net::MemoryBudget>(64u << 20);
  admin_->pool = std::make_unique<net::ClientPool>(*admin_->worker, resolver_);
  Result<std::uint64_t> seed = seed_from(surroundings_.entropy);
  if (!seed) return fail(seed.error());
  Result<std::unique_ptr<admin::Alerts>> alerts =
      admin::Alerts::make(*admin_->pool, config_->channels, *seed);
  if (!alerts) return misconfigured(alerts.error());
  admin_->alerts = std::move(*alerts);
  admin_->alerts->also_tell(live_);
  thresholds_.tell(admin_->alerts.get());
  if (token_issuers_) {
    Result<std::unique_ptr<TokenKeys>> token_keys = TokenKeys::make(*admin_->pool, *token_issuers_);
    if (!token_keys) return misconfigured(token_keys.error());
    admin_->token_keys = std::move(*token_keys);
  }
  std::vector<const relay::Metrics*> metrics;
  for (std::unique_ptr<Traffic>& traffic : traffic_) metrics.push_back(&traffic->relay->metrics());
  admin_->api = std::make_unique<admin::AdminApi>(
      admin::Services{.worker = *admin_->worker,
                      .pool = *admin_->pool,
                      .ledger = *ledger_,
                      .roster = *roster_,
                      .budgets = budgets_,
                      .adjustments = *adjustments_,
                      .switches = *switch_board_,
                      .health = *health_,
                      .targets = *target_board_,
                      .alerts = *admin_->alerts,
                      .live = live_,
                      .entropy = surroundings_.entropy,
                      .log = surroundings_.log,
                      .metrics = std::move(metrics),
                      .token = config::Secret(admin_token_),
                      .token_path = admin_token_path_,
                      .version = surroundings_.program_version,
                      .simulated_port = simulated_port_,
                      .config_file = surroundings_.config_file,
                      .client_addresses = addresses(),
                      .token_issuers = token_issuers_.get(),
                      .accepts_calls = [this] { return accepts_calls(); }});
  Result<std::unique_ptr<net::HttpServer>> server = net::HttpServer::open(
      *admin_->worker, endpoint_of(config_->admin.address), {}, *admin_->memory, *admin_->api);
  if (!server) return fail(server.error());
  admin_->server = std::move(*server);
  admin_->worker->tasks().spawn("model lists",
                                keep_model_lists(*admin_->pool, *providers_, model_lists_));
  for (const relay::Provider& provider : providers_->all()) {
    if (!provider.config->probe) continue;
    Result<std::uint64_t> probe_seed = seed_from(surroundings_.entropy);
    if (!probe_seed) return fail(probe_seed.error());
    admin_->worker->tasks().spawn(
        "health checks",
        relay::keep_probing(*admin_->pool, provider, *health_, *probe_seed, draining_));
  }
  if (token_issuers_) admin_->token_keys->keep();
  admin_->worker->tasks().spawn("top-ups", admin::keep_top_ups(*admin_->worker, *adjustments_));
  admin_->thread = std::thread([side = admin_.get()] { side->worker->run(); });
  return {};
}

bool Gateway::accepts_calls() const {
  bool knows_keys = !token_issuers_ || token_issuers_->asked();
  return !draining_ && ledger_->admitting() && knows_keys;
}

std::vector<net::Endpoint> Gateway::addresses() const {
  std::vector<net::Endpoint> addresses;
  for (const auto& server : traffic_.front()->servers) addresses.push_back(server->address());
  return addresses;
}

net::Endpoint Gateway::admin_address() const { return admin_->server->address(); }

void Gateway::drain(Duration limit, const std::atomic<bool>& enough) {
  // Nobody hears of a drain from one port and is told on another that all is well.
  for (std::unique_ptr<Traffic>& traffic : traffic_) {
    run_on(*traffic->worker, [&] { traffic->relay->drain(); });
  }
  draining_ = true;
  for (std::unique_ptr<Traffic>& traffic : traffic_) {
    traffic->worker->post([traffic = traffic.get()] {
      for (auto& server : traffic->servers) server->drain();
    });
  }
  if (wait_for_clients(limit, enough) || enough) return;
  std::size_t ended = 0;
  for (std::unique_ptr<Traffic>& traffic : traffic_) {
    run_on(*traffic->worker, [&] { ended += traffic->relay->end_calls(); });
  }
  if (ended == 0) return;
  surroundings_.log.warning("the time to drain is over: calls that still ran were ended",
                            {{"calls", ended}});
  wait_for_clients(told_within, enough);
}

// Whether all have gone.
bool Gateway::wait_for_clients(Duration limit, const std::atomic<bool>& enough) {
  Instant until = surroundings_.clock.now() + limit;
  while (!enough && surroundings_.clock.now() < until) {
    bool left = false;
    for (std::unique_ptr<Traffic>& traffic : traffic_) {
      run_on(*traffic->worker, [&] { left |= traffic->has_clients(); });
    }
    if (!left) return true;
    run_on_timer(*admin_->worker, drain_look_every);
  }
  return false;
}

// Who follows has what ended until now, and then the end of the feed.
void Gateway::end_live_feed() {
  if (!admin_ || !admin_->thread.joinable() || !live_.followed()) return;
  Result<void> flushed = ledger_->flush();
  if (!flushed) surroundings_.log.debug("the live feed ends before its calls are stored");
  live_.end();
  Instant until = surroundings_.clock.now() + told_within;
  while (live_.followed() && surroundings_.clock.now() < until) {
    run_on_timer(*admin_->worker, drain_look_every);
  }
}

// Threads first, that of the resolver before those it answers to; then coroutines, which settle
// their calls; then what they used.
void Gateway::stop() {
  end_live_feed();
  resolver_.stop();
  auto end = [](auto& side) {
    if (!side->thread.joinable()) return;
    side->worker->stop();
    side->thread.join();
    side->worker->tasks().clear();
  };
  if (admin_) end(admin_);
  for (std::unique_ptr<Traffic>& traffic : traffic_) end(traffic);
  if (simulator_) end(simulator_);
  thresholds_.tell(nullptr);
  admin_.reset();
  traffic_.clear();
  simulator_.reset();
  roster_.reset();
  adjustments_.reset();
  target_board_.reset();
  switch_board_.reset();
  ledger_.reset();
}

}  // namespace recloser::cli
