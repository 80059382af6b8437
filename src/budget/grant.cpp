#include "budget/grant.h"

#include <algorithm>
#include <utility>

namespace recloser::budget {

std::expected<Grant, Shortage> grant(std::span<const Room> rooms, const Wants& wants) {
  std::uint64_t tokens = wants.output_tokens_max;
  Shortage first{.room = rooms.size()};
  auto refuse = [&](std::size_t index, std::uint64_t least_tokens) {
    if (index < first.room) first = {index, rooms[index].demand.with(least_tokens)};
  };
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const Room& room = rooms[i];
    if (room.reserve != Reserve::clamp) continue;
    std::uint64_t floor = std::max(room.clamp_floor_tokens, wants.output_tokens_least);
    floor = std::min(floor, wants.output_tokens_max);
    std::optional<std::uint64_t> affordable = room.demand.affordable(room.free);
    if (!affordable || *affordable < floor) {
      refuse(i, floor);
    } else {
      tokens = std::min(tokens, *affordable);
    }
  }
  std::uint64_t slice = tokens;
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const Room& room = rooms[i];
    if (room.reserve == Reserve::upper_bound && room.demand.with(tokens) > room.free) {
      refuse(i, tokens);
    }
    if (room.reserve != Reserve::elastic) continue;
    std::optional<std::uint64_t> affordable = room.demand.affordable(room.free);
    if (!affordable || (*affordable == 0 && tokens != 0)) {
      refuse(i, std::min<std::uint64_t>(tokens, 1));
    } else {
      slice = std::min({slice, wants.slice_tokens, *affordable});
    }
  }
  if (first.room != rooms.size()) return std::unexpected(first);
  return Grant{.output_tokens_max = tokens, .output_tokens = slice};
}

Amount held(const Room& room, const Grant& grant) {
  switch (room.reserve) {
    case Reserve::clamp:
    case Reserve::upper_bound:
      return room.demand.with(grant.output_tokens_max);
    case Reserve::elastic:
      return room.demand.with(grant.output_tokens);
    case Reserve::none:
      return 0;
  }
  std::unreachable();
}

}  // namespace recloser::budget
