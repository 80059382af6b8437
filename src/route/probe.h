// Probes: what the health check of a provider said of late, and what its targets learn of that.
#pragma once

#include "config/provider_probe.h"
#include "core/time.h"

#include <cstdint>

namespace recloser::route {

struct Probe {
  Instant at;                // when it was sent
  std::uint16_t status = 0;  // of the answer; 0: none came in time
  bool passed = false;
};

// After a probe. One alone says nothing: answers get lost.
struct ProbeReport {
  enum class Says : std::uint8_t { nothing, works, fails };

  Probe last;
  Says says = Says::nothing;
  std::uint32_t in_a_row = 0;  // that came out like the last one
  std::uint64_t passed = 0;    // since the start
  std::uint64_t failed = 0;
  Instant good_until;  // by then the next one has told
};

// Of one provider. That it fails is said by every probe from the `unhealthy`th in a row on; that it
// works once, by the `healthy`th: where calls fail at a server whose health check passes all the
// time, the check knows nothing of it, and the calls are to be believed.
class ProbeRun {
 public:
  ProbeReport add(const Probe& probe, const config::ProviderProbe& rule) {
    bool like_last = report_.in_a_row != 0 && report_.last.passed == probe.passed;
    report_.in_a_row = like_last ? report_.in_a_row + 1 : 1;
    report_.last = probe;
    ++(probe.passed ? report_.passed : report_.failed);
    bool works = probe.passed && report_.in_a_row == rule.healthy;
    bool fails = !probe.passed && report_.in_a_row >= rule.unhealthy;
    report_.says = works   ? ProbeReport::Says::works
                   : fails ? ProbeReport::Says::fails
                           : ProbeReport::Says::nothing;
    report_.good_until = probe.at + 2 * rule.every + rule.timeout;
    return report_;
  }

 private:
  ProbeReport report_;
};

}  // namespace recloser::route
