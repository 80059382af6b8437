// The routes of the simulated provider: those of the real ones, with and without `/v1`.
#pragma once

#include "codec/operation.h"
#include "net/http1/head.h"

#include <optional>
#include <string>
#include <string_view>

namespace recloser::sim {

struct Route {
  enum class Kind : unsigned char {
    call,       // POST of `operation`
    models,     // GET of the list
    one_model,  // GET of `model`
    truth,      // GET /sim/truth
    attempts,   // GET /sim/attempts
    health,     // GET /healthz, HEAD /
    wrong_method,
    none,
  };
  Kind kind = Kind::none;
  codec::Operation operation = codec::Operation::models;
  std::string_view model;
};

Route route_of(net::http1::Method method, std::string_view path);

// What of a request's head matters here; its own text, the head is gone when the body is read.
struct RequestFacts {
  net::http1::Method method = net::http1::Method::other;
  std::string method_text;
  std::string path;
  std::string query;
  std::string key;  // of Authorization: Bearer, x-api-key or api-key
  bool says_anthropic_version = false;
};

RequestFacts facts_of(const net::http1::RequestHead& head);

}  // namespace recloser::sim
