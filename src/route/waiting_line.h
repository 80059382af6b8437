// WaitingLine: the calls that wait for a place at a target, in the order in which they get one.
#pragma once

#include "config/priority.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace recloser::route {

// Those of a higher priority first, but for every ninth place that others wait for, too. Within a
// priority the tenants take turns, one call each; the calls of one tenant stand as they came. A
// tenant that comes is behind one call of every other one that waits, however many those have, and
// one that is never without a call in the line is behind the others as often as they behind it.
// (Fair queueing by rounds, as in Demers, Keshav and Shenker 1989, with calls in place of bits.)
//
// Not safe for threads: its target's health locks it. All but first() and the sizes cost some
// nanoseconds for each call that waits.
class WaitingLine {
 public:
  static constexpr unsigned passed_over_most = 8;

  // A call in the line; belongs to who waits, and stays where it is until it is out.
  struct Member {
    std::uint64_t tenant = 0;
    config::Priority priority = config::Priority::normal;
    std::uint64_t round = 0;  // set by join()
  };

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // How many get a place before a call that came now, about: those passed over are not counted.
  std::size_t ahead_of(const Member& newcomer) const;

  void join(Member& member);
  // Who gets the next place. Not of an empty line.
  Member& first() const;
  // The first has got it.
  void take_first();
  // Out of the line without a place. Whether it was in it.
  bool leave(const Member& member);

 private:
  // Of one priority, in the order of places.
  struct Lane {
    std::vector<Member*> members;
    std::uint64_t round = 0;  // of the last that got a place
    unsigned passed_over = 0;
  };

  std::uint64_t round_of(const Member& newcomer) const;
  std::size_t lane_of_first() const;
  const Lane& lane(config::Priority priority) const {
    return lanes_[static_cast<std::size_t>(priority)];
  }
  Lane& lane(config::Priority priority) { return lanes_[static_cast<std::size_t>(priority)]; }

  std::array<Lane, config::priority_count> lanes_;  // the lowest first
  std::size_t size_ = 0;
};

}  // namespace recloser::route
