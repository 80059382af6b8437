#include "budget/grant.h"

#include <algorithm>
#include <utility>

namespace recloser::budget {

std::expected<Grant, std::size_t> grant(std::span<const Room> rooms, const Wants& wants) {
  std::uint64_t tokens = wants.output_tokens_max;
  std::size_t none_short = rooms.size();
  std::size_t too_short = none_short;
  auto refuse = [&too_short](std::size_t index) { too_short = std::min(too_short, index); };
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const Room& room = rooms[i];
    if (room.reserve != Reserve::clamp) continue;
    std::uint64_t floor = std::max(room.clamp_floor_tokens, wants.output_tokens_least);
    floor = std::min(floor, wants.output_tokens_max);
    std::optional<std::uint64_t> affordable = room.demand.affordable(room.free);
    if (!affordable || *affordable < floor) {
      refuse(i);
    } else {
      tokens = std::min(tokens, *affordable);
    }
  }
  std::uint64_t slice = tokens;
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const Room& room = rooms[i];
    if (room.reserve == Reserve::upper_bound && room.demand.with(tokens) > room.free) refuse(i);
    if (room.reserve != Reserve::elastic) continue;
    std::optional<std::uint64_t> affordable = room.demand.affordable(room.free);
    if (!affordable || (*affordable == 0 && tokens != 0)) {
      refuse(i);
    } else {
      slice = std::min({slice, wants.slice_tokens, *affordable});
    }
  }
  if (too_short != none_short) return std::unexpected(too_short);
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
