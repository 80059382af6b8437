// What the log says of calls: each try that failed, never as a flood, and at `debug` each call.
#pragma once

#include "core/log.h"
#include "ledger/ledger.h"
#include "net/timer.h"
#include "net/worker.h"
#include "relay/providers.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace recloser::relay {

struct Call;

// One per worker. Addresses are the books' business: a provider is called by its name.
class CallLog {
 public:
  // Of one provider, on one worker; what is beyond is counted and told at the second's end.
  static constexpr std::uint32_t failures_told_per_second = 5;

  CallLog(net::Worker& worker, const Providers& providers);
  ~CallLog();
  CallLog(const CallLog&) = delete;
  CallLog& operator=(const CallLog&) = delete;

  // The call's last try failed, as its row says; `what` happened in a few words.
  void attempt_failed(Call& call, std::string_view what);

  // The call is booked without a cost: told once a minute of each provider, and counted by a
  // metric.
  void booked_unpriced(Call& call);

  void call_ended(Call& call, ledger::Outcome outcome) {
    if (worker_.log().logs(LogLevel::debug)) tell_end(call, outcome);
  }

 private:
  struct Lane {
    Instant until;  // of the second that counts
    std::uint32_t told = 0;
    std::uint64_t untold = 0;
    Instant unpriced_until;  // of the minute in which an unpriced call was told
  };
  struct SecondEnds : net::Timer {
    explicit SecondEnds(CallLog& l)
        : Timer([](Timer& t) { static_cast<SecondEnds&>(t).log.second_ends(); }), log(l) {}
    CallLog& log;
  };
  void second_ends();
  void tell_rest(std::size_t provider);
  void tell_end(Call& call, ledger::Outcome outcome);

  net::Worker& worker_;
  const Providers& providers_;
  std::vector<Lane> lanes_;  // one of each provider
  SecondEnds second_ends_{*this};
};

}  // namespace recloser::relay
