// KnownTargets: what a worker knows of the targets that the configuration names, looked up once.
#pragma once

#include "relay/accounts.h"
#include "relay/providers.h"
#include "route/plan.h"
#include "route/resolve.h"

#include <string>
#include <vector>

namespace recloser::relay {

struct KnownTarget {
  ModelRef model;                // null: not looked up yet
  route::Facilities facilities;  // what the operator says that it lacks, and the price list knows
  std::string name_json;         // "provider/model", as JSON
};

class KnownTargets {
 public:
  KnownTargets(Accounts& accounts, const Providers& providers)
      : accounts_(accounts), providers_(providers) {}

  // Of a target that the configuration does not name it is as good as the next call.
  const KnownTarget& at(const route::Target& target) {
    bool known = target.number != 0 && target.number < all_.size() && all_[target.number].model;
    return known ? all_[target.number] : look_up(target);
  }

 private:
  const KnownTarget& look_up(const route::Target& target);

  Accounts& accounts_;
  const Providers& providers_;
  std::vector<KnownTarget> all_;  // by number; the first is of any that has none
};

}  // namespace recloser::relay
