// Holders: the orgs, teams and users of one moment: what they add to a principal of theirs, and
// whom they keep out.
#pragma once

#include "auth/principal.h"
#include "config/belonging.h"
#include "config/holder.h"
#include "core/result.h"
#include "core/time.h"

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace recloser::auth {

// Where somebody belongs. Good as long as the Holders it came from.
struct Place {
  std::array<const config::Holder*, 3> holders{};  // org, team, user; null: nobody described it
  bool unclear = false;
};

// Who keeps a principal out.
struct Stop {
  Rejection rejection = Rejection::disabled;
  std::string_view by;  // "org", "team" or "user"; a literal
};

class Holders {
 public:
  Holders() = default;
  explicit Holders(std::vector<config::Holder> all) : all_(std::move(all)), index_(all_) {}
  Holders(Holders&&) = default;
  Holders& operator=(Holders&&) = default;

  // Fills in an org or a team that is left open and that its team or user tells; leaves of its
  // models those that its org, team and user allow too; adds their labels. Error: more labels than
  // a call may have.
  Result<Place> complete(Principal& who) const;

  const std::vector<config::Holder>& all() const { return all_; }
  const config::HolderIndex& index() const { return index_; }

 private:
  Place place(Principal& who) const;

  std::vector<config::Holder> all_;
  config::HolderIndex index_;  // into all_
};

std::optional<Stop> stop_of(const Place& place, WallTime now);

}  // namespace recloser::auth
