// Plan: which of the places that may serve a call are asked, in which order, and why others are
// not.
#pragma once

#include "config/model.h"
#include "core/ids.h"
#include "core/time.h"
#include "route/resolve.h"
#include "route/target_health.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace recloser::route {

// Why a target is not asked. In rows and in the admin API by name_of().
enum class WhyNot : std::uint8_t {
  none,     // it is asked
  dialect,  // it does not speak the client's, and nothing is translated
  region,   // its provider is in none of the model's regions
  tools,    // the call needs what it cannot do ..
  vision,
  schema,
  streaming,
  context,       // .. or is larger than what it reads
  refused,       // a switch, a budget or a missing price forbids it for this call
  tried,         // this call failed there
  drained,       // an operator sends nothing to it any more
  key_tripped,   // its provider refuses our key, or the account behind it has no money
  tripped,       // it failed too often of late
  probe_failed,  // likewise, and its provider fails its health check
  own_tripped,   // it did so for the calls of this principal
  cooling,       // it asked to be left alone for a while
  loading,       // its server has still to load the model
  quota,         // what may be sent to it is used up for the moment
  full,          // as many calls run there as may, or others wait already
};
inline constexpr unsigned why_not_count = 19;
std::string_view name_of(WhyNot why);
// For people, behind the name of the target: "cannot do tools".
std::string_view words_of(WhyNot why);
// Whether it is so of every call like this one, at any time.
bool is_unfit(WhyNot why);
// Whether waiting helps.
bool passes_by_itself(WhyNot why);
// Whether it works, and has a line to wait in: as Admission::is_busy().
constexpr bool is_busy(WhyNot why) {
  return why == WhyNot::cooling || why == WhyNot::quota || why == WhyNot::full;
}

// Whether it is asked all the same when no other is left (Panic).
constexpr bool is_tripped(WhyNot why) {
  return why == WhyNot::tripped || why == WhyNot::probe_failed || why == WhyNot::own_tripped;
}

// What a call needs of its target.
struct Needs {
  config::Abilities abilities;
  std::uint64_t tokens = 0;  // of context: the prompt and the longest answer asked for, about
};

// What is known of a target beyond its name.
struct Facilities {
  config::Abilities lacks;
  std::uint64_t context_tokens = 0;  // 0: not known
};

// What keeps a call from a target, as far as that will not change.
WhyNot lacking(const Needs& needs, const Facilities& target);

WhyNot why_not(Admission::Why why);

// A target as one call finds it.
struct Candidate {
  const Target* target = nullptr;
  WhyNot why_not = WhyNot::none;
  Instant until = Instant::never();  // when that may have passed
  TargetHealth* health = nullptr;
  TargetHealth::Glance glance = {};
  double cost = 0;   // what waiting for its first token costs; of least_latency
  double place = 0;  // among those of its order; set by arrange()
};

struct Choosing {
  config::Balance balance = config::Balance::weights;
  std::optional<std::uint64_t> session;  // session_hash(), whose calls stay together
};

// Of a session of a principal: the same in every process.
std::uint64_t session_hash(std::uint64_t principal, std::string_view session);

// Brings candidates, which come by stage and order, into the order in which they are to be asked.
// Those of one order: in proportion to their weights, by an exponential race (the smallest of
// -ln(u)/weight is first with probability weight/sum). Where a session is to stay together, u comes
// from a hash of session and target ("rendezvous hashing", Thaler and Ravishankar 1998): the same
// target as long as it passes, without memory, on every worker and every gateway. With
// least_latency, the first two of the race by their cost; of a session, the second one only if it
// costs less than half.
void arrange(std::span<Candidate> candidates, const Choosing& choosing, Random& random);

// What is left when none can be asked.
struct NoneLeft {
  WhyNot why_not = WhyNot::none;     // the nearest one's: that will pass first
  Instant until = Instant::never();  // when that is
};
NoneLeft none_left(std::span<const Candidate> candidates);

}  // namespace recloser::route
