#include "core/nearest_names.h"

#include "core/ascii.h"

#include <algorithm>

namespace recloser {

void NearestNames::offer(std::string_view name) {
  if (wanted_.empty() || wanted_.size() > wanted_bytes_max) return;
  // A date or a size may be missing at the end of either: "claude-sonnet" for "claude-sonnet-4-5".
  std::size_t distance = 0;
  bool continues = name.starts_with(wanted_) || wanted_.starts_with(name);
  if (!continues) {
    std::size_t distance_max = wanted_.size() / 3 + 1;
    std::size_t longer = std::max(name.size(), wanted_.size());
    std::size_t shorter = std::min(name.size(), wanted_.size());
    if (longer - shorter > distance_max) return;
    std::size_t steps = (name.size() + 1) * (wanted_.size() + 1);
    if (steps > steps_left_) return;
    steps_left_ -= steps;
    distance = ascii::edit_distance(wanted_, name);
    if (distance > distance_max) return;
  }
  std::size_t place = 0;
  while (place < count_ && nearest_[place].distance <= distance) ++place;
  if (place == nearest_.size()) return;
  if (count_ < nearest_.size()) ++count_;
  for (std::size_t i = count_ - 1; i > place; --i) nearest_[i] = std::move(nearest_[i - 1]);
  nearest_[place] = {.name = std::string(name), .distance = distance};
}

std::string NearestNames::human() const {
  std::string out;
  for (std::size_t i = 0; i < count_; ++i) {
    if (i > 0) out += ", ";
    out += nearest_[i].name;
  }
  return out;
}

}  // namespace recloser
