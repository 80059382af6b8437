// Stage: plays one scenario: a gateway of its own, a client and a provider on real sockets, a
// virtual clock.
#pragma once

#include "wire/scenario.h"

#include <optional>
#include <string>

namespace recloser::wire {

// Puts the gateway's connections on both sides into TLS.
void use_tls(Scenario& scenario);

// Nothing when all came as it is written; otherwise "file:line: ..", what was expected and what
// was seen. `directory` is made, used and removed.
std::optional<std::string> play(const Scenario& scenario, std::string directory);

}  // namespace recloser::wire
