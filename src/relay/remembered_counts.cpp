#include "relay/remembered_counts.h"

#include <algorithm>

namespace recloser::relay {

RememberedCounts::Place* RememberedCounts::place(std::uint64_t hash) {
  if (sets_.empty()) return nullptr;
  Set& set = sets_[hash % sets];
  auto found = std::ranges::find(set, hash, &Place::hash);
  return found == set.end() ? nullptr : &*found;
}

std::optional<RememberedCounts::Count> RememberedCounts::find(std::uint64_t hash) {
  Place* found = place(hash);
  if (found == nullptr) return std::nullopt;
  found->asked = call_;
  return found->count;
}

void RememberedCounts::keep(std::uint64_t hash, const Count& count) {
  if (sets_.empty()) sets_.resize(sets);
  Place* chosen = place(hash);
  if (chosen == nullptr) {
    auto idle = [this](const Place& p) { return p.hash == 0 ? UINT32_MAX : call_ - p.asked; };
    chosen = &*std::ranges::max_element(sets_[hash % sets], {}, idle);
  }
  *chosen = {.hash = hash, .count = count, .asked = call_};
}

}  // namespace recloser::relay
