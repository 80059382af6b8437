#include "admin/adjustments_page.h"

#include "admin/adjustments.h"
#include "admin/approvals.h"
#include "admin/calls.h"
#include "admin/request.h"
#include "core/json_writer.h"
#include "core/names.h"

#include <array>
#include <ranges>
#include <vector>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

using ledger::Adjustment;
using ledger::AdjustmentKind;

constexpr std::array<std::string_view, 3> parameters{"limit", "cursor", "in_force"};

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

bool is_in_force(const Adjustment& adjustment, WallTime now) {
  bool over = adjustment.expires_at && *adjustment.expires_at <= now;
  return adjustment.kind == AdjustmentKind::add && !over;
}

void append(std::string& out, const Adjustment& adjustment, const budget::Budget& budget,
            WallTime now) {
  JsonWriter json(out);
  json.open_object().member("id", std::to_string(adjustment.id));
  json.member("at", rfc3339(adjustment.at)).key("key");
  adjustment.key.empty() ? json.null() : json.value(adjustment.key);
  json.member("unit", budget::name_of(budget.unit)).member("kind", name_of(adjustment.kind));
  json.member("amount", budget::number_of(budget.unit, adjustment.amount)).key("expires_at");
  adjustment.expires_at ? json.value(rfc3339(*adjustment.expires_at)) : json.null();
  json.key("in_force");  // of what was added; the others are of one window
  bool adds = adjustment.kind == AdjustmentKind::add;
  adds ? json.value(is_in_force(adjustment, now)) : json.null();
  json.member("reason", adjustment.reason).member("who", adjustment.who).close_object();
}

}  // namespace

Result<AdjustmentFilter> read_adjustment_filter(std::string_view text) {
  Result<Query> query = Query::read(text, parameters);
  if (!query) return fail(query.error());
  AdjustmentFilter filter;
  if (const std::string* limit = query->find("limit")) {
    Result<std::uint32_t> read = read_limit(*limit);
    if (!read) return fail(read.error());
    filter.limit = *read;
  }
  if (const std::string* cursor = query->find("cursor")) {
    Result<std::int64_t> before = read_request_id(*cursor);
    if (!before) return malformed("cursor must be what a page before said was `next`");
    filter.before = *before;
  }
  const std::string* in_force = query->find("in_force");
  if (in_force == nullptr || *in_force == "false") return filter;
  if (*in_force != "true") {
    return malformed(
        fmt::format("in_force must be true or false; you sent '{}'", shown(*in_force)));
  }
  filter.in_force = true;
  return filter;
}

Result<std::string> adjustments_json(ledger::Store& store, const budget::Budget& budget,
                                     const AdjustmentFilter& filter, WallTime now) {
  Result<std::vector<Adjustment>> all = store.adjustments();
  if (!all) return fail(all.error());
  ledger::BudgetIdentity identity = identity_of(budget);
  std::string out = R"({"data":[)";
  std::uint32_t shown_rows = 0;
  std::int64_t last = 0;
  bool more = false;
  for (const Adjustment& adjustment : *all | std::views::reverse) {
    bool wanted =
        adjustment.budget == identity && (!filter.before || adjustment.id < *filter.before);
    if (!wanted || (filter.in_force && !is_in_force(adjustment, now))) continue;
    more = shown_rows == filter.limit;
    if (more) break;
    if (shown_rows++ > 0) out += ',';
    append(out, adjustment, budget, now);
    last = adjustment.id;
  }
  out += R"(],"next":)";
  return out + (more ? fmt::format("\"{}\"}}", last) : "null}");
}

}  // namespace recloser::admin
