#include "budget/grant.h"

#include <algorithm>
#include <utility>

namespace recloser::budget {

std::uint64_t degraded_tokens(const Budget& budget, Amount limit, Amount charged,
                              std::uint64_t asked) {
  if (budget.degrade_at_per_million == 0 || asked == UINT64_MAX || limit <= 0) return UINT64_MAX;
  auto begins =
      static_cast<Amount>(static_cast<__int128>(limit) * budget.degrade_at_per_million / 1'000'000);
  if (charged <= begins) return UINT64_MAX;
  std::uint64_t floor = std::min<std::uint64_t>(budget.clamp_floor_tokens, asked);
  if (charged >= limit) return floor;
  using Wide = unsigned __int128;
  Wide more = Wide{asked - floor} * static_cast<std::uint64_t>(limit - charged) /
              static_cast<std::uint64_t>(limit - begins);
  return floor + static_cast<std::uint64_t>(more);
}

namespace {

// A grace that does not fit is a shorter one: a budget is used to its end.
std::uint64_t grace_that_fits(std::span<const Room> rooms, const Wants& wants) {
  std::uint64_t grace = wants.grace_tokens;
  if (grace == 0) return 0;
  for (const Room& room : rooms) {
    if (room.reserve != Reserve::elastic) continue;
    std::uint64_t affordable = room.demand.affordable(room.free).value_or(0);
    grace = std::min(grace, affordable - std::min(affordable, wants.hidden_tokens + 1));
  }
  return grace;
}

}  // namespace

std::expected<Grant, Shortage> grant(std::span<const Room> rooms, const Wants& wants) {
  Grant grant{.output_tokens_max = wants.output_tokens_max};
  std::uint64_t& tokens = grant.output_tokens_max;
  Shortage first{.room = rooms.size()};
  auto refuse = [&](std::size_t index, std::uint64_t least_tokens) {
    if (index < first.room) first = {index, rooms[index].demand.with(least_tokens)};
  };
  auto lower = [&](std::size_t index, std::uint64_t most, bool degraded) {
    if (most >= tokens) return;
    tokens = most;
    grant.lowered_by = index;
    grant.degraded = degraded;
  };
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const Room& room = rooms[i];
    lower(i, std::max(room.most_tokens, wants.output_tokens_least), true);
    if (room.reserve != Reserve::clamp) continue;
    std::uint64_t floor = std::max(room.clamp_floor_tokens, wants.output_tokens_least);
    floor = std::min(floor, wants.output_tokens_max);
    std::optional<std::uint64_t> affordable =
        room.demand.affordable(room.free, std::max(tokens, floor));
    if (!affordable || *affordable < floor) {
      refuse(i, floor);
    } else {
      lower(i, *affordable, false);
    }
  }
  std::uint64_t slice = tokens;
  std::uint64_t grace = grace_that_fits(rooms, wants);
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const Room& room = rooms[i];
    if (room.reserve == Reserve::upper_bound && room.demand.with(tokens) > room.free) {
      refuse(i, tokens);
    }
    if (room.reserve != Reserve::elastic) continue;
    std::uint64_t before = wants.hidden_tokens + grace;
    std::uint64_t least = wants.hidden_tokens + std::min<std::uint64_t>(tokens, 1);
    slice = std::min(slice, wants.slice_tokens);
    std::uint64_t enough = std::max(least, before + std::min(slice, UINT64_MAX - before));
    std::optional<std::uint64_t> affordable = room.demand.affordable(room.free, enough);
    if (!affordable || *affordable < least) {
      refuse(i, least);
    } else {
      slice = std::min(slice, *affordable - std::min(*affordable, before));
    }
  }
  if (first.room != rooms.size()) return std::unexpected(first);
  grant.output_tokens = slice;
  grant.grace_tokens = std::min(grace, tokens - slice);
  return grant;
}

Amount held(const Room& room, const Grant& grant, std::uint64_t hidden_tokens) {
  switch (room.reserve) {
    case Reserve::clamp:
    case Reserve::upper_bound:
      return room.demand.with(grant.output_tokens_max);
    case Reserve::elastic:
      return room.demand.with(grant.output_tokens + grant.grace_tokens + hidden_tokens);
    case Reserve::none:
      return 0;
  }
  std::unreachable();
}

}  // namespace recloser::budget
