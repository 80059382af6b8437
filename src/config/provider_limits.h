// What is taken of a provider, and who waits for more.
#pragma once

#include "core/time.h"

#include <cstdint>
#include <optional>

namespace recloser::config {

// What its operator lets this gateway take of it at a time.
struct ProviderLimits {  // each of every one of its models
  std::optional<std::uint32_t> concurrency;
  std::optional<std::uint32_t> rpm;
  std::optional<std::uint32_t> tpm;  // tokens, as they are estimated
};

// Calls that wait where a model of a provider has too much to do.
struct ProviderQueue {
  std::uint32_t calls = 256;  // zero: who finds it busy is refused
  Duration wait = 10s;        // who would wait longer is refused at once
};

}  // namespace recloser::config
