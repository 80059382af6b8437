// What is refused when the gateway is at its own limits: what costs least to refuse, and first of
// whom has most. What runs goes on.
#include "relay/request.h"

#include <algorithm>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

// A larger one that is still to come is not taken while memory is full.
constexpr std::size_t small_body_bytes = 64u << 10;

// So many come back at a time as left together, unless they are told different times.
constexpr Duration come_back_tight = 1s;
constexpr Duration come_back_full = 4s;

std::uint32_t part_of(std::size_t taken, std::size_t most) {
  if (most == 0) return 0;
  return static_cast<std::uint32_t>(std::uint64_t{taken} * 1000 / most);
}

std::string_view words_of(Strain strain) {
  switch (strain) {
    case Strain::lag:
      return "has more to do than it gets done";
    case Strain::connections:
      return "has nearly as many connections as it may have";
    case Strain::memory:
      return "holds nearly as much of calls in memory as it may";
    case Strain::ledger:
      return "has rows of calls to store that it does not get rid of";
  }
  std::unreachable();
}

bool is_large(net::Exchange& client) {
  std::optional<std::uint64_t> length = client.head().content_length();
  return !client.body_is_here() && (!length || *length > small_body_bytes);
}

}  // namespace

// Before anything of a call is read but its head: why it is not taken now.
std::optional<Refused> Relay::too_much(net::Exchange& client, FairShare::Tenant tenant,
                                       Instant now) {
  overload_.note_lag(worker_.behind());
  if (overload_.is_due(now)) look_at_load(now);
  Level level = overload_.level();
  if (level == Level::calm) return std::nullopt;
  // An answer then gives its connection back.
  if (overload_.level(Strain::connections) == Level::full) client.close_after();
  Strain strain = overload_.strain();
  if (overload_.level(Strain::ledger) == Level::full) {
    return overloaded(Strain::ledger, level, "takes no calls");
  }
  if (overload_.level(Strain::memory) == Level::full && is_large(client)) {
    return overloaded(Strain::memory, level, "takes only small calls");
  }
  if (share_.is_over(tenant, level, now)) {
    return overloaded(strain, level, "takes no more calls of those who have most of them, as you");
  }
  return std::nullopt;
}

void Relay::look_at_load(Instant now) {
  Fullness fullness{.ledger = services_.ledger.fullness()};
  if (services_.connections != nullptr) {
    fullness.connections = part_of(services_.connections->taken(), services_.connections->most());
  }
  if (services_.memory != nullptr) {
    fullness.memory = part_of(services_.memory->used(), services_.memory->bytes_max());
  }
  Level before = overload_.level();
  overload_.look(fullness, now);
  metrics_.load(overload_);
  Level level = overload_.level();
  if (level != Level::calm) worker_.timers().set(load_look_, now + Overload::look_every);
  if (level == before) return;
  if (level == Level::calm) {
    worker_.log().info("Recloser is no longer at its limits", {{"worker", worker_.name()}});
    return;
  }
  worker_.log().warning(
      "Recloser is at a limit of its own, and refuses calls",
      {{"by", name_of(overload_.strain())}, {"level", name_of(level)}, {"worker", worker_.name()}});
}

void Relay::LoadLook::look() {
  relay.overload_.note_lag(relay.worker_.behind());
  relay.look_at_load(relay.worker_.now());
}

Refused Relay::overloaded(Strain strain, Level level, std::string_view what) {
  metrics_.shed(strain);
  Duration least = level == Level::full ? come_back_full : come_back_tight;
  Duration wait = least + Duration{random_.below(static_cast<std::uint64_t>(least.count()))};
  auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return {.refusal = codec::Refusal::gateway_overloaded,
          .message =
              fmt::format("Recloser {} and {}: try again in {} s", words_of(strain), what, seconds),
          .rule = fmt::format("overload/{}", name_of(strain)),
          .retry_after = wait};
}

}  // namespace recloser::relay
