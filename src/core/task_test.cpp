#include "core/task.h"

#include "core/task_group.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser {
namespace {

// A gate that a test opens by hand: suspends whoever awaits it.
struct Gate {
  std::coroutine_handle<> waiter;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) noexcept { waiter = h; }
  void await_resume() const noexcept {}
  void open() { std::exchange(waiter, {}).resume(); }
};

struct Failures {
  std::vector<std::string> seen;
  static void record(void* self, std::string_view name, std::string_view what) {
    static_cast<Failures*>(self)->seen.push_back(std::string(name) + ": " + std::string(what));
  }
};

Task<int> add(Gate& gate, int a, int b) {
  co_await gate;
  co_return a + b;
}

Task<void> sum_into(int& out, Gate& gate) {
  int first = co_await add(gate, 1, 2);
  int second = co_await add(gate, first, 4);
  out = second;
}

TEST(Task, ReturnsValuesThroughAwaits) {
  Failures failures;
  TaskGroup group(Failures::record, &failures);
  Gate gate;
  int out = 0;
  group.spawn("sum", sum_into(out, gate));
  EXPECT_EQ(group.size(), 1u);
  gate.open();
  EXPECT_EQ(out, 0);
  gate.open();
  EXPECT_EQ(out, 7);
  EXPECT_EQ(group.size(), 0u);
}

Task<void> throws(Gate& gate) {
  co_await gate;
  throw std::runtime_error("no memory");
}
Task<void> awaits_thrower(Gate& gate) { co_await throws(gate); }

TEST(Task, WhatASpawnedTaskThrowsIsReportedWithItsName) {
  Failures failures;
  TaskGroup group(Failures::record, &failures);
  Gate gate;
  group.spawn("client 7", awaits_thrower(gate));
  gate.open();
  EXPECT_EQ(failures.seen, std::vector<std::string>{"client 7: no memory"});
  EXPECT_EQ(group.size(), 0u);
}

struct CountsItsDeath {
  int* deaths;
  explicit CountsItsDeath(int* d) : deaths(d) {}
  CountsItsDeath(CountsItsDeath&& other) noexcept : deaths(std::exchange(other.deaths, nullptr)) {}
  ~CountsItsDeath() {
    if (deaths != nullptr) ++*deaths;
  }
};
Task<void> holds(CountsItsDeath held, Gate& gate) {
  co_await gate;
  (void)held;
}

TEST(Task, DestroyingTheGroupUnwindsWhatStillRuns) {
  int deaths = 0;
  Failures failures;
  Gate first;
  Gate second;
  {
    TaskGroup group(Failures::record, &failures);
    group.spawn("a", holds(CountsItsDeath(&deaths), first));
    group.spawn("b", holds(CountsItsDeath(&deaths), second));
    EXPECT_EQ(group.size(), 2u);
    EXPECT_EQ(deaths, 0);
  }
  EXPECT_EQ(deaths, 2);
}

Task<void> await_empty(TaskGroup& group, bool& done) {
  co_await group.empty();
  done = true;
}

TEST(Task, EmptyWakesWhenTheLastTaskEnds) {
  Failures failures;
  TaskGroup calls(Failures::record, &failures);
  TaskGroup waiters(Failures::record, &failures);
  Gate gate;
  bool done = false;
  int deaths = 0;
  calls.spawn("call", holds(CountsItsDeath(&deaths), gate));
  waiters.spawn("drain", await_empty(calls, done));
  EXPECT_FALSE(done);
  gate.open();
  EXPECT_TRUE(done);
}

Task<int> immediate(int value) { co_return value; }
Task<void> loop_many(long& sum) {
  for (int i = 0; i < 100'000; ++i) {
    int value = co_await immediate(i);
    sum += value;
  }
}

TEST(Task, AwaitingReadyTasksDoesNotGrowTheStack) {
  Failures failures;
  TaskGroup group(Failures::record, &failures);
  long sum = 0;
  group.spawn("loop", loop_many(sum));
  EXPECT_EQ(sum, 4'999'950'000L);
}

}  // namespace
}  // namespace recloser
