// Interrupt: Ctrl-C as the end of a command that goes on until then, and not of its process.
#pragma once

#include "core/result.h"
#include "net/worker.h"

#include <csignal>
#include <memory>

namespace recloser::cli {

// While it lives, SIGINT is kept from this thread and those that it starts, and noted. Made on the
// thread of its worker.
class Interrupt final : private net::Watched {
 public:
  static Result<std::unique_ptr<Interrupt>> watch(net::Worker& worker);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool came() const { return came_; }

 private:
  explicit Interrupt(net::Worker& worker) : worker_(worker) {}
  void on_events(net::Watched::Events events) override;

  net::Worker& worker_;
  sigset_t mask_before_{};
  int descriptor_ = -1;
  bool came_ = false;
};

}  // namespace recloser::cli
