#include "sim/serve/route.h"

#include "core/ascii.h"

namespace recloser::sim {
namespace {

using codec::Operation;
using net::http1::Method;
using net::http1::Name;

struct CallRoute {
  std::string_view path;
  Operation operation;
};
constexpr CallRoute call_routes[] = {
    {"/chat/completions", Operation::chat},
    {"/completions", Operation::completions},
    {"/responses", Operation::responses},
    {"/responses/compact", Operation::responses_compact},
    {"/responses/input_tokens", Operation::responses_input_tokens},
    {"/embeddings", Operation::embeddings},
    {"/moderations", Operation::moderations},
    {"/messages", Operation::messages},
    {"/messages/count_tokens", Operation::count_tokens},
};

struct OwnRoute {
  std::string_view path;
  Route::Kind kind;
};
constexpr OwnRoute own_routes[] = {
    {"/sim/truth", Route::Kind::truth},
    {"/sim/attempts", Route::Kind::attempts},
    {"/healthz", Route::Kind::health},
    {"/", Route::Kind::health},
};

Route get_only(Method method, Route route) {
  bool get = method == Method::get || method == Method::head;
  if (!get) route.kind = Route::Kind::wrong_method;
  return route;
}

std::string key_of(const net::http1::RequestHead& head) {
  constexpr std::string_view scheme = "bearer ";
  if (auto bearer = head.find(Name::authorization)) {
    if (ascii::starts_with_ignoring_case(*bearer, scheme)) {
      return std::string(ascii::trim(bearer->substr(scheme.size())));
    }
  }
  if (auto key = head.find(Name::x_api_key)) return std::string(*key);
  return std::string(head.find(Name::api_key).value_or(""));
}

}  // namespace

Route route_of(Method method, std::string_view path) {
  for (const OwnRoute& own : own_routes) {
    if (own.path == path) return get_only(method, {.kind = own.kind});
  }
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  for (const CallRoute& call : call_routes) {
    if (call.path != path) continue;
    bool post = method == Method::post;
    return {.kind = post ? Route::Kind::call : Route::Kind::wrong_method,
            .operation = call.operation,
            .model = {}};
  }
  if (path == "/models") return get_only(method, {.kind = Route::Kind::models});
  constexpr std::string_view one = "/models/";
  if (path.starts_with(one) && path.size() > one.size()) {
    return get_only(method, {.kind = Route::Kind::one_model, .model = path.substr(one.size())});
  }
  return {};
}

RequestFacts facts_of(const net::http1::RequestHead& head) {
  return {.method = head.method(),
          .method_text = std::string(head.method_text()),
          .path = std::string(head.path()),
          .query = std::string(head.query()),
          .key = key_of(head),
          .says_anthropic_version = head.has(Name::anthropic_version)};
}

}  // namespace recloser::sim
