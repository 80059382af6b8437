#include "admin/alerts.h"

#include "config/address.h"
#include "config/base_url.h"
#include "core/check.h"
#include "net/tls.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

bool forbidden(std::span<const std::uint8_t> address) {
  return config::is_forbidden_address(address, false);
}

Result<net::DialTarget> dial_target(const config::BaseUrl& url) {
  net::DialTarget target;
  target.host = url.host;
  target.port = url.port;
  target.is_forbidden = forbidden;
  if (!url.tls) return target;
  target.tls_name = url.host;
  Result<std::shared_ptr<const net::TlsContext>> context = net::TlsContext::for_providers({});
  if (!context) return fail(context.error());
  target.tls = std::move(*context);
  return target;
}

}  // namespace

struct Alerts::Outlet {
  config::Channel channel;
  config::BaseUrl url;
  net::DialTarget dial;
  std::deque<std::shared_ptr<const Alert>> waiting;
  std::uint64_t lost = 0;
  bool running = false;
};

Alerts::Alerts(net::ClientPool& pool, std::uint64_t seed) : pool_(pool), ids_(seed) {}
Alerts::~Alerts() = default;

Result<std::unique_ptr<Alerts>> Alerts::make(net::ClientPool& pool,
                                             const std::vector<config::Channel>& channels,
                                             std::uint64_t seed) {
  std::unique_ptr<Alerts> alerts(new Alerts(pool, seed));
  for (const config::Channel& channel : channels) {
    auto outlet = std::make_unique<Outlet>();
    outlet->channel = channel;
    Result<config::BaseUrl> url = config::BaseUrl::parse(channel.webhook.url.reveal());
    CHECK(url.has_value(), "the configuration was read without this URL");
    outlet->url = std::move(*url);
    Result<net::DialTarget> dial = dial_target(outlet->url);
    if (!dial) return fail(dial.error().while_doing(fmt::format("channels.{}", channel.name)));
    outlet->dial = std::move(*dial);
    alerts->outlets_.push_back(std::move(outlet));
  }
  return alerts;
}

void Alerts::raise(Alert alert) {
  std::shared_ptr<const Alert> raised;
  {
    std::lock_guard lock(mutex_);
    CallId::Text id = ids_.next(alert.at).text();
    alert.id.assign(id.data(), id.size());
    raised = std::make_shared<const Alert>(std::move(alert));
    kept_.push_front(raised);
    if (kept_.size() > kept_max) kept_.pop_back();
  }
  if (live_ != nullptr && live_->followed()) live_->tell("alert", cloud_event(*raised));
  if (outlets_.empty()) return;
  pool_.worker().post([this, raised = std::move(raised)] { send(raised); });
}

std::string Alerts::alerts_json() const {
  std::string out = "{\"data\":[";
  std::lock_guard lock(mutex_);
  for (const std::shared_ptr<const Alert>& alert : kept_) {
    if (out.back() != '[') out += ',';
    out += cloud_event(*alert);
  }
  return out + "],\"next\":null}";
}

void Alerts::send(const std::shared_ptr<const Alert>& alert) {
  for (std::unique_ptr<Outlet>& outlet : outlets_) {
    if (alert->severity < outlet->channel.min_severity) continue;
    if (outlet->waiting.size() >= waiting_max) {
      ++outlet->lost;
      continue;
    }
    outlet->waiting.push_back(alert);
    if (std::exchange(outlet->running, true)) continue;
    pool_.worker().tasks().spawn("alerts", empty(*outlet));
  }
}

// One coroutine for each channel, while something waits.
Task<void> Alerts::empty(Outlet& outlet) {
  while (!outlet.waiting.empty()) {
    std::shared_ptr<const Alert> alert = outlet.waiting.front();
    co_await deliver(outlet, *alert);
    outlet.waiting.pop_front();
  }
  outlet.running = false;
  if (outlet.lost == 0) co_return;
  pool_.worker().log().error(
      "alerts were lost: more came than the channel took",
      {{"channel", outlet.channel.name}, {"alerts", std::exchange(outlet.lost, 0)}});
}

Task<void> Alerts::deliver(Outlet& outlet, const Alert& alert) {
  net::Worker& worker = pool_.worker();
  std::string body = cloud_event(alert);
  Duration wait = retry_first;
  for (std::uint32_t left = outlet.channel.webhook.retries;; --left) {
    Result<void> sent = co_await post(outlet, body);
    if (sent) co_return;
    if (left == 0) {
      worker.log().error("an alert did not arrive, and is given up",
                         {{"channel", outlet.channel.name},
                          {"alert", alert.id},
                          {"reason", sent.error().message()}});
      co_return;
    }
    worker.log().warning("an alert did not arrive, and is sent again",
                         {{"channel", outlet.channel.name},
                          {"alert", alert.id},
                          {"reason", sent.error().message()}});
    co_await worker.sleep_until(worker.now() + wait);
    wait = std::min(2 * wait, retry_most);
  }
}

// Signed anew with every try: a receiver may refuse what is old.
Task<Result<void>> Alerts::post(const Outlet& outlet, const std::string& body) {
  net::Worker& worker = pool_.worker();
  const config::Secret& secret = outlet.channel.webhook.secret;
  std::string head = fmt::format(
      "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/cloudevents+json\r\n"
      "content-length: {}\r\nuser-agent: recloser\r\n",
      outlet.url.path.empty() ? "/" : outlet.url.path, outlet.url.host_field(), body.size());
  if (!secret.empty()) {
    head += fmt::format("x-recloser-signature: {}\r\n",
                        signature(secret.reveal(), worker.wall(), body));
  }
  head += "\r\n";
  net::CancelPoint cancel;
  Instant until = worker.now() + answer_time;
  net::HttpCall call(pool_, outlet.dial,
                     {.first_byte = answer_time, .idle = answer_time, .total = until}, cancel);
  std::array<std::string_view, 1> pieces{body};
  net::HttpRequest request{.method = net::http1::Method::post, .head = head, .body = pieces};
  Result<const net::http1::ResponseHead*> answer = co_await call.start(request);
  if (!answer) co_return fail(answer.error());
  int status = (*answer)->status();
  if (status < 200 || status >= 300) {
    co_return fail(Side::provider, Kind::refused, fmt::format("it answered {}", status));
  }
  co_return Result<void>();
}

}  // namespace recloser::admin
