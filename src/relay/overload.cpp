#include "relay/overload.h"

#include <algorithm>
#include <utility>

namespace recloser::relay {

std::string_view name_of(Strain strain) {
  switch (strain) {
    case Strain::lag:
      return "lag";
    case Strain::connections:
      return "connections";
    case Strain::memory:
      return "memory";
    case Strain::ledger:
      return "ledger";
  }
  std::unreachable();
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::calm:
      return "calm";
    case Level::tight:
      return "tight";
    case Level::full:
      return "full";
  }
  std::unreachable();
}

void Marked::see(std::uint64_t value, Instant now) {
  Level reached = value >= full_ ? Level::full : value >= tight_ ? Level::tight : Level::calm;
  std::uint64_t mark = level_ == Level::full ? full_ : tight_;
  bool low = reached < level_ && value * 5 < mark * 4;
  if (!low) {
    level_ = std::max(level_, reached);
    low_since_ = Instant::never();
    return;
  }
  if (low_since_ == Instant::never()) low_since_ = now;
  if (now - low_since_ < hold) return;
  level_ = reached;
  low_since_ = Instant::never();
}

void Overload::look(const Fullness& fullness, Instant now) {
  next_look_ = now + look_every;
  look_at_lag(now);
  auto see = [&](Strain strain, std::uint32_t part) {
    marks_[static_cast<std::size_t>(strain)].see(part, now);
  };
  see(Strain::connections, fullness.connections);
  see(Strain::memory, fullness.memory);
  see(Strain::ledger, fullness.ledger);
  level_ = Level::calm;
  for (const Marked& mark : marks_) level_ = std::max(level_, mark.level());
}

void Overload::look_at_lag(Instant now) {
  Duration passed = now - interval_began_;
  if (passed < lag_interval) return;
  // After a time without calls the first one says nothing of those before.
  bool was_watched = passed < 2 * lag_interval && least_lag_ != Duration::max();
  if (was_watched || level(Strain::lag) != Level::calm) {
    lag_ = was_watched ? std::max(least_lag_, Duration{}) : Duration{};
    marks_[static_cast<std::size_t>(Strain::lag)].see(static_cast<std::uint64_t>(lag_ / 1us), now);
  }
  least_lag_ = Duration::max();
  interval_began_ = now;
}

Strain Overload::strain() const {
  auto most = std::ranges::max_element(marks_, {}, &Marked::level);
  return static_cast<Strain>(most - marks_.begin());
}

}  // namespace recloser::relay
