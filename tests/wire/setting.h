// The configuration that a scenario's `config` lines describe.
#pragma once

#include "budget/budget.h"
#include "config/config.h"
#include "wire/scenario.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::wire {

inline constexpr std::string_view usual_key = "rk-wire-0123456789abcdef";
inline constexpr std::string_view provider_key = "sk-provider-0123456789";

// Without any line: one key, one provider `p` at this port that speaks both families, a model `m`
// that is its `m-large`, and a model `same` of the same name. `authority_file` is what a gateway
// trusts whose provider is behind TLS.
Result<void> write_config(const Scenario& scenario, std::uint16_t provider_port,
                          const std::string& authority_file, config::Config& config);

// Whether a `config` line of this kind is there.
bool says_config(const Scenario& scenario, Verb verb);

// What the lines `config budget` say; each counts over all time.
Result<std::vector<std::shared_ptr<const budget::Budget>>> budgets_of(const Scenario& scenario);

}  // namespace recloser::wire
