#include "admin/adjustments.h"

#include "budget/scopes.h"
#include "core/names.h"
#include "ledger/budget_lines.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

using budget::Amount;
using ledger::AdjustmentKind;

constexpr Duration look_every = 1s;  // for what expires: the wall clock may jump

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

// Only what is added may be less than nothing.
Result<Amount> read_amount(const budget::Budget& budget, const AdjustmentAsked& asked) {
  std::string_view text = asked.amount;
  bool minus = asked.kind == AdjustmentKind::add && text.starts_with('-');
  if (minus) text.remove_prefix(1);
  Result<Amount> amount = budget::parse_amount(budget.unit, text);
  if (amount) return minus ? -*amount : *amount;
  return malformed(fmt::format("{} must be an amount of {}, such as {}; you sent '{}': {}",
                               name_of(asked.kind), budget::name_of(budget.unit),
                               budget.unit == budget::Unit::usd ? "2.50" : "1500",
                               shown(asked.amount), amount.error().message()));
}

Result<void> check(const budget::Budget& budget, const AdjustmentAsked& asked) {
  if (!budget.leaves_a_balance()) {
    return fail(Side::client, Kind::refused,
                fmt::format("{} is a limit of the moment, of which nothing is kept; it is changed "
                            "in the configuration",
                            budget.name));
  }
  if (asked.kind == AdjustmentKind::add) return {};
  if (asked.expires) {
    return malformed(
        "expires is for what is added to a limit; what is spent has no end of its "
        "own but its window's");
  }
  if (budget.window.type == budget::WindowType::rolling) {
    return fail(Side::client, Kind::refused,
                fmt::format("the budget {} counts over a rolling window, in which what is spent "
                            "leaves piece by piece and has no one figure to set; add to its limit, "
                            "with expires",
                            budget.name));
  }
  return {};
}

Result<void> check_limit(const budget::Standing& standing, Amount more) {
  Amount limit = standing.limit + more;
  if (limit >= 0 && limit <= budget::amount_max) return {};
  const budget::Budget& budget = standing.budget->document();
  return malformed(fmt::format("the limit is {}, and would be {}: it must be 0 to {}",
                               budget::text_of(budget.unit, standing.limit),
                               budget::text_of(budget.unit, limit),
                               budget::text_of(budget.unit, budget::amount_max)));
}

}  // namespace

ledger::BudgetIdentity identity_of(const budget::Budget& budget) {
  return {.name = budget.name,
          .unit = std::string(budget::name_of(budget.unit)),
          .kind = budget.kind()};
}

Result<ledger::Adjustment> read_asked(const budget::Budget& budget, const AdjustmentAsked& asked,
                                      WallTime now) {
  Result<void> fits = check(budget, asked);
  if (!fits) return fail(fits.error());
  Result<Amount> amount = read_amount(budget, asked);
  if (!amount) return fail(amount.error());
  Result<std::string> key = budget::read_key(budget, asked.key);
  if (!key) return fail(key.error());
  if (key->size() > ledger::budget_key_bytes_max) {
    return malformed(fmt::format("key has {} bytes; at most {} are kept", key->size(),
                                 ledger::budget_key_bytes_max));
  }
  return ledger::Adjustment{.at = now,
                            .budget = identity_of(budget),
                            .key = std::move(*key),
                            .kind = asked.kind,
                            .amount = *amount,
                            .expires_at = asked.expires,
                            .reason = asked.reason,
                            .who = asked.who};
}

Result<void> Adjustments::restore(WallTime now) {
  Result<std::vector<ledger::Adjustment>> all = store_.adjustments();
  if (!all) return fail(all.error());
  std::lock_guard lock(mutex_);
  for (const ledger::Adjustment& adjustment : *all) {
    if (adjustment.kind != AdjustmentKind::add) continue;  // balances have the others already
    if (adjustment.expires_at && *adjustment.expires_at <= now) continue;
    budget::Live* budget = table_.find(adjustment.budget.name);
    if (budget == nullptr || identity_of(budget->document()) != adjustment.budget) continue;
    add(*budget, adjustment);
  }
  return {};
}

Result<budget::Standing> Adjustments::make(budget::Live& budget, const AdjustmentAsked& asked,
                                           WallTime now) {
  const budget::Budget& document = budget.document();
  Result<ledger::Adjustment> read = read_asked(document, asked, now);
  if (!read) return fail(read.error());
  ledger::Adjustment& adjustment = *read;

  std::lock_guard lock(mutex_);
  budget::AccountKey account = account_key(budget, adjustment.key);
  budget::Standing standing = table_.standing(budget, account);
  adjustment.window_begun = standing.begun;
  bool adds = asked.kind == AdjustmentKind::add;
  if (adds) {
    Result<void> fits = check_limit(standing, adjustment.amount);
    if (!fits) return fail(fits.error());
  } else {
    adjustment.charged_change = adjustment.amount - standing.charged;
    adjustment.counts_until = budget::counts_until(document.window, standing.begun, now);
  }
  Result<std::int64_t> id = record(adjustment, asked);
  if (!id) return fail(id.error());
  adjustment.id = *id;
  standing = adds ? add(budget, adjustment)
                  : table_.move_charged(budget, account, adjustment.charged_change,
                                        adjustment.window_begun);
  changed_();
  return standing;
}

// Under the lock.
Result<std::int64_t> Adjustments::record(const ledger::Adjustment& adjustment,
                                         const AdjustmentAsked& asked) {
  if (!asked.grants) return store_.add_adjustment(adjustment);
  ledger::RequestAnswer answer{.at = adjustment.at,
                               .granted = true,
                               .who = asked.who,
                               .reason = asked.grant_reason,
                               .amount = adjustment.amount,
                               .until = adjustment.expires_at};
  return store_.answer_request(*asked.grants, answer, &adjustment);
}

// Under the lock.
budget::Standing Adjustments::add(budget::Live& budget, const ledger::Adjustment& adjustment) {
  budget::AccountKey account = account_key(budget, adjustment.key);
  bool fresh = added_.insert(adjustment.id).second;
  if (!fresh) return table_.standing(budget, account);
  if (adjustment.expires_at) {
    expiring_.push_back({.expires = *adjustment.expires_at,
                         .budget = &budget,
                         .key = adjustment.key,
                         .amount = adjustment.amount});
  }
  return table_.adjust(budget, account, adjustment.amount);
}

void Adjustments::lapse(WallTime now) {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;  // somebody waits for the store
  auto over = [this, now](const TopUp& top_up) {
    if (top_up.expires > now) return false;
    table_.adjust(*top_up.budget, account_key(*top_up.budget, top_up.key), -top_up.amount);
    return true;
  };
  if (std::erase_if(expiring_, over) > 0) changed_();
}

Task<void> keep_top_ups(net::Worker& worker, Adjustments& adjustments) {
  for (;;) {
    co_await worker.sleep_until(worker.now() + look_every);
    adjustments.lapse(worker.wall());
  }
}

}  // namespace recloser::admin
