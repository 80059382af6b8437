// What the head of an answer says of the budgets and limits of its call.
#pragma once

#include "budget/permit.h"
#include "codec/operation.h"
#include "core/time.h"

#include <span>
#include <string>

namespace recloser::relay {

using LimitState = budget::Left;
LimitState limit_state(const budget::Standing& standing);

// Limits of requests or tokens in a minute: what providers tell of in fields that SDKs read.
bool is_rate(const budget::Budget& budget);

// Whole lines. Of the tightest budget `x-recloser-budget`; of rates the fields that clients of the
// dialect know (wire-formats 7 of the references), and RateLimit for requests, which is all that
// its draft has units for (draft-ietf-httpapi-ratelimit-headers).
void append_limit_fields(std::string& fields, codec::Family family,
                         std::span<const LimitState> limits, WallTime now);

}  // namespace recloser::relay
