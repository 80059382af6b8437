// Offload: work that waits for a disk, or takes long, runs on a thread beside a worker; its caller
// awaits the result.
#pragma once

#include "core/check.h"
#include "net/worker.h"

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

namespace recloser::net {

// Use:
//   auto read = [&store, id] { return store.call(id); };
//   Result<std::optional<StoredCall>> call = co_await offload.run(std::move(read));
// One thread from the first work on, first come first served, so that what one piece of work
// changed the next one sees. The work owns what it uses, or uses what outlives the Offload: its
// caller may be destroyed while it runs, and the result is then dropped.
class Offload {
 public:
  explicit Offload(Worker& worker);
  // Ends what runs; what still waits never runs. On the worker's thread, or when that has ended.
  ~Offload();
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;

  template <class Work>
  class Run;
  template <class Work>
  Run<Work> run(Work work) {
    return Run<Work>(*this, std::move(work));
  }

 private:
  // Owned in turn by the queue, the thread and the letter back to the worker.
  class Job {
   public:
    virtual ~Job() = default;
    virtual void work() = 0;   // on the thread
    virtual void deliver() {}  // on the worker
  };

  void submit(std::unique_ptr<Job> job);
  void work_until_closed();

  Worker& worker_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Job>> waiting_;  // guarded by mutex_
  bool closed_ = false;                       // guarded by mutex_
  std::thread thread_;                        // last: it uses all of the above
};

template <class Work>
class [[nodiscard]] Offload::Run {
 public:
  using Value = std::invoke_result_t<Work&>;

  Run(Offload& offload, Work work)
      : offload_(offload), job_(std::make_unique<Typed>(std::move(work))) {}
  Run(Run&&) = delete;
  ~Run() {
    if (running_ != nullptr) running_->caller = nullptr;
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    awaiting_ = awaiting;
    running_ = job_.get();
    running_->caller = this;
    offload_.submit(std::move(job_));
  }
  Value await_resume() {
    CHECK(value_.has_value());
    return std::move(*value_);
  }

 private:
  struct Typed final : Job {
    explicit Typed(Work w) : to_do(std::move(w)) {}
    // A job that was never delivered: the Offload or the worker ended first.
    ~Typed() override {
      if (caller != nullptr) caller->running_ = nullptr;
    }
    void work() override { value.emplace(to_do()); }
    void deliver() override {
      Run* waiting = std::exchange(caller, nullptr);
      if (waiting == nullptr) return;
      waiting->running_ = nullptr;
      waiting->value_ = std::move(value);
      waiting->awaiting_.resume();
    }

    Work to_do;
    std::optional<Value> value;
    Run* caller = nullptr;  // the worker's side only; null once the caller is gone
  };

  Offload& offload_;
  std::unique_ptr<Typed> job_;  // until it is submitted
  Typed* running_ = nullptr;    // from then on, while it lives
  std::optional<Value> value_;
  std::coroutine_handle<> awaiting_;
};

}  // namespace recloser::net
