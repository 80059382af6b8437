#include "net/offload.h"

#include "core/task.h"
#include "net/test_loop.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::net {
namespace {

// Lets a test hold the thread of an Offload, and let it go.
class Gate {
 public:
  void open() {
    open_.store(true);
    open_.notify_all();
  }
  void pass() const { open_.wait(false); }

 private:
  std::atomic<bool> open_{false};
};

class OffloadTest : public testing::Test {
 public:
  net::TestLoop loop_;
};

Task<void> ask(Offload& offload, std::string& heard, std::thread::id& where) {
  auto work = [&where] {
    where = std::this_thread::get_id();
    return std::string("done");
  };
  heard = co_await offload.run(std::move(work));
}

TEST_F(OffloadTest, WorkRunsElsewhereAndItsResultComesHome) {
  Offload offload(loop_.worker());
  std::string heard;
  std::thread::id where;
  loop_.run(ask(offload, heard, where));
  EXPECT_EQ(heard, "done");
  EXPECT_NE(where, std::this_thread::get_id());
}

Task<void> ask_many(Offload& offload, std::vector<int>& order) {
  for (int i = 0; i < 100; ++i) {
    auto work = [&order, i] {
      order.push_back(i);
      return i;
    };
    int got = co_await offload.run(std::move(work));
    EXPECT_EQ(got, i);
  }
}

TEST_F(OffloadTest, OneAfterTheOther) {
  Offload offload(loop_.worker());
  std::vector<int> order;
  loop_.run(ask_many(offload, order));
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

Task<void> wait_behind(Offload& offload, Gate& gate, Instant& woken_at, net::Worker& worker) {
  auto work = [&gate] {
    gate.pass();
    return std::make_unique<int>(7);  // what can only be moved is fine too
  };
  std::unique_ptr<int> got = co_await offload.run(std::move(work));
  EXPECT_EQ(*got, 7);
  woken_at = worker.now();
}

Task<void> open_after(net::Worker& worker, Gate& gate) {
  co_await worker.yield(FairQueue::nobody);
  gate.open();
}

// A virtual clock does not run ahead of work on a real thread.
TEST_F(OffloadTest, VirtualTimeWaitsForTheThread) {
  Offload offload(loop_.worker());
  Gate gate;
  Instant woken_at = Instant::never();
  Instant before = loop_.worker().now();
  loop_.worker().tasks().spawn("opens", open_after(loop_.worker(), gate));
  loop_.run(wait_behind(offload, gate, woken_at, loop_.worker()));
  EXPECT_EQ(woken_at, before);
}

// The caller is destroyed with its task group while the thread still works for it.
TEST_F(OffloadTest, ACallerMayLeaveBeforeTheResult) {
  Offload offload(loop_.worker());
  Gate gate;
  Instant woken_at = Instant::never();
  {
    TaskGroup callers([](void*, std::string_view, std::string_view) {}, nullptr);
    callers.spawn("leaves", wait_behind(offload, gate, woken_at, loop_.worker()));
  }
  gate.open();
  std::string heard;
  std::thread::id where;
  loop_.run(ask(offload, heard, where));  // behind the abandoned one
  EXPECT_EQ(heard, "done");
  EXPECT_EQ(woken_at, Instant::never());
}

// And the other way round: the Offload ends while a caller waits. Nobody touches what is gone.
TEST_F(OffloadTest, TheOffloadMayEndBeforeItsCallers) {
  Gate gate;
  Instant woken_at = Instant::never();
  TaskGroup callers([](void*, std::string_view, std::string_view) {}, nullptr);
  {
    Offload offload(loop_.worker());
    callers.spawn("first", wait_behind(offload, gate, woken_at, loop_.worker()));
    callers.spawn("second", wait_behind(offload, gate, woken_at, loop_.worker()));
    gate.open();
  }
  EXPECT_EQ(woken_at, Instant::never());
}

}  // namespace
}  // namespace recloser::net
