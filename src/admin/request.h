// Requests and answers of the admin API as plain values: the route, the query, and the JSON forms.
#pragma once

#include "core/result.h"
#include "net/http1/head.h"

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace recloser::admin {

enum class Resource : unsigned char {
  front_page,
  health,
  ready,
  metrics,
  calls,
  call,  // of the id in `rest`
  keys,
  key,
  key_rotate,  // of the id in `rest`
  orgs,
  org,  // of the name in `rest`
  teams,
  team,
  users,
  user,
  usage,
  backup,
  ratings,
  budgets,
  budget_adjust,       // of the name in `rest`
  budget_adjustments,  // of the name in `rest`
  budget_request,      // of the name in `rest`
  approvals,
  approval,  // of the id in `rest`
  switches,
  switch_,  // of the name in `rest`
  targets,
  target,  // of the name in `rest`, PROVIDER/MODEL
  alerts,
  live,
  sim_truth,
  not_built,  // promised by INTERFACES, not in this version
  none,
};

// What matters of a request's head; its own text, so that it outlives the head.
struct Request {
  net::http1::Method method = net::http1::Method::other;
  std::string path;
  std::string query;
  std::string credential;  // of `Authorization: Bearer`; "" when there is none, or several
  bool wants_csv = false;  // `Accept: text/csv`
  Resource resource = Resource::none;
  std::string rest;  // decoded: the id or name in /admin/calls/*, /admin/keys/* ..
};

Request read_request(const net::http1::RequestHead& head);

// The methods of a resource, for 405: "GET, POST".
std::string_view methods_of(Resource resource);
bool allows(Resource resource, net::http1::Method method);

// A whole answer. `fields` are lines with CR LF.
struct Answer {
  int status = 200;
  std::string fields = "content-type: application/json\r\n";
  std::string body;
};

Answer json_answer(int status, std::string body);

// {"error": {"code": .., "message": .., "param": ..}}; no param when that is "".
Answer problem(int status, std::string_view code, std::string_view message,
               std::string_view param = {});
// An error of another room with the status that fits it.
Answer problem(const Error& error);
Answer not_found(std::string_view message);
Answer json_or_problem(int status, Result<std::string> json);

// One value of a query or a path with its %-escapes undone. In a query '+' is a space. Malformed:
// a broken escape, a NUL, or what is no UTF-8.
enum class Plus : bool { literal, space };
Result<std::string> percent_decoded(std::string_view text, Plus plus);

// The parameters of a query, in order. Refused, naming the parameter: one that is not among
// `known`, one given twice, one whose value is not text.
class Query {
 public:
  static Result<Query> read(std::string_view text, std::span<const std::string_view> known);

  // Null when it was not given.
  const std::string* find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

// "a, b or c", for messages.
std::string listed(std::span<const std::string_view> names);

// "; did you mean x?", or "" when nothing is near.
std::string did_you_mean(std::string_view wanted, std::span<const std::string_view> known);

// Whether `text` is well-formed UTF-8.
bool is_utf8(std::string_view text);

}  // namespace recloser::admin
