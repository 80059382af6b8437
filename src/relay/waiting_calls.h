// WaitingCalls: the calls of one worker that stand in the lines of targets.
#pragma once

#include "net/pause.h"
#include "net/worker.h"
#include "route/line_bell.h"

#include <cstdint>
#include <unordered_map>

namespace recloser::relay {

// A ring from any thread ends the pause of its call, if that still waits: the call looks for
// itself.
class WaitingCalls final : public route::LineBell {
 public:
  explicit WaitingCalls(net::Worker& worker) : worker_(worker) {}

  std::uint64_t next_ticket() { return ++last_ticket_; }

  void ring(std::uint64_t ticket) override {
    worker_.post([this, ticket] { wake(ticket); });
  }

  // Stands on the frame of who waits, as long as the pause.
  class During {
   public:
    During(WaitingCalls& calls, std::uint64_t ticket, net::Pause& pause)
        : calls_(calls), ticket_(ticket) {
      calls_.pauses_.emplace(ticket, &pause);
    }
    During(const During&) = delete;
    During& operator=(const During&) = delete;
    ~During() { calls_.pauses_.erase(ticket_); }

   private:
    WaitingCalls& calls_;
    std::uint64_t ticket_;
  };

 private:
  void wake(std::uint64_t ticket) {
    auto waiting = pauses_.find(ticket);
    if (waiting != pauses_.end()) waiting->second->cancel();
  }

  net::Worker& worker_;
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<std::uint64_t, net::Pause*> pauses_;
};

}  // namespace recloser::relay
