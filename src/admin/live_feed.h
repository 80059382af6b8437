// LiveFeed: what happens, told to those who follow it as it happens (GET /admin/live).
#pragma once

#include "ledger/row_watcher.h"
#include "net/cancel.h"
#include "net/timer.h"
#include "net/waiter.h"
#include "net/worker.h"

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::admin {

// Server-sent events, without prompt or answer text. Rows of calls are told by the thread that
// stores them: a worker that carries calls does nothing for this, and while nobody follows that
// thread does one load. Nobody waits for a follower: what one does not take in time is lost to it,
// and counted.
class LiveFeed final : public ledger::RowWatcher {
 public:
  static constexpr std::size_t followers_max = 16;
  static constexpr std::size_t waiting_events_max = 1024;     // of one follower
  static constexpr std::size_t waiting_bytes_max = 1u << 20;  // of one follower

  class Follower;

  // On `worker`, where the follower stays. Null: so many follow already.
  std::unique_ptr<Follower> follow(net::Worker& worker);

  // `decision` of a row that something was decided about, and `call`.
  void stored(std::span<const ledger::CallRecord* const> rows) override;
  // Any thread. `json` is one line.
  void tell(std::string_view event, std::string_view json);

  // Any thread: nothing is told any more, and followers leave with what waits for them.
  void end();
  bool followed() const { return followers() != 0; }
  std::size_t followers() const { return count_.load(std::memory_order_relaxed); }

 private:
  bool all_are_full(std::uint64_t events);
  void add(const std::shared_ptr<const std::string>& event);
  void ring(Follower& follower);
  void wake_on(net::Worker& worker);

  std::atomic<std::size_t> count_ = 0;
  std::mutex mutex_;
  std::vector<Follower*> followers_;  // guarded by mutex_
  bool ended_ = false;                // guarded by mutex_
};

// One who follows, as long as it lives, which is shorter than its worker and the feed. Cancelled,
// it waits no longer.
class LiveFeed::Follower final : public net::Cancellable {
 public:
  Follower(LiveFeed& feed, net::Worker& worker) : feed_(feed), worker_(worker) {}
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  class Wait;
  // Suspends until something waits to be taken, the feed has ended, cancel(), or `until`.
  Wait wait(Instant until);
  // What came since it was called last, behind `events`, and then how many were lost meanwhile.
  // False: nothing will come any more.
  bool take(std::string& events);
  void cancel() override;

 private:
  friend class LiveFeed;
  bool has_room(std::size_t bytes) const;
  bool has_news();
  void wake();

  LiveFeed& feed_;
  net::Worker& worker_;
  Wait* waiting_ = nullptr;  // the worker's own, like `cancelled_`
  bool cancelled_ = false;

  // Guarded by feed_.mutex_:
  std::deque<std::shared_ptr<const std::string>> events_;
  std::size_t bytes_ = 0;   // of events_
  std::uint64_t lost_ = 0;  // behind events_
  bool rung_ = false;       // a letter to the worker is under way
};

class [[nodiscard]] LiveFeed::Follower::Wait : private net::Waiter, private net::Timer {
 public:
  Wait(Follower& follower, Instant until);
  ~Wait() { follower_.waiting_ = nullptr; }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  bool await_ready() const { return follower_.cancelled_ || follower_.has_news(); }
  void await_suspend(std::coroutine_handle<> awaiting);
  void await_resume() const noexcept {}

 private:
  friend class Follower;
  void wake_soon();
  void resume();

  Follower& follower_;
  Instant until_;
  std::coroutine_handle<> awaiting_;
};

inline LiveFeed::Follower::Wait LiveFeed::Follower::wait(Instant until) { return {*this, until}; }

}  // namespace recloser::admin
