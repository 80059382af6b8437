// What a scenario says of the ledger and the metrics, against what stands there.
#pragma once

#include "ledger/stored_call.h"
#include "relay/metrics.h"
#include "wire/scenario.h"

namespace recloser::wire {

// A `ledger` line and its row. An error says which field differs.
Result<void> check_row(const Step& step, const ledger::StoredCall& row);

// A `metrics` line.
Result<void> check_metrics(const Step& step, const relay::Metrics::Snapshot& snapshot);

}  // namespace recloser::wire
