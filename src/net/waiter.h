// Waiter: a suspended coroutine, or a callback, that waits for one thing on one worker.
#pragma once

#include <coroutine>

namespace recloser::net {

// Lives in an awaitable on a coroutine's frame, or in an object of its own. Destroying it takes it
// out of the list it waits in, so a destroyed coroutine is never resumed.
class Waiter {
 public:
  using Wake = void (*)(Waiter&);

  explicit Waiter(Wake wake) : wake_(wake) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { unlink(); }

  void wake() { wake_(*this); }

  bool linked() const { return previous_ != nullptr; }
  void unlink() {
    if (!linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = nullptr;
  }

 private:
  friend class WaiterList;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  Wake wake_;
};

// A ring of waiters, oldest first.
class WaiterList {
 public:
  WaiterList() : ring_([](Waiter&) {}) { ring_.previous_ = ring_.next_ = &ring_; }
  WaiterList(const WaiterList&) = delete;
  WaiterList& operator=(const WaiterList&) = delete;
  ~WaiterList() {
    while (!empty()) ring_.next_->unlink();
    ring_.previous_ = ring_.next_ = nullptr;
  }

  bool empty() const { return ring_.next_ == &ring_; }

  void add(Waiter& waiter) {
    waiter.unlink();
    waiter.previous_ = ring_.previous_;
    waiter.next_ = &ring_;
    ring_.previous_->next_ = &waiter;
    ring_.previous_ = &waiter;
  }

  Waiter* take() {
    if (empty()) return nullptr;
    Waiter* first = ring_.next_;
    first->unlink();
    return first;
  }

  // Everything in `other` goes behind what is here.
  void take_all(WaiterList& other) {
    while (Waiter* waiter = other.take()) add(*waiter);
  }

 private:
  Waiter ring_;
};

// What to stop when its owner is no longer wanted: a connection is closed, a look-up is given up.
class Cancellable {
 public:
  virtual void cancel() = 0;

 protected:
  ~Cancellable() = default;
};

}  // namespace recloser::net
