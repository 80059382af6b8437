#include "admin/request.h"

#include "core/ascii.h"
#include "core/json_writer.h"
#include "core/names.h"
#include "net/http1/target.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

using net::http1::Method;
using net::http1::Name;

struct Row {
  std::string_view path;  // "*" stands for one segment, "**" at the end for all that follow
  Resource resource;
};
constexpr auto table = std::to_array<Row>({
    {"/", Resource::front_page},
    {"/healthz", Resource::health},
    {"/readyz", Resource::ready},
    {"/metrics", Resource::metrics},
    {"/admin/calls", Resource::calls},
    {"/admin/calls/*", Resource::call},
    {"/admin/keys", Resource::keys},
    {"/admin/keys/*", Resource::key},
    {"/admin/keys/*/rotate", Resource::key_rotate},
    {"/admin/orgs", Resource::orgs},
    {"/admin/orgs/*", Resource::org},
    {"/admin/teams", Resource::teams},
    {"/admin/teams/*", Resource::team},
    {"/admin/users", Resource::users},
    {"/admin/users/*", Resource::user},
    {"/admin/usage", Resource::usage},
    {"/admin/backup", Resource::backup},
    {"/admin/ratings", Resource::ratings},
    {"/admin/budgets", Resource::budgets},
    {"/admin/budgets/*/adjust", Resource::budget_adjust},
    {"/admin/budgets/*/adjustments", Resource::budget_adjustments},
    {"/admin/budgets/*/request", Resource::budget_request},
    {"/admin/approvals", Resource::approvals},
    {"/admin/approvals/*", Resource::approval},
    {"/admin/switches", Resource::switches},
    {"/admin/switches/*", Resource::switch_},
    {"/admin/targets", Resource::targets},
    {"/admin/targets/**", Resource::target},
    {"/admin/alerts", Resource::alerts},
    {"/admin/live", Resource::live},
    {"/admin/sim/truth", Resource::sim_truth},
    {"/admin/sessions", Resource::not_built},
    {"/admin/sessions/*", Resource::not_built},
    {"/admin/policies", Resource::not_built},
    {"/admin/decisions", Resource::not_built},
    {"/admin/reload", Resource::not_built},
});

void find_resource(Request& request) {
  using net::http1::path_is;
  for (const Row& row : table) {
    std::size_t star = row.path.find('*');
    if (star == row.path.npos) {
      if (!path_is(request.path, row.path)) continue;
      request.resource = row.resource;
      return;
    }
    std::string_view prefix = row.path.substr(0, star);
    bool many = row.path.ends_with("**");
    std::string_view suffix = row.path.substr(star + (many ? 2 : 1));
    std::string_view segment = request.path;
    if (!segment.starts_with(prefix)) continue;
    segment.remove_prefix(prefix.size());
    if (!segment.ends_with(suffix) || segment.size() == suffix.size()) continue;
    segment.remove_suffix(suffix.size());
    if (!many && segment.find('/') != segment.npos) continue;
    Result<std::string> rest = percent_decoded(segment, Plus::literal);
    if (!rest) return;  // there is nothing of that name
    request.resource = row.resource;
    request.rest = std::move(*rest);
    return;
  }
}

// Several credentials are as good as none: it cannot be told which one is meant.
std::string credential_of(const net::http1::RequestHead& head) {
  constexpr std::string_view scheme = "bearer ";
  std::optional<std::string_view> sent = head.find(Name::authorization);
  if (!sent || head.repeated(Name::authorization)) return {};
  if (!ascii::starts_with_ignoring_case(*sent, scheme)) return {};
  return std::string(ascii::trim(sent->substr(scheme.size())));
}

int hex_digit(char c) {
  if (ascii::is_digit(c)) return c - '0';
  char letter = ascii::lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

}  // namespace

Request read_request(const net::http1::RequestHead& head) {
  Request request{.method = head.method(),
                  .path = std::string(head.path()),
                  .query = std::string(head.query()),
                  .credential = credential_of(head),
                  .wants_csv = head.find(Name::accept).value_or("").starts_with("text/csv"),
                  .resource = Resource::none,
                  .rest = {}};
  find_resource(request);
  return request;
}

std::string_view methods_of(Resource resource) {
  switch (resource) {
    case Resource::keys:
      return "GET, HEAD, POST";
    case Resource::key:
      return "GET, HEAD, PATCH, DELETE";
    case Resource::org:
    case Resource::team:
    case Resource::user:
      return "GET, HEAD, PUT, PATCH, DELETE";
    case Resource::orgs:
    case Resource::teams:
    case Resource::users:
    case Resource::front_page:
    case Resource::health:
    case Resource::ready:
    case Resource::metrics:
    case Resource::calls:
    case Resource::call:
    case Resource::usage:
    case Resource::budgets:
    case Resource::budget_adjustments:
    case Resource::approvals:
    case Resource::switches:
    case Resource::targets:
    case Resource::alerts:
    case Resource::sim_truth:
      return "GET, HEAD";
    case Resource::live:
      return "GET";
    case Resource::switch_:
    case Resource::target:
      return "GET, HEAD, PUT";
    case Resource::approval:
      return "GET, HEAD, POST";
    case Resource::budget_adjust:
    case Resource::key_rotate:
    case Resource::budget_request:
    case Resource::backup:
    case Resource::ratings:
      return "POST";
    case Resource::not_built:
    case Resource::none:
      return "";
  }
  return "";
}

