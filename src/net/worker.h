// Worker: one thread, one event loop: descriptors, timers, coroutines, and mail from other threads.
#pragma once

#include "core/log.h"
#include "core/task_group.h"
#include "core/time.h"
#include "net/fair_queue.h"
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
// Its events wait for their turn among those of its flow.
class Watched : private FairQueue::Entry {
 public:
  struct Events {
    bool readable : 1 = false;
    bool writable : 1 = false;
    bool peer_ended : 1 = false;  // no byte will come after those that are readable
  };
  // Called with what the kernel said. May destroy this object.
  virtual void on_events(Events events) = 0;

  using FairQueue::Entry::flow;
  using FairQueue::Entry::set_flow;

 protected:
  Watched();
  ~Watched() = default;

 private:
  friend class Worker;
  Events come_{};  // and were not given out yet
};

// Everything of a worker is used on its own thread, except post() and stop().
//
// Time: `now()` is read once per turn of the loop. With a VirtualClock (tests) the loop never
// sleeps: when nothing is ready it moves the clock to the next timer.
//
// A turn gives out what had come when it began, flow by flow, and for a short time only: then it is
// asked what else has come.
class Worker {
 public:
  static constexpr std::size_t scratch_bytes = 64u << 10;
  static constexpr Duration slice = 250us;  // of events, in one turn

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
  // For how long what comes now would wait for its worker if there were no flows: what the last
  // turn took, and what that has left over, at the pace of the last turn. Few events are not timed.
  Duration behind() const { return behind_; }
  // Whether anything waits for its turn behind what runs now.
  bool others_wait() const { return !queue_.empty(); }
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

  // Suspends to the end of what `flow` has to do, behind what has come meanwhile: so a busy
  // connection lets others pass.
  auto yield(FairQueue::Flow flow);
  // Suspends until `at`.
  auto sleep_until(Instant at);

  Result<void> watch(int descriptor, Watched& watched);
  // Once, at its end. Events that were not given out yet are not any more; the kernel forgets at
  // close().
  void forget(Watched& watched);
  // on_events() is called again in a later turn, as if the kernel had said so.
  void come_again(Watched& watched, Watched::Events events);

  std::uint64_t turns() const { return turns_; }
  std::size_t watched_count() const { return watched_count_; }

 private:
  struct EventBatch;
  friend class Watched;
  Worker(std::string name, const Clock& clock, VirtualClock* virtual_clock, Log& log);
  Result<void> open();
  int wait_ms() const;
  void let_virtual_time_pass();
  bool nothing_waits() const { return ready_.empty() && queue_.empty(); }
  bool wait_for_events(int timeout_ms);
  std::size_t give_out_events();
  void look_how_far_behind(std::size_t given);
  void run_ready();
  void read_mail();
  static void task_failed(void* worker, std::string_view name, std::string_view what);

  const std::string name_;
  const Clock& clock_;
  VirtualClock* const virtual_clock_;
  Log& log_;
  Instant now_;
  Duration behind_{};
  int epoll_ = -1;
  std::unique_ptr<EventBatch> events_;
  std::unique_ptr<char[]> scratch_;
  std::string text_;
  TimerWheel timers_;
  WaiterList ready_;
  FairQueue queue_;
  struct MailBell final : Watched {
    explicit MailBell(Worker& w) : worker(w) {}
    void on_events(Events) override { worker.read_mail(); }
    Worker& worker;
    int descriptor = -1;  // eventfd
  };
  MailBell mail_bell_{*this};
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

struct Yield : FairQueue::Entry {
  Yield(FairQueue& q, FairQueue::Flow flow)
      : Entry([](Waiter& self) { static_cast<Yield&>(self).handle.resume(); }), queue(q) {
    set_flow(flow);
  }
  ~Yield() { queue.remove(*this); }
  Yield(const Yield&) = delete;
  Yield& operator=(const Yield&) = delete;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    handle = h;
    queue.add(*this);
  }
  void await_resume() const noexcept {}
  FairQueue& queue;
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

inline auto Worker::yield(FairQueue::Flow flow) { return worker_detail::Yield(queue_, flow); }
inline auto Worker::sleep_until(Instant at) { return worker_detail::Sleep(*this, at); }

}  // namespace recloser::net
