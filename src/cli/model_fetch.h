// Asks each provider which models it has, at the start and now and then, so that a model's bare
// name is enough.
#pragma once

#include "core/published.h"
#include "core/task.h"
#include "net/pool.h"
#include "relay/providers.h"
#include "route/model_lists.h"

namespace recloser::cli {

inline constexpr Duration model_lists_every = 10min;
// One that could not tell is asked again soon, at first: a local server may start after us.
inline constexpr Duration model_lists_retry_min = 1s;

// Runs until it is destroyed. A provider that does not answer, or has no list, stays unknown; what
// was known of it is kept. The log says when that begins, and when it ends.
Task<void> keep_model_lists(net::ClientPool& pool, const relay::Providers& providers,
                            Published<route::ModelLists>& lists);

// The ids in the answer to GET /models: {"data":[{"id":..}]} in both families. Nothing when it is
// not that.
route::ModelLists::List model_ids(std::string_view answer);

}  // namespace recloser::cli
