// Keys that a configuration file declares, as records for the key ring.
#pragma once

#include "auth/key_ring.h"
#include "config/config.h"

#include <span>
#include <vector>

namespace recloser::auth {

// Each is checked; the message names the key by its place and id and says what to change.
Result<std::vector<KeyRecord>> declared_keys(std::span<const config::Key> keys, WallTime loaded_at);

}  // namespace recloser::auth
