#include "relay/routes.h"

#include <array>

namespace recloser::relay {
namespace {

using codec::Family;
using codec::Operation;
using net::http1::Method;
using Kind = RouteKind;

// INTERFACES section 3. Clients leave out or double the /v1 of a base URL, depending on which SDK
// builds the path, so the forms that real SDKs send are all here.
constexpr auto table = std::to_array<RouteEntry>({
    {Method::post, "/v1/chat/completions", Kind::call, Operation::chat, Family::openai,
     "/chat/completions"},
    {Method::post, "/chat/completions", Kind::call, Operation::chat, Family::openai,
     "/chat/completions"},
    {Method::post, "/v1/responses", Kind::call, Operation::responses, Family::openai, "/responses"},
    {Method::post, "/responses", Kind::call, Operation::responses, Family::openai, "/responses"},
    {Method::post, "/v1/responses/compact", Kind::call, Operation::responses_compact,
     Family::openai, "/responses/compact"},
    {Method::post, "/v1/responses/input_tokens", Kind::call, Operation::responses_input_tokens,
     Family::openai, "/responses/input_tokens"},
    {Method::post, "/v1/embeddings", Kind::call, Operation::embeddings, Family::openai,
     "/embeddings"},
    {Method::post, "/embeddings", Kind::call, Operation::embeddings, Family::openai, "/embeddings"},
    {Method::post, "/v1/completions", Kind::call, Operation::completions, Family::openai,
     "/completions"},
    {Method::post, "/v1/moderations", Kind::call, Operation::moderations, Family::openai,
     "/moderations"},
    {Method::post, "/v1/messages", Kind::call, Operation::messages, Family::anthropic,
     "/v1/messages"},
    {Method::post, "/messages", Kind::call, Operation::messages, Family::anthropic, "/v1/messages"},
    {Method::post, "/v1/v1/messages", Kind::call, Operation::messages, Family::anthropic,
     "/v1/messages"},
    {Method::post, "/v1/messages/count_tokens", Kind::call, Operation::count_tokens,
     Family::anthropic, "/v1/messages/count_tokens"},
    {Method::post, "/messages/count_tokens", Kind::call, Operation::count_tokens, Family::anthropic,
     "/v1/messages/count_tokens"},
    {Method::get, "/v1/models", Kind::models, Operation::models, Family::openai, ""},
    {Method::get, "/v1/models/*", Kind::models, Operation::models, Family::openai, ""},
    {Method::get, "/models", Kind::models, Operation::models, Family::openai, ""},
    {Method::get, "/models/*", Kind::models, Operation::models, Family::openai, ""},

    {Method::get, "/healthz", Kind::health, Operation::models, Family::openai, ""},
    {Method::head, "/healthz", Kind::health, Operation::models, Family::openai, ""},
    {Method::head, "/", Kind::health, Operation::models, Family::openai, ""},
    {Method::get, "/readyz", Kind::ready, Operation::models, Family::openai, ""},
    {Method::head, "/readyz", Kind::ready, Operation::models, Family::openai, ""},
});

// What INTERFACES promises and this version does not serve yet: whole paths, and those that begin
// with what ends in a slash here.
constexpr auto not_built = std::to_array<std::string_view>({
    "/v1/responses/",
    "/v1beta/models/",
    "/v1/models/",  // with a POST: Gemini's methods behind a colon
    "/v1/projects/",
    "/model/",
    "/openai/",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/api/tags",
    "/api/version",
    "/v2/chat",
    "/v1/chat",
    "/v2/embed",
});

// Whether `path` is the entry's; the segment that `*` stands for goes to `rest`.
bool matches(std::string_view entry, std::string_view path, std::string_view& rest) {
  if (!entry.ends_with("/*")) return entry == path;
  std::string_view prefix = entry.substr(0, entry.size() - 1);
  if (!path.starts_with(prefix) || path.size() == prefix.size()) return false;
  rest = path.substr(prefix.size());
  return true;
}

// POST /v1/models/{m}:generateContent, beside our GET /v1/models/{m}.
bool is_gemini_method(const net::http1::RequestHead& head) {
  std::string_view path = head.path();
  return head.method() == Method::post && path.starts_with("/v1/models/") && path.contains(':');
}

}  // namespace

std::span<const RouteEntry> route_table() { return table; }

Route find_route(const net::http1::RequestHead& head) {
  std::string_view path = head.path();
  bool path_known = false;
  Route route;
  for (const RouteEntry& entry : table) {
    std::string_view rest;
    if (!matches(entry.path, path, rest)) continue;
    path_known = true;
    route.family = entry.family;
    if (entry.method != head.method()) continue;
    route.kind = entry.kind;
    route.operation = entry.operation;
    route.provider_path = entry.provider_path;
    route.rest = rest;
    break;
  }
  bool speaks_anthropic = head.has(net::http1::Name::anthropic_version);
  if (speaks_anthropic && route.kind != RouteKind::call) route.family = Family::anthropic;
  if (route.kind != RouteKind::not_found) return route;

  for (std::string_view entry : not_built) {
    bool promised = entry.ends_with('/') ? path.starts_with(entry) : path == entry;
    if (promised) route.kind = RouteKind::not_built;
  }
  if (path_known && !is_gemini_method(head)) route.kind = RouteKind::wrong_method;
  return route;
}

std::string allowed_methods(std::string_view path) {
  std::string methods;
  for (const RouteEntry& entry : table) {
    std::string_view rest;
    if (!matches(entry.path, path, rest)) continue;
    if (!methods.empty()) methods += ", ";
    methods += entry.method == Method::post ? "POST" : entry.method == Method::get ? "GET" : "HEAD";
  }
  return methods;
}

}  // namespace recloser::relay
