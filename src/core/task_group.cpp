#include "core/task_group.h"

#include <exception>
#include <utility>

namespace recloser {

// The frame around a spawned task: frees itself at the end, and wakes whoever waits for the group.
class TaskGroup::Running {
 public:
  class promise_type {
   public:
    promise_type(TaskGroup& group, std::string_view, Task<void>&) : group_(group) {
      link_.frame = std::coroutine_handle<promise_type>::from_promise(*this);
      group_.add(link_);
    }
    ~promise_type() { group_.remove(link_); }

    static void* operator new(std::size_t bytes) { return frame_allocate(bytes); }
    static void operator delete(void* frame, std::size_t bytes) { frame_free(frame, bytes); }

    Running get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    struct End {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(
          std::coroutine_handle<promise_type> ended) const noexcept {
        TaskGroup& group = ended.promise().group_;
        ended.destroy();
        if (group.size_ != 0 || !group.waiter_) return std::noop_coroutine();
        return std::exchange(group.waiter_, {});
      }
      void await_resume() const noexcept {}
    };
    End final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }  // drive() catches all

   private:
    TaskGroup& group_;
    Link link_;
  };
};

TaskGroup::~TaskGroup() { clear(); }

void TaskGroup::clear() {
  while (newest_ != nullptr) newest_->frame.destroy();
}

void TaskGroup::spawn(std::string_view name, Task<void> task) {
  drive(*this, name, std::move(task));
}

TaskGroup::Running TaskGroup::drive(TaskGroup& group, std::string_view name, Task<void> task) {
  try {
    co_await std::move(task);
  } catch (const std::exception& e) {
    group.failed_(group.context_, name, e.what());
  } catch (...) {
    group.failed_(group.context_, name, "an exception that is not a std::exception");
  }
}

void TaskGroup::add(Link& link) {
  link.next = newest_;
  if (newest_ != nullptr) newest_->previous = &link;
  newest_ = &link;
  ++size_;
}

void TaskGroup::remove(Link& link) {
  if (link.next != nullptr) link.next->previous = link.previous;
  (link.previous != nullptr ? link.previous->next : newest_) = link.next;
  --size_;
}

}  // namespace recloser
