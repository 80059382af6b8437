// TestLoop: a worker with a virtual clock and a silent log, for tests that carry real bytes over
// loopback.
#pragma once

#include "core/check.h"
#include "core/log.h"
#include "core/time.h"
#include "net/resolver.h"
#include "net/worker.h"

#include <memory>
#include <string>
#include <utility>

namespace recloser::net {

class TestLoop {
 public:
  TestLoop()
      : log_(LogLevel::debug, LogFormat::text, clock_, std::make_unique<Memory>(text_)),
        worker_(std::move(*Worker::create("test", clock_, log_))),
        resolver_(clock_) {}

  VirtualClock& clock() { return clock_; }
  Log& log() { return log_; }
  Worker& worker() { return *worker_; }
  Resolver& resolver() { return resolver_; }

  // Runs `task` and whatever it makes happen, until it has ended.
  void run(Task<void> task) {
    bool done = false;
    worker_->tasks().spawn("test", mark(std::move(task), done));
    worker_->run_until([&] { return done; });
  }
  // Lets what is on its way arrive, and time pass.
  void run_for(Duration duration) {
    bool done = false;
    worker_->tasks().spawn("test time", mark(wait(*worker_, duration), done));
    worker_->run_until([&] { return done; });
  }

  std::string log_text() {
    log_.flush();
    return text_;
  }

 private:
  struct Memory final : LogSink {
    explicit Memory(std::string& text) : out(text) {}
    void write(std::string_view lines) override { out += lines; }
    std::string& out;
  };
  static Task<void> mark(Task<void> task, bool& done) {
    co_await std::move(task);
    done = true;
  }
  static Task<void> wait(Worker& worker, Duration duration) {
    co_await worker.sleep_until(worker.now() + duration);
  }

  VirtualClock clock_;
  std::string text_;
  Log log_;
  std::unique_ptr<Worker> worker_;
  Resolver resolver_;
};

}  // namespace recloser::net
