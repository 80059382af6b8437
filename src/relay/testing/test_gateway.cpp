#include "relay/testing/test_gateway.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

namespace recloser::relay {

TestGateway::TestGateway(std::string directory) : directory_(std::move(directory)) {
  std::filesystem::remove_all(directory_);  // of a run that was killed
  std::filesystem::create_directories(directory_);
  config_ = std::make_shared<config::Config>();
  config::Provider provider;
  provider.name = "p";
  provider.dialect = config::Dialect::simulated;  // speaks both families
  provider.base_url = *config::BaseUrl::parse(fmt::format("http://127.0.0.1:{}", provider_.port()));
  provider.api_key.source = config::ApiKey::Source::configured;
  provider.api_key.secret = config::Secret("provider-key");
  provider.region = "eu";
  provider.retries = 0;  // what fails is told, unless a test is about what comes after it
  config_->providers.push_back(provider);
  config_->models.push_back({.name = "m", .targets = {{.provider = "p", .model = "m-large"}}});
  config_->models.push_back({.name = "same", .targets = {{.provider = "p", .model = "same"}}});
  config::Key key;
  key.id = "test";
  key.secret = config::Secret(test_secret);
  key.org = "acme";
  key.team = "search";
  config_->keys.push_back(key);
}

void TestGateway::start(net::HttpServer::Options options) {
  ledger::LedgerOptions books;
  books.directory = directory_;
  const config::Idempotency& idempotency = config_->idempotency;
  if (idempotency.store == config::AnswerStore::disk) books.answers_ttl = idempotency.ttl;
  auto store = std::make_unique<ledger::MemoryStore>();
  store_ = store.get();
  ledger_ = std::move(*ledger::Ledger::open(books, std::move(store), loop_.clock(), loop_.log()));
  std::vector<auth::KeyRecord> declared = *auth::declared_keys(config_->keys, loop_.clock().wall());
  keys_ = std::make_unique<Published<auth::KeyRing>>(
      *auth::KeyRing::make(std::move(declared), {}, auth::Holders(config_->holders)));
  std::shared_ptr<const Providers> providers = *Providers::make(config_, std::nullopt);
  static const std::shared_ptr<const price::Catalogue> prices = price::Catalogue::shipped();
  if (idempotency.ttl > Duration{}) {
    answers_ = std::make_unique<Answers>(
        Answers::Limits{.ttl = idempotency.ttl, .answer_bytes_max = idempotency.answer_max.count},
        7, ledger_->keeps_answers() ? ledger_.get() : nullptr);
  }
  services_ = std::make_unique<Services>(Services{.config = config_,
                                                  .providers = providers,
                                                  .prices = prices,
                                                  .keys = *keys_,
                                                  .model_lists = lists_,
                                                  .ledger = *ledger_,
                                                  .responses = responses_,
                                                  .resolver = loop_.resolver(),
                                                  .budgets = *budgets_,
                                                  .health = health_,
                                                  .switches = switches_,
                                                  .refused_sessions = refused_sessions_,
                                                  .token_issuers = token_issuers,
                                                  .answers = answers_.get(),
                                                  .connections = &connections,
                                                  .memory = &memory_,
                                                  .plans = plans});
  relay_ = std::make_unique<Relay>(*services_, loop_.worker(), 7);
  server_ =
      std::move(*net::HttpServer::open(loop_.worker(), *net::parse_listen_address("127.0.0.1:0"),
                                       std::move(options), memory_, *relay_));
  gateway_ = {.host = "127.0.0.1", .port = server_->address().port, .tls = nullptr, .tls_name = {}};
}

TestGateway::~TestGateway() {
  clients_.clear();
  if (server_) {
    server_->drain();
    loop_.worker().run_until([&] { return server_->connections() == 0; });
    relay_->pool().clear();
  }
  provider_.stop();
  server_.reset();
  relay_.reset();
  services_.reset();
  ledger_.reset();
  std::filesystem::remove_all(directory_);
}

Seen TestGateway::post(std::string path, std::string body, std::string fields) {
  std::string head = fmt::format(
      "POST {} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {}\r\n{}"
      "content-type: application/json\r\ncontent-length: {}\r\n\r\n",
      path, test_secret, fields, body.size());
  return request(std::move(head), std::move(body));
}

Seen TestGateway::request(std::string head, std::string body) {
  Seen seen;
  loop_.run(fetch(std::move(head), std::move(body), seen, Instant::never()));
  return seen;
}

Task<void> TestGateway::fetch(std::string head, std::string body, Seen& seen, Instant leave_at) {
  net::CancelPoint cancel;
  net::HttpCall call(clients_, gateway_, {.first_byte = 1h, .idle = 1h, .total = leave_at}, cancel);
  std::array<std::string_view, 1> pieces{body};
  net::HttpRequest request{.method = net::http1::Method::post, .head = head, .body = pieces};
  Result<const net::http1::ResponseHead*> answer = co_await call.start(request);
  if (!answer) {
    seen.error = answer.error().message();
    co_return;
  }
  seen.status = (*answer)->status();
  for (std::size_t i = 0; i < (*answer)->field_count(); ++i) {
    net::http1::Field field = (*answer)->field(i);
    seen.head += fmt::format("{}: {}\n", field.name, field.value);
  }
  while (!call.body_ended()) {
    Result<std::string_view> piece = co_await call.next(leave_at);
    if (!piece) {
      seen.error = piece.error().message();
      co_return;
    }
    seen.body += *piece;
  }
  call.finish();
}

void TestGateway::revoke_keys() {
  WallTime now = loop_.clock().wall();
  std::vector<auth::KeyRecord> declared = *auth::declared_keys(config_->keys, now);
  for (auth::KeyRecord& key : declared) key.revoked_at = now;
  keys_->publish(*auth::KeyRing::make(std::move(declared), {}));
}

void TestGateway::settle() {
  if (server_) loop_.worker().run_until([&] { return server_->busy() == 0; });
}

std::vector<ledger::StoredCall> TestGateway::books() {
  Result<void> flushed = ledger_->flush();
  Result<ledger::CallPage> page = ledger_->store().calls({.limit = 1000});
  std::vector<ledger::StoredCall> calls = std::move(page->calls);
  std::reverse(calls.begin(), calls.end());
  return calls;
}

}  // namespace recloser::relay
