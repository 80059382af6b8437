// Health checks: asks a provider now and then whether it works, where its configuration wants it.
#pragma once

#include "core/task.h"
#include "net/pool.h"
#include "relay/providers.h"
#include "route/health.h"

#include <atomic>
#include <cstdint>

namespace recloser::relay {

// Of a provider with `probe`; by one worker of the process. Ends at the first probe that is due
// when `over` is set. The first one comes within `every`, the next ones after `every`, a tenth more
// or less, so that those of many gateways do not come at once; a probe has ended before the next
// one begins. What it hears is told to `health`, and to the log when it says something new.
Task<void> keep_probing(net::ClientPool& pool, const Provider& provider, route::Health& health,
                        std::uint64_t seed, const std::atomic<bool>& over);

}  // namespace recloser::relay
