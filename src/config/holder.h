// Holders: the orgs, teams and users that keys belong to, as plain values of the configuration.
#pragma once

#include "config/budget.h"
#include "core/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

enum class HolderKind : unsigned char { org, team, user };

std::string_view name_of(HolderKind kind);   // "team"
std::string_view title_of(HolderKind kind);  // "Team", as its document says it

// What each user of an org or a team may take, unless a User says otherwise.
struct UserDefaults {
  std::vector<std::string> models;
  std::vector<Allowance> budgets;
  std::optional<std::uint32_t> rpm;
  std::optional<std::uint32_t> tpm;
  std::optional<std::uint32_t> concurrency;
};

// A document of kind Org, Team or User, or one that is stored.
struct Holder {
  std::optional<HolderKind> kind;  // always, once loaded
  std::string name;
  std::string org;                  // of a team or a user; empty: whatever org the key has
  std::string team;                 // of a user, for keys that name none
  std::vector<std::string> models;  // globs; empty: every model
  std::vector<std::string> labels;
  std::optional<WallTime> expires;
  bool disabled = false;
  std::vector<Allowance> budgets;  // no two of one unit and period
  std::optional<std::uint32_t> rpm;
  std::optional<std::uint32_t> tpm;
  std::optional<std::uint32_t> concurrency;
  UserDefaults user_defaults;  // of an org or a team

  bool is(HolderKind wanted) const { return kind == wanted; }
  // Whether keys of this org may be of it.
  bool takes_org(std::string_view of_key) const {
    return of_key.empty() || org.empty() || org == of_key;
  }
};

// Two of these are one: no two documents may say them.
bool same_holder(const Holder& a, const Holder& b);

}  // namespace recloser::config
