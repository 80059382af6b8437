// POST /admin/ratings: what calls would cost by other prices, to be written beside what was booked.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "ledger/usage.h"

#include <cstddef>
#include <string_view>
#include <vector>

namespace recloser::admin {

inline constexpr std::size_t ratings_max = 1'000;             // of one request
inline constexpr std::size_t ratings_bytes_max = 256u << 10;  // a thousand take 100 KiB
inline constexpr std::size_t rating_reason_bytes_max = 500;

// Not empty, not too long, no control characters. The message begins with "reason" and never quotes
// it.
Result<void> check_reason(std::string_view reason,
                          std::string_view of = "the calls are rated anew");

// {"reason", "who", "price_version", "ratings": [{"call", "cost_usd", "list_cost_usd"}, ..]}, each
// made at `now`. Errors (malformed; too large, where a name is) tell which member.
Result<std::vector<ledger::CallRating>> read_ratings(std::string_view body, WallTime now);

}  // namespace recloser::admin
