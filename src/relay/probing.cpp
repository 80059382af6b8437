#include "relay/probing.h"

#include "net/http_client.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

// Of an answer to a health check; of a longer one the connection is closed.
constexpr std::size_t answer_bytes_max = 64u << 10;

// With the provider's key, since the paths of some servers ask for it.
std::string request_head(const Provider& provider) {
  bool anthropic = provider.config->dialect == config::Dialect::anthropic;
  return fmt::format(
      "GET {} HTTP/1.1\r\nhost: {}\r\naccept: */*\r\naccept-encoding: identity\r\n"
      "user-agent: recloser\r\n{}{}\r\n",
      provider.config->probe->path, provider.host_field,
      anthropic ? provider.anthropic_credential : provider.openai_credential,
      provider.extra_fields);
}

// The status that it answers with.
Task<Result<std::uint16_t>> ask(net::ClientPool& pool, const Provider& provider) {
  Duration limit = provider.config->probe->timeout;
  net::CancelPoint cancel;
  Instant until = pool.worker().now() + limit;
  net::HttpCall call(pool, provider.dial, {.first_byte = limit, .idle = limit, .total = until},
                     cancel);
  std::string head = request_head(provider);
  net::HttpRequest request{.method = net::http1::Method::get, .head = head, .body = {}};
  Result<const net::http1::ResponseHead*> answer = co_await call.start(request);
  if (!answer) co_return fail(answer.error());
  auto status = static_cast<std::uint16_t>((*answer)->status());
  std::size_t bytes = 0;
  while (!call.body_ended() && bytes <= answer_bytes_max) {
    Result<std::string_view> piece = co_await call.next(until);
    if (!piece) co_return status;
    bytes += piece->size();
  }
  if (call.body_ended()) call.finish();
  co_return status;
}

// A tenth more or less than `every`.
Duration about(Duration every, Random& random) {
  auto spread = static_cast<std::uint64_t>(every.count()) / 5;
  return every - every / 10 + Duration{static_cast<std::int64_t>(random.below(spread))};
}

class Telling {
 public:
  Telling(Log& log, const Provider& provider) : log_(log), provider_(provider) {}

  void tell(const route::ProbeReport& report, const Result<std::uint16_t>& status) {
    using Says = route::ProbeReport::Says;
    if (report.says == Says::nothing || fails_ == (report.says == Says::fails)) return;
    fails_ = report.says == Says::fails;
    if (fails_) {
      std::string reason = status ? fmt::format("status {}", *status) : status.error().message();
      log_.warning("a provider fails its health check: calls go elsewhere until it passes",
                   {{"provider", provider_.config->name}, {"reason", reason}});
    } else {
      log_.info("a provider passes its health check again: calls try it",
                {{"provider", provider_.config->name}});
    }
  }

 private:
  Log& log_;
  const Provider& provider_;
  bool fails_ = false;
};

}  // namespace

Task<void> keep_probing(net::ClientPool& pool, const Provider& provider, route::Health& health,
                        std::uint64_t seed, const std::atomic<bool>& over) {
  net::Worker& worker = pool.worker();
  const config::ProviderProbe& rule = *provider.config->probe;
  Random random(seed);
  Telling telling(worker.log(), provider);
  auto first =
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(rule.every.count())));
  Instant next = worker.now() + Duration{first};
  for (;;) {
    co_await worker.sleep_until(next);
    if (over) co_return;
    route::Probe probe{.at = worker.now()};
    next = probe.at + about(rule.every, random);
    Result<std::uint16_t> status = co_await ask(pool, provider);
    probe.status = status.value_or(0);
    probe.passed = probe.status == rule.status;
    route::ProbeReport report = health.probed(provider.config->name, probe, rule, worker.now());
    telling.tell(report, status);
    next = std::max(next, worker.now());
  }
}

}  // namespace recloser::relay
