// FairShare: how much of a worker each tenant has, so that the one who takes most is the first to
// get no more.
#pragma once

#include "core/time.h"
#include "net/fair_queue.h"
#include "relay/overload.h"

#include <cstdint>
#include <vector>

namespace recloser::relay {

// A tenant counts with the calls that run and those that began of late: each second that has passed
// since halves them. Tenants are told apart by a hash that nobody outside can aim; two that fall
// together share, which does no more than to let them have less when it is tight.
//
// begin() and end() are a few instructions; there is no memory to be filled.
class FairShare {
 public:
  using Tenant = std::uint16_t;
  static constexpr std::uint32_t tenants_max = 4096;
  static constexpr std::uint32_t always_allowed = 8;  // so few are never too many
  static constexpr Duration halved_every{1s};

  FairShare() : slots_(tenants_max) {}

  static Tenant tenant_of(std::uint64_t hash) { return static_cast<Tenant>(hash % tenants_max); }
  // Among whose work that of the tenant is queued: never nobody's.
  static net::FairQueue::Flow flow_of(Tenant tenant) {
    return static_cast<net::FairQueue::Flow>(1 + tenant % (net::FairQueue::flows_max - 1));
  }

  // `admitted`: else it is refused, and takes no more than its refusal.
  void begin(Tenant tenant, bool admitted, Instant now);
  void end(Tenant tenant);

  // Whether it has so much more than the mean of all that others are to go first: half as much more
  // where it is tight, anything more where it is full. Never who is alone.
  bool is_over(Tenant tenant, Level level, Instant now);

 private:
  struct Slot {
    std::uint32_t running = 0;
    std::uint32_t recent = 0;
    std::uint32_t second = UINT32_MAX;  // that `recent` was last made good for
  };
  void pass_time(Instant now);
  Slot& slot_at(Tenant tenant);

  std::vector<Slot> slots_;
  std::uint32_t second_ = 0;
  std::uint64_t running_ = 0;  // of all of them
  std::uint64_t recent_ = 0;
  std::uint32_t active_ = 0;  // tenants that asked in this second
  std::uint32_t active_before_ = 0;
};

}  // namespace recloser::relay
