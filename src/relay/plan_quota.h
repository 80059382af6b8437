// PlanQuota: what a provider's answers say of the plan that a subscription's login has with it, and
// whether a further call would be paid for beyond that plan.
#pragma once

#include "core/time.h"
#include "net/http1/head.h"

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace recloser::relay {

// What one answer says: Anthropic's `anthropic-ratelimit-unified-*`, and the `x-codex-*` of
// ChatGPT's plans. All of it is the provider's word, and may be anything.
struct PlanNews {
  bool of_a_plan = false;         // the call was one of a subscription
  bool beyond = false;            // and is paid for beyond its plan
  bool used_up = false;           // nothing is left of the plan
  std::optional<WallTime> until;  // then more is to be had
};
PlanNews plan_news(const net::http1::ResponseHead& head);

// One per process; any thread.
class PlanQuota {
 public:
  // `plan_only`: nothing may be paid for beyond the plan.
  explicit PlanQuota(bool plan_only) : plan_only_(plan_only) {}

  bool plan_only() const { return plan_only_; }

  // What an answer of this provider says.
  PlanNews see(std::size_t provider, const net::http1::ResponseHead& head);

  // Whether a call to this provider may not be made now. `until`: when that changes, where the
  // provider said so.
  struct UsedUp {
    std::optional<WallTime> until;
  };
  std::optional<UsedUp> refuses(std::size_t provider, WallTime now) const;

  // Whether some call was of a plan: then what it would have cost is no money that anybody pays.
  bool any_of_a_plan() const;

 private:
  struct Plan {
    bool known = false;
    bool used_up = false;
    std::optional<WallTime> until;
  };

  const bool plan_only_;
  mutable std::mutex mutex_;
  std::vector<Plan> plans_;  // by provider
};

}  // namespace recloser::relay
