// FairQueue: what of all that is ready goes next, so that nobody waits for everything that somebody
// else has to do.
#pragma once

#include "core/time.h"
#include "net/waiter.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace recloser::net {

// Deficit round robin over flows (Shreedhar and Varghese, 1996); what is shared is time. A flow
// that had nothing to do for a while goes before those that always have (RFC 8290 section 4.1): who
// calls now and then finds a worker that others keep busy as if it were his.
//
// Single-threaded; time comes in. A flow is whoever the owner of an entry says it is: a tenant.
class FairQueue {
 public:
  using Flow = std::uint16_t;
  static constexpr Flow flows_max = 1024;
  static constexpr Flow nobody = 0;           // what belongs to no tenant, or to one not known yet
  static constexpr Duration quantum = 200us;  // of work, until it is the next flow's turn
  static constexpr Duration debt_max = 1ms;   // of one that took longer than its quantum

  // Lies in an object of its owner's, who removes it before it is destroyed.
  class Entry : public Waiter {
   public:
    explicit Entry(Wake wake) : Waiter(wake) {}
    Flow flow() const { return flow_; }
    // From the next add() on.
    void set_flow(Flow flow) { flow_ = flow; }

   private:
    Flow flow_ = nobody;
  };

  FairQueue() : flows_(flows_max) {}

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // Behind what its flow has in here; one that is here already stays where it is.
  void add(Entry& entry);
  void remove(Entry& entry);
  // The next one; null when there is none.
  Entry* take();
  // How long what was taken last has worked: a microsecond, at the least. Need not be told where
  // nobody else waited.
  void charge(Duration worked);

 private:
  struct Line {
    WaiterList waiting;
    Duration credit{};
    bool has_turn = false;  // stands in one of the two rounds
  };

  // Flows in the order of their turns, each at most once.
  class Round {
   public:
    bool empty() const { return count_ == 0; }
    Flow first() const { return ring_[first_]; }
    void add(Flow flow) { ring_[(first_ + count_++) % flows_max] = flow; }
    void drop_first() {
      first_ = (first_ + 1) % flows_max;
      --count_;
    }

   private:
    std::array<Flow, flows_max> ring_{};
    std::size_t first_ = 0;
    std::size_t count_ = 0;
  };

  std::vector<Line> flows_;
  Round woken_;  // those that had nothing to do
  Round busy_;
  std::size_t size_ = 0;
  Flow served_ = nobody;
};

}  // namespace recloser::net
