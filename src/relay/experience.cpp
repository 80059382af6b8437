#include "relay/experience.h"

#include <functional>

namespace recloser::relay {
namespace {

constexpr std::uint64_t fraction = 16;   // averages are kept in sixteenths
constexpr std::int64_t weight = 8;       // of what is known against what is new
constexpr Duration no_thinking = 200ms;  // a shorter silence tells no rate

void move(std::uint64_t& average, std::uint64_t value) {
  auto old = static_cast<std::int64_t>(average);
  old += (static_cast<std::int64_t>(value) - old) / weight;
  average = static_cast<std::uint64_t>(old);
}

std::uint64_t rate_x16(std::uint64_t tokens, Duration silence) {
  if (silence < no_thinking) return 0;
  auto ms = static_cast<std::uint64_t>(silence / 1ms);
  return tokens * fraction * 1000 / ms;
}

}  // namespace

Experience::Pair Experience::pair(std::string_view key_id, std::string_view model) {
  std::uint64_t key = std::hash<std::string_view>{}(key_id);
  std::uint64_t name = std::hash<std::string_view>{}(model);
  std::uint64_t hash = (key ^ (name + 0x9e3779b97f4a7c15 + (key << 6) + (key >> 2)));
  return {hash == 0 ? 1 : hash};
}

const Experience::Place* Experience::find(Pair pair) const {
  if (places_.empty()) return nullptr;
  const Place& place = places_[pair.hash % places];
  return place.hash == pair.hash ? &place : nullptr;
}

void Experience::learn(Pair pair, std::uint64_t output_tokens, std::uint64_t hidden_tokens,
                       Duration silence) {
  if (places_.empty()) places_.resize(places);
  Place& place = places_[pair.hash % places];
  std::uint64_t rate = rate_x16(hidden_tokens, silence);
  if (place.hash != pair.hash) {
    place = {.hash = pair.hash, .output_x16 = output_tokens * fraction, .hidden_per_s_x16 = rate};
    return;
  }
  move(place.output_x16, output_tokens * fraction);
  move(place.hidden_per_s_x16, rate);
}

std::optional<std::uint64_t> Experience::output_tokens(Pair pair) const {
  const Place* place = find(pair);
  if (place == nullptr) return std::nullopt;
  return (place->output_x16 + fraction / 2) / fraction;
}

std::uint64_t Experience::hidden_tokens(Pair pair, Duration silence) const {
  const Place* place = find(pair);
  if (place == nullptr || silence < no_thinking) return 0;
  auto ms = static_cast<std::uint64_t>(silence / 1ms);
  return place->hidden_per_s_x16 * ms / 1000 / fraction;
}

}  // namespace recloser::relay
