#include "auth/declared_keys.h"

#include "core/names.h"

#include <utility>

#include <fmt/format.h>

namespace recloser::auth {

Result<std::vector<KeyRecord>> declared_keys(std::span<const config::Key> keys,
                                             WallTime loaded_at) {
  std::vector<KeyRecord> records;
  records.reserve(keys.size());
  for (const config::Key& key : keys) {
    std::string place = fmt::format("keys[{}] ({})", records.size(), shown(key.id));
    Result<void> secret = check_declared_secret(key.secret.reveal());
    if (!secret) return fail(secret.error().while_doing(place));
    KeyRecord record{.id = key.id,
                     .hash = hash_secret(key.secret.reveal()),
                     .org = key.org,
                     .team = key.team,
                     .user = key.user,
                     .agent = key.agent,
                     .models = key.models,
                     .labels = key.labels,
                     .plan = {},
                     .priority = key.priority,
                     .created_at = loaded_at,
                     .expires_at = key.expires,
                     .revoked_at = std::nullopt,
                     .disabled = key.disabled};
    Result<void> fits = check_record(record);
    if (!fits) return fail(fits.error().while_doing(place));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace recloser::auth
