// What a store keeps of budgets beside the rows of calls: balances, what owners changed, switches.
#pragma once

#include "core/result.h"
#include "core/time.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::ledger {

// The three texts of BudgetLine that say which budget it is.
struct BudgetIdentity {
  std::string name;
  std::string unit;
  std::string kind;

  friend auto operator<=>(const BudgetIdentity&, const BudgetIdentity&) = default;
};

// Where one account's balance of one window lies among those of its budget.
struct BalancePlace {
  std::string key;
  WallTime window_begun{};

  friend auto operator<=>(const BalancePlace&, const BalancePlace&) = default;
};

// The sum of what calls charged, and of what owners changed; moved in the transaction that stores
// the row which charged. Rows go after `ledger.retain`; balances stay.
struct Balance {
  BalancePlace place;
  std::int64_t charged = 0;
  WallTime last_settled{};
  std::optional<WallTime> counts_until;  // as the latest word of the calls was

  friend bool operator==(const Balance&, const Balance&) = default;
};

inline constexpr std::uint32_t page_balances_max = 10'000;

// In the order of their places.
struct BalanceQuery {
  BudgetIdentity of;
  WallTime since{INT64_MIN};  // begun or last settled then or later
  std::uint32_t limit = page_balances_max;
  std::optional<BalancePlace> after;
};
struct BalancePage {
  std::vector<Balance> balances;
  std::optional<BalancePlace> next;  // `after` of the next page, when there is one
};

// What an owner did to one account. `add` is to its limit and changes no balance. The others give
// another figure for what was charged: they are kept as said, and the balance is moved by the
// difference, so that the rows of calls which run meanwhile still add to it what they charge.
enum class AdjustmentKind : std::uint8_t { add, set, reset };
inline constexpr unsigned adjustment_kind_count = 3;
std::string_view name_of(AdjustmentKind kind);
std::optional<AdjustmentKind> adjustment_kind_named(std::string_view name);

struct Adjustment {
  std::int64_t id = 0;  // given by the store, in their order
  WallTime at{};
  BudgetIdentity budget;
  std::string key;
  AdjustmentKind kind = AdjustmentKind::add;
  std::int64_t amount = 0;
  std::optional<WallTime> expires_at;
  std::string reason;  // never empty
  std::string who;
  // Of the balance that is moved: which one, by how much, and how long it counts.
  WallTime window_begun{};
  std::int64_t charged_change = 0;
  std::optional<WallTime> counts_until;

  friend bool operator==(const Adjustment&, const Adjustment&) = default;
};

// As `recloser switch on|off NAME` left it last.
struct Switch {
  std::string name;
  bool on = false;
  WallTime since{};
  std::string reason;
  std::string who;

  friend bool operator==(const Switch&, const Switch&) = default;
};

// What no store takes. Kind::malformed: no reason, no name.
Result<void> check(const Adjustment& adjustment);
Result<void> check(const Switch& setting);

// Stays at the end of its range, like money.
std::int64_t added(std::int64_t balance, std::int64_t change);

}  // namespace recloser::ledger
