// Models that their servers have still to load: no failure, and waited for where nobody else
// answers.
#include "core/limits.h"
#include "relay/request.h"

#include <algorithm>

namespace recloser::relay {

using route::Candidate;
using route::WhyNot;

namespace {

bool loads(const ledger::CallRecord& row, std::size_t i) {
  return row.text_at(row.attempt(i).error_class) == error_class_loading;
}

// The last two were of one target, and both told that it loads.
bool repeats_the_last(const ledger::CallRecord& row) {
  std::size_t made = row.attempt_count();
  return made >= 2 && loads(row, made - 2) &&
         row.text_at(row.attempt(made - 2).target) == row.text_at(row.attempt(made - 1).target);
}

bool has_room(const ledger::CallRecord& row) {
  std::size_t made = row.attempt_count();
  return made < limits::attempts_max || loads(row, made - 1);
}

}  // namespace

bool has_next(const Request& request) {
  return std::ranges::any_of(request.candidates,
                             [](const Candidate& each) { return each.why_not == WhyNot::none; });
}

// The attempt has been told so. Another target is asked at once, if there is one; else this one
// again, as often as that takes. Neither is a retry: the server did no work.
bool Relay::goes_on_when_loaded(Call& call) {
  if (!call.request || call.cancel.cancelled() || !has_room(call.record())) return false;
  Request& request = *call.request;
  end_slot(call, ledger::Outcome::provider_failed);
  ask_health(request);  // this one's knows now until when it loads
  return has_next(request) || awaits_loading(call, request);
}

// Whether there is a target that is to be asked again once its model may be there; then the call
// waits until that moment, if its deadline allows it.
bool Relay::awaits_loading(Call& call, Request& request) {
  if (has_next(request)) return false;  // it is not waited for, whatever is wrong with it
  Instant until = Instant::never();
  for (const Candidate& each : request.candidates) {
    if (each.why_not == WhyNot::loading) until = std::min(until, each.until);
  }
  if (until >= deadline_of(call)) return false;
  for (Candidate& each : request.candidates) {
    if (each.why_not == WhyNot::loading) each.why_not = WhyNot::none;
  }
  request.not_before = until;
  return true;
}

// Asking whether a model is there may take a hundred times: the row keeps the first and the last.
ledger::Attempt* Relay::begin_attempt(Call& call, std::string_view target) {
  ledger::CallRecord& row = call.record();
  std::size_t made = row.attempt_count();
  bool again =
      made > 0 && loads(row, made - 1) && (made == limits::attempts_max || repeats_the_last(row));
  return again ? row.begin_attempt_again(target, worker_.wall())
               : row.begin_attempt(target, worker_.wall());
}

}  // namespace recloser::relay
