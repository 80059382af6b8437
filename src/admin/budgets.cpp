#include "admin/budgets.h"

#include "admin/calls.h"
#include "admin/json_object.h"
#include "admin/ratings.h"
#include "admin/request.h"
#include "budget/scopes.h"
#include "core/json_writer.h"
#include "core/limits.h"
#include "core/names.h"

#include <algorithm>
#include <array>
#include <date/tz.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

using budget::Amount;
using budget::Standing;
using ledger::AdjustmentKind;

constexpr std::array<std::string_view, 4> parameters{"name", "key", "limit", "cursor"};
constexpr std::array<std::string_view, 7> fields{"key",    "add",     "set", "reset",
                                                 "reason", "expires", "who"};
constexpr std::string_view who_default = "admin";
constexpr std::int64_t ns_per_ms = 1'000'000;

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

// Where an account stands in the list, and the cursor behind it.
std::string place_of(const Standing& standing) {
  return standing.budget->document().name + ':' + standing.key;
}

void amount(JsonWriter& json, std::string_view name, const Standing& standing, Amount figure) {
  json.member(name, budget::number_of(standing.budget->document().unit, figure));
}

void text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void window(JsonWriter& json, const budget::Window& window) {
  json.key("window").open_object().member("type", budget::name_of(window.type));
  switch (window.type) {
    case budget::WindowType::calendar:
      json.member("period", budget::name_of(window.period));
      json.member("timezone", std::string_view(window.zone->name()));
      break;
    case budget::WindowType::rolling:
    case budget::WindowType::rate:
      json.member("duration", human_duration(window.duration));
      break;
    case budget::WindowType::session:
      if (window.idle_timeout.count() != 0) {
        json.member("idle_timeout", human_duration(window.idle_timeout));
      }
      if (window.max_age.count() != 0) json.member("max_age", human_duration(window.max_age));
      break;
    case budget::WindowType::total:
      break;
  }
  json.close_object();
}

// The accounts of those budgets; a budget with one account at the most is there without it.
std::vector<Standing> standings_of(budget::Table& table, std::span<budget::Live* const> budgets,
                                   const budget::Live* of) {
  std::vector<Standing> all;
  std::vector<const budget::Live*> seen;
  for (Standing& standing : table.list(of)) {
    if (std::ranges::find(budgets, standing.budget) == budgets.end()) continue;
    if (standing.key.empty()) seen.push_back(standing.budget);
    all.push_back(std::move(standing));
  }
  for (budget::Live* live : budgets) {
    bool other = of != nullptr && of != live;
    if (other || !live->document().key.empty()) continue;
    if (std::ranges::find(seen, live) != seen.end()) continue;
    all.push_back(table.standing(*live, account_key(*live, "")));
  }
  return all;
}

Result<void> read_what(const JsonMember& member, AdjustmentKind kind, AdjustmentAsked& asked) {
  bool amount = member.kind == JsonMember::Kind::text || member.kind == JsonMember::Kind::number;
  if (!amount) {
    return malformed(fmt::format("{} must be an amount, such as \"2.50\"; you sent {}", member.name,
                                 name_of(member.kind)));
  }
  if (!asked.amount.empty()) return malformed("there is one of add, set and reset at a time");
  asked.kind = kind;
  asked.amount = member.text;
  if (asked.amount.empty()) return malformed(fmt::format("{} is empty", member.name));
  return {};
}

// Kept to the millisecond, as it is shown.
Result<void> read_expires(std::string_view text, WallTime now, AdjustmentAsked& asked) {
  Result<WallTime> at = parse_rfc3339(text);
  if (Result<Duration> after = parse_duration(text); !at && after) {
    bool reaches = after->count() <= INT64_MAX - now.ns;
    at = reaches ? now + *after : WallTime{INT64_MAX};
  }
  if (!at) {
    return malformed(
        fmt::format("expires must be a time such as 2027-01-01T00:00:00Z, or a duration from now "
                    "such as 24h; you sent '{}'",
                    shown(text)));
  }
  if (*at <= now) return malformed(fmt::format("expires is {}, which is over", rfc3339(*at)));
  asked.expires = WallTime{at->ns / ns_per_ms * ns_per_ms};
  return {};
}

Result<void> read_field(const JsonMember& member, WallTime now, AdjustmentAsked& asked) {
  std::string_view name = member.name;
  if (std::ranges::find(fields, name) == fields.end()) {
    return malformed(fmt::format("an adjustment has no field '{}'{}; there are {}", shown(name),
                                 did_you_mean(name, fields), listed(fields)));
  }
  if (member.kind == JsonMember::Kind::null) return {};  // left open, said aloud
  if (auto kind = ledger::adjustment_kind_named(name)) return read_what(member, *kind, asked);
  if (member.kind != JsonMember::Kind::text) {
    return malformed(fmt::format("{} must be a string; you sent {}", name, name_of(member.kind)));
  }
  if (name == "expires") return read_expires(member.text, now, asked);
  if (name == "key") asked.key = member.text;
  if (name == "reason") asked.reason = member.text;
  if (name == "who") asked.who = member.text;
  return {};
}

}  // namespace

Result<BudgetFilter> read_budget_filter(std::string_view text) {
  Result<Query> query = Query::read(text, parameters);
  if (!query) return fail(query.error());
  BudgetFilter filter;
  if (const std::string* limit = query->find("limit")) {
    Result<std::uint32_t> read = read_limit(*limit);
    if (!read) return fail(read.error());
    filter.limit = *read;
  }
  if (const std::string* name = query->find("name")) filter.name = *name;
  if (const std::string* key = query->find("key")) filter.key = *key;
  if (const std::string* cursor = query->find("cursor")) filter.after = *cursor;
  return filter;
}

