#include "net/timer.h"

#include <algorithm>
#include <bit>

namespace recloser::net {

void Timer::cancel() {
  if (link_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  link_ = nullptr;
  next_ = nullptr;
}

TimerWheel::~TimerWheel() {
  for (Timer*& head : heads_) {
    while (head != nullptr) head->cancel();
  }
}

void TimerWheel::set(Timer& timer, Instant deadline) {
  timer.deadline_ = deadline;
  if (deadline == Instant::never()) {
    timer.cancel();
  } else if (!timer.pending() || deadline < timer.slot_time_) {
    timer.cancel();
    insert(timer);
  }
}

// A deadline lies in the first slot whose time is not before it, and in no slot already looked at.
void TimerWheel::insert(Timer& timer) {
  std::int64_t due = tick_of(timer.deadline_ + (tick - 1ns));
  std::int64_t last = current_ + static_cast<std::int64_t>(slots) - 1;
  std::int64_t at = std::clamp(due, current_ + 1, last);
  timer.slot_time_ = Instant{at * tick.count()};
  std::size_t slot = static_cast<std::size_t>(at) % slots;
  timer.next_ = heads_[slot];
  timer.link_ = &heads_[slot];
  if (timer.next_ != nullptr) timer.next_->link_ = &timer.next_;
  heads_[slot] = &timer;
  bitmap_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  next_tick_ = std::min(next_tick_, at);
}

void TimerWheel::advance(Instant now) {
  std::int64_t target = tick_of(now);
  while (next_tick_ <= target) {
    current_ = next_tick_;
    next_tick_ = no_tick;
    run_slot(static_cast<std::size_t>(current_) % slots, now);
    next_tick_ = find_next();
  }
  current_ = std::max(current_, target);
}

void TimerWheel::run_slot(std::size_t slot, Instant now) {
  bitmap_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  // Detached first: what fires may set timers, also into this slot for the next turn of the wheel.
  Timer* list = heads_[slot];
  heads_[slot] = nullptr;
  if (list != nullptr) list->link_ = &list;
  while (list != nullptr) {
    Timer& timer = *list;
    timer.cancel();
    if (timer.deadline_ <= now) {
      timer.fire_(timer);
    } else {
      insert(timer);
    }
  }
}

// The first tick after the current one whose slot holds a timer.
std::int64_t TimerWheel::find_next() {
  std::size_t start = static_cast<std::size_t>(current_ + 1) % slots;
  std::size_t offset = 0;
  while (offset < slots) {
    std::size_t slot = (start + offset) % slots;
    std::uint64_t word = bitmap_[slot / 64] >> (slot % 64);
    if (word == 0) {
      offset += 64 - slot % 64;
      continue;
    }
    offset += static_cast<std::size_t>(std::countr_zero(word));
    if (offset >= slots) break;
    slot = (start + offset) % slots;
    if (heads_[slot] != nullptr) return current_ + 1 + static_cast<std::int64_t>(offset);
    bitmap_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));  // emptied by cancels
  }
  return no_tick;
}

}  // namespace recloser::net
