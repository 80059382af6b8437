// KnownTargets: what a worker knows of the targets that the configuration names, looked up once.
#pragma once

#include "relay/accounts.h"
#include "relay/providers.h"
#include "route/plan.h"
#include "route/resolve.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::relay {

struct KnownTarget {
  ModelRef model;                // null: not looked up yet
  route::Facilities facilities;  // what the operator says that it lacks, and the price list knows
  std::string name_json;         // "provider/model", as JSON
  // As rows tell of it, and when it is so.
  std::string told;
  std::int64_t told_ttft_ms = -1;
  route::State told_state = route::State::passing;
  route::WhyNot told_why_not = route::WhyNot::none;
};

class KnownTargets {
 public:
  KnownTargets(Accounts& accounts, const Providers& providers)
      : accounts_(accounts), providers_(providers) {}

  // Of a target that the configuration does not name it is as good as the next call.
  const KnownTarget& at(const route::Target& target) { return find(target); }
  // As one of a route (ledger/call_facts.h). Good until the next question; most of them find it as
  // the one before did.
  std::string_view told(const route::Target& target, const route::TargetHealth::Glance& glance,
                        route::WhyNot why_not);

 private:
  KnownTarget& find(const route::Target& target) {
    bool known = target.number != 0 && target.number < all_.size() && all_[target.number].model;
    return known ? all_[target.number] : look_up(target);
  }
  KnownTarget& look_up(const route::Target& target);

  Accounts& accounts_;
  const Providers& providers_;
  std::vector<KnownTarget> all_;  // by number; the first is of any that has none
};

}  // namespace recloser::relay
