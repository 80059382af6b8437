// TaskGroup: owns the coroutines that nobody awaits, each with a name, and tells when the last has
// ended.
#pragma once

#include "core/task.h"

#include <coroutine>
#include <cstddef>
#include <string_view>

namespace recloser {

// Called with the name and the message of what a spawned coroutine threw; logs and counts it.
using TaskFailed = void (*)(void* context, std::string_view name, std::string_view what);

// Single-threaded, like the coroutines in it. Destroying the group destroys what still runs, newest
// first.
class TaskGroup {
 public:
  TaskGroup(TaskFailed failed, void* context) : failed_(failed), context_(context) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  // Runs `task` until its first suspension, now. `name` is a literal: it is kept as it is.
  void spawn(std::string_view name, Task<void> task);

  std::size_t size() const { return size_; }

  // Destroys what still runs, newest first.
  void clear();

  // Suspends until size() is 0. One waiter at a time.
  auto empty() {
    struct Empty {
      TaskGroup& group;
      bool await_ready() const noexcept { return group.size_ == 0; }
      void await_suspend(std::coroutine_handle<> waiter) const noexcept { group.waiter_ = waiter; }
      void await_resume() const noexcept {}
    };
    return Empty{*this};
  }

 private:
  class Running;
  static Running drive(TaskGroup& group, std::string_view name, Task<void> task);

  struct Link {
    Link* previous = nullptr;
    Link* next = nullptr;
    std::coroutine_handle<> frame;
  };
  void add(Link& link);
  void remove(Link& link);

  TaskFailed failed_;
  void* context_;
  Link* newest_ = nullptr;
  std::size_t size_ = 0;
  std::coroutine_handle<> waiter_;
};

}  // namespace recloser
