// GET /admin/usage: what is asked, and the sums as JSON or CSV.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "ledger/usage.h"

#include <string>
#include <string_view>

namespace recloser::admin {

struct UsageAsked {
  ledger::UsageQuery query;
  bool csv = false;
};

// by=team,model&since=&until=&rated=latest&format=csv, and a value for whatever can be summed by.
// Malformed, naming the parameter.
Result<UsageAsked> read_usage(std::string_view text, WallTime now);

// {"data": [{"team": .., .., "calls": .., "cost_usd": ".."}, ..], "total": {..}, "next": null}
std::string usage_json(const ledger::Usage& usage, const ledger::UsageQuery& query);
// RFC 4180, with a line of names. A text that a spreadsheet would take for a formula gets a '
// before it: names come from clients.
std::string usage_csv(const ledger::Usage& usage, const ledger::UsageQuery& query);

}  // namespace recloser::admin
