// What orgs, teams and users may take, as budgets.
#include "budget/short_form.h"

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace recloser::budget {
namespace {

using config::Holder;
using config::HolderKind;

// As a part of a budget's name: what stands between the slashes.
std::string segment(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c == '/') {
      out += "%2F";
    } else if (c == '%') {
      out += "%25";
    } else {
      out += c;
    }
  }
  return out;
}

std::string name_of(const Holder& holder) {
  std::string within = holder.org.empty() ? std::string() : segment(holder.org) + "/";
  return fmt::format("{}/{}{}", config::name_of(*holder.kind), within, segment(holder.name));
}

KeyPart part_of(HolderKind kind) {
  switch (kind) {
    case HolderKind::org:
      return KeyPart::org;
    case HolderKind::team:
      return KeyPart::team;
    case HolderKind::user:
      return KeyPart::user;
  }
  std::unreachable();
}

std::vector<Budget::Filter> filters_of(const Holder& holder) {
  std::vector<Budget::Filter> only{{.what = part_of(*holder.kind), .value = holder.name}};
  if (!holder.org.empty() && !holder.is(HolderKind::org)) {
    only.push_back({.what = KeyPart::org, .value = holder.org});
  }
  return only;
}

void append(std::vector<Budget> from, std::vector<Budget>& to) {
  for (Budget& budget : from) to.push_back(std::move(budget));
}

std::vector<Budget> own_budgets(const Holder& holder) {
  std::vector<Budget> budgets = short_budgets(holder.budgets);
  append(rate_budgets({.rpm = holder.rpm, .tpm = holder.tpm, .concurrency = holder.concurrency}),
         budgets);
  for (Budget& budget : budgets) {
    budget.name = fmt::format("{}/{}", name_of(holder), budget.name);
    budget.only = filters_of(holder);
  }
  return budgets;
}

// What stands in for a default: something of that kind that is said nearer to the user.
enum class Said { budget, rpm, tpm, concurrency };

template <class From>
bool says(const From& from, Said what) {
  switch (what) {
    case Said::budget:
      return !from.budgets.empty();
    case Said::rpm:
      return from.rpm.has_value();
    case Said::tpm:
      return from.tpm.has_value();
    case Said::concurrency:
      return from.concurrency.has_value();
  }
  std::unreachable();
}

// Who says something nearer to a user than an org, or a team of it, does. Made once for all teams
// of an org: each of ten thousand users stands in it.
class Exceptions {
 public:
  explicit Exceptions(std::span<const Holder> all) : all_(all) {}

  const Budget::FilterSet& of(const Holder& holder, Said what) {
    bool org = holder.is(HolderKind::org);
    auto [place, is_new] = made_.try_emplace(std::tuple(org ? holder.name : holder.org, org, what));
    if (is_new) place->second = make(org ? holder.name : holder.org, org, what);
    return place->second;
  }

 private:
  // Only those who are certainly in it: where somebody may be in another org, both limits hold.
  Budget::FilterSet make(std::string_view org, bool teams_too, Said what) const {
    std::vector<Budget::Filter> except;
    for (const Holder& other : all_) {
      bool nearer = (other.is(HolderKind::user) && says(other, what)) ||
                    (teams_too && other.is(HolderKind::team) && says(other.user_defaults, what));
      if (!nearer || (!other.org.empty() && other.org != org)) continue;
      except.push_back({.what = part_of(*other.kind), .value = other.name});
    }
    return Budget::FilterSet(std::move(except));
  }

  std::span<const Holder> all_;
  std::map<std::tuple<std::string, bool, Said>, Budget::FilterSet> made_;
};

// An account for each user; those whom nobody names share one.
std::vector<Budget> budgets_of_users(const Holder& holder, Exceptions& exceptions) {
  const config::UserDefaults& from = holder.user_defaults;
  std::vector<Budget> budgets;
  auto add = [&](std::vector<Budget> some, Said what) {
    if (some.empty()) return;
    for (Budget& budget : some) {
      budget.name = fmt::format("users/{}/{}", name_of(holder), budget.name);
      budget.only = filters_of(holder);
      budget.except = exceptions.of(holder, what);
      budget.key = {{.what = KeyPart::org, .label = {}}, {.what = KeyPart::user, .label = {}}};
      if (holder.is(HolderKind::team)) {
        budget.key.insert(budget.key.begin() + 1, {.what = KeyPart::team, .label = {}});
      }
      budgets.push_back(std::move(budget));
    }
  };
  add(short_budgets(from.budgets), Said::budget);
  add(rate_budgets({.rpm = from.rpm, .tpm = {}, .concurrency = {}}), Said::rpm);
  add(rate_budgets({.rpm = {}, .tpm = from.tpm, .concurrency = {}}), Said::tpm);
  add(rate_budgets({.rpm = {}, .tpm = {}, .concurrency = from.concurrency}), Said::concurrency);
  return budgets;
}

}  // namespace

std::vector<std::vector<std::vector<Budget>>> compile_holders(std::span<const Holder> holders) {
  std::vector<std::vector<std::vector<Budget>>> all(3);
  Exceptions exceptions(holders);
  for (const Holder& holder : holders) {
    std::vector<Budget> budgets = own_budgets(holder);
    append(budgets_of_users(holder, exceptions), budgets);
    all[static_cast<std::size_t>(*holder.kind)].push_back(std::move(budgets));
  }
  return all;
}

}  // namespace recloser::budget
