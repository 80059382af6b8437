// Subscriptions: what a provider says of the plan, and that nothing is paid for beyond it where
// that is not wanted.
#include "relay/request.h"

#include <fmt/format.h>

namespace recloser::relay {
namespace {

Refused beyond_plan(const Provider& provider, std::optional<WallTime> until) {
  std::string message = fmt::format(
      "the plan of the login at {} is used up, and with --plan-only no call is made that would be "
      "paid for beyond it",
      provider.config->name);
  if (until) message += "; it begins anew at " + rfc3339(*until);
  return {.refusal = codec::Refusal::budget_exhausted,
          .message = std::move(message),
          .rule = "plan/" + provider.config->name};
}

}  // namespace

std::expected<void, Refused> Relay::within_plan(const Call& call) const {
  if (services_.plans == nullptr) return {};
  std::optional<PlanQuota::UsedUp> used_up =
      services_.plans->refuses(call.provider->index, worker_.wall());
  if (!used_up) return {};
  return std::unexpected(beyond_plan(*call.provider, used_up->until));
}

// The last call before the plan was used up cannot have known. Of one that is already paid for
// beyond it, nothing has been written yet when its head comes: it ends there.
bool Relay::is_beyond_plan(const Call& call, const net::http1::ResponseHead& head) {
  if (services_.plans == nullptr) return false;
  PlanNews news = services_.plans->see(call.provider->index, head);
  return news.beyond && services_.plans->plan_only();
}

Task<void> Relay::refuse_beyond_plan(Call& call, net::HttpCall& provider) {
  provider.close();
  book_unanswered(call);
  std::optional<PlanQuota::UsedUp> used_up =
      services_.plans->refuses(call.provider->index, worker_.wall());
  Refused why = beyond_plan(*call.provider, used_up ? used_up->until : std::nullopt);
  co_await refuse_call(call, why);
}

}  // namespace recloser::relay
