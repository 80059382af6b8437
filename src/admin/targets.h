// Targets as the admin API shows them, and as an operator takes them out of traffic and back.
#pragma once

#include "admin/switches.h"
#include "core/result.h"
#include "core/time.h"
#include "relay/leaving.h"
#include "relay/switches.h"
#include "route/health.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace recloser::admin {

// Both clocks at once: what health knows is of the steady one, and people read the other.
struct Moment {
  Instant now;
  WallTime wall;

  WallTime of(Instant at) const { return wall + (at - now); }
};

// What an operator asks of one target.
struct Draining {
  std::string target;
  bool drained = false;
  bool now = false;    // answers that run there are to go on elsewhere, where they can
  std::string reason;  // "": none was given
  std::string who;
};

// A target that is drained gets no new calls; those that run there may end, or, drained `now`, go
// on elsewhere. It is a switch by the name drain/PROVIDER/MODEL, and so as it was left last after a
// restart.
//
// Any thread may call anything; all but follow() wait for the store: never on a worker.
class TargetBoard {
 public:
  // Has the workers leave a target that is drained; waits for them.
  using Leave = std::move_only_function<relay::LeftTarget(const std::string& target)>;

  TargetBoard(route::Health& health, SwitchBoard& board, const relay::Switches& switches,
              Leave leave)
      : health_(health), board_(board), switches_(switches), leave_(std::move(leave)) {}

  // Has the health do as the switches say: at the start, and as `thrown` of the switch board.
  void follow();

  Result<std::string> list_json(const Moment& moment);  // {"data": [..], "next": null}
  // Errors: not_found, of a name that no configuration has and no call went to.
  Result<std::string> one_json(std::string_view name, const Moment& moment);
  // How it stands afterwards; with `now`, and how many answers `switched` or are `staying`.
  Result<std::string> put(const Draining& draining, const Moment& moment);

 private:
  Result<std::string> json_of(route::TargetHealth& target, const Moment& moment);

  route::Health& health_;
  SwitchBoard& board_;
  const relay::Switches& switches_;
  Leave leave_;
};

// "new calls to the target openai/gpt-4o", of a switch by such a name; "" of any other.
std::string stopped_by_drain(std::string_view switch_name);

// The body of PUT /admin/targets/{name}: {"drained", "now", "reason", "who"}.
Result<Draining> read_draining(std::string_view target, std::string_view body);

}  // namespace recloser::admin
