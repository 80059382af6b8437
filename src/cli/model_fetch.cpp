#include "cli/model_fetch.h"

#include "core/limits.h"
#include "net/http_client.h"

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

Task<route::ModelLists::List> fetch_list(net::ClientPool& pool, const relay::Provider& provider) {
  net::CancelPoint cancel;
  Instant until = pool.worker().now() + answer_time;
  net::HttpCall call(pool, provider.dial,
                     {.first_byte = answer_time, .idle = answer_time, .total = until}, cancel);
  std::string head = request_head(provider);
  net::HttpRequest request{.method = net::http1::Method::get, .head = head, .body = {}};
  Result<const net::http1::ResponseHead*> answer = co_await call.start(request);
  if (!answer || (*answer)->status() != 200) co_return std::nullopt;
  std::string body;
  while (!call.body_ended()) {
    Result<std::string_view> piece = co_await call.next(until);
    if (!piece || body.size() + piece->size() > answer_bytes_max) co_return std::nullopt;
    body += *piece;
  }
  call.finish();
  co_return model_ids(body);
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
  std::vector<route::ModelLists::List> known(providers.all().size());
  for (;;) {
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (!may_ask(providers.at(i))) continue;
      route::ModelLists::List list = co_await fetch_list(pool, providers.at(i));
      if (!list) continue;
      known[i] = std::move(list);
      lists.publish(std::make_shared<const route::ModelLists>(known));
    }
    co_await pool.worker().sleep_until(pool.worker().now() + model_lists_every);
  }
}

}  // namespace recloser::cli
