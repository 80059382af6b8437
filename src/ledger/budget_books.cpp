#include "ledger/budget_books.h"

#include "core/money.h"

#include <array>

namespace recloser::ledger {
namespace {

constexpr std::array<std::string_view, adjustment_kind_count> kind_names{"add", "set", "reset"};

}  // namespace

std::string_view name_of(AdjustmentKind kind) { return kind_names[std::size_t(kind)]; }

std::optional<AdjustmentKind> adjustment_kind_named(std::string_view name) {
  for (std::size_t i = 0; i < kind_names.size(); ++i) {
    if (kind_names[i] == name) return static_cast<AdjustmentKind>(i);
  }
  return std::nullopt;
}

Result<void> check(const Adjustment& adjustment) {
  if (!adjustment.budget.name.empty() && !adjustment.reason.empty()) return {};
  return fail(Side::client, Kind::malformed,
              "an adjustment needs the name of a budget and a reason, which is kept with it");
}

Result<void> check(const Switch& setting) {
  if (!setting.name.empty()) return {};
  return fail(Side::client, Kind::malformed, "a switch needs a name");
}

std::int64_t added(std::int64_t balance, std::int64_t change) {
  return (NanoUsd{balance} + NanoUsd{change}).count;
}

}  // namespace recloser::ledger
