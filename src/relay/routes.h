// The one table of client routes: what is not in it is 404, so nothing passes unmetered.
#pragma once

#include "codec/operation.h"
#include "net/http1/head.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace recloser::relay {

enum class RouteKind : std::uint8_t {
  call,       // goes to a provider and has a row
  models,     // answered by Recloser, no row
  health,     // /healthz: the process lives
  ready,      // /readyz: it takes calls
  not_built,  // in the contract, not in this version
  wrong_method,
  not_found,
};

struct Route {
  RouteKind kind = RouteKind::not_found;
  codec::Operation operation = codec::Operation::chat;
  codec::Family family = codec::Family::openai;  // in whose words errors are told
  // What follows the provider's base URL: "/chat/completions", "/v1/messages".
  std::string_view provider_path;
  // The rest of the path: the id in /v1/models/{id}.
  std::string_view rest;
};

// One line of the table.
struct RouteEntry {
  net::http1::Method method;
  std::string_view path;  // as sent; a trailing "/*" stands for one more segment
  RouteKind kind;
  codec::Operation operation;
  codec::Family family;
  std::string_view provider_path;
};

std::span<const RouteEntry> route_table();

// `head` decides by method and path; `anthropic-version` turns GET /v1/models into Anthropic's.
// The views of the result live as long as the head's bytes.
Route find_route(const net::http1::RequestHead& head);

// "GET, HEAD": the methods that a path of the table is served for; "" for other paths.
std::string allowed_methods(std::string_view path);

}  // namespace recloser::relay
