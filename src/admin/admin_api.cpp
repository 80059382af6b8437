#include "admin/admin_api.h"

#include "admin/budgets.h"
#include "admin/calls.h"
#include "admin/metrics_page.h"
#include "admin/ratings.h"
#include "admin/request_body.h"
#include "admin/usage.h"
#include "core/check.h"
#include "core/json_writer.h"
#include "core/names.h"
#include "ledger/call_json.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

using net::http1::Method;

bool is_health(Resource resource) {
  return resource == Resource::health || resource == Resource::ready;
}

Answer not_served(const Request& request) {
  if (request.resource == Resource::not_built) {
    return not_found(fmt::format("{} is not supported in this version", shown(request.path)));
  }
  return not_found(fmt::format(
      "there is no {} here; there are /admin/calls, /admin/usage, /admin/keys, /admin/orgs, "
      "/admin/teams, /admin/users, /admin/budgets, /admin/approvals, /admin/switches, "
      "/admin/targets, /admin/alerts, /admin/live, /admin/backup, /admin/ratings, "
      "/admin/sim/truth, /metrics, /healthz and /readyz",
      shown(request.path)));
}

Answer wrong_method(const Request& request) {
  std::string_view methods = methods_of(request.resource);
  Answer answer =
      problem(405, "method_not_allowed", fmt::format("{} takes {}", shown(request.path), methods));
  answer.fields += fmt::format("allow: {}\r\n", methods);
  return answer;
}

}  // namespace

AdminApi::AdminApi(Services services)
    : services_(std::move(services)),
      keys_(services_.roster, services_.config_file),
      holders_(services_.roster, services_.config_file),
      approvals_(services_.ledger.store(), services_.budgets, services_.adjustments,
                 services_.alerts),
      started_at_(services_.worker.wall()),
      offload_(services_.worker),
      long_work_(services_.worker) {
  CHECK(!services_.token.empty(), "the admin API is never open");
  simulator_.host = "127.0.0.1";
  simulator_.port = services_.simulated_port.value_or(0);
}

// Nothing is told before the token was right, not even which routes there are.
Task<void> AdminApi::handle(net::Exchange& exchange) {
  Request request = read_request(exchange.head());
  bool known = services_.token.equals(request.credential);
  bool truth = request.resource == Resource::sim_truth && allows(request.resource, request.method);
  if (known && truth && services_.simulated_port) {
    co_await pass_truth(exchange, request);
    co_return;
  }
  if (known && request.resource == Resource::live && allows(Resource::live, request.method)) {
    co_await stream_live(exchange, request);
    co_return;
  }
  Answer answer;
  if (known || is_health(request.resource)) {
    answer = co_await answer_to(exchange, request);
  } else {
    answer = without_token(request);
  }
  answer.fields += "cache-control: no-store\r\n";
  co_await exchange.answer(answer.status, answer.fields, answer.body);
}

net::PlainAnswer AdminApi::refuse(int status, std::string_view sentence) {
  std::string_view code = status == 503 ? "unavailable" : "invalid_request";
  Answer answer = problem(status, code, sentence);
  return {.status = status, .fields = std::move(answer.fields), .body = std::move(answer.body)};
}

