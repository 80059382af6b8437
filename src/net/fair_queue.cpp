#include "net/fair_queue.h"

#include <algorithm>

namespace recloser::net {
namespace {

constexpr Duration charge_min = 1us;  // by a clock that stands, one would go on for ever

}  // namespace

void FairQueue::add(Entry& entry) {
  if (entry.linked()) return;
  Line& line = flows_[entry.flow()];
  line.waiting.add(entry);
  ++size_;
  if (line.has_turn) return;
  line.has_turn = true;
  line.credit = quantum;
  woken_.add(entry.flow());
}

void FairQueue::remove(Entry& entry) {
  if (!entry.linked()) return;
  entry.unlink();
  --size_;
}

FairQueue::Entry* FairQueue::take() {
  while (size_ > 0) {
    bool was_woken = !woken_.empty();
    Round& round = was_woken ? woken_ : busy_;
    Flow flow = round.first();
    Line& line = flows_[flow];
    if (line.credit > Duration{} && !line.waiting.empty()) {
      --size_;
      served_ = flow;
      return static_cast<Entry*>(line.waiting.take());
    }
    round.drop_first();
    if (line.credit <= Duration{}) {
      line.credit += quantum;
      busy_.add(flow);
    } else if (was_woken) {
      // It keeps its turn among the busy: else it would be woken, and first, time and again.
      busy_.add(flow);
    } else {
      line.has_turn = false;
    }
  }
  return nullptr;
}

void FairQueue::charge(Duration worked) {
  Line& line = flows_[served_];
  line.credit = std::max(line.credit - std::max(worked, charge_min), -debt_max);
}

}  // namespace recloser::net
