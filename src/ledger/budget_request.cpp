#include "ledger/budget_request.h"

#include <fmt/format.h>

namespace recloser::ledger {

RequestState BudgetRequest::state(WallTime now) const {
  if (answer) return answer->granted ? RequestState::granted : RequestState::denied;
  return now < answer_by ? RequestState::waiting : RequestState::expired;
}

Result<void> check(const BudgetRequest& request) {
  bool whole = !request.budget.name.empty() && !request.reason.empty() && request.amount > 0 &&
               request.lasts > Duration::zero();
  if (whole) return {};
  return fail(Side::client, Kind::malformed,
              "a request needs the name of a budget, a reason, an amount and a time for which");
}

Result<void> check_waiting(std::size_t waiting) {
  if (waiting < requests_waiting_max) return {};
  return fail(Side::client, Kind::conflict,
              fmt::format("{} requests wait for an answer already; no more are taken until some "
                          "are answered",
                          waiting));
}

Result<void> check_waits(const std::optional<BudgetRequest>& request, std::int64_t id,
                         WallTime now) {
  if (!request) {
    return fail(Side::client, Kind::not_found, fmt::format("there is no request {}", id));
  }
  switch (request->state(now)) {
    case RequestState::waiting:
      return {};
    case RequestState::granted:
    case RequestState::denied:
      return fail(Side::client, Kind::conflict,
                  fmt::format("request {} was {} by {} at {}; an answer is given once", id,
                              request->answer->granted ? "approved" : "denied",
                              request->answer->who, rfc3339(request->answer->at)));
    case RequestState::expired:
      return fail(Side::client, Kind::conflict,
                  fmt::format("nobody answered request {} by {}, so it is over; ask anew", id,
                              rfc3339(request->answer_by)));
  }
  return {};
}

}  // namespace recloser::ledger
