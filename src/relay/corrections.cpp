#include "relay/corrections.h"

#include <algorithm>

namespace recloser::relay {
namespace {

// No prompt has more, whatever a provider says of it. Products of two fit a word.
constexpr std::uint64_t tokens_max = UINT32_MAX;

// What a provider puts around a prompt is much of a short one, and nothing of what is added to it:
// the rate for that is as if so many tokens had been counted right.
constexpr std::uint64_t tokens_right = 512;

}  // namespace

void Corrections::learn(std::uint64_t conversation, std::uint64_t counted, std::uint64_t said) {
  if (counted == 0 || said == 0) return;
  if (places_.empty()) places_.resize(places);
  places_[conversation % places] = {
      .conversation = conversation,
      .counted = static_cast<std::uint32_t>(std::min(counted, tokens_max)),
      .said = static_cast<std::uint32_t>(std::min(said, tokens_max))};
}

const Corrections::Place* Corrections::find(std::uint64_t conversation) const {
  if (places_.empty()) return nullptr;
  const Place& place = places_[conversation % places];
  return place.counted != 0 && place.conversation == conversation ? &place : nullptr;
}

text::TokenRange Corrections::corrected(std::uint64_t conversation,
                                        text::TokenRange counted) const {
  const Place* last = find(conversation);
  if (last == nullptr) return counted;
  std::uint64_t now = std::min(counted.about, tokens_max);
  std::uint64_t about = 0;
  if (now <= last->counted) {
    about = now * last->said / last->counted;
  } else {
    about = last->said +
            (now - last->counted) * (last->said + tokens_right) / (last->counted + tokens_right);
  }
  about = std::clamp(about, now / factor_max, now * factor_max);
  return {about, std::max(about, counted.max)};
}

}  // namespace recloser::relay
