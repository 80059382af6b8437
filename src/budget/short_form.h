// The short form of budgets and rates, which keys, orgs, teams and users have.
#pragma once

#include "budget/budget.h"
#include "config/config.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace recloser::budget {

Reserve reserve_of(config::Reserve reserve);
Window calendar_window(Period period, std::string_view zone_name);

// Called "usd/day" and "rpm": whoever has them says of whom they are.
std::vector<Budget> short_budgets(std::span<const config::Allowance> allowances);

struct Rates {
  std::optional<std::uint32_t> rpm;
  std::optional<std::uint32_t> tpm;
  std::optional<std::uint32_t> concurrency;
};
std::vector<Budget> rate_budgets(const Rates& rates);

// What orgs, teams and users have, each with what its users get unless they have something of their
// own: orgs, then teams, then users.
std::vector<std::vector<std::vector<Budget>>> compile_holders(
    std::span<const config::Holder> holders);

}  // namespace recloser::budget
