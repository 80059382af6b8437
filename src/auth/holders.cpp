#include "auth/holders.h"

#include "core/limits.h"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace recloser::auth {
namespace {

using config::Holder;
using config::HolderKind;

const Holder*& at(Place& place, HolderKind kind) {
  return place.holders[static_cast<std::size_t>(kind)];
}

// The nearest that says something of the user's models.
const std::vector<std::string>* models_of_user(const Place& place) {
  const auto& [org, team, user] = place.holders;
  if (user != nullptr && !user->models.empty()) return &user->models;
  for (const Holder* holder : {team, org}) {
    if (holder == nullptr || holder->user_defaults.models.empty()) continue;
    return &holder->user_defaults.models;
  }
  return nullptr;
}

Result<void> add_labels(const Place& place, Principal& who) {
  std::vector<std::string>& labels = who.labels;
  for (const Holder* holder : place.holders) {
    if (holder == nullptr) continue;
    for (const std::string& label : holder->labels) {
      if (std::ranges::find(labels, label) == labels.end()) labels.push_back(label);
    }
  }
  std::size_t bytes = 0;
  for (const std::string& label : labels) bytes += label.size() + (bytes > 0 ? 1 : 0);
  if (labels.size() <= limits::labels_max && bytes <= limits::labels_bytes_max) return {};
  return fail(
      Side::operator_, Kind::too_large,
      fmt::format("the labels of key {} and of its org, team and user are {} with {} bytes "
                  "together; at most {} with {} bytes are kept",
                  who.key_id, labels.size(), bytes, limits::labels_max, limits::labels_bytes_max));
}

}  // namespace

// The user tells the team, the team the org; with an org a user may be another one.
Place Holders::place(Principal& who) const {
  using Found = config::HolderIndex::Found;
  Place place;
  Found user = index_.find(HolderKind::user, who.org, who.user);
  if (user.holder != nullptr) {
    if (who.org.empty()) who.org = user.holder->org;
    if (who.team.empty()) who.team = user.holder->team;
  }
  Found team = index_.find(HolderKind::team, who.org, who.team);
  if (team.holder != nullptr && who.org.empty()) who.org = team.holder->org;
  user = index_.find(HolderKind::user, who.org, who.user);
  at(place, HolderKind::org) = index_.find(HolderKind::org, {}, who.org).holder;
  at(place, HolderKind::team) = team.holder;
  at(place, HolderKind::user) = user.holder;
  place.unclear = team.unclear || user.unclear;
  return place;
}

Result<Place> Holders::complete(Principal& who) const {
  Place place = this->place(who);
  Result<void> labelled = add_labels(place, who);
  if (!labelled) return fail(labelled.error());
  for (HolderKind kind : {HolderKind::org, HolderKind::team}) {
    if (const Holder* holder = at(place, kind)) who.models.narrow(holder->models);
  }
  const std::vector<std::string>* of_user = who.user.empty() ? nullptr : models_of_user(place);
  if (of_user != nullptr) who.models.narrow(*of_user);
  return place;
}

std::optional<Stop> stop_of(const Place& place, WallTime now) {
  if (place.unclear) return Stop{.rejection = Rejection::unplaced, .by = {}};
  for (const Holder* holder : place.holders) {
    if (holder == nullptr) continue;
    std::string_view by = config::name_of(*holder->kind);
    if (holder->disabled) return Stop{.rejection = Rejection::disabled, .by = by};
    if (holder->expires && now >= *holder->expires) {
      return Stop{.rejection = Rejection::expired, .by = by};
    }
  }
  return std::nullopt;
}

}  // namespace recloser::auth
