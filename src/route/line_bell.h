// LineBell: how those who wait in a line learn that they should look.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace recloser::route {

// One for many calls, told apart by tickets of its own: a call may be gone when its ticket is rung,
// the bell may not. Rung by whichever thread it happens on, with no lock held; must not block.
class LineBell {
 public:
  virtual ~LineBell() = default;
  virtual void ring(std::uint64_t ticket) = 0;
};

// What is rung when a lock is free again: it stands before the lock.
class Rings {
 public:
  Rings() = default;
  Rings(const Rings&) = delete;
  Rings& operator=(const Rings&) = delete;
  ~Rings() {
    for (auto [bell, ticket] : all_) bell->ring(ticket);
  }
  void add(LineBell& bell, std::uint64_t ticket) { all_.emplace_back(&bell, ticket); }

 private:
  std::vector<std::pair<LineBell*, std::uint64_t>> all_;
};

}  // namespace recloser::route
