// AdminApi: the operator's routes (INTERFACES section 5) behind the admin token.
#pragma once

#include "admin/approvals.h"
#include "admin/holders.h"
#include "admin/keys.h"
#include "admin/request.h"
#include "admin/services.h"
#include "core/task.h"
#include "net/dial.h"
#include "net/http_server.h"
#include "net/offload.h"

#include <string_view>

namespace recloser::admin {

// All of it on the worker of its services; what waits for a disk runs on one thread beside it, so
// that a long search delays neither health nor metrics. What takes minutes has a thread of its own.
class AdminApi final : public net::HttpHandler {
 public:
  explicit AdminApi(Services services);

  Task<void> handle(net::Exchange& exchange) override;
  net::PlainAnswer refuse(int status, std::string_view sentence) override;

 private:
  Task<Answer> answer_to(net::Exchange& exchange, const Request& request);
  Task<Answer> list_calls(const Request& request);
  Task<Answer> one_call(const Request& request);
  Task<Answer> sum_usage(const Request& request);
  Task<Answer> make_backup(const Request& request);
  Task<Answer> add_ratings(net::Exchange& exchange);
  Task<Answer> list_budgets(const Request& request);
  Task<Answer> adjust_budget(net::Exchange& exchange, const Request& request);
  Task<Answer> answer_books(net::Exchange& exchange, const Request& request);
  Task<Answer> answer_keys(net::Exchange& exchange, const Request& request);
  Task<Answer> list_keys();
  Task<Answer> one_key(const Request& request);
  Task<Answer> create_key(net::Exchange& exchange);
  Task<Answer> revoke_key(const Request& request);
  Task<Answer> change_key(net::Exchange& exchange, const Request& request);
  Task<Answer> rotate_key(net::Exchange& exchange, const Request& request);
  Task<Answer> answer_holders(net::Exchange& exchange, const Request& request);
  Task<Answer> put_holder(net::Exchange& exchange, const Request& request, HolderName name);
  Task<Answer> remove_holder(HolderName name);
  Task<void> pass_truth(net::Exchange& exchange, const Request& request);
  Task<Result<bool>> pass_answer(net::Exchange& exchange, std::string head);
  Answer answer_at_once(Resource resource) const;
  Answer ready() const;
  Answer metrics() const;
  Answer front_page() const;
  Answer without_token(const Request& request) const;
  Task<void> stream_live(net::Exchange& exchange, const Request& request);  // live_routes.cpp
  // In approval_routes.cpp.
  Task<Answer> answer_approvals(net::Exchange& exchange, const Request& request);
  Task<Answer> list_adjustments(const Request& request);
  Task<Answer> list_approvals(const Request& request);
  Task<Answer> ask_for_more(net::Exchange& exchange, const Request& request);
  Task<Answer> one_approval(net::Exchange& exchange, const Request& request);
  // In target_routes.cpp.
  Task<Answer> answer_switches(net::Exchange& exchange, const Request& request);
  Task<Answer> throw_switch(net::Exchange& exchange, const Request& request);
  Task<Answer> answer_targets(net::Exchange& exchange, const Request& request);
  Task<Answer> drain_target(net::Exchange& exchange, const Request& request);

  Services services_;
  Keys keys_;
  HolderBook holders_;
  Approvals approvals_;
  WallTime started_at_;
  net::DialTarget simulator_;
  net::Offload offload_;  // these last: their threads use what stands above
  net::Offload long_work_;
};

}  // namespace recloser::admin
