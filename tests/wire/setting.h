// The configuration that a scenario's `config` lines describe.
#pragma once

#include "config/config.h"
#include "wire/scenario.h"

#include <cstdint>
#include <string_view>

namespace recloser::wire {

inline constexpr std::string_view usual_key = "rk-wire-0123456789abcdef";
inline constexpr std::string_view provider_key = "sk-provider-0123456789";

// Without any line: one key, one provider `p` at this port that speaks both families, a model `m`
// that is its `m-large`, and a model `same` of the same name.
Result<void> write_config(const Scenario& scenario, std::uint16_t provider_port,
                          config::Config& config);

bool provider_is_down(const Scenario& scenario);

}  // namespace recloser::wire
