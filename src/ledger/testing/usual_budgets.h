// Budgets of a call as the relay books them, for tests and benches of the ledger.
#pragma once

#include "ledger/call_record.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace recloser::ledger::test {

inline constexpr WallTime window_begun{1'789'948'800'000'000'000};

// What a call of `someone` takes of four budgets.
inline std::array<BudgetLine, 4> usual_budgets(std::int64_t charged, WallTime at) {
  BudgetFigures figures{.reserved = charged * 2,
                        .charged = charged,
                        .remaining = 2'000'000'000 - charged,
                        .charged_at = at,
                        .counts_until = std::nullopt};
  auto line = [&](std::string_view name, std::string_view kind, std::string_view key) {
    return BudgetLine{.name = name,
                      .unit = "usd",
                      .kind = kind,
                      .key = key,
                      .window_begun = window_begun,
                      .figures = figures};
  };
  return {line("org-month", "calendar/month/UTC org", "org=acme"),
          line("team-day", "calendar/day/UTC org,team", "org=acme,team=search"),
          line("user-day", "calendar/day/UTC org,user", "org=acme,user=ada"),
          line("session", "session/30m org,session", "org=acme,session=session-42")};
}

// Of a record that lies in no journal; what finds no room in it goes to `parts`, as it would go to
// another slot.
inline void add_budget(CallRecord& record, std::deque<BudgetPart>& parts, const BudgetLine& line) {
  if (record.add_budget(line)) return;
  BudgetPart& part = parts.emplace_back();
  add_line(part.head, part.room, line);
  record.add_part(part, static_cast<std::uint32_t>(parts.size()));
}

}  // namespace recloser::ledger::test
