#include "cli/budget_state.h"

#include "config/budget_kind.h"
#include "ledger/budget_lines.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

static_assert(config::budget_kind_bytes_max == ledger::budget_kind_bytes_max,
              "what a configuration may say, a row keeps");

constexpr Duration longest_month = 32 * 24h;

// What was neither begun nor charged since then counts nowhere any more.
WallTime counts_since(const budget::Window& window, WallTime now) {
  switch (window.type) {
    case budget::WindowType::calendar:
      return now - longest_month;
    case budget::WindowType::rolling:
      return now - window.duration - window.duration / budget::Window::buckets;
    case budget::WindowType::session:
      if (window.idle_timeout.count() != 0) return now - window.idle_timeout;
      if (window.max_age.count() != 0) return now - window.max_age;
      break;
    case budget::WindowType::rate:
    case budget::WindowType::total:
      break;
  }
  return {INT64_MIN};
}

Result<void> restore(ledger::Store& store, budget::Table& table, budget::Live& live, WallTime now) {
  const budget::Budget& budget = live.document();
  ledger::BalanceQuery query{.of = {.name = budget.name,
                                    .unit = std::string(budget::name_of(budget.unit)),
                                    .kind = budget.kind()},
                             .since = counts_since(budget.window, now)};
  for (;;) {
    Result<ledger::BalancePage> page = store.balances(query);
    if (!page) return fail(page.error());
    for (const ledger::Balance& balance : page->balances) {
      table.restore(live, budget::account_key(live, balance.place.key), balance.place.window_begun,
                    balance.last_settled, balance.charged);
    }
    if (!page->next) return {};
    query.after = std::move(page->next);
  }
}

}  // namespace

Result<void> restore_balances(ledger::Store& store, budget::Table& table,
                              std::span<budget::Live* const> budgets, WallTime now) {
  for (budget::Live* live : budgets) {
    if (!live->document().leaves_a_balance()) continue;
    Result<void> restored = restore(store, table, *live, now);
    if (!restored) return restored;
  }
  return {};
}

void ThresholdLog::crossed(const budget::Crossing& crossing) {
  const budget::Standing& standing = crossing.standing;
  const budget::Budget& budget = standing.budget->document();
  std::string percent = fmt::format("{:g}", crossing.threshold_per_million / 10'000.0);
  std::string spent = budget::text_of(budget.unit, standing.charged);
  std::string limit = budget::text_of(budget.unit, standing.limit);
  log_.warning("a budget has reached a threshold", {{"budget", budget.name},
                                                    {"account", standing.key},
                                                    {"percent", percent},
                                                    {"spent", spent},
                                                    {"limit", limit}});
  admin::Alerts* alerts = alerts_.load(std::memory_order_acquire);
  if (alerts != nullptr) alerts->raise(admin::threshold_alert(crossing, clock_.wall()));
}

}  // namespace recloser::cli
