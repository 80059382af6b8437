// GET /v1/models: what this key may ask for, in the words of the client's SDK.
#include "core/json_writer.h"
#include "net/http1/target.h"
#include "relay/request.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

void write_openai_model(JsonWriter& json, std::string_view id) {
  json.open_object();
  json.member("id", id).member("object", "model").member("created", 0);
  json.member("owned_by", "recloser").close_object();
}

void write_anthropic_model(JsonWriter& json, std::string_view id) {
  json.open_object();
  json.member("type", "model").member("id", id).member("display_name", id);
  json.member("created_at", "1970-01-01T00:00:00Z").close_object();
}

}  // namespace

Task<void> Relay::list_models(net::Exchange& client, Route route) {
  auth::Admission who = authenticate(client.head());
  if (!who.admitted()) {
    co_await refuse_unknown(client, route, who);
    co_return;
  }
  bool anthropic = route.family == codec::Family::anthropic;
  std::vector<route::Listed> models = resolver_.list(route.family, *model_lists_.current());
  std::erase_if(
      models, [&](const route::Listed& model) { return !who.principal->models.allow(model.name); });
  std::string fields = fmt::format("content-type: application/json\r\nx-recloser-call: {}\r\n",
                                   ids_.next(worker_.wall()).str());
  std::string body;
  JsonWriter json(body);
  auto write_model = anthropic ? write_anthropic_model : write_openai_model;
  if (!route.rest.empty()) {
    // SDKs encode the slash of provider/model.
    std::optional<std::string> id = net::http1::percent_decoded(route.rest);
    bool known = id && std::ranges::find(models, *id, &route::Listed::name) != models.end();
    if (!known) {
      Refused why{.refusal = codec::Refusal::model_not_found,
                  .message = fmt::format("no model named '{}' is configured or listed here",
                                         route.rest.substr(0, 80)),
                  .param = "model"};
      co_await refuse_without_row(client, route, why);
      co_return;
    }
    write_model(json, *id);
    co_await client.answer(200, fields, body);
    co_return;
  }
  json.open_object();
  if (!anthropic) json.member("object", "list");
  json.key("data").open_array();
  for (const route::Listed& model : models) write_model(json, model.name);
  json.close_array();
  if (anthropic) {
    json.member("has_more", false);
    json.member("first_id", models.empty() ? std::string() : models.front().name);
    json.member("last_id", models.empty() ? std::string() : models.back().name);
  }
  json.close_object();
  co_await client.answer(200, fields, body);
}

}  // namespace recloser::relay