Task<Answer> AdminApi::answer_to(net::Exchange& exchange, const Request& request) {
  bool served = request.resource != Resource::none && request.resource != Resource::not_built;
  if (!served) co_return not_served(request);
  if (!allows(request.resource, request.method)) co_return wrong_method(request);
  Answer answer;
  switch (request.resource) {
    case Resource::calls:
    case Resource::call:
    case Resource::usage:
    case Resource::backup:
    case Resource::ratings:
      answer = co_await answer_books(exchange, request);
      break;
    case Resource::budgets:
      answer = co_await list_budgets(request);
      break;
    case Resource::budget_adjust:
      answer = co_await adjust_budget(exchange, request);
      break;
    case Resource::budget_adjustments:
    case Resource::budget_request:
    case Resource::approvals:
    case Resource::approval:
      answer = co_await answer_approvals(exchange, request);
      break;
    case Resource::switches:
    case Resource::switch_:
      answer = co_await answer_switches(exchange, request);
      break;
    case Resource::targets:
    case Resource::target:
      answer = co_await answer_targets(exchange, request);
      break;
    case Resource::keys:
    case Resource::key:
    case Resource::key_rotate:
      answer = co_await answer_keys(exchange, request);
      break;
    case Resource::orgs:
    case Resource::org:
    case Resource::teams:
    case Resource::team:
    case Resource::users:
    case Resource::user:
      answer = co_await answer_holders(exchange, request);
      break;
    case Resource::alerts:
    case Resource::health:
    case Resource::ready:
    case Resource::metrics:
    case Resource::front_page:
      answer = answer_at_once(request.resource);
      break;
    case Resource::sim_truth:  // served above, where there is one
      answer = not_found(
          "no simulated provider runs in this gateway; a provider with `dialect: simulated` "
          "starts one");
      break;
    case Resource::live:  // served above
    case Resource::not_built:
    case Resource::none:
      break;
  }
  co_return answer;
}

Task<Answer> AdminApi::answer_books(net::Exchange& exchange, const Request& request) {
  if (request.resource == Resource::calls) return list_calls(request);
  if (request.resource == Resource::call) return one_call(request);
  if (request.resource == Resource::usage) return sum_usage(request);
  if (request.resource == Resource::backup) return make_backup(request);
  return add_ratings(exchange);
}

Task<Answer> AdminApi::answer_keys(net::Exchange& exchange, const Request& request) {
  if (request.resource == Resource::keys) {
    if (request.method == Method::post) return create_key(exchange);
    return list_keys();
  }
  if (request.resource == Resource::key_rotate) return rotate_key(exchange, request);
  if (request.method == Method::delete_) return revoke_key(request);
  if (request.method == Method::patch) return change_key(exchange, request);
  return one_key(request);
}

