#include "cli/health_log.h"

namespace recloser::cli {

// A key that is refused is the operator's to mend, and nothing works until then: the loudest there
// is. Probing is of interest to who looks closely.
void HealthLog::changed(const route::StateChange& change) {
  using route::State;
  bool key = change.of == route::StateChange::Of::key;
  std::int64_t open_ms = change.to == State::tripped ? (change.until - change.at) / 1ms : 0;
  if (change.to == State::tripped && key) {
    log_.error("a provider refuses our key: no calls go to it until a probe is answered",
               {{"provider", change.name}, {"why", change.why}, {"for_ms", open_ms}});
    return;
  }
  if (change.to == State::tripped) {
    log_.warning("a target has tripped",
                 {{"target", change.name}, {"why", change.why}, {"for_ms", open_ms}});
    return;
  }
  std::string_view which = key ? "provider" : "target";
  if (change.to == State::passing) {
    log_.info("what had tripped works again", {{which, change.name}});
  } else {
    log_.debug("what had tripped is probed", {{which, change.name}});
  }
}

}  // namespace recloser::cli
