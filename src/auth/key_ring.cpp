#include "auth/key_ring.h"

#include "core/limits.h"
#include "core/names.h"

#include <bit>
#include <cstring>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

namespace recloser::auth {
namespace {

Result<void> check_labels(const KeyRecord& record) {
  if (record.labels.size() > limits::labels_max) {
    return fail(Side::operator_, Kind::too_large,
                fmt::format("labels of key {} are {}; at most {} are kept", record.id,
                            record.labels.size(), limits::labels_max));
  }
  std::size_t joined = 0;  // as the ledger writes them: with a comma between
  for (const std::string& label : record.labels) {
    Result<void> fits = check_name(Side::operator_, fmt::format("a label of key {}", record.id),
                                   label, limits::principal_name_bytes_max);
    if (!fits) return fits;
    joined += label.size() + (joined > 0 ? 1 : 0);
  }
  if (joined > limits::labels_bytes_max) {
    return fail(Side::operator_, Kind::too_large,
                fmt::format("labels of key {} take {} characters together; at most {} are kept",
                            record.id, joined, limits::labels_bytes_max));
  }
  return {};
}

Result<void> check_models(const KeyRecord& record) {
  for (const std::string& pattern : record.models) {
    Result<void> fits = check_name(Side::operator_, fmt::format("a model of key {}", record.id),
                                   pattern, limits::model_name_bytes_max);
    if (!fits) return fits;
  }
  return {};
}

Principal principal_of(KeyRecord& record) {
  return {.key_id = std::move(record.id),
          .org = std::move(record.org),
          .team = std::move(record.team),
          .user = std::move(record.user),
          .agent = std::move(record.agent),
          .plan = std::move(record.plan),
          .priority = record.priority,
          .labels = std::move(record.labels),
          .models = ModelPatterns(std::move(record.models))};
}

}  // namespace

Result<void> check_record(const KeyRecord& record) {
  constexpr std::size_t bytes_max = limits::principal_name_bytes_max;
  Result<void> id = check_name(Side::operator_, "the id of a key", record.id, bytes_max);
  if (!id) return id;
  const std::pair<std::string_view, const std::string&> names[] = {{"org", record.org},
                                                                   {"team", record.team},
                                                                   {"user", record.user},
                                                                   {"agent", record.agent},
                                                                   {"plan", record.plan}};
  for (const auto& [field, name] : names) {
    if (name.empty()) continue;
    Result<void> fits =
        check_name(Side::operator_, fmt::format("{} of key {}", field, record.id), name, bytes_max);
    if (!fits) return fits;
  }
  if (Result<void> labels = check_labels(record); !labels) return labels;
  return check_models(record);
}

std::string_view name_of(Rejection rejection) {
  switch (rejection) {
    case Rejection::missing:
      return "missing";
    case Rejection::conflicting:
      return "conflicting";
    case Rejection::malformed:
      return "malformed";
    case Rejection::unknown:
      return "unknown";
    case Rejection::expired:
      return "expired";
    case Rejection::revoked:
      return "revoked";
    case Rejection::disabled:
      return "disabled";
    case Rejection::rotated:
      return "rotated";
    case Rejection::unplaced:
      return "unplaced";
    case Rejection::not_local:
      return "not_local";
    case Rejection::token_malformed:
      return "bad_token_malformed";
    case Rejection::token_algorithm:
      return "bad_token_algorithm";
    case Rejection::token_issuer:
      return "bad_token_issuer";
    case Rejection::token_key_unknown:
      return "bad_token_key_unknown";
    case Rejection::token_keys_missing:
      return "bad_token_keys_missing";
    case Rejection::token_signature:
      return "bad_token_signature";
    case Rejection::token_times:
      return "bad_token_times";
    case Rejection::token_expired:
      return "bad_token_expired";
    case Rejection::token_not_yet:
      return "bad_token_not_yet";
    case Rejection::token_audience:
      return "bad_token_audience";
    case Rejection::token_subject:
      return "bad_token_subject";
    case Rejection::token_org:
      return "bad_token_org";
    case Rejection::token_team:
      return "bad_token_team";
    case Rejection::token_user:
      return "bad_token_user";
    case Rejection::token_agent:
      return "bad_token_agent";
    case Rejection::token_labels:
      return "bad_token_labels";
    case Rejection::token_models:
      return "bad_token_models";
    case Rejection::token_names:
      return "bad_token_names";
  }
  std::unreachable();
}

Result<std::shared_ptr<const KeyRing>> KeyRing::make(std::vector<KeyRecord> declared,
                                                     std::vector<KeyRecord> stored,
                                                     Holders holders) {
  KeyRing ring;
  ring.holders_ = std::move(holders);
  std::size_t keys_max = declared.size() + stored.size();
  ring.keys_.reserve(keys_max);
  std::size_t secrets_max = 2 * keys_max;
  ring.slots_.assign(std::bit_ceil(2 * secrets_max + 1), 0);  // half full at most: short probes

  std::unordered_set<std::string> ids;
  for (KeyRecord& record : declared) {
    if (!ids.insert(record.id).second) {
      return fail(Side::operator_, Kind::conflict,
                  fmt::format("two keys are named {}; give each its own id", record.id));
    }
    if (Result<void> added = ring.add(std::move(record)); !added) return fail(added.error());
  }
  for (KeyRecord& record : stored) {
    if (!ids.insert(record.id).second) continue;
    if (Result<void> added = ring.add(std::move(record)); !added) return fail(added.error());
  }
  return std::make_shared<const KeyRing>(std::move(ring));
}

Result<void> KeyRing::add(KeyRecord record) {
  if (Result<void> fits = check_record(record); !fits) return fits;
  Key key{.principal = {},
          .place = {},
          .expires_at = record.expires_at.value_or(WallTime{INT64_MAX}),
          .revoked = record.revoked_at.has_value(),
          .disabled = record.disabled};
  key.principal = principal_of(record);
  Result<Place> place = holders_.complete(key.principal);
  if (!place) return fail(place.error());
  key.place = *place;
  keys_.push_back(std::move(key));
  auto index = static_cast<std::uint32_t>(keys_.size() - 1);
  Result<void> added = add_secret({.hash = record.hash, .key = index});
  if (!added || !record.old_hash) return added;
  return add_secret({.hash = *record.old_hash, .key = index, .until = record.old_until});
}

Result<void> KeyRing::add_secret(const Secret& secret) {
  std::size_t slot = slot_of(secret.hash);
  if (slots_[slot] != 0) {
    return fail(Side::operator_, Kind::conflict,
                fmt::format("keys {} and {} have the same secret; change one of them",
                            keys_[secrets_[slots_[slot] - 1].key].principal.key_id,
                            keys_[secret.key].principal.key_id));
  }
  secrets_.push_back(secret);
  slots_[slot] = static_cast<std::uint32_t>(secrets_.size());
  return {};
}

// SHA-256 is as good a hash as there is, so its first bytes are the place. A client cannot steer
// them without finding partial preimages, and a long probe would cost it more than us.
std::size_t KeyRing::slot_of(const KeyHash& hash) const {
  std::uint64_t start = 0;
  std::memcpy(&start, hash.bytes.data(), sizeof start);
  std::size_t mask = slots_.size() - 1;
  std::size_t slot = start & mask;
  while (slots_[slot] != 0 && !equal_in_constant_time(secrets_[slots_[slot] - 1].hash, hash)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

Admission KeyRing::find(const KeyHash& hash, WallTime now) const {
  std::uint32_t found = slots_[slot_of(hash)];
  if (found == 0) return {.rejection = Rejection::unknown};
  const Secret& secret = secrets_[found - 1];
  const Key& key = keys_[secret.key];
  Admission refused{.key_id = key.principal.key_id};
  if (key.revoked) {
    refused.rejection = Rejection::revoked;
  } else if (now >= secret.until) {
    refused.rejection = Rejection::rotated;
  } else if (key.disabled) {
    refused.rejection = Rejection::disabled;
  } else if (now >= key.expires_at) {
    refused.rejection = Rejection::expired;
  } else if (std::optional<Stop> stop = stop_of(key.place, now)) {
    refused.rejection = stop->rejection;
    refused.by = stop->by;
  } else {
    return {.principal = &key.principal, .key_id = key.principal.key_id};
  }
  return refused;
}

}  // namespace recloser::auth