bool allows(Resource resource, Method method) {
  bool only_post = resource == Resource::backup || resource == Resource::ratings ||
                   resource == Resource::budget_adjust || resource == Resource::budget_request ||
                   resource == Resource::key_rotate;
  bool also_post = resource == Resource::keys || resource == Resource::approval;
  bool holder =
      resource == Resource::org || resource == Resource::team || resource == Resource::user;
  bool changed = holder || resource == Resource::key;
  if (method == Method::post) return also_post || only_post;
  if (method == Method::delete_ || method == Method::patch) return changed;
  bool thrown = resource == Resource::switch_ || resource == Resource::target;
  if (method == Method::put) return holder || thrown;
  if (resource == Resource::live) return method == Method::get;
  return !only_post && (method == Method::get || method == Method::head);
}

Answer json_answer(int status, std::string body) {
  body += '\n';
  return {.status = status, .body = std::move(body)};
}

Answer problem(int status, std::string_view code, std::string_view message,
               std::string_view param) {
  std::string body;
  JsonWriter json(body);
  json.open_object().key("error").open_object();
  json.member("code", code).member("message", message);
  if (!param.empty()) json.member("param", param);
  json.close_object().close_object();
  return json_answer(status, std::move(body));
}

Answer problem(const Error& error) {
  switch (error.kind()) {
    case Kind::malformed:
    case Kind::refused:
    case Kind::unsupported:
      return problem(400, "invalid_request", error.message());
    case Kind::too_large:
      return problem(413, "request_too_large", error.message());
    case Kind::not_found:
      return problem(404, "not_found", error.message());
    case Kind::conflict:
      return problem(409, "conflict", error.message());
    case Kind::timed_out:
    case Kind::full:
    case Kind::unavailable:
      return problem(503, "unavailable", error.message());
    case Kind::closed:
    case Kind::cancelled:
    case Kind::unreachable:
    case Kind::name_lookup:
    case Kind::tls:
      return problem(502, "provider_unavailable", error.message());
    case Kind::io:
      return problem(500, "gateway_failed", error.message());
  }
  return problem(500, "gateway_failed", error.message());
}

Answer not_found(std::string_view message) { return problem(404, "not_found", message); }

Answer json_or_problem(int status, Result<std::string> json) {
  return json ? json_answer(status, std::move(*json)) : problem(json.error());
}

Result<std::string> percent_decoded(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return malformed("has a '%' that two hexadecimal digits must follow");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus == Plus::space) {
      c = ' ';
    }
    if (c == '\0') return malformed("holds a zero byte");
    out += c;
  }
  if (!is_utf8(out)) return malformed("is not UTF-8");
  return out;
}

Result<Query> Query::read(std::string_view text, std::span<const std::string_view> known) {
  Query query;
  while (!text.empty()) {
    std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    std::size_t equals = std::min(pair.find('='), pair.size());
    Result<std::string> name = percent_decoded(pair.substr(0, equals), Plus::space);
    if (!name || std::ranges::find(known, *name) == known.end()) {
      std::string_view wrong = name ? std::string_view(*name) : pair.substr(0, equals);
      return malformed(fmt::format("there is no query parameter '{}'{}; there are {}", shown(wrong),
                                   did_you_mean(wrong, known), listed(known)));
    }
    std::string_view sent = pair.substr(std::min(pair.size(), equals + 1));
    Result<std::string> value = percent_decoded(sent, Plus::space);
    if (!value) return malformed(fmt::format("{} {}", *name, value.error().message()));
    for (const auto& [given, unused] : query.parameters_) {
      if (given == *name) return malformed(fmt::format("{} is given twice", *name));
    }
    query.parameters_.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

const std::string* Query::find(std::string_view name) const {
  for (const auto& [given, value] : parameters_) {
    if (given == name) return &value;
  }
  return nullptr;
}

std::string listed(std::span<const std::string_view> names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += names[i];
  }
  return out;
}

std::string did_you_mean(std::string_view wanted, std::span<const std::string_view> known) {
  constexpr std::size_t name_bytes_max = 64;  // a longer one is no slip of a finger
  if (wanted.size() > name_bytes_max) return {};
  std::string near = ascii::nearest(wanted, known);
  return near.empty() ? std::string() : fmt::format("; did you mean {}?", near);
}

bool is_utf8(std::string_view text) {
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  for (std::size_t i = 0; i < text.size();) {
    unsigned first = byte(i);
    if (first < 0x80) {
      ++i;
      continue;
    }
    std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() - i < size) return false;
    unsigned code = first & (0x7fu >> size);
    for (std::size_t k = 1; k < size; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return false;
      code = code << 6 | (byte(i + k) & 0x3fu);
    }
    bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    if (overlong || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return false;
    i += size;
  }
  return true;
}

}  // namespace recloser::admin
