// What requests ask of keys: to make one, to change one, to give one a new secret; fully checked.
#pragma once

#include "admin/json_node.h"
#include "auth/key_ring.h"
#include "config/config.h"
#include "core/result.h"
#include "core/time.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::admin {

inline constexpr Duration grace_default = 24h;
inline constexpr Duration grace_max = 90 * 24h;

// The body of POST /admin/keys. What was not given is empty; the id and the secret are made by
// whoever creates it. Errors: unknown fields, wrong kinds, names beyond their limits.
struct NewKey : auth::KeyRecord {
  config::Key limits;
};
Result<NewKey> read_new_key(std::string_view body, WallTime now);

// The body of PATCH /admin/keys/{id}: what it does not name stays.
struct KeyChange {
  std::optional<std::vector<std::string>> models;
  std::optional<std::vector<std::string>> labels;
  std::optional<std::optional<WallTime>> expires;
  std::optional<bool> disabled;
  config::Node limits;  // a map; what is null there is taken away
};
Result<KeyChange> read_key_change(std::string_view body, WallTime now);

// The body of POST /admin/keys/{id}/rotate, which may be empty.
Result<Duration> read_grace(std::string_view body);

}  // namespace recloser::admin
