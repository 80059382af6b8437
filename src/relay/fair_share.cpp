#include "relay/fair_share.h"

#include <algorithm>

namespace recloser::relay {
namespace {

constexpr std::uint32_t halvings_max = 31;

// A refusal takes part of the worker, too. And were those who are refused not counted, they would
// soon have less than those who ask in measure, who would be refused in their place.
constexpr std::uint32_t weight_admitted = 2;
constexpr std::uint32_t weight_refused = 1;

}  // namespace

void FairShare::pass_time(Instant now) {
  auto second = static_cast<std::uint32_t>(now.ns / halved_every.count());
  if (second == second_) return;
  std::uint32_t passed = second - second_;
  recent_ >>= std::min(passed, halvings_max);
  active_before_ = passed == 1 ? active_ : 0;
  active_ = 0;
  second_ = second;
}

FairShare::Slot& FairShare::slot_at(Tenant tenant) {
  Slot& slot = slots_[tenant];
  if (slot.second != second_) {
    slot.recent >>= std::min(second_ - slot.second, halvings_max);
    slot.second = second_;
    ++active_;
  }
  return slot;
}

void FairShare::begin(Tenant tenant, bool admitted, Instant now) {
  pass_time(now);
  Slot& slot = slot_at(tenant);
  ++slot.running;
  ++running_;
  std::uint32_t weight = admitted ? weight_admitted : weight_refused;
  slot.recent += weight;
  recent_ += weight;
}

void FairShare::end(Tenant tenant) {
  --slots_[tenant].running;
  --running_;
}

bool FairShare::is_over(Tenant tenant, Level level, Instant now) {
  if (level == Level::calm) return false;
  pass_time(now);
  Slot& slot = slot_at(tenant);
  std::uint64_t its = std::uint64_t{slot.running} * weight_admitted + slot.recent;
  std::uint64_t tenants = std::max(active_, active_before_);
  if (its < always_allowed * weight_admitted) return false;
  std::uint64_t all = running_ * weight_admitted + recent_;
  std::uint64_t times_two = level == Level::full ? 2 : 3;  // of the mean
  return 2 * its * tenants > times_two * all;
}

}  // namespace recloser::relay
