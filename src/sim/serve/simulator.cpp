#include "sim/serve/simulator.h"

#include "core/names.h"
#include "sim/answer/error.h"
#include "sim/answer/models.h"
#include "sim/read/read_call.h"
#include "sim/serve/session.h"
#include "sim/serve/socket.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::sim {
namespace {

using codec::Family;
using codec::Operation;

struct NoSink final : net::BodySink {
  Result<void> see(std::string_view) override { return {}; }
};

Family family_for(const Route& route, const RequestFacts& request) {
  if (route.kind == Route::Kind::call) return codec::family_of(route.operation);
  return request.says_anthropic_version ? Family::anthropic : Family::openai;
}

ApiError wrong_key(Family family, bool missing) {
  std::string_view sentence = missing ? "No API key was sent." : "The API key is wrong.";
  if (family == Family::anthropic)
    sentence = missing ? "x-api-key is missing" : "invalid x-api-key";
  return {.status = 401,
          .message = std::string(sentence),
          .code = missing ? "" : "invalid_api_key",
          .param = {}};
}

}  // namespace

// One request with its place in the truth.
struct Simulator::Served {
  RequestFacts request;
  Route route;
  Family family;
  std::uint64_t number;
  std::string id;
};

Simulator::Simulator(SimulatorOptions options)
    : options_(std::move(options)), random_(options_.seed) {}

std::string Simulator::next_id() {
  return fmt::format("req_{:016x}{:016x}", random_.next(), random_.next());
}

bool Simulator::key_is_right(std::string_view key) const {
  if (!options_.check_keys) return true;
  if (key.empty()) return false;
  if (options_.keys.empty()) return !key.starts_with("invalid");
  return std::ranges::find(options_.keys, key) != options_.keys.end();
}

Task<void> Simulator::handle(net::Exchange& exchange) {
  RequestFacts request = facts_of(exchange.head());
  Route route = route_of(request.method, request.path);
  bool own = route.kind == Route::Kind::truth || route.kind == Route::Kind::attempts ||
             route.kind == Route::Kind::health;
  if (own) {
    co_await serve_own(exchange, request, route.kind);
    co_return;
  }
  use_small_send_buffer(exchange.client(), options_.send_buffer_bytes);
  Family family = family_for(route, request);
  std::string id = next_id();
  Seen& seen = truth_.begin(id, exchange.worker().wall());
  seen.method = request.method_text;
  seen.path = request.path;
  seen.key = request.key;
  Served served{.request = std::move(request),
                .route = route,
                .family = family,
                .number = seen.number,
                .id = std::move(id)};
  served.route = route_of(served.request.method, served.request.path);  // views into its own path
  co_await serve(exchange, served);
}

Task<void> Simulator::serve(net::Exchange& exchange, Served& served) {
  const RequestFacts& request = served.request;
  switch (served.route.kind) {
    case Route::Kind::none: {
      ApiError error{.status = 404,
                     .message = fmt::format("There is no {} {} here.", request.method_text,
                                            shown(request.path)),
                     .code = {},
                     .param = {}};
      co_await refuse_call(exchange, served, std::move(error));
      co_return;
    }
    case Route::Kind::wrong_method: {
      ApiError error{.status = 405,
                     .message = fmt::format("{} is not a method of {}.", request.method_text,
                                            shown(request.path)),
                     .code = "method_not_supported",
                     .param = {}};
      co_await refuse_call(exchange, served, std::move(error));
      co_return;
    }
    default:
      break;
  }
  if (!key_is_right(request.key)) {
    ApiError error = wrong_key(served.family, request.key.empty());
    co_await refuse_call(exchange, served, std::move(error));
  } else if (served.route.kind == Route::Kind::call) {
    co_await serve_call(exchange, served);
  } else {
    co_await serve_models(exchange, served);
  }
}

Task<void> Simulator::serve_call(net::Exchange& exchange, Served& served) {
  std::expected<Call, ApiError> call = co_await read(exchange, served);
  if (!call) {
    co_await refuse_call(exchange, served, std::move(call.error()));
    co_return;
  }
  exchange.release_body();
  if (Seen* seen = truth_.find(served.number)) {
    seen->is_call = true;
    seen->model = call->model;
  }
  script(*call, exchange.worker().now());
  Session session(exchange, truth_, deliveries_, served.number, served.id, std::move(*call));
  co_await session.run();
}

