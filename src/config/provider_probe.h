// How a provider is asked, now and then, whether it works.
#pragma once

#include "core/time.h"

#include <cstdint>
#include <string>

namespace recloser::config {

// A GET that costs nothing; any other answer than `status` within `timeout` is a failure.
struct ProviderProbe {
  std::string path;            // at its host, beginning with '/'
  std::uint32_t status = 200;  // of a provider that works
  Duration every = 30s;
  Duration timeout = 5s;        // at most `every`
  std::uint32_t healthy = 2;    // so many in a row say that it works ..
  std::uint32_t unhealthy = 3;  // .. and that it does not
};

}  // namespace recloser::config
