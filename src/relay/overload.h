// Overload: how near this gateway is to its own limits, and how long it has been so.
#pragma once

#include "core/time.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace recloser::relay {

// What a gateway can run out of.
enum class Strain : std::uint8_t {
  lag,          // the worker does not get round to what has come
  connections,  // `limits.connections`
  memory,       // `limits.bufferedBytes`
  ledger,       // room for rows that are not stored yet
};
inline constexpr std::size_t strain_count = 4;
std::string_view name_of(Strain strain);  // "lag", ..

enum class Level : std::uint8_t {
  calm,
  tight,  // who takes more than his share gets no more of it
  full,   // what is largest is refused, too
};
std::string_view name_of(Level level);  // "calm", ..

// How much of each limit is taken, in thousandths.
struct Fullness {
  std::uint32_t connections = 0;
  std::uint32_t memory = 0;
  std::uint32_t ledger = 0;
};

// One measure and its two marks. A level is reached at once; it is left when the measure has been
// below four fifths of its mark for a second, so that it does not flutter.
class Marked {
 public:
  constexpr Marked(std::uint64_t tight, std::uint64_t full) : tight_(tight), full_(full) {}

  void see(std::uint64_t value, Instant now);
  Level level() const { return level_; }

  static constexpr Duration hold = 1s;

 private:
  std::uint64_t tight_;
  std::uint64_t full_;
  Level level_ = Level::calm;
  Instant low_since_ = Instant::never();
};

// Of one worker; time comes in. A lag is looked at as CoDel looks at a queue (RFC 8289): the least
// one of an interval counts, for a burst that is worked off is no overload, a queue that stands is.
class Overload {
 public:
  static constexpr Duration look_every = 10ms;
  static constexpr Duration lag_interval = 100ms;
  static constexpr Duration lag_tight = 5ms;
  static constexpr Duration lag_full = 25ms;
  static constexpr std::uint32_t part_tight = 850;
  static constexpr std::uint32_t part_full = 950;

  // Of each call that begins: how long it may have waited for the worker.
  void note_lag(Duration lag) {
    if (lag < least_lag_) least_lag_ = lag;
  }
  bool is_due(Instant now) const { return now >= next_look_; }
  void look(const Fullness& fullness, Instant now);

  Level level() const { return level_; }  // the highest of all
  Level level(Strain strain) const { return marks_[static_cast<std::size_t>(strain)].level(); }
  // What it is that is strained most, the first of several; only where level() is not calm.
  Strain strain() const;
  Duration lag() const { return lag_; }  // of the last interval

 private:
  void look_at_lag(Instant now);

  std::array<Marked, strain_count> marks_{
      Marked(static_cast<std::uint64_t>(lag_tight / 1us),
             static_cast<std::uint64_t>(lag_full / 1us)),
      Marked(part_tight, part_full), Marked(part_tight, part_full), Marked(part_tight, part_full)};
  Level level_ = Level::calm;
  Instant next_look_;
  Instant interval_began_;
  Duration least_lag_ = Duration::max();
  Duration lag_{};
};

}  // namespace recloser::relay