// Settles what becomes of this one of the calls under its name.
void Simulator::script(Call& call, Instant now) {
  if (!call.script.flaky_percent && !call.script.is_loading()) return;
  if (pasts_.size() >= pasts_kept_max && !pasts_.contains(call.model)) pasts_.clear();
  Past& past = pasts_.try_emplace(call.model, Past{.calls = 0, .first = now}).first->second;
  call.script = call.script.of_call(past.calls++, now - past.first, call.seed);
}

Task<std::expected<Call, ApiError>> Simulator::read(net::Exchange& exchange, const Served& served) {
  if (served.family == Family::anthropic && !served.request.says_anthropic_version) {
    co_return std::unexpected(
        ApiError{.status = 400, .message = "anthropic-version: header is required"});
  }
  NoSink sink;
  Result<void> whole = co_await exchange.read_body(options_.body_bytes_max, sink);
  if (!whole) {
    std::uint16_t status = whole.error().kind() == Kind::too_large ? 413 : 400;
    co_return std::unexpected(ApiError{.status = status, .message = whole.error().message()});
  }
  co_return read_call(served.route.operation, exchange.body(), options_.seed);
}

Task<void> Simulator::refuse_call(net::Exchange& exchange, Served& served, ApiError error) {
  std::string body;
  write_error(body, served.family, error, served.id);
  std::string fields;
  append_fields(fields, served.family, error.status, BodyKind::json, served.id,
                exchange.worker().wall());
  if (Seen* seen = truth_.find(served.number)) seen->status = error.status;
  Result<void> sent = co_await exchange.answer(error.status, fields, body);
  CallState state = sent ? CallState::finished : CallState::aborted;
  if (Seen* seen = truth_.find(served.number)) seen->peer_closed = !sent;
  truth_.end(served.number, state, exchange.worker().wall());
}

Task<void> Simulator::serve_models(net::Exchange& exchange, Served& served) {
  std::string body;
  if (served.route.kind == Route::Kind::models) {
    write_models(body, served.family);
  } else if (auto unknown = parse_script(served.route.model).unknown) {
    ApiError error{.status = 404,
                   .message = fmt::format("The model does not exist: {}.", unknown->message),
                   .code = "model_not_found",
                   .param = "model"};
    co_await refuse_call(exchange, served, std::move(error));
    co_return;
  } else {
    write_one_model(body, served.family, served.route.model);
  }
  std::string fields;
  append_fields(fields, served.family, 200, BodyKind::json, served.id, exchange.worker().wall());
  if (Seen* seen = truth_.find(served.number)) seen->status = 200;
  Result<void> sent = co_await exchange.answer(200, fields, body);
  CallState state = sent ? CallState::finished : CallState::aborted;
  truth_.end(served.number, state, exchange.worker().wall());
}

Task<void> Simulator::serve_own(net::Exchange& exchange, const RequestFacts& request,
                                Route::Kind kind) {
  std::string body = "{\"status\":\"ok\"}";
  if (kind == Route::Kind::truth) body = truth_json(request.query);
  if (kind == Route::Kind::attempts) body = attempts_json(request.query);
  body += '\n';
  co_await exchange.answer(200, "content-type: application/json\r\n", body);
}

net::PlainAnswer Simulator::refuse(int status, std::string_view sentence) {
  net::PlainAnswer answer{.status = status, .fields = "content-type: application/json\r\n"};
  ApiError error{.status = static_cast<std::uint16_t>(status), .message = std::string(sentence)};
  write_error(answer.body, Family::openai, error, "");
  return answer;
}

std::string Simulator::truth_json(std::string_view query) {
  for (Delivery* delivery : deliveries_) delivery->look();
  return truth_.truth_json(query);
}

void Simulator::close_all() {
  for (Delivery* delivery : deliveries_) {
    delivery->look();
    delivery->peer().close();
  }
}

}  // namespace recloser::sim