Result<budget::Live*> find_budget(const budget::Table& table, std::string_view name) {
  if (budget::Live* budget = table.find(name)) return budget;
  std::shared_ptr<const std::vector<budget::Live*>> in_force = table.in_force().current();
  std::vector<std::string_view> names;
  for (const budget::Live* live : *in_force) names.push_back(live->document().name);
  return fail(Side::client, Kind::not_found,
              fmt::format("there is no budget '{}'{}", shown(name), did_you_mean(name, names)));
}

Result<std::string> budgets_json(budget::Table& table, const BudgetFilter& filter, WallTime now) {
  const budget::Live* of = nullptr;
  if (filter.name) {
    Result<budget::Live*> found = find_budget(table, *filter.name);
    if (!found) return fail(found.error());
    of = *found;
  }
  std::optional<std::string> key = filter.key;
  if (key && of != nullptr) {
    Result<std::string> read = budget::read_key(of->document(), *key);
    if (!read) return fail(read.error());
    key = std::move(*read);
  }
  std::shared_ptr<const std::vector<budget::Live*>> in_force = table.in_force().current();
  std::vector<std::pair<std::string, Standing>> rows;
  for (Standing& standing : standings_of(table, *in_force, of)) {
    if (key && standing.key != *key) continue;
    std::string place = place_of(standing);
    if (filter.after && place <= *filter.after) continue;
    rows.emplace_back(std::move(place), std::move(standing));
  }
  bool more = rows.size() > filter.limit;
  std::size_t shown_rows = std::min<std::size_t>(rows.size(), filter.limit);
  auto end = rows.begin() + static_cast<std::ptrdiff_t>(shown_rows);
  std::ranges::partial_sort(rows, end, {},
                            [](const auto& row) { return std::string_view(row.first); });
  std::string out = R"({"data":[)";
  for (std::size_t i = 0; i < shown_rows; ++i) {
    if (i > 0) out += ',';
    out += budget_json(rows[i].second, now);
  }
  out += R"(],"next":)";
  if (more) {
    append_json_string(out, rows[shown_rows - 1].first);
  } else {
    out += "null";
  }
  return out + '}';
}

std::optional<WallTime> exhausted_at(const Standing& standing, WallTime now) {
  switch (standing.budget->document().window.type) {
    case budget::WindowType::calendar:
    case budget::WindowType::session:
    case budget::WindowType::total:
      break;
    case budget::WindowType::rolling:  // what is spent leaves it again
    case budget::WindowType::rate:
      return std::nullopt;
  }
  if (standing.charged >= standing.limit) return now;
  if (standing.charged <= 0 || now <= standing.begun) return std::nullopt;
  __extension__ using Wide = __int128;
  Wide left = static_cast<Wide>(standing.limit - standing.charged) *
              (now - standing.begun).count() / standing.charged;
  if (left > INT64_MAX - now.ns) return std::nullopt;
  WallTime at{now.ns + static_cast<std::int64_t>(left)};
  if (standing.resets && *standing.resets <= at) return std::nullopt;
  return at;
}

std::string budget_json(const Standing& standing, WallTime now) {
  const budget::Budget& budget = standing.budget->document();
  std::string out;
  JsonWriter json(out);
  json.open_object().member("name", budget.name);
  text_or_null(json, "key", standing.key);
  json.member("unit", budget::name_of(budget.unit));
  amount(json, "limit", standing, standing.limit);
  amount(json, "spent", standing, standing.charged);
  amount(json, "reserved", standing, standing.reserved);
  amount(json, "remaining", standing, std::max<Amount>(standing.remaining(), 0));
  json.key("ratio");
  if (standing.limit > 0) {
    json.value(static_cast<double>(standing.charged) / static_cast<double>(standing.limit));
  } else {
    json.null();
  }
  json.member("open_calls", standing.open_calls).key("resets_at");
  standing.resets ? json.value(rfc3339(*standing.resets)) : json.null();
  std::optional<WallTime> exhausted = exhausted_at(standing, now);
  json.key("exhausted_at");
  exhausted ? json.value(rfc3339(*exhausted)) : json.null();
  window(json, budget.window);
  json.member("reserve", budget::name_of(budget.reserve));
  text_or_null(json, "owner", budget.owner);
  text_or_null(json, "contact", budget.contact);
  json.close_object();
  return out;
}

Result<AdjustmentAsked> read_adjustment(std::string_view body, WallTime now) {
  Result<std::vector<JsonMember>> members = read_json_object(body);
  if (!members) return fail(members.error());
  AdjustmentAsked asked;
  asked.who = who_default;
  for (const JsonMember& member : *members) {
    Result<void> read = read_field(member, now, asked);
    if (!read) return fail(read.error());
  }
  if (asked.amount.empty()) {
    return malformed("say what to do: add (to the limit), set or reset (what is spent)");
  }
  Result<void> fits = check_reason(asked.reason, "the budget is adjusted");
  if (!fits) return fail(fits.error());
  fits = check_name(Side::client, "who", asked.who, limits::principal_name_bytes_max);
  if (!fits) return fail(fits.error());
  return asked;
}

}  // namespace recloser::admin
