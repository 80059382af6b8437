#include "ledger/memory_store.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace recloser::ledger {

Result<std::size_t> MemoryStore::insert_calls(std::span<const CallRecord* const> calls) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  std::size_t fresh = 0;
  for (const CallRecord* record : calls) {
    if (calls_.try_emplace(record->id, stored(*record)).second) ++fresh;
  }
  return fresh;
}

Result<void> MemoryStore::sync() {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  return {};
}

Result<CallPage> MemoryStore::calls(const CallFilter& filter) {
  std::lock_guard lock(mutex_);
  std::size_t limit = std::clamp(filter.limit, 1u, page_calls_max);
  CallPage page;
  for (const auto& [id, call] : std::views::reverse(calls_)) {
    bool wanted = (!filter.before || id < *filter.before) &&
                  (!filter.since || call.started_at >= *filter.since) &&
                  (!filter.session || call.session == *filter.session) &&
                  (!filter.team || call.team == *filter.team) &&
                  (!filter.outcome || call.outcome == *filter.outcome);
    if (!wanted) continue;
    if (page.calls.size() == limit) {
      page.next = page.calls.back().id;
      break;
    }
    page.calls.push_back(call);
  }
  return page;
}

Result<std::optional<StoredCall>> MemoryStore::call(CallId id) {
  std::lock_guard lock(mutex_);
  auto found = calls_.find(id);
  if (found == calls_.end()) return std::nullopt;
  return found->second;
}

Result<std::uint64_t> MemoryStore::count_calls() {
  std::lock_guard lock(mutex_);
  return calls_.size();
}

Result<std::size_t> MemoryStore::delete_calls_before(WallTime before, std::size_t limit) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  std::size_t deleted = 0;
  auto is_old = [&](const auto& entry) {
    auto id_ms = static_cast<std::int64_t>(entry.first.high >> 16);
    return id_ms < before.ns / 1'000'000;
  };
  while (deleted < limit && !calls_.empty() && is_old(*calls_.begin())) {
    calls_.erase(calls_.begin());
    ++deleted;
  }
  return deleted;
}

Result<Backup> MemoryStore::backup(const std::string& to) {
  return fail(Side::operator_, Kind::unsupported, "a store in memory has no backup in " + to);
}

Result<void> MemoryStore::put_key(const KeyRow& key) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  bool taken = std::ranges::any_of(keys_ | std::views::values, [&](const KeyRow& other) {
    return other.id == key.id || other.secret_hash == key.secret_hash;
  });
  if (taken) {
    return fail(
        Side::client, Kind::conflict,
        "there is a key '" + key.id + "' already, or one with the same secret; choose another id");
  }
  keys_.emplace(key.id, key);
  return {};
}

Result<std::vector<KeyRow>> MemoryStore::keys() {
  std::lock_guard lock(mutex_);
  auto rows = keys_ | std::views::values;
  return std::vector<KeyRow>(rows.begin(), rows.end());
}

Result<void> MemoryStore::revoke_key(std::string_view id, WallTime at) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  auto found = keys_.find(id);
  if (found == keys_.end()) {
    return fail(Side::client, Kind::not_found, "there is no stored key '" + std::string(id) + "'");
  }
  if (!found->second.revoked_at) found->second.revoked_at = at;
  return {};
}

void MemoryStore::fail_writes_with(std::optional<Error> error) {
  std::lock_guard lock(mutex_);
  failure_ = std::move(error);
}

std::map<CallId, StoredCall> MemoryStore::copy_of_calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

void MemoryStore::put_calls(std::map<CallId, StoredCall> calls) {
  std::lock_guard lock(mutex_);
  calls_ = std::move(calls);
}

}  // namespace recloser::ledger
