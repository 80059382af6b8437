#include "relay/call_log.h"

#include "relay/call.h"

#include <algorithm>
#include <utility>

namespace recloser::relay {
namespace {

std::int64_t milliseconds(Duration time) { return time / 1ms; }

// Where it went last; the row's own text.
std::string_view target_of(Call& call) {
  const ledger::Attempt* attempt = call.record().last_attempt();
  return attempt == nullptr ? std::string_view() : call.record().text_at(attempt->target);
}

}  // namespace

CallLog::CallLog(net::Worker& worker, const Providers& providers)
    : worker_(worker), providers_(providers), lanes_(providers.all().size()) {}

CallLog::~CallLog() {
  for (std::size_t i = 0; i < lanes_.size(); ++i) tell_rest(i);
}

void CallLog::attempt_failed(Call& call, std::string_view what) {
  if (!worker_.log().logs(LogLevel::warning)) return;
  auto index = static_cast<std::size_t>(call.provider - providers_.all().data());
  Lane& lane = lanes_[index];
  if (worker_.now() >= lane.until) {
    tell_rest(index);
    lane.until = worker_.now() + 1s;
    lane.told = 0;
  }
  if (lane.told == failures_told_per_second) {
    ++lane.untold;
    if (!second_ends_.pending()) worker_.timers().set(second_ends_, lane.until);
    return;
  }
  ++lane.told;
  const ledger::Attempt& attempt = *call.record().last_attempt();
  worker_.log().warning("a try at a provider failed",
                        {{"call", call.id()},
                         {"provider", call.provider->config->name},
                         {"target", target_of(call)},
                         {"error", call.record().text_at(attempt.error_class)},
                         {"status", attempt.status},
                         {"what", what},
                         {"ms", milliseconds(worker_.clock().now() - call.sent)}});
}

void CallLog::booked_unpriced(Call& call) {
  if (!worker_.log().logs(LogLevel::warning)) return;
  Lane& lane = lanes_[static_cast<std::size_t>(call.provider - providers_.all().data())];
  if (worker_.now() < lane.unpriced_until) return;
  lane.unpriced_until = worker_.now() + 1min;
  worker_.log().warning("a call has no cost in the books: something it used has no price",
                        {{"call", call.id()},
                         {"provider", call.provider->config->name},
                         {"target", target_of(call)}});
}

void CallLog::second_ends() {
  Instant next = Instant::never();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].untold == 0) continue;
    if (lanes_[i].until <= worker_.now()) {
      tell_rest(i);
    } else {
      next = std::min(next, lanes_[i].until);
    }
  }
  worker_.timers().set(second_ends_, next);
}

void CallLog::tell_rest(std::size_t provider) {
  std::uint64_t more = std::exchange(lanes_[provider].untold, 0);
  if (more == 0) return;
  worker_.log().warning("and more tries at it failed within a second",
                        {{"provider", providers_.at(provider).config->name}, {"more", more}});
}

void CallLog::tell_end(Call& call, ledger::Outcome outcome) {
  const ledger::CallRecord& row = call.record();
  worker_.log().debug("a call ended",
                      {{"call", call.id()},
                       {"route", codec::name_of(call.route.operation)},
                       {"target", target_of(call)},
                       {"status", row.status},
                       {"outcome", ledger::name_of(outcome)},
                       {"ms", milliseconds(worker_.clock().now() - call.begun)},
                       {"input_tokens", std::max<std::int64_t>(row.input_tokens, 0)},
                       {"output_tokens", std::max<std::int64_t>(row.output_tokens, 0)},
                       {"tokens", ledger::name_of(row.tokens_source)}});
}

}  // namespace recloser::relay
