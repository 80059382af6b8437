#include "route/waiting_line.h"

#include "core/check.h"

#include <algorithm>
#include <utility>

namespace recloser::route {
namespace {

// The place of a newcomer: behind all of its round.
auto place_in(auto& members, std::uint64_t round) {
  return std::ranges::upper_bound(members, round, {}, &WaitingLine::Member::round);
}

}  // namespace

std::size_t WaitingLine::ahead_of(const Member& newcomer) const {
  const Lane& own = lane(newcomer.priority);
  auto place = place_in(own.members, round_of(newcomer));
  auto ahead = static_cast<std::size_t>(place - own.members.begin());
  for (std::size_t i = static_cast<std::size_t>(newcomer.priority) + 1; i < lanes_.size(); ++i) {
    ahead += lanes_[i].members.size();
  }
  return ahead;
}

void WaitingLine::join(Member& member) {
  member.round = round_of(member);
  Lane& own = lane(member.priority);
  own.members.insert(place_in(own.members, member.round), &member);
  ++size_;
}

WaitingLine::Member& WaitingLine::first() const {
  CHECK(!empty(), "nobody waits");
  return *lanes_[lane_of_first()].members.front();
}

void WaitingLine::take_first() {
  CHECK(!empty(), "nobody waits");
  std::size_t taken = lane_of_first();
  Lane& own = lanes_[taken];
  own.round = own.members.front()->round;
  own.members.erase(own.members.begin());
  own.passed_over = 0;
  --size_;
  for (std::size_t i = 0; i < taken; ++i) {
    if (!lanes_[i].members.empty()) ++lanes_[i].passed_over;
  }
}

// Those of its tenant behind it move up, each to the place of the one before: the turn was the
// tenant's.
bool WaitingLine::leave(const Member& member) {
  Lane& own = lane(member.priority);
  auto place = std::ranges::find(own.members, &member);
  if (place == own.members.end()) return false;
  std::uint64_t round = member.round;
  for (auto behind = place + 1; behind != own.members.end(); ++behind) {
    if ((*behind)->tenant != member.tenant) continue;
    *place = *behind;
    std::swap((*place)->round, round);
    place = behind;
  }
  own.members.erase(place);
  if (own.members.empty()) own.passed_over = 0;
  --size_;
  return true;
}

// The one after its tenant's last, or after the one that is being served: a tenant that comes again
// as soon as it has got its place must not be in that round twice.
std::uint64_t WaitingLine::round_of(const Member& newcomer) const {
  const Lane& own = lane(newcomer.priority);
  for (std::size_t i = own.members.size(); i-- > 0;) {
    if (own.members[i]->tenant == newcomer.tenant) return own.members[i]->round + 1;
  }
  return own.round + 1;
}

// The highest that has anybody, unless a lower one was passed over often enough; of two such, the
// lower one, which is passed over by both.
std::size_t WaitingLine::lane_of_first() const {
  std::size_t highest = 0;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].members.empty()) continue;
    if (lanes_[i].passed_over >= passed_over_most) return i;
    highest = i;
  }
  return highest;
}

}  // namespace recloser::route
