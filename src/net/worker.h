// Worker: one thread, one event loop: descriptors, timers, coroutines, and mail from other threads.
#pragma once

#include "core/log.h"
#include "core/task_group.h"
#include "core/time.h"
#include "net/timer.h"
#include "net/waiter.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace recloser::net {

// A descriptor that the loop watches, edge-triggered, for its whole life: no system call per wait.
class Watched {
 public:
  struct Events {
    bool readable = false;
    bool writable = false;
    bool peer_ended = false;  // no byte will come after those that are readable
  };
  // Called with what the kernel said. May destroy this object.
  virtual void on_events(Events events) = 0;

 protected:
  ~Watched() = default;
};

// Everything of a worker is used on its own thread, except post() and stop().
//
// Time: `now()` is read once per turn of the loop. With a VirtualClock (tests) the loop never
// sleeps: when nothing is ready it moves the clock to the next timer.
class Worker {
 public:
  static constexpr std::size_t scratch_bytes = 64u << 10;

  using Mail = std::move_only_function<void()>;

  static Result<std::unique_ptr<Worker>> create(std::string name, const Clock& clock, Log& log);
  static Result<std::unique_ptr<Worker>> create(std::string name, VirtualClock& clock, Log& log);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void run();   // until stop()
  void turn();  // one turn of the loop: waits for something, does it
  template <class Done>
  void run_until(Done done) {
    while (!done()) turn();
  }

  void stop();           // any thread
  void post(Mail mail);  // any thread; runs on this worker, in order of posting

  // Work that another thread does for this worker and will post back; a virtual clock waits for it.
  void expect_mail() { ++mail_expected_; }
  void mail_arrived() { --mail_expected_; }

  const std::string& name() const { return name_; }
  const Clock& clock() const { return clock_; }
  Log& log() { return log_; }
  Instant now() const { return now_; }
  // What is given out in this turn may have been waiting since then, and no longer: while turns are
  // as full as they can be, since the first of them; else for as long as the last one took.
  Instant behind_since() const { return behind_since_; }
  WallTime wall() const { return clock_.wall(); }
  TimerWheel& timers() { return timers_; }
  TaskGroup& tasks() { return tasks_; }

  // Memory for one read, shared by all connections: valid until the coroutine that got it suspends.
  // Padded, so that vector loads past its end are safe.
  std::span<char> scratch() { return {scratch_.get(), scratch_bytes}; }
  // Text buffers for one head or one message; the same rule.
  std::string& text() { return text_; }

  // Wakes `waiter` in this turn, after what runs now has suspended.
  void wake_soon(Waiter& waiter) { ready_.add(waiter); }

  // Suspends to the end of the queue of what is ready, so that a busy connection lets others pass.
  auto yield();
  // Suspends until `at`.
  auto sleep_until(Instant at);

  Result<void> watch(int descriptor, Watched& watched);
  // Events of this turn that were not given out yet are forgotten; the kernel forgets at close().
  void forget(const Watched& watched);

  std::uint64_t turns() const { return turns_; }
  std::size_t watched_count() const { return watched_count_; }

 private:
  struct EventBatch;
  Worker(std::string name, const Clock& clock, VirtualClock* virtual_clock, Log& log);
  Result<void> open();
  int wait_ms() const;
  bool let_virtual_time_pass();
  bool wait_for_events(int timeout_ms);
  void give_out_events();
  void run_ready();
  void read_mail();
  static void task_failed(void* worker, std::string_view name, std::string_view what);

  const std::string name_;
  const Clock& clock_;
  VirtualClock* const virtual_clock_;
  Log& log_;
  Instant now_;
  Instant behind_since_;
  Duration busy_for_{};  // the last turn, where it was more than a few events
  int epoll_ = -1;
  int mail_bell_ = -1;  // eventfd
  std::unique_ptr<EventBatch> events_;
  std::unique_ptr<char[]> scratch_;
  std::string text_;
  TimerWheel timers_;
  WaiterList ready_;
  std::uint64_t turns_ = 0;
  std::size_t watched_count_ = 0;
  std::size_t mail_expected_ = 0;

  std::mutex mail_mutex_;
  std::vector<Mail> mail_;  // guarded by mail_mutex_
  std::atomic<bool> stopping_{false};

  // Last member: coroutines are destroyed first, while all that they use is still there.
  TaskGroup tasks_;
};

namespace worker_detail {

struct Yield : Waiter {
  explicit Yield(Worker& w)
      : Waiter([](Waiter& self) { static_cast<Yield&>(self).handle.resume(); }), worker(w) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) noexcept {
    handle = h;
    worker.wake_soon(*this);
  }
  void await_resume() const noexcept {}
  Worker& worker;
  std::coroutine_handle<> handle;
};

struct Sleep : Timer {
  Sleep(Worker& w, Instant until)
      : Timer([](Timer& self) { static_cast<Sleep&>(self).handle.resume(); }),
        worker(w),
        at(until) {}
  bool await_ready() const noexcept { return worker.now() >= at; }
  void await_suspend(std::coroutine_handle<> h) noexcept {
    handle = h;
    worker.timers().set(*this, at);
  }
  void await_resume() const noexcept {}
  Worker& worker;
  Instant at;
  std::coroutine_handle<> handle;
};

}  // namespace worker_detail

inline auto Worker::yield() { return worker_detail::Yield(*this); }
inline auto Worker::sleep_until(Instant at) { return worker_detail::Sleep(*this, at); }

}  // namespace recloser::net
