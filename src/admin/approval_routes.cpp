// The routes of requests for more, and of what owners changed, in the admin API.
#include "admin/adjustments_page.h"
#include "admin/admin_api.h"
#include "admin/budgets.h"
#include "admin/request_body.h"

#include <utility>

namespace recloser::admin {

using net::http1::Method;

Task<Answer> AdminApi::answer_approvals(net::Exchange& exchange, const Request& request) {
  if (request.resource == Resource::approvals) return list_approvals(request);
  if (request.resource == Resource::approval) return one_approval(exchange, request);
  if (request.resource == Resource::budget_request) return ask_for_more(exchange, request);
  return list_adjustments(request);
}

Task<Answer> AdminApi::list_adjustments(const Request& request) {
  Result<budget::Live*> budget = find_budget(services_.budgets, request.rest);
  if (!budget) co_return problem(budget.error());
  Result<AdjustmentFilter> filter = read_adjustment_filter(request.query);
  if (!filter) co_return problem(filter.error());
  auto read = [&store = services_.ledger.store(), live = *budget, wanted = *filter,
               now = services_.worker.wall()] {
    return adjustments_json(store, live->document(), wanted, now);
  };
  Result<std::string> json = co_await offload_.run(std::move(read));
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::list_approvals(const Request& request) {
  WallTime now = services_.worker.wall();
  Result<ledger::RequestQuery> query = read_request_query(request.query, now);
  if (!query) co_return problem(query.error());
  auto read = [this, wanted = *query, now] { return approvals_.list_json(wanted, now); };
  Result<std::string> json = co_await offload_.run(std::move(read));
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::ask_for_more(net::Exchange& exchange, const Request& request) {
  NoSink sink;
  Result<void> whole = co_await exchange.read_body(body_bytes_max, sink);
  if (!whole) co_return problem(whole.error());
  Result<RequestAsked> asked = read_request_for_more(exchange.body());
  if (!asked) co_return problem(asked.error());
  auto ask = [this, budget = request.rest, wanted = std::move(*asked),
              now = services_.worker.wall()] { return approvals_.ask(budget, wanted, now); };
  Result<std::string> json = co_await offload_.run(std::move(ask));
  if (json) services_.log.warning("more of a budget was asked for", {{"budget", request.rest}});
  co_return json_or_problem(201, std::move(json));
}

Task<Answer> AdminApi::one_approval(net::Exchange& exchange, const Request& request) {
  Result<std::int64_t> id = read_request_id(request.rest);
  if (!id) co_return problem(id.error());
  if (request.method != Method::post) {
    auto read = [this, id = *id, now = services_.worker.wall()] {
      return approvals_.one_json(id, now);
    };
    Result<std::string> json = co_await offload_.run(std::move(read));
    co_return json_or_problem(200, std::move(json));
  }
  NoSink sink;
  Result<void> whole = co_await exchange.read_body(body_bytes_max, sink);
  if (!whole) co_return problem(whole.error());
  Result<AnswerAsked> asked = read_answer(exchange.body());
  if (!asked) co_return problem(asked.error());
  std::string_view decision = asked->grants ? "approved" : "denied";
  auto answer = [this, id = *id, wanted = std::move(*asked), now = services_.worker.wall()] {
    return approvals_.answer(id, wanted, now);
  };
  Result<std::string> json = co_await offload_.run(std::move(answer));
  if (json) {
    services_.log.warning("a request for more was answered", {{"request", *id}, {"is", decision}});
  }
  co_return json_or_problem(200, std::move(json));
}

}  // namespace recloser::admin