// A reader sees what was settled before it asked.
Task<Answer> AdminApi::list_calls(const Request& request) {
  Result<ledger::CallFilter> filter = read_call_filter(request.query, services_.worker.wall());
  if (!filter) co_return problem(filter.error());
  auto read = [&ledger = services_.ledger, wanted = std::move(*filter)]() -> Result<std::string> {
    Result<void> flushed = ledger.flush();
    if (!flushed) return fail(flushed.error());
    Result<ledger::CallPage> page = ledger.store().calls(wanted);
    if (!page) return fail(page.error());
    return calls_json(*page);
  };
  Result<std::string> json = co_await offload_.run(std::move(read));
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::one_call(const Request& request) {
  auto unknown = [](std::string_view id) {
    return Error(Side::client, Kind::not_found,
                 fmt::format("there is no call '{}'; its id is what x-recloser-call said in the "
                             "answer",
                             shown(id)));
  };
  std::optional<CallId> id = CallId::parse(request.rest);
  if (!id) co_return problem(unknown(request.rest));
  auto read = [&ledger = services_.ledger, id = *id, unknown]() -> Result<std::string> {
    Result<void> flushed = ledger.flush();
    if (!flushed) return fail(flushed.error());
    Result<std::optional<ledger::StoredCall>> call = ledger.store().call(id);
    if (!call) return fail(call.error());
    if (!*call) return fail(unknown(id.str()));
    Result<std::vector<ledger::Rating>> ratings = ledger.store().ratings(id);
    if (!ratings) return fail(ratings.error());
    std::string json;
    ledger::append_rated_call_json(json, **call, *ratings);
    return json;
  };
  Result<std::string> json = co_await offload_.run(std::move(read));
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::sum_usage(const Request& request) {
  Result<UsageAsked> asked = read_usage(request.query, services_.worker.wall());
  if (!asked) co_return problem(asked.error());
  bool csv = asked->csv || request.wants_csv;
  auto sum = [&ledger = services_.ledger, query = asked->query, csv]() -> Result<std::string> {
    Result<void> flushed = ledger.flush();
    if (!flushed) return fail(flushed.error());
    Result<ledger::Usage> usage = ledger.store().usage(query);
    if (!usage) return fail(usage.error());
    return csv ? usage_csv(*usage, query) : usage_json(*usage, query);
  };
  Result<std::string> text = co_await long_work_.run(std::move(sum));
  if (!text || !csv) co_return json_or_problem(200, std::move(text));
  co_return Answer{.status = 200,
                   .fields = "content-type: text/csv; charset=utf-8\r\n",
                   .body = std::move(*text)};
}

// The file is written by the gateway, where it runs and as who it is.
Task<Answer> AdminApi::make_backup(const Request& request) {
  constexpr std::array<std::string_view, 1> parameters{"file"};
  Result<Query> query = Query::read(request.query, parameters);
  if (!query) co_return problem(query.error());
  const std::string* file = query->find("file");
  if (file == nullptr || !file->starts_with('/')) {
    co_return problem(400, "invalid_request",
                      "file must be the whole path of the backup, such as /var/backups/recloser.db",
                      "file");
  }
  auto copy = [&ledger = services_.ledger, to = *file]() -> Result<ledger::Backup> {
    Result<void> flushed = ledger.flush();
    if (!flushed) return fail(flushed.error());
    return ledger.store().backup(to);
  };
  Result<ledger::Backup> made = co_await long_work_.run(std::move(copy));
  if (!made) co_return problem(made.error());
  std::uint64_t open_calls = services_.ledger.status().open_calls;
  services_.log.info("a backup of the ledger was made",
                     {{"file", made->path}, {"bytes", made->bytes}});
  std::string body;
  JsonWriter json(body);
  json.open_object().member("file", made->path).member("bytes", made->bytes);
  json.member("open_calls", open_calls).close_object();
  co_return json_answer(201, std::move(body));
}

// Rows stay what they are: these stand beside them.
Task<Answer> AdminApi::add_ratings(net::Exchange& exchange) {
  NoSink sink;
  Result<void> whole = co_await exchange.read_body(ratings_bytes_max, sink);
  if (!whole) co_return problem(whole.error());
  Result<std::vector<ledger::CallRating>> read =
      read_ratings(exchange.body(), services_.worker.wall());
  if (!read) co_return problem(read.error());
  std::size_t count = read->size();
  auto add = [&ledger = services_.ledger, ratings = std::move(*read)]() -> Result<void> {
    Result<void> flushed = ledger.flush();
    if (!flushed) return flushed;
    return ledger.store().add_ratings(ratings);
  };
  Result<void> added = co_await long_work_.run(std::move(add));
  if (!added) co_return problem(added.error());
  services_.log.info("calls were rated anew", {{"calls", static_cast<std::uint64_t>(count)}});
  std::string body;
  JsonWriter json(body);
  json.open_object().member("calls", count).close_object();
  co_return json_answer(201, std::move(body));
}

// There may be very many accounts.
Task<Answer> AdminApi::list_budgets(const Request& request) {
  Result<BudgetFilter> filter = read_budget_filter(request.query);
  if (!filter) co_return problem(filter.error());
  auto read = [&table = services_.budgets, wanted = std::move(*filter),
               now = services_.worker.wall()] { return budgets_json(table, wanted, now); };
  Result<std::string> json = co_await offload_.run(std::move(read));
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::adjust_budget(net::Exchange& exchange, const Request& request) {
  NoSink sink;
  Result<void> whole = co_await exchange.read_body(body_bytes_max, sink);
  if (!whole) co_return problem(whole.error());
  Result<budget::Live*> budget = find_budget(services_.budgets, request.rest);
  if (!budget) co_return problem(budget.error());
  WallTime now = services_.worker.wall();
  Result<AdjustmentAsked> asked = read_adjustment(exchange.body(), now);
  if (!asked) co_return problem(asked.error());
  std::string_view what = name_of(asked->kind);
  auto make = [&adjustments = services_.adjustments, live = *budget, wanted = std::move(*asked),
               now] { return adjustments.make(*live, wanted, now); };
  Result<budget::Standing> standing = co_await offload_.run(std::move(make));
  if (!standing) co_return problem(standing.error());
  services_.log.info("a budget was adjusted", {{"budget", request.rest}, {"kind", what}});
  co_return json_answer(201, budget_json(*standing, services_.worker.wall()));
}

Task<Answer> AdminApi::list_keys() {
  auto read = [this, now = services_.worker.wall()] { return keys_.list_json(now); };
  Result<std::string> json = co_await offload_.run(std::move(read));
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::one_key(const Request& request) {
  auto read = [this, id = request.rest, now = services_.worker.wall()] {
    return keys_.find_json(id, now);
  };
  Result<std::string> json = co_await offload_.run(std::move(read));
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::create_key(net::Exchange& exchange) {
  NoSink sink;
  Result<void> whole = co_await exchange.read_body(body_bytes_max, sink);
  if (!whole) co_return problem(whole.error());
  WallTime now = services_.worker.wall();
  Result<NewKey> key = read_new_key(exchange.body(), now);
  if (!key) co_return problem(key.error());
  if (key->id.empty()) {
    Result<std::string> id = make_key_id(services_.entropy);
    if (!id) co_return problem(id.error());
    key->id = std::move(*id);
  }
  Result<std::string> secret = auth::make_secret(services_.entropy);
  if (!secret) co_return problem(secret.error());
  key->hash = auth::hash_secret(*secret);
  auto create = [this, key = *key] { return keys_.create(key); };
  Result<void> created = co_await offload_.run(std::move(create));
  if (!created) co_return problem(created.error());
  services_.log.info("a key was made", {{"key", key->id}});
  Answer answer = json_answer(201, key_json(*key, key->limits, false, now, *secret));
  config::wipe(*secret);
  co_return answer;
}

Task<Answer> AdminApi::revoke_key(const Request& request) {
  auto revoke = [this, id = request.rest, now = services_.worker.wall()] {
    return keys_.revoke(id, now);
  };
  Result<std::string> json = co_await offload_.run(std::move(revoke));
  if (json) services_.log.info("a key was revoked", {{"key", request.rest}});
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::change_key(net::Exchange& exchange, const Request& request) {
  NoSink sink;
  Result<void> whole = co_await exchange.read_body(body_bytes_max, sink);
  if (!whole) co_return problem(whole.error());
  WallTime now = services_.worker.wall();
  Result<KeyChange> asked = read_key_change(exchange.body(), now);
  if (!asked) co_return problem(asked.error());
  auto change = [this, id = request.rest, wanted = std::move(*asked), now] {
    return keys_.change(id, wanted, now);
  };
  Result<std::string> json = co_await offload_.run(std::move(change));
  if (json) services_.log.info("a key was changed", {{"key", request.rest}});
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::rotate_key(net::Exchange& exchange, const Request& request) {
  NoSink sink;
  Result<void> whole = co_await exchange.read_body(body_bytes_max, sink);
  if (!whole) co_return problem(whole.error());
  Result<Duration> grace = read_grace(exchange.body());
  if (!grace) co_return problem(grace.error());
  Result<std::string> secret = auth::make_secret(services_.entropy);
  if (!secret) co_return problem(secret.error());
  auto rotate = [this, id = request.rest, fresh = *secret, grace = *grace,
                 now = services_.worker.wall()]() mutable {
    Result<std::string> json = keys_.rotate(id, fresh, grace, now);
    config::wipe(fresh);
    return json;
  };
  Result<std::string> json = co_await offload_.run(std::move(rotate));
  config::wipe(*secret);
  if (json) services_.log.info("a key was rotated", {{"key", request.rest}});
  co_return json_or_problem(201, std::move(json));
}

Task<Answer> AdminApi::answer_holders(net::Exchange& exchange, const Request& request) {
  using config::HolderKind;
  Resource resource = request.resource;
  HolderKind kind = HolderKind::user;
  if (resource == Resource::orgs || resource == Resource::org) kind = HolderKind::org;
  if (resource == Resource::teams || resource == Resource::team) kind = HolderKind::team;
  bool all =
      resource == Resource::orgs || resource == Resource::teams || resource == Resource::users;
  Result<HolderName> name = read_holder_name(kind, request.rest, request.query);
  if (!name) co_return problem(name.error());
  bool put = request.method == Method::put || request.method == Method::patch;
  if (put) co_return co_await put_holder(exchange, request, std::move(*name));
  if (request.method == Method::delete_) co_return co_await remove_holder(std::move(*name));
  auto read = [this, all, wanted = std::move(*name), now = services_.worker.wall()] {
    return all ? holders_.list_json(wanted.kind, now) : holders_.find_json(wanted, now);
  };
  Result<std::string> json = co_await offload_.run(std::move(read));
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::put_holder(net::Exchange& exchange, const Request& request,
                                  HolderName name) {
  NoSink sink;
  Result<void> whole = co_await exchange.read_body(body_bytes_max, sink);
  if (!whole) co_return problem(whole.error());
  auto put = [this, name, body = std::string(exchange.body()),
              merge = request.method == Method::patch,
              now = services_.worker.wall()] { return holders_.put(name, body, merge, now); };
  Result<std::string> json = co_await offload_.run(std::move(put));
  if (json) {
    services_.log.info("somebody who has keys was changed",
                       {{"kind", config::name_of(name.kind)}, {"name", name.name}});
  }
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::remove_holder(HolderName name) {
  auto remove = [this, name, now = services_.worker.wall()] { return holders_.remove(name, now); };
  Result<std::string> json = co_await offload_.run(std::move(remove));
  if (json) {
    services_.log.info("somebody who has keys was removed",
                       {{"kind", config::name_of(name.kind)}, {"name", name.name}});
  }
  co_return json_or_problem(200, std::move(json));
}

// The simulated provider lives on a worker of its own; its answer is passed on as it comes.
Task<void> AdminApi::pass_truth(net::Exchange& exchange, const Request& request) {
  std::string head = fmt::format("GET /sim/truth{}{} HTTP/1.1\r\nhost: {}:{}\r\n\r\n",
                                 request.query.empty() ? "" : "?", request.query, simulator_.host,
                                 simulator_.port);
  Result<bool> passed = co_await pass_answer(exchange, std::move(head));
  if (passed) co_return;
  if (exchange.answering()) {
    exchange.client().close();  // what came is not the whole, and must not look like it
    co_return;
  }
  Answer answer = problem(passed.error().while_doing("simulated provider"));
  co_await exchange.answer(answer.status, answer.fields, answer.body);
}

Task<Result<bool>> AdminApi::pass_answer(net::Exchange& exchange, std::string head) {
  net::CancelPoint cancel;
  net::HttpCall call(services_.pool, simulator_, {}, cancel);
  net::HttpRequest request{.method = Method::get, .head = head, .body = {}};
  Result<const net::http1::ResponseHead*> answer = co_await call.start(request);
  if (!answer) co_return fail(answer.error());
  int status = (*answer)->status();
  net::AnswerFraming framing = exchange.streaming_framing();
  exchange.begin(framing);
  std::string own_head = fmt::format(
      "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\ncache-control: no-store\r\n{}\r\n",
      status, (*answer)->phrase(),
      framing == net::AnswerFraming::chunked ? "transfer-encoding: chunked\r\n"
                                             : "connection: close\r\n");
  for (;;) {
    std::array<std::string_view, 1> pieces;
    if (!call.body_ended()) {
      Result<std::string_view> piece = co_await call.next(call.idle_deadline());
      if (!piece) co_return fail(piece.error());
      pieces[0] = *piece;
    }
    net::Last last = call.body_ended() ? net::Last::yes : net::Last::no;
    if (last == net::Last::no && pieces[0].empty()) continue;
    Result<void> sent = co_await exchange.send(own_head, pieces, last);
    if (!sent) co_return fail(sent.error());
    own_head.clear();
    if (last == net::Last::yes) break;
  }
  call.finish();
  co_return true;
}

// What waits for nothing.
Answer AdminApi::answer_at_once(Resource resource) const {
  if (resource == Resource::alerts) return json_answer(200, services_.alerts.alerts_json());
  if (resource == Resource::ready) return ready();
  if (resource == Resource::metrics) return metrics();
  if (resource == Resource::front_page) return front_page();
  return json_answer(200, R"({"status":"ok"})");
}

Answer AdminApi::ready() const {
  std::string_view reason;
  if (!services_.accepts_calls()) reason = "Recloser is shutting down";
  if (!services_.ledger.admitting()) {
    reason = "the ledger cannot take calls; the log and /metrics say why";
  }
  if (reason.empty()) return json_answer(200, R"({"status":"ready"})");
  std::string body;
  JsonWriter json(body);
  json.open_object().member("status", "not ready").member("reason", reason).close_object();
  return json_answer(503, std::move(body));
}

Answer AdminApi::metrics() const {
  const auth::jwt::Issuers* issuers = services_.token_issuers;
  return {.status = 200,
          .fields = "content-type: text/plain; version=0.0.4; charset=utf-8\r\n",
          .body = metrics_page(
              {.calls = services_.metrics,
               .budgets = services_.budgets.sums(budget::Unit::usd),
               .ledger = services_.ledger.status(),
               .targets = services_.health.list(services_.worker.now()),
               .log_lines_dropped = services_.log.dropped(),
               .version = services_.version,
               .started_at = started_at_,
               .token_issuers = issuers ? issuers->status() : decltype(issuers->status())()})};
}

Answer AdminApi::front_page() const {
  std::string clients;
  for (const net::Endpoint& address : services_.client_addresses) {
    fmt::format_to(std::back_inserter(clients), "  {}\n", address.text());
  }
  return {
      .status = 200,
      .fields = "content-type: text/plain; charset=utf-8\r\n",
      .body = fmt::format(
          "Recloser {}, a circuit breaker for LLM traffic; running since {}\n\n"
          "{}{}{}"
          "Look at:\n"
          "  /admin/calls  the calls, newest first (limit, session, team, "
          "outcome, since, until, cursor)\n"
          "  /admin/calls/ID  one call with its attempts and decisions\n"
          "  /admin/usage?by=team,model  sums over them (since, until, format=csv)\n"
          "  /admin/keys  the virtual keys\n"
          "  /admin/budgets  what is spent, held and left (name, key, limit, cursor)\n"
          "  /admin/switches  what stops calls by an operator's word\n"
          "  /admin/targets  where calls are served, and how it goes there\n"
          "  /metrics  for Prometheus\n"
          "  /healthz /readyz  without a token\n\n"
          "On a terminal: `recloser calls`, `recloser key list`, `recloser budget list`.\n",
          services_.version, rfc3339(started_at_), clients.empty() ? "" : "Clients connect to:\n",
          clients, clients.empty() ? "" : "\n")};
}

Answer AdminApi::without_token(const Request& request) const {
  std::string_view fault = request.credential.empty()
                               ? "the admin API needs `Authorization: Bearer TOKEN`"
                               : "the admin token is wrong";
  std::string_view place = services_.token_path;  // for the operator: a stranger has no use of it
  if (place.empty()) place = "admin.token of the configuration";
  services_.log.warning("an admin request without the right token was refused",
                        {{"path", shown(request.path)}, {"token_in", place}});
  Answer answer = problem(401, "invalid_token",
                          fmt::format("{}; where it lies is said in Recloser's log", fault));
  answer.fields += "www-authenticate: Bearer realm=\"recloser admin\"\r\n";
  return answer;
}

}  // namespace recloser::admin
