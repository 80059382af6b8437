#include "relay/refused_sessions.h"

#include <algorithm>
#include <bit>

namespace recloser::relay {

RefusedSessions::RefusedSessions(std::size_t sessions_max)
    : places_(std::bit_ceil((sessions_max + 3) / 4)) {}

bool RefusedSessions::refuse(const session::Hash128& principal, std::string_view session_id,
                             Instant now) {
  session::FieldHasher hasher;
  hasher.add(principal);
  hasher.add(session_id);
  session::Hash128 key = hasher.value();
  std::lock_guard lock(mutex_);
  Place& place = places_[key.low & (places_.size() - 1)];
  auto entry =
      std::ranges::find_if(place, [&](const Entry& e) { return e.stamp != 0 && e.session == key; });
  if (entry == place.end()) {
    entry = std::ranges::min_element(place, {}, &Entry::stamp);
    *entry = {.session = key};
  }
  entry->stamp = ++newest_stamp_;
  bool unheard = entry->streak.unheard(now);
  entry->streak.add(now);
  return unheard;
}

}  // namespace recloser::relay
