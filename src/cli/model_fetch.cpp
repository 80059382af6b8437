#include "cli/model_fetch.h"

#include "core/limits.h"
#include "net/http_client.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr std::size_t answer_bytes_max = 4u << 20;
constexpr std::size_t models_max = 10'000;  // of one provider
constexpr Duration answer_time = 10s;

std::string request_head(const relay::Provider& provider) {
  bool anthropic = provider.config->dialect == config::Dialect::anthropic;
  std::string path = anthropic ? provider.anthropic_base + "/v1/models?limit=1000"
                               : provider.openai_base + "/models";
  return fmt::format(
      "GET {} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\naccept-encoding: identity\r\n"
      "user-agent: recloser\r\n{}{}\r\n",
      path, provider.host_field,
      anthropic ? "anthropic-version: 2023-06-01\r\n" + provider.anthropic_credential
                : provider.openai_credential,
      provider.extra_fields);
}

// Whether asking makes sense: with the client's own credential nobody may ask but the client.
bool may_ask(const relay::Provider& provider) {
  return provider.config->api_key.source != config::ApiKey::Source::client &&
         provider.config->dialect != config::Dialect::simulated;
}

Task<Result<std::vector<std::string>>> fetch_list(net::ClientPool& pool,
                                                  const relay::Provider& provider) {
  net::CancelPoint cancel;
  Instant until = pool.worker().now() + answer_time;
  net::HttpCall call(pool, provider.dial,
                     {.first_byte = answer_time, .idle = answer_time, .total = until}, cancel);
  std::string head = request_head(provider);
  net::HttpRequest request{.method = net::http1::Method::get, .head = head, .body = {}};
  Result<const net::http1::ResponseHead*> answer = co_await call.start(request);
  if (!answer) co_return fail(answer.error());
  if ((*answer)->status() != 200) {
    co_return fail(Side::provider, Kind::refused,
                   fmt::format("it answered GET /models with status {}", (*answer)->status()));
  }
  std::string body;
  while (!call.body_ended()) {
    Result<std::string_view> piece = co_await call.next(until);
    if (!piece) co_return fail(piece.error());
    if (body.size() + piece->size() > answer_bytes_max) {
      co_return fail(Side::provider, Kind::too_large, "its list of models is larger than 4 MiB");
    }
    body += *piece;
  }
  call.finish();
  route::ModelLists::List ids = model_ids(body);
  if (!ids) co_return fail(Side::provider, Kind::malformed, "its answer is no list of models");
  co_return std::move(*ids);
}

// When a provider is asked next, and how it went so far.
struct Asking {
  Instant next;
  Duration retry = model_lists_retry_min;
  bool failed = false;  // and the log says so
};

void note_failure(Asking& asking, const relay::Provider& provider, const Error& error, Log& log,
                  Instant now) {
  asking.next = now + asking.retry;
  asking.retry = std::min(asking.retry * 2, model_lists_every);
  if (std::exchange(asking.failed, true)) return;
  log.warning(
      "a provider did not list its models: their bare names may not be enough until it "
      "does; it is asked again",
      {{"provider", provider.config->name}, {"reason", error.message()}});
}

void note_success(Asking& asking, const relay::Provider& provider, std::size_t models, Log& log,
                  Instant now) {
  bool failed_before = asking.failed;
  asking = {.next = now + model_lists_every};
  if (!failed_before) return;
  log.info("a provider lists its models now",
           {{"provider", provider.config->name}, {"models", models}});
}

}  // namespace

route::ModelLists::List model_ids(std::string_view answer) {
  boost::system::error_code broken;
  boost::json::value value =
      boost::json::parse(boost::json::string_view(answer.data(), answer.size()), broken);
  if (broken || !value.is_object()) return std::nullopt;
  const boost::json::value* data = value.as_object().if_contains("data");
  if (data == nullptr || !data->is_array()) return std::nullopt;
  std::vector<std::string> ids;
  for (const boost::json::value& model : data->as_array()) {
    if (!model.is_object()) continue;
    const boost::json::value* id = model.as_object().if_contains("id");
    if (id == nullptr || !id->is_string() || ids.size() == models_max) continue;
    std::string_view name(id->as_string().data(), id->as_string().size());
    if (!name.empty() && name.size() <= limits::model_name_bytes_max) ids.emplace_back(name);
  }
  return ids;
}

Task<void> keep_model_lists(net::ClientPool& pool, const relay::Providers& providers,
                            Published<route::ModelLists>& lists) {
  net::Worker& worker = pool.worker();
  std::vector<route::ModelLists::List> known(providers.all().size());
  std::vector<Asking> asking(known.size(), {.next = worker.now()});
  for (;;) {
    Instant next = worker.now() + model_lists_every;
    for (std::size_t i = 0; i < known.size(); ++i) {
      const relay::Provider& provider = providers.at(i);
      if (!may_ask(provider)) continue;
      if (asking[i].next <= worker.now()) {
        Result<std::vector<std::string>> list = co_await fetch_list(pool, provider);
        if (list) {
          note_success(asking[i], provider, list->size(), worker.log(), worker.now());
          known[i] = std::move(*list);
          lists.publish(std::make_shared<const route::ModelLists>(known));
        } else {
          note_failure(asking[i], provider, list.error(), worker.log(), worker.now());
        }
      }
      next = std::min(next, asking[i].next);
    }
    co_await worker.sleep_until(next);
  }
}

}  // namespace recloser::cli
