#include "relay/remembered_counts.h"

#include <algorithm>

namespace recloser::relay {

RememberedCounts::Place* RememberedCounts::place(std::uint64_t hash) {
  if (sets_.empty()) return nullptr;
  Set& where = set(hash);
  auto found = std::ranges::find(where, hash, &Place::hash);
  return found == where.end() ? nullptr : &*found;
}

std::optional<RememberedCounts::Count> RememberedCounts::find(std::uint64_t hash) {
  Place* found = place(hash);
  if (found == nullptr) return std::nullopt;
  found->asked = call_;
  return found->count;
}

void RememberedCounts::keep(std::uint64_t hash, const Count& count) {
  if (taken_ >= sets_.size()) grow();
  Place* chosen = place(hash);
  if (chosen == nullptr) {
    auto idle = [this](const Place& p) { return p.hash == 0 ? UINT32_MAX : call_ - p.asked; };
    chosen = &*std::ranges::max_element(set(hash), {}, idle);
    if (chosen->hash == 0) ++taken_;
  }
  *chosen = {.hash = hash, .count = count, .asked = call_};
}

// To twice as many sets, at a quarter of the places: hardly a set is full before there is all the
// room. What was of one set is of two, so that all of it finds its place again.
void RememberedCounts::grow() {
  if (sets_.size() == sets) return;
  std::vector<Set> before(std::max(sets_at_first, 2 * sets_.size()));
  before.swap(sets_);
  for (const Set& old : before) {
    for (const Place& p : old) {
      if (p.hash != 0) *std::ranges::find(set(p.hash), 0u, &Place::hash) = p;
    }
  }
}

}  // namespace recloser::relay
