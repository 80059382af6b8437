#include "auth/jwt/memo.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace recloser::auth::jwt {

std::size_t Memo::first_of(const KeyHash& hash) {
  std::uint64_t start = 0;
  std::memcpy(&start, hash.bytes.data(), sizeof start);
  return start % places * entries_of_a_place;
}

const std::shared_ptr<const Known>* Memo::find(const KeyHash& hash, WallTime now) const {
  if (entries_.empty()) return nullptr;
  for (const Entry& entry : std::span(entries_).subspan(first_of(hash), entries_of_a_place)) {
    if (!entry.known || !equal_in_constant_time(entry.hash, hash)) continue;
    return now < entry.until ? &entry.known : nullptr;
  }
  return nullptr;
}

void Memo::keep(const KeyHash& hash, std::shared_ptr<const Known> known, WallTime until) {
  if (entries_.empty()) entries_.resize(places * entries_of_a_place);
  auto place = std::span(entries_).subspan(first_of(hash), entries_of_a_place);
  auto same = std::ranges::find_if(place, [&](const Entry& entry) {
    return entry.known && equal_in_constant_time(entry.hash, hash);
  });
  // A free one expires before all others.
  Entry& entry = same != place.end() ? *same : *std::ranges::min_element(place, {}, &Entry::until);
  entry = {.hash = hash, .known = std::move(known), .until = until};
}

}  // namespace recloser::auth::jwt
